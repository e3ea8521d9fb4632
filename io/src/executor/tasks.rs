//! Tasks of one core: where their futures live, who is ready, and one turn of polling.

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Waker};

use crate::executor::core_state::CoreShared;
use crate::turn;
use crate::wake::Task;

type BoxedTask = Pin<Box<dyn Future<Output = ()>>>;

/// Polls in one turn before the ring is looked at again, however many tasks wake each other.
const POLLS_PER_TURN_MAX: usize = 4096;

pub(crate) struct Executor {
    slots: RefCell<Vec<Slot>>,
    free: RefCell<Vec<u32>>,
    ready: RefCell<VecDeque<Arc<Task>>>,
    late: RefCell<Vec<Waker>>,
    /// Those whose work had no room in a turn, the first of them first.
    pieces: RefCell<VecDeque<Waker>>,
    /// How many of them may go on in this turn: those who came to wait before it.
    pieces_due: Cell<usize>,
    live: Cell<usize>,
}

struct Slot {
    generation: u32,
    stage: Stage,
}

enum Stage {
    Free,
    /// Waiting or ready; the waker is made once and cloned by futures.
    Idle {
        future: BoxedTask,
        waker: Waker,
    },
    /// Its future is on the stack of `poll_task`.
    Polling,
    /// Aborted while being polled: dropped when the poll returns.
    Aborted,
}

impl Executor {
    pub(crate) fn new() -> Executor {
        Executor {
            slots: RefCell::default(),
            free: RefCell::default(),
            ready: RefCell::default(),
            late: RefCell::default(),
            pieces: RefCell::default(),
            pieces_due: Cell::new(0),
            live: Cell::new(0),
        }
    }

    /// Puts a future into a slot and queues its first poll.
    pub(crate) fn spawn(&self, core: &Arc<CoreShared>, future: BoxedTask) -> Arc<Task> {
        let slot = self.free.borrow_mut().pop().unwrap_or_else(|| self.add_slot());
        let mut slots = self.slots.borrow_mut();
        let entry = &mut slots[slot as usize];
        let task = Arc::new(Task::new(slot, entry.generation, core.clone()));
        entry.stage = Stage::Idle { future, waker: Waker::from(task.clone()) };
        drop(slots);
        self.live.set(self.live.get() + 1);
        std::task::Wake::wake(task.clone());
        task
    }

    fn add_slot(&self) -> u32 {
        let mut slots = self.slots.borrow_mut();
        slots.push(Slot { generation: 0, stage: Stage::Free });
        u32::try_from(slots.len() - 1).expect("fewer than 2^32 tasks fit into memory")
    }

    pub(crate) fn push_ready(&self, task: Arc<Task>) {
        self.ready.borrow_mut().push_back(task);
    }

    pub(crate) fn has_ready(&self) -> bool {
        !self.ready.borrow().is_empty() || !self.late.borrow().is_empty()
    }

    /// Whether somebody waits for a turn that has room.
    pub(crate) fn has_pieces(&self) -> bool {
        !self.pieces.borrow().is_empty()
    }

    pub(crate) fn push_piece(&self, waker: Waker) {
        self.pieces.borrow_mut().push_back(waker);
    }

    /// A turn ends. The first of those whose work had no room is the first to go on in the next one, before whoever has
    /// become ready by then.
    pub(crate) fn end_turn(&self) {
        self.pieces_due.set(self.pieces.borrow().len());
        self.wake_piece();
    }

    /// Queues the next of those whose work had no room before, if there is one, and room for it.
    pub(crate) fn wake_piece_if_room(&self) -> bool {
        let may_go_on = self.pieces_due.get() > 0 && turn::has_room_for_piece();
        may_go_on && self.wake_piece()
    }

    fn wake_piece(&self) -> bool {
        let first = self.pieces.borrow_mut().pop_front();
        self.pieces_due.set(self.pieces_due.get().saturating_sub(1));
        first.map(Waker::wake).is_some()
    }

    pub(crate) fn push_late(&self, waker: Waker) {
        self.late.borrow_mut().push(waker);
    }

    /// Polls everything that is ready, then those who wait for the turn's end, until nobody is ready.
    pub(crate) fn run_turn(&self) {
        self.run();
        self.end_turn();
    }

    fn run(&self) {
        let mut polls_left = POLLS_PER_TURN_MAX;
        loop {
            while polls_left > 0 && self.poll_one() {
                polls_left -= 1;
            }
            let late = std::mem::take(&mut *self.late.borrow_mut());
            if late.is_empty() || polls_left == 0 {
                late.into_iter().for_each(Waker::wake);
                return;
            }
            late.into_iter().for_each(Waker::wake);
        }
    }

    /// Queues those who wait for the turn's end: the simulator's form of that end.
    pub(crate) fn wake_late(&self) {
        let late = std::mem::take(&mut *self.late.borrow_mut());
        late.into_iter().for_each(Waker::wake);
    }

    /// Polls the first ready task, or finds one that may go on; false when there is none. The simulator calls this one step at a time.
    pub(crate) fn poll_one(&self) -> bool {
        let next = self.ready.borrow_mut().pop_front();
        let Some(task) = next else { return self.wake_piece_if_room() };
        task.unqueue();
        if let Some((future, waker)) = self.take_for_poll(&task) {
            self.poll_task(&task, future, waker);
        }
        true
    }

    fn take_for_poll(&self, task: &Task) -> Option<(BoxedTask, Waker)> {
        let mut slots = self.slots.borrow_mut();
        let slot = &mut slots[task.slot as usize];
        if slot.generation != task.generation {
            return None;
        }
        match std::mem::replace(&mut slot.stage, Stage::Polling) {
            Stage::Idle { future, waker } => Some((future, waker)),
            other => {
                slot.stage = other;
                None
            }
        }
    }

    fn poll_task(&self, task: &Task, mut future: BoxedTask, waker: Waker) {
        turn::poll_begins();
        let outcome = future.as_mut().poll(&mut Context::from_waker(&waker));
        let mut slots = self.slots.borrow_mut();
        let slot = &mut slots[task.slot as usize];
        if outcome.is_pending() && matches!(slot.stage, Stage::Polling) {
            slot.stage = Stage::Idle { future, waker };
            return;
        }
        drop(slots);
        // A future's own drop may spawn, wake or abort: no borrow is held here.
        drop(future);
        self.release(task.slot);
    }

    /// Drops a task's future wherever it stands. Harmless when it has ended already.
    pub(crate) fn abort(&self, task: &Task) {
        let mut slots = self.slots.borrow_mut();
        let slot = &mut slots[task.slot as usize];
        if slot.generation != task.generation {
            return;
        }
        match std::mem::replace(&mut slot.stage, Stage::Aborted) {
            Stage::Idle { future, .. } => {
                drop(slots);
                drop(future);
                self.release(task.slot);
            }
            Stage::Free => slot.stage = Stage::Free,
            Stage::Polling | Stage::Aborted => {}
        }
    }

    fn release(&self, slot: u32) {
        let mut slots = self.slots.borrow_mut();
        let entry = &mut slots[slot as usize];
        entry.generation = entry.generation.wrapping_add(1);
        entry.stage = Stage::Free;
        self.free.borrow_mut().push(slot);
        self.live.set(self.live.get() - 1);
    }

    /// Drops every task, also those that dropping spawns: the core ends, or the simulated node crashed.
    pub(crate) fn drop_all(&self) {
        while self.live.get() > 0 {
            let stages: Vec<(u32, u32)> = self
                .slots
                .borrow()
                .iter()
                .enumerate()
                .filter(|(_, slot)| matches!(slot.stage, Stage::Idle { .. }))
                .map(|(index, slot)| (index as u32, slot.generation))
                .collect();
            if stages.is_empty() {
                return;
            }
            for (slot, generation) in stages {
                self.drop_slot(slot, generation);
            }
        }
        self.ready.borrow_mut().clear();
        self.late.borrow_mut().clear();
        self.pieces.borrow_mut().clear();
    }

    fn drop_slot(&self, slot: u32, generation: u32) {
        let stage = {
            let mut slots = self.slots.borrow_mut();
            let entry = &mut slots[slot as usize];
            if entry.generation != generation || !matches!(entry.stage, Stage::Idle { .. }) {
                return;
            }
            std::mem::replace(&mut entry.stage, Stage::Aborted)
        };
        drop(stage);
        self.release(slot);
    }
}
