//! The batches that one turn of the loop appends to a partition. They are written as one piece.
//!
//! ```text
//! bytes:  | header + small body | header + small body | header |          | header + small body |
//! parts:  Copied ------------------------------------------------  Body    Copied ---------------
//! ```
//!
//! Headers are copied, because the log writes into them. Bodies smaller than `COPY_BODY_BYTES` are copied behind their
//! header into the same buffer. Larger bodies stay where the network put them.

use std::cell::{Cell, RefCell};
use std::io::IoSlice;
use std::ops::Range;
use std::rc::Rc;
use std::task::{Context, Poll, Waker};

use bytes::Bytes;
use creel_io::Instant;

use crate::error::AppendError;
use crate::format::batch::{Batch, stamp, stamp_append_time};
use crate::limits::{
    BATCH_HEADER_BYTES, COPY_BODY_BYTES, STAGED_BYTES_MAX, STAGED_PARTS_MAX, STAGING_KEPT_BYTES,
};
use crate::log::epochs::LeaderEpochs;
use crate::log::producers::Undo;
use crate::offset::{LeaderEpoch, Offset};
use crate::segment::Placed;
use crate::segment::active::Tail;

#[derive(Debug)]
enum Part {
    Copied(Range<usize>),
    Body(Bytes),
}

/// What the log writes into the header of a batch.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Stamp {
    pub(crate) base: Offset,
    pub(crate) epoch: Option<LeaderEpoch>,
    pub(crate) append_time_ms: Option<i64>,
}

#[derive(Debug, Default)]
pub(crate) struct Staging {
    bytes: Vec<u8>,
    parts: Vec<Part>,
    total: u64,
    /// Where each batch will lie. Positions are relative to the first.
    pub(crate) batches: Vec<Placed>,
    pub(crate) undo: Vec<Undo>,
    /// The leader epochs from before the staged batches, if one of those has begun another epoch.
    pub(crate) epochs_before: Option<LeaderEpochs>,
    /// When the batches were staged, of those whose times are recorded.
    pub(crate) staged_at: Vec<Instant>,
    group: Option<Rc<WriteGroup>>,
}

impl Staging {
    pub(crate) fn is_empty(&self) -> bool {
        self.batches.is_empty()
    }

    pub(crate) fn is_full(&self) -> bool {
        self.total >= STAGED_BYTES_MAX as u64 || self.parts.len() + 2 > STAGED_PARTS_MAX
    }

    /// The number of bytes to write.
    pub(crate) fn total(&self) -> u64 {
        self.total
    }

    /// The group of every append since the last write.
    pub(crate) fn group(&mut self) -> Rc<WriteGroup> {
        self.group.get_or_insert_default().clone()
    }

    /// Stages `batch`. `placed.position` is where it will lie, behind what is already staged.
    pub(crate) fn push(&mut self, batch: &Batch, placed: Placed, stamp_with: Stamp) {
        let start = self.bytes.len();
        let body = batch.body();
        self.bytes.extend_from_slice(batch.header_bytes());
        let header = &mut self.bytes[start..];
        stamp(header, stamp_with.base, stamp_with.epoch);
        batch.correct(header);
        if let Some(now_ms) = stamp_with.append_time_ms {
            stamp_append_time(header, &body, now_ms);
        }
        debug_assert_eq!(header.len(), BATCH_HEADER_BYTES);
        let copied = body.len() < COPY_BODY_BYTES;
        if copied {
            self.bytes.extend_from_slice(&body);
        }
        self.extend_copied(start);
        if !copied {
            self.parts.push(Part::Body(body));
        }
        self.total += batch.size_bytes() as u64;
        self.batches.push(placed);
    }

    fn extend_copied(&mut self, start: usize) {
        let end = self.bytes.len();
        match self.parts.last_mut() {
            Some(Part::Copied(range)) => range.end = end,
            _ => self.parts.push(Part::Copied(start..end)),
        }
    }

    /// Ends the write with bytes that are not part of the log.
    pub(crate) fn push_tail(&mut self, tail: &Tail) {
        let start = self.bytes.len();
        self.bytes.extend_from_slice(&tail.mark);
        self.bytes.resize(self.bytes.len() + tail.zeros, 0);
        self.extend_copied(start);
    }

    /// Calls `write` with the pieces, in order.
    pub(crate) fn write_with<T>(&self, write: impl FnOnce(&mut [IoSlice<'_>]) -> T) -> T {
        if let [Part::Copied(range)] = &self.parts[..] {
            return write(&mut [IoSlice::new(&self.bytes[range.clone()])]);
        }
        let slice = |part| self.slice(part);
        write(&mut self.parts.iter().map(slice).collect::<Vec<_>>())
    }

    fn slice<'a>(&'a self, part: &'a Part) -> IoSlice<'a> {
        match part {
            Part::Copied(range) => IoSlice::new(&self.bytes[range.clone()]),
            Part::Body(body) => IoSlice::new(body),
        }
    }

    /// Removes what was written or undone. Returns those who wait for it; the caller tells them.
    pub(crate) fn take(&mut self) -> Rc<WriteGroup> {
        self.bytes.clear();
        self.bytes.shrink_to(STAGING_KEPT_BYTES);
        self.parts.clear();
        self.batches.clear();
        self.undo.clear();
        self.epochs_before = None;
        self.staged_at.clear();
        self.total = 0;
        self.group.take().unwrap_or_default()
    }

    /// Frees the buffers of an idle partition.
    pub(crate) fn rest(&mut self) {
        if self.is_empty() {
            *self = Self { group: self.group.take(), ..Self::default() };
        }
    }
}

/// The appends of one write. All of them are written, or none.
#[derive(Debug, Default)]
pub(crate) struct WriteGroup {
    /// When they were written, if times are recorded.
    pub(crate) written_at: Cell<Option<Instant>>,
    outcome: Cell<Option<Result<(), AppendError>>>,
    waiting: RefCell<WriteWaiters>,
}

/// Those who wait for a write. Usually there is one, and then no list is allocated.
#[derive(Debug, Default)]
struct WriteWaiters {
    first: Option<Waker>,
    others: Vec<Waker>,
}

impl WriteWaiters {
    fn add(&mut self, waker: &Waker) {
        match &self.first {
            None => self.first = Some(waker.clone()),
            Some(first) if first.will_wake(waker) => {}
            Some(_) if self.others.iter().any(|other| other.will_wake(waker)) => {}
            Some(_) => self.others.push(waker.clone()),
        }
    }
}

impl WriteGroup {
    pub(crate) fn finish(&self, outcome: Result<(), AppendError>) {
        self.outcome.set(Some(outcome));
        let WriteWaiters { first, others } = self.waiting.take();
        first.into_iter().chain(others).for_each(Waker::wake);
    }

    pub(crate) fn poll(&self, cx: &mut Context<'_>) -> Poll<Result<(), AppendError>> {
        if let Some(outcome) = self.outcome.get() {
            return Poll::Ready(outcome);
        }
        self.waiting.borrow_mut().add(cx.waker());
        Poll::Pending
    }
}
