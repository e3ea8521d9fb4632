//! Wakes from other threads: each is followed by a poll that sees what was written before it, also if the core was about to
//! sleep.

use std::sync::Arc;

use loom::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use loom::sync::{Condvar, Mutex};
use loom::thread;

use crate::wake::flags::WakeFlags;
use crate::wake::inbox::Inbox;
use crate::weakened;

const WAKERS: usize = 2;

/// A task as far as waking it goes.
trait Flags: Send + Sync + 'static {
    fn new() -> Self;
    fn queue(&self) -> bool;
    fn unqueue(&self);
    fn deliver(&self) -> bool;
    fn receive(&self) -> bool;
}

impl Flags for WakeFlags {
    fn new() -> WakeFlags {
        WakeFlags::default()
    }

    fn queue(&self) -> bool {
        WakeFlags::queue(self)
    }

    fn unqueue(&self) {
        WakeFlags::unqueue(self);
    }

    fn deliver(&self) -> bool {
        WakeFlags::deliver(self)
    }

    fn receive(&self) -> bool {
        WakeFlags::receive(self)
    }
}

/// One flag for all, cleared by a store: a waker may see it set although the poll has begun.
struct OneFlag(AtomicBool);

impl Flags for OneFlag {
    fn new() -> OneFlag {
        OneFlag(AtomicBool::new(false))
    }

    fn queue(&self) -> bool {
        !self.0.swap(true, Ordering::AcqRel)
    }

    fn unqueue(&self) {
        self.0.store(false, Ordering::Release);
    }

    fn deliver(&self) -> bool {
        self.queue()
    }

    fn receive(&self) -> bool {
        true
    }
}

/// The core as its thread and its wakers see it. What the kernel does is a bell here: rung once, it ends one sleep, also
/// one that begins later.
struct Core<F> {
    task: Arc<F>,
    inbox: Inbox<Arc<F>>,
    is_rung: Mutex<bool>,
    bell: Condvar,
    /// What the wakers write, without any order.
    written: [AtomicUsize; WAKERS],
}

impl<F: Flags> Core<F> {
    fn new() -> Core<F> {
        Core {
            task: Arc::new(F::new()),
            inbox: Inbox::new(),
            is_rung: Mutex::new(false),
            bell: Condvar::new(),
            written: std::array::from_fn(|_| AtomicUsize::new(0)),
        }
    }

    fn write_and_wake(&self, waker: usize) {
        self.written[waker].store(1, Ordering::Relaxed);
        if self.task.deliver() && self.inbox.deliver(self.task.clone()) {
            *self.is_rung.lock().unwrap() = true;
            self.bell.notify_one();
        }
    }

    /// The loop, until the task has seen everything.
    fn run(&self) {
        let mut is_ready = self.task.queue();
        loop {
            let mut taken = Vec::new();
            self.inbox.take(&mut taken);
            is_ready |= taken.iter().any(|task| task.receive());
            if std::mem::take(&mut is_ready) {
                self.task.unqueue();
                if self.written.iter().all(|written| written.load(Ordering::Relaxed) == 1) {
                    return;
                }
            }
            if !self.inbox.has_items() && self.inbox.begin_sleep() {
                self.sleep();
                self.inbox.end_sleep();
            }
        }
    }

    fn sleep(&self) {
        let mut is_rung = self.is_rung.lock().unwrap();
        while !std::mem::take(&mut *is_rung) {
            is_rung = self.bell.wait(is_rung).unwrap();
        }
    }
}

fn everything_is_seen<F: Flags>() {
    let core = Arc::new(Core::<F>::new());
    let wakers: Vec<_> = (0..WAKERS)
        .map(|waker| {
            let core = core.clone();
            thread::spawn(move || core.write_and_wake(waker))
        })
        .collect();
    core.run();
    wakers.into_iter().for_each(|waker| waker.join().unwrap());
}

#[test]
fn every_wake_is_followed_by_a_poll_and_each_order_is_needed() {
    weakened::check_each_order(
        "wakes::every_wake_is_followed_by_a_poll_and_each_order_is_needed",
        &[everything_is_seen::<WakeFlags>],
        &["flags.rs", "inbox.rs"],
        4,
    );
}

#[test]
#[should_panic(expected = "deadlock")]
fn with_one_flag_for_all_a_wake_is_lost() {
    weakened::check(everything_is_seen::<OneFlag>);
}
