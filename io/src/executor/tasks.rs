//! Tasks of one core: where their futures live, and one turn of polling.
//!
//! Owns the futures and the order of their polls. Knows nothing of what they wait for; who is ready, `wake` says.

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::future::Future;
use std::pin::Pin;
use std::rc::Rc;
use std::sync::Arc;
use std::task::{Context, Waker};

use super::budget;
use crate::wake::ready::ReadyQueue;
use crate::wake::task::{CoreShared, Task};

type BoxedTask = Pin<Box<dyn Future<Output = ()>>>;

/// Polls in one turn before the ring is looked at again, however many tasks wake each other.
const POLLS_PER_TURN_MAX: usize = 4096;

pub(crate) struct Executor {
    slots: RefCell<Vec<Slot>>,
    free: RefCell<Vec<u32>>,
    ready: Rc<ReadyQueue>,
    /// Those who wait for the end of the running turn.
    at_end_of_turn: RefCell<Vec<Waker>>,
    /// Those whose work had no room in a turn, the first of them first.
    deferred: RefCell<VecDeque<Waker>>,
    /// How many of them may go on in this turn: those who came to wait before it.
    deferred_due: Cell<usize>,
    live: Cell<usize>,
}

struct Slot {
    generation: u32,
    state: SlotState,
}

enum SlotState {
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
    pub(crate) fn new(core: Arc<CoreShared>) -> Executor {
        Executor {
            slots: RefCell::default(),
            free: RefCell::default(),
            ready: Rc::new(ReadyQueue::new(core)),
            at_end_of_turn: RefCell::default(),
            deferred: RefCell::default(),
            deferred_due: Cell::new(0),
            live: Cell::new(0),
        }
    }

    /// Where wakers put this core's tasks.
    pub(crate) fn ready(&self) -> &Rc<ReadyQueue> {
        &self.ready
    }

    /// Puts a future into a slot and queues its first poll.
    pub(crate) fn spawn(&self, future: BoxedTask) -> Arc<Task> {
        let slot = self.free.borrow_mut().pop().unwrap_or_else(|| self.add_slot());
        let mut slots = self.slots.borrow_mut();
        let entry = &mut slots[slot as usize];
        let task = Arc::new(Task::new(slot, entry.generation, self.ready.core().clone()));
        entry.state = SlotState::Idle { future, waker: Waker::from(task.clone()) };
        drop(slots);
        self.live.set(self.live.get() + 1);
        self.ready.push(task.clone());
        task
    }

    fn add_slot(&self) -> u32 {
        let mut slots = self.slots.borrow_mut();
        slots.push(Slot { generation: 0, state: SlotState::Free });
        u32::try_from(slots.len() - 1).expect("fewer than 2^32 tasks fit into memory")
    }

    pub(crate) fn has_ready(&self) -> bool {
        !self.ready.is_empty() || !self.at_end_of_turn.borrow().is_empty()
    }

    /// Whether somebody waits for a turn that has room.
    pub(crate) fn has_deferred(&self) -> bool {
        !self.deferred.borrow().is_empty()
    }

    pub(crate) fn push_deferred(&self, waker: Waker) {
        self.deferred.borrow_mut().push_back(waker);
    }

    /// A turn ends. The first of those whose work had no room is the first to go on in the next one, before whoever has
    /// become ready by then.
    pub(crate) fn end_turn(&self) {
        self.deferred_due.set(self.deferred.borrow().len());
        self.wake_deferred();
    }

    /// Queues the next of those whose work had no room before, if there is one, and room for it.
    pub(crate) fn wake_deferred_if_room(&self) -> bool {
        let may_go_on = self.deferred_due.get() > 0 && budget::has_room_for_deferred();
        may_go_on && self.wake_deferred()
    }

    fn wake_deferred(&self) -> bool {
        let first = self.deferred.borrow_mut().pop_front();
        self.deferred_due.set(self.deferred_due.get().saturating_sub(1));
        first.map(Waker::wake).is_some()
    }

    pub(crate) fn push_at_end_of_turn(&self, waker: Waker) {
        self.at_end_of_turn.borrow_mut().push(waker);
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
            let waiting = std::mem::take(&mut *self.at_end_of_turn.borrow_mut());
            if waiting.is_empty() || polls_left == 0 {
                waiting.into_iter().for_each(Waker::wake);
                return;
            }
            waiting.into_iter().for_each(Waker::wake);
        }
    }

    /// Queues those who wait for the turn's end: the simulator's form of that end.
    pub(crate) fn wake_at_end_of_turn(&self) {
        let waiting = std::mem::take(&mut *self.at_end_of_turn.borrow_mut());
        waiting.into_iter().for_each(Waker::wake);
    }

    /// Polls the first ready task, or finds one that may go on; false when there is none. The simulator calls this one step at a time.
    pub(crate) fn poll_one(&self) -> bool {
        let Some(task) = self.ready.pop() else { return self.wake_deferred_if_room() };
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
        match std::mem::replace(&mut slot.state, SlotState::Polling) {
            SlotState::Idle { future, waker } => Some((future, waker)),
            other => {
                slot.state = other;
                None
            }
        }
    }

    fn poll_task(&self, task: &Task, mut future: BoxedTask, waker: Waker) {
        budget::poll_begins();
        let outcome = future.as_mut().poll(&mut Context::from_waker(&waker));
        let mut slots = self.slots.borrow_mut();
        let slot = &mut slots[task.slot as usize];
        if outcome.is_pending() && matches!(slot.state, SlotState::Polling) {
            slot.state = SlotState::Idle { future, waker };
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
        match std::mem::replace(&mut slot.state, SlotState::Aborted) {
            SlotState::Idle { future, .. } => {
                drop(slots);
                drop(future);
                self.release(task.slot);
            }
            SlotState::Free => slot.state = SlotState::Free,
            SlotState::Polling | SlotState::Aborted => {}
        }
    }

    fn release(&self, slot: u32) {
        let mut slots = self.slots.borrow_mut();
        let entry = &mut slots[slot as usize];
        entry.generation = entry.generation.wrapping_add(1);
        entry.state = SlotState::Free;
        self.free.borrow_mut().push(slot);
        self.live.set(self.live.get() - 1);
    }

    /// Drops every task, also those that dropping spawns: the core ends, or the simulated node crashed.
    pub(crate) fn drop_all(&self) {
        while self.live.get() > 0 {
            let waiting: Vec<(u32, u32)> = self
                .slots
                .borrow()
                .iter()
                .enumerate()
                .filter(|(_, slot)| matches!(slot.state, SlotState::Idle { .. }))
                .map(|(index, slot)| (index as u32, slot.generation))
                .collect();
            if waiting.is_empty() {
                return;
            }
            for (slot, generation) in waiting {
                self.drop_slot(slot, generation);
            }
        }
        self.ready.clear();
        self.at_end_of_turn.borrow_mut().clear();
        self.deferred.borrow_mut().clear();
    }

    fn drop_slot(&self, slot: u32, generation: u32) {
        let state = {
            let mut slots = self.slots.borrow_mut();
            let entry = &mut slots[slot as usize];
            if entry.generation != generation || !matches!(entry.state, SlotState::Idle { .. }) {
                return;
            }
            std::mem::replace(&mut entry.state, SlotState::Aborted)
        };
        drop(state);
        self.release(slot);
    }
}
