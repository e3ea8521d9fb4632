//! The start of each of the newest batches in the active segment. With it, reads near the log's end need no index and
//! no file.

use std::collections::VecDeque;

use crate::limits::RECENT_BATCHES;
use crate::offset::{FilePosition, Offset};
use crate::segment::Placed;

/// See the module.
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

    /// Where the batch that holds `offset` begins, if that batch is remembered. `offset` is below the log's end.
    pub(crate) fn start_of(&self, offset: Offset) -> Option<FilePosition> {
        let after = self.starts.partition_point(|start| start.0 <= offset);
        after.checked_sub(1).map(|at| self.starts[at].1)
    }

    /// The last batch boundary in `from..=to`. It lies behind `from` if there is one there.
    pub(crate) fn boundary_in(&self, from: FilePosition, to: FilePosition) -> FilePosition {
        let after = self.starts.partition_point(|start| start.1 <= to);
        after.checked_sub(1).map_or(from, |at| self.starts[at].1.max(from))
    }

    /// The first batch boundary behind `from`.
    pub(crate) fn boundary_after(&self, from: FilePosition) -> Option<FilePosition> {
        let at = self.starts.partition_point(|start| start.1 <= from);
        self.starts.get(at).map(|start| start.1)
    }
}
