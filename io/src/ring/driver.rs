//! One core's io_uring: it submits requests, collects completions, and keeps what the kernel works on.
//!
//! Requests are pushed while tasks run, and submitted together once a turn. Completions are first collected and then
//! acted on, never while the ring is borrowed.
//!
//! Owns the ring and what is in flight on it. Must not know the core, tasks or futures: it stores wakers and wakes
//! them.

use std::cell::{Cell, RefCell};
use std::io;
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd, RawFd};
use std::sync::Arc;
use std::task::{Poll, Waker};
use std::time::Duration;

use io_uring::{IoUring, opcode, squeue, types};

use super::buffers::{BufferId, BufferRing};
use super::setup::{self, RingError};
use super::slots::{Kept, Reaped, Slots};

/// Marks completions that nobody waits for: of cancellations, and of wakes sent to other cores.
const IGNORED: u64 = u64::MAX;
/// Marks the read of the core's event counter. Threads without a ring use that counter to wake the core.
const EVENT: u64 = u64::MAX - 1;

const ENTER_GETEVENTS: u32 = 1;
const ENTER_EXT_ARG: u32 = 8;
const ENTER_NO_IOWAIT: u32 = 128;

/// A core's ring and everything in flight on it.
pub(crate) struct Driver {
    ring: RefCell<IoUring>,
    slots: RefCell<Slots>,
    buffers: RefCell<BufferRing>,
    reaped: RefCell<Vec<Reaped>>,
    /// The counter through which threads without a ring wake the core.
    event_fd: Arc<OwnedFd>,
    /// Where the kernel puts the event counter's value. It is boxed so that it does not move.
    event_value: Box<Cell<u64>>,
    event_armed: Cell<bool>,
    closing: Cell<bool>,
    enter_flags: u32,
}

impl Driver {
    pub(crate) fn new(entries: u32) -> Result<Driver, RingError> {
        let ring = setup::build(entries)?;
        let buffers = BufferRing::register(&ring.submitter()).map_err(RingError::from_os)?;
        let event_fd = Arc::new(setup::event_fd().map_err(RingError::from_os)?);
        let no_iowait = if ring.params().is_feature_no_iowait() { ENTER_NO_IOWAIT } else { 0 };
        let driver = Driver {
            ring: RefCell::new(ring),
            slots: RefCell::default(),
            buffers: RefCell::new(buffers),
            reaped: RefCell::default(),
            event_fd,
            event_value: Box::default(),
            event_armed: Cell::new(false),
            closing: Cell::new(false),
            enter_flags: ENTER_GETEVENTS | no_iowait,
        };
        driver.arm_event();
        Ok(driver)
    }

    /// The ring's descriptor, by which other rings send to this one.
    pub(crate) fn ring_fd(&self) -> RawFd {
        self.ring.borrow().as_raw_fd()
    }

    /// The counter through which threads without a ring wake the core.
    pub(crate) fn event_fd(&self) -> &Arc<OwnedFd> {
        &self.event_fd
    }

    /// Begins an operation. `kept` must own everything that `entry` points to. Returns the operation's number.
    pub(crate) fn submit(&self, entry: squeue::Entry, kept: Kept) -> u32 {
        let slot = self.slots.borrow_mut().insert(kept);
        self.push(&entry.user_data(u64::from(slot)));
        slot
    }

    /// The result of a single operation, which ends it. Stores the waker if there is no result yet.
    pub(crate) fn take_single(&self, slot: u32, waker: &Waker) -> Option<(Reaped, Kept)> {
        self.slots.borrow_mut().take_single(slot, waker)
    }

    /// The next result of a multishot operation. `None` once it has ended.
    pub(crate) fn take_next(&self, slot: u32, waker: Option<&Waker>) -> Poll<Option<Reaped>> {
        self.slots.borrow_mut().take_next(slot, waker)
    }

    /// The number of a multishot operation's results that wait to be taken.
    pub(crate) fn queued(&self, slot: u32) -> usize {
        self.slots.borrow().queued(slot)
    }

    /// Notes that nobody waits for the operation any more, and asks the kernel to end it.
    pub(crate) fn abandon(&self, slot: u32) {
        let orphaned = self.slots.borrow_mut().orphan(slot);
        for reaped in &orphaned.unread {
            self.discard(*reaped, orphaned.descriptors);
        }
        if orphaned.still_running {
            self.cancel(slot);
        }
        drop(orphaned.released);
    }

    /// Wakes a core that sleeps on another ring.
    pub(crate) fn message(&self, ring_fd: RawFd) {
        let entry = opcode::MsgRingData::new(types::Fd(ring_fd), 0, IGNORED, None).build();
        self.push(&entry.user_data(IGNORED));
    }

    /// Submits what was pushed and handles what has completed, without waiting.
    pub(crate) fn poll(&self) {
        let mut ring = self.ring.borrow_mut();
        let (queued, task_work) = {
            let submission = ring.submission();
            (submission.len(), submission.taskrun() || submission.cq_overflow())
        };
        if queued > 0 || task_work {
            self.enter(&ring, 0, None);
        }
        self.reap(&mut ring);
        drop(ring);
        self.handle_reaped();
    }

    /// The same, but waits for one completion, for at most `timeout`.
    pub(crate) fn wait(&self, timeout: Option<Duration>) {
        let mut ring = self.ring.borrow_mut();
        self.enter(&ring, 1, timeout);
        self.reap(&mut ring);
        drop(ring);
        self.handle_reaped();
    }

    fn enter(&self, ring: &IoUring, want: u32, timeout: Option<Duration>) {
        let submitter = ring.submitter();
        // SAFETY: only this thread uses the ring; the queue view is read for its length and dropped at once.
        let queued = unsafe { ring.submission_shared() }.len() as u32;
        let outcome = match timeout {
            None => {
                // SAFETY: no argument is passed; every pushed entry's buffers are kept by `slots` until completion.
                unsafe { submitter.enter::<libc::sigset_t>(queued, want, self.enter_flags, None) }
            }
            Some(timeout) => {
                let timespec = types::Timespec::from(timeout);
                let args = types::SubmitArgs::new().timespec(&timespec);
                let flags = self.enter_flags | ENTER_EXT_ARG;
                // SAFETY: as above; `args` and the timespec it points to outlive the call.
                unsafe { submitter.enter(queued, want, flags, Some(&args)) }
            }
        };
        if let Err(error) = outcome {
            check_enter_error(&error);
        }
    }

    fn reap(&self, ring: &mut IoUring) {
        let mut reaped = self.reaped.borrow_mut();
        reaped.extend(ring.completion().map(|cqe| Reaped {
            user_data: cqe.user_data(),
            result: cqe.result(),
            flags: cqe.flags(),
        }));
    }

    fn handle_reaped(&self) {
        let mut reaped = std::mem::take(&mut *self.reaped.borrow_mut());
        for completion in reaped.drain(..) {
            match completion.user_data {
                IGNORED => {}
                EVENT => self.event_came(),
                slot => self.complete(slot as u32, completion),
            }
        }
        // The vector is given back, to keep its capacity.
        let mut current = self.reaped.borrow_mut();
        if current.is_empty() {
            *current = reaped;
        }
    }

    fn complete(&self, slot: u32, completion: Reaped) {
        let outcome = self.slots.borrow_mut().complete(slot, completion);
        if outcome.unclaimed {
            self.discard(completion, outcome.unclaimed_descriptor);
        }
        // Both may run arbitrary code (a waker, a descriptor's close), hence after the borrows.
        outcome.waker.into_iter().for_each(Waker::wake);
        drop(outcome.released);
    }

    /// Gives back what a result holds that nobody will take: a lent buffer, or a new descriptor.
    fn discard(&self, completion: Reaped, is_descriptor: bool) {
        if let Some(id) = BufferId::of(completion.flags) {
            self.buffers.borrow_mut().give_back(id);
        }
        if is_descriptor && completion.result >= 0 {
            // SAFETY: the kernel made this descriptor for us, and its result was handed to nobody.
            drop(unsafe { OwnedFd::from_raw_fd(completion.result) });
        }
    }

    /// Queues an entry. If the queue is full, it is submitted first.
    fn push(&self, entry: &squeue::Entry) {
        let mut ring = self.ring.borrow_mut();
        loop {
            // SAFETY: what the entry points to is kept by its slot (or the driver) until its completion is reaped.
            if unsafe { ring.submission().push(entry) }.is_ok() {
                return;
            }
            self.enter(&ring, 0, None);
            self.reap(&mut ring);
        }
    }

    /// Runs `f` on a receive buffer that the kernel has filled, then gives the buffer back to the kernel.
    pub(crate) fn consume_buffer<R>(&self, id: BufferId, length: usize, f: impl FnOnce(&[u8]) -> R) -> R {
        let mut buffers = self.buffers.borrow_mut();
        let result = f(buffers.filled(id, length));
        buffers.give_back(id);
        result
    }

    fn event_came(&self) {
        self.event_armed.set(false);
        if !self.closing.get() {
            self.arm_event();
        }
    }

    fn arm_event(&self) {
        self.event_armed.set(true);
        let fd = types::Fd(self.event_fd.as_raw_fd());
        let entry = opcode::Read::new(fd, self.event_value.as_ptr().cast(), 8).build();
        self.push(&entry.user_data(EVENT));
    }

    pub(crate) fn cancel(&self, slot: u32) {
        self.push(&opcode::AsyncCancel::new(u64::from(slot)).build().user_data(IGNORED));
    }

    /// Ends everything in flight. It is called when the core's tasks are gone. If the kernel does not give memory back
    /// within the time limit, the memory is leaked and not freed, because the kernel may still use it.
    pub(crate) fn drain(&self) {
        const ROUNDS: usize = 100;
        self.closing.set(true);
        self.slots.borrow().in_flight().into_iter().for_each(|slot| self.cancel(slot));
        self.push(&opcode::AsyncCancel::new(EVENT).build().user_data(IGNORED));
        for _ in 0..ROUNDS {
            if self.is_idle() {
                return;
            }
            self.wait(Some(Duration::from_millis(50)));
        }
    }

    fn is_idle(&self) -> bool {
        !self.event_armed.get() && self.slots.borrow().in_flight().is_empty()
    }
}

impl Drop for Driver {
    fn drop(&mut self) {
        self.drain();
        if !self.is_idle() {
            std::mem::forget(std::mem::take(self.slots.get_mut()));
            std::mem::forget(std::mem::take(&mut self.event_value));
        }
    }
}

fn check_enter_error(error: &io::Error) {
    match error.raw_os_error() {
        // The timeout is over, a signal came, or the completion queue must be emptied first. The caller collects and
        // comes again.
        Some(libc::ETIME | libc::EINTR | libc::EBUSY | libc::EAGAIN) => {}
        _ => panic!("io_uring_enter failed on a ring that was set up: {error}"),
    }
}
