//! How far a log has come: six offsets, and the order between them.
//!
//! ```text
//!  log_start      high_watermark  durable    written      next
//!  |       synced |               |          |            |
//!  |       |      |               |          |            |
//!  +-------+------+---------------+----------+------------+
//!  | served to consumers          | in the   | staged in  |
//!  |                              | page     | this turn  |
//!  |                              | cache    |            |
//! ```
//!
//! `durable`: a power cut takes back nothing before it. `synced`: the segments' own files hold everything before it on
//! the medium. The two differ where something besides a sync of the segment makes a batch durable.
//!
//! `log_start <= high_watermark <= written <= next` and `synced <= durable <= written`. With group commit, the default,
//! `high_watermark == durable`: a consumer never reads what a power cut can take back. Where `flush.messages` or
//! `flush.ms` relax it, `high_watermark == written`.
//!
//! Only methods of this file change a cursor, and each of them ends with a check of that order.

use crate::offset::{FilePosition, Offset};

/// A place between two batches.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Place {
    /// Base offset of the segment.
    pub(crate) segment: Offset,
    pub(crate) position: FilePosition,
}

/// An end of the log, and where its bytes end in the file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct End {
    pub(crate) offset: Offset,
    pub(crate) place: Place,
}

/// The ordered offsets of a log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Cursors {
    pub(crate) log_start: Offset,
    pub(crate) high_watermark: Offset,
    pub(crate) high_watermark_place: Place,
    pub(crate) synced: Offset,
    pub(crate) durable: Offset,
    pub(crate) durable_place: Place,
    pub(crate) written: Offset,
    pub(crate) next: Offset,
}

impl Cursors {
    /// The cursors of a log that is on the medium as a whole.
    pub(crate) fn at(log_start: Offset, end: End) -> Self {
        let End { offset, place } = end;
        let cursors = Self {
            log_start,
            high_watermark: offset,
            high_watermark_place: place,
            synced: offset,
            durable: offset,
            durable_place: place,
            written: offset,
            next: offset,
        };
        cursors.check_invariants();
        cursors
    }

    /// Notes that a batch was staged and ends at `end`.
    pub(super) fn stage(&mut self, end: Offset) {
        self.next = end;
        self.check_invariants();
    }

    /// Notes that everything staged is in the file.
    pub(super) fn write(&mut self) {
        self.written = self.next;
        self.check_invariants();
    }

    /// Notes that the staged batches are not in the file, and never will be.
    pub(super) fn take_back(&mut self) {
        self.next = self.written;
        self.check_invariants();
    }

    /// Notes that a sync of the segments has ended: their files hold everything before `end` on the medium.
    pub(super) fn sync(&mut self, end: End) {
        self.synced = self.synced.max(end.offset);
        self.make_durable(end);
    }

    /// Notes that a power cut takes back nothing before `end`.
    pub(super) fn make_durable(&mut self, end: End) {
        if end.offset > self.durable {
            self.durable = end.offset;
            self.durable_place = end.place;
        }
        self.check_invariants();
    }

    /// Notes that the log has no batches up to `end`. Nothing is staged.
    pub(super) fn skip_to(&mut self, end: Offset) {
        debug_assert!(self.next == self.written && self.written <= end, "{end}: {self:?}");
        self.written = end;
        self.next = end;
        self.check_invariants();
    }

    /// Moves the high watermark up, never back. Returns whether it moved.
    pub(super) fn raise_high_watermark(&mut self, to: End) -> bool {
        let moves = to.offset > self.high_watermark;
        if moves {
            self.high_watermark = to.offset;
            self.high_watermark_place = to.place;
        }
        self.check_invariants();
        moves
    }

    /// Moves the log's start up, never back and never beyond the high watermark.
    pub(super) fn raise_log_start(&mut self, to: Offset) {
        self.log_start = self.log_start.max(to.min(self.high_watermark));
        self.check_invariants();
    }

    /// Notes that everything from `end` on was cut off. Nothing is staged. If the log started inside a batch that was
    /// cut off, or in the gap before it, it is empty now and starts where it ends.
    pub(super) fn cut(&mut self, end: End) {
        self.log_start = self.log_start.min(end.offset);
        if self.high_watermark >= end.offset {
            self.high_watermark = end.offset;
            self.high_watermark_place = end.place;
        }
        self.synced = self.synced.min(end.offset);
        if self.durable >= end.offset {
            self.durable = end.offset;
            self.durable_place = end.place;
        }
        self.written = end.offset;
        self.next = end.offset;
        self.check_invariants();
    }

    /// Notes that nothing is left of the log, and that it goes on at `end`. Nothing is staged.
    pub(super) fn start_at(&mut self, end: End) {
        *self = Self::at(end.offset, end);
    }

    fn check_invariants(&self) {
        debug_assert!(self.log_start <= self.high_watermark, "{self:?}");
        debug_assert!(self.high_watermark <= self.written, "{self:?}");
        debug_assert!(self.synced <= self.durable, "{self:?}");
        debug_assert!(self.durable <= self.written, "{self:?}");
        debug_assert!(self.durable_place.segment <= self.durable, "{self:?}");
        debug_assert!(self.written <= self.next, "{self:?}");
        debug_assert!(self.high_watermark_place.segment <= self.high_watermark, "{self:?}");
    }
}
