//! Futures that await the kernel: one completion ([`Op`]) or many ([`Multi`]).
//!
//! Owns the futures. The ring owns what the kernel works on, so dropping a future frees nothing that the kernel uses.

use std::future::{Future, poll_fn};
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, Waker};

use io_uring::squeue;

use crate::executor::context;
use crate::ring::buffers::BufferId;
use crate::ring::slots::{Kept, KeptBuffer, Reaped};

/// The result of an operation that has ended.
pub(crate) struct Completion {
    pub(crate) result: io::Result<u32>,
    pub(crate) buffer: KeptBuffer,
}

/// One operation in flight. Dropping it asks the kernel to cancel it. What it keeps alive stays so until the kernel has
/// answered.
pub(crate) struct Op {
    slot: Option<u32>,
}

impl Op {
    /// `kept` must own everything `entry` points to.
    pub(crate) fn submit(entry: squeue::Entry, kept: Kept) -> Op {
        Op { slot: Some(submit(entry, kept)) }
    }
}

fn submit(entry: squeue::Entry, kept: Kept) -> u32 {
    context::with(|core| core.ring().submit(entry, kept))
}

impl Future for Op {
    type Output = Completion;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Completion> {
        let slot = self.slot.expect("an operation is not polled after its completion");
        let taken = context::with(|core| core.ring().take_single(slot, cx.waker()));
        let Some((reaped, kept)) = taken else { return Poll::Pending };
        self.slot = None;
        Poll::Ready(Completion { result: to_result(reaped.result), buffer: kept.buffer })
    }
}

impl Drop for Op {
    fn drop(&mut self) {
        if let Some(slot) = self.slot {
            abandon(slot);
        }
    }
}

/// A multishot operation: it is started once and completes many times.
pub(crate) struct Multi {
    slot: Option<u32>,
}

impl Multi {
    pub(crate) fn submit(entry: squeue::Entry, kept: Kept) -> Multi {
        Multi { slot: Some(submit(entry, kept)) }
    }

    /// The next result. `None` once the kernel has ended the operation and all results were taken.
    pub(crate) async fn next(&mut self) -> Option<MultiResult> {
        poll_fn(|cx| self.take(Some(cx.waker()))).await
    }

    /// The next result, if there is one.
    pub(crate) fn try_next(&mut self) -> Option<MultiResult> {
        match self.take(None) {
            Poll::Ready(found) => found,
            Poll::Pending => None,
        }
    }

    fn take(&mut self, waker: Option<&Waker>) -> Poll<Option<MultiResult>> {
        let Some(slot) = self.slot else { return Poll::Ready(None) };
        let next = context::with(|core| core.ring().take_next(slot, waker));
        if let Poll::Ready(None) = next {
            self.slot = None;
        }
        next.map(|reaped| reaped.map(MultiResult::new))
    }

    /// The number of results that wait to be taken.
    pub(crate) fn queued(&self) -> usize {
        self.slot.map_or(0, |slot| context::with(|core| core.ring().queued(slot)))
    }

    /// Asks the kernel to end the operation. Results that come before its end can still be taken.
    pub(crate) fn cancel(&self) {
        if let Some(slot) = self.slot {
            context::with(|core| core.ring().cancel(slot));
        }
    }
}

impl Drop for Multi {
    fn drop(&mut self) {
        if let Some(slot) = self.slot {
            abandon(slot);
        }
    }
}

/// One result of a multishot operation.
pub(crate) struct MultiResult {
    pub(crate) result: io::Result<u32>,
    pub(crate) buffer: Option<BufferId>,
}

impl MultiResult {
    fn new(reaped: Reaped) -> MultiResult {
        MultiResult { result: to_result(reaped.result), buffer: BufferId::of(reaped.flags) }
    }
}

fn abandon(slot: u32) {
    context::try_with(|core| {
        // Without a core the thread is ending, and the driver has been drained.
        if let Some(core) = core {
            core.ring().abandon(slot);
        }
    });
}

fn to_result(result: i32) -> io::Result<u32> {
    u32::try_from(result).map_err(|_| io::Error::from_raw_os_error(-result))
}
