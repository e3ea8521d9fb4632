//! The state of one partition's log that only its core touches, and the rules its cursors obey.
//!
//! ```text
//!  log_start      high_watermark  durable    written      next
//!  |              |               |          |            |
//!  +--------------+---------------+----------+------------+
//!  | served to consumers          | in the   | staged in  |
//!  |                              | page     | this turn  |
//!  |                              | cache    |            |
//! ```
//!
//! `log_start <= high_watermark <= written <= next` and `durable <= written`. With group commit, the default,
//! `high_watermark == durable`: a consumer never reads what a power cut can take back. Where `flush.messages` or
//! `flush.ms` relax it, `high_watermark == written`.

pub mod epochs;
pub mod producers;
pub mod record_times;
pub(crate) mod staging;

use std::collections::VecDeque;
use std::rc::Rc;

use crate::format::bad_ranges::BadRange;
use crate::limits::RECENT_BATCHES;
use crate::log::epochs::LeaderEpochs;
use crate::log::producers::Producers;
use crate::log::staging::Staging;
use crate::offset::{FilePosition, LeaderEpoch, Offset};
use crate::segment::{Placed, Segment};

/// The ordered offsets of a log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Cursors {
    pub(crate) log_start: Offset,
    pub(crate) high_watermark: Offset,
    pub(crate) durable: Offset,
    pub(crate) written: Offset,
    pub(crate) next: Offset,
}

impl Cursors {
    pub(crate) fn at(log_start: Offset, end: Offset) -> Self {
        Self { log_start, high_watermark: end, durable: end, written: end, next: end }
    }

    pub(crate) fn check_invariants(&self) {
        debug_assert!(self.log_start <= self.high_watermark, "{self:?}");
        debug_assert!(self.high_watermark <= self.written, "{self:?}");
        debug_assert!(self.durable <= self.written, "{self:?}");
        debug_assert!(self.written <= self.next, "{self:?}");
    }
}

/// A place between two batches.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Place {
    /// Base offset of the segment.
    pub(crate) segment: Offset,
    pub(crate) position: FilePosition,
}

/// Whether the log takes appends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Health {
    Healthy,
    /// A write or sync failed: what the medium holds is unknown until recovery has looked. Final.
    Poisoned,
    /// Closed or deleted.
    Closed,
}

#[derive(Debug)]
pub(crate) struct Log {
    /// By base offset; the last one is written to.
    pub(crate) segments: Vec<Rc<Segment>>,
    pub(crate) staging: Staging,
    pub(crate) producers: Producers,
    pub(crate) epochs: LeaderEpochs,
    pub(crate) epoch: LeaderEpoch,
    /// Written to since the last sync began, oldest first.
    pub(crate) unsynced: Vec<Rc<Segment>>,
    /// Whether a file was created whose name is not yet safe.
    pub(crate) directory_unsynced: bool,
    pub(crate) recent: RecentBatches,
    pub(crate) bad_ranges: Vec<BadRange>,
}

impl Log {
    pub(crate) fn active(&self) -> &Rc<Segment> {
        self.segments.last().expect("a log has at least one segment from open to close")
    }

    /// The segment that holds `offset`, if it is not before the first.
    pub(crate) fn segment_of(&self, offset: Offset) -> Option<&Rc<Segment>> {
        let after = self.segments.partition_point(|segment| segment.base <= offset);
        after.checked_sub(1).map(|at| &self.segments[at])
    }

    pub(crate) fn segment_after(&self, base: Offset) -> Option<&Rc<Segment>> {
        let after = self.segments.partition_point(|segment| segment.base <= base);
        self.segments.get(after)
    }

    /// The end of what is written.
    pub(crate) fn end_place(&self) -> Place {
        let active = self.active();
        Place { segment: active.base, position: active.end_position() }
    }

    /// Notes that the active segment has bytes no sync has covered.
    pub(crate) fn mark_unsynced(&mut self) {
        let active = self.active().clone();
        if self.unsynced.last().is_none_or(|last| last.base != active.base) {
            self.unsynced.push(active);
        }
    }

    /// Bytes of all segments.
    pub(crate) fn size_bytes(&self) -> u64 {
        self.segments.iter().map(|segment| segment.length()).sum()
    }
}

/// Where the newest batches of the active segment begin, so that reads near the end need no index and no file.
#[derive(Debug, Default)]
pub(crate) struct RecentBatches {
    starts: VecDeque<(Offset, FilePosition)>,
}

impl RecentBatches {
    pub(crate) fn push(&mut self, batch: &Placed) {
        if self.starts.len() == RECENT_BATCHES {
            self.starts.pop_front();
        }
        self.starts.push_back((batch.base, batch.position));
    }

    pub(crate) fn clear(&mut self) {
        self.starts = VecDeque::new();
    }

    /// Where the batch that holds `offset` begins, if it is among the remembered. `offset` is below the log's end.
    pub(crate) fn start_of(&self, offset: Offset) -> Option<FilePosition> {
        let after = self.starts.partition_point(|start| start.0 <= offset);
        after.checked_sub(1).map(|at| self.starts[at].1)
    }

    /// The last boundary in `from..=to`, behind `from` itself if there is one.
    pub(crate) fn boundary_in(&self, from: FilePosition, to: FilePosition) -> FilePosition {
        let after = self.starts.partition_point(|start| start.1 <= to);
        after.checked_sub(1).map_or(from, |at| self.starts[at].1.max(from))
    }

    /// The first boundary behind `from`.
    pub(crate) fn boundary_after(&self, from: FilePosition) -> Option<FilePosition> {
        let at = self.starts.partition_point(|start| start.1 <= from);
        self.starts.get(at).map(|start| start.1)
    }
}
