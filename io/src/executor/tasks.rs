//! The tasks of one core: where their futures are stored, and one turn of polling.
//!
//! Owns the futures and the order of their polls. Must not know what they wait for; `wake` says which tasks are ready.

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

/// The number of polls in one turn before the ring is looked at again, however many tasks wake each other.
const POLLS_PER_TURN_MAX: usize = 4096;

pub(crate) struct Executor {
    slots: RefCell<Vec<TaskSlot>>,
    free: RefCell<Vec<u32>>,
    ready: Rc<ReadyQueue>,
    /// Tasks that wait for the end of the running turn.
    at_end_of_turn: RefCell<Vec<Waker>>,
    /// Tasks whose work had no room in a turn, in the order in which they came.
    deferred: RefCell<VecDeque<Waker>>,
    /// How many of those may go on in this turn: the ones that came before it began.
    deferred_due: Cell<usize>,
    live: Cell<usize>,
}

struct TaskSlot {
    generation: u32,
    state: SlotState,
}

enum SlotState {
    Free,
    /// Waiting or ready. The waker is made once, and futures clone it.
    Idle {
        future: BoxedTask,
        waker: Waker,
    },
    /// Its future is on the stack of `poll_task`.
    Polling,
    /// Aborted while it was polled. It is dropped when the poll returns.
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

    /// The queue into which wakers put this core's tasks.
    pub(crate) fn ready(&self) -> &Rc<ReadyQueue> {
        &self.ready
    }

    /// Stores a future in a slot, and queues its first poll.
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
        slots.push(TaskSlot { generation: 0, state: SlotState::Free });
        u32::try_from(slots.len() - 1).expect("fewer than 2^32 tasks fit into memory")
    }

    pub(crate) fn has_ready(&self) -> bool {
        !self.ready.is_empty() || !self.at_end_of_turn.borrow().is_empty()
    }

    /// Whether any task waits for a turn that has room.
    pub(crate) fn has_deferred(&self) -> bool {
        !self.deferred.borrow().is_empty()
    }

    pub(crate) fn push_deferred(&self, waker: Waker) {
        self.deferred.borrow_mut().push_back(waker);
    }

    /// Ends a turn. The first of the tasks whose work had no room goes on first in the next turn, before any task that
    /// has become ready by then.
    pub(crate) fn end_turn(&self) {
        self.deferred_due.set(self.deferred.borrow().len());
        self.wake_deferred();
    }

    /// Queues the next task whose work had no room before, if there is one and there is room for it.
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

    /// Polls every ready task, then those that wait for the turn's end, until none is ready.
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

    /// Queues the tasks that wait for the turn's end. The simulator ends a turn this way.
    pub(crate) fn wake_at_end_of_turn(&self) {
        let waiting = std::mem::take(&mut *self.at_end_of_turn.borrow_mut());
        waiting.into_iter().for_each(Waker::wake);
    }

    /// Polls the first ready task, or finds one that may go on. `false`: there is none. The simulator calls this for
    /// each step.
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
        // Dropping a future may spawn, wake or abort tasks, so nothing may be borrowed here.
        drop(future);
        self.release(task.slot);
    }

    /// Drops a task's future, whatever its state. Does nothing if it has ended already.
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

    /// Drops every task, and also those that are spawned meanwhile. Used when the core ends, or the simulated node has
    /// crashed.
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
