//! The progress of the recoveries of a core's partitions. Many gigabytes take minutes, and an operator waits meanwhile.

use std::cell::Cell;
use std::io;
use std::path::Path;
use std::rc::Rc;

use creel_io::fs::{self, File, OpenOptions};

use crate::directory::{log_base, log_path};
use crate::offset::Offset;

/// The number of bytes of segments that were scanned. Clones share it.
#[derive(Clone, Debug, Default)]
pub(crate) struct RecoveryProgress(Rc<Cell<u64>>);

impl RecoveryProgress {
    pub(crate) fn bytes(&self) -> u64 {
        self.0.get()
    }

    /// Notes that the scan of a segment of this many bytes begins.
    pub(crate) fn begin(&self, bytes: u64) -> SegmentProgress {
        SegmentProgress { progress: self.clone(), left: bytes }
    }
}

/// A segment that is being scanned. When the scan ends, for whatever reason, all of the segment counts as scanned.
#[derive(Debug)]
pub(crate) struct SegmentProgress {
    progress: RecoveryProgress,
    left: u64,
}

impl SegmentProgress {
    pub(crate) fn advance(&mut self, bytes: usize) {
        let advanced = self.left.min(bytes as u64);
        self.left -= advanced;
        self.progress.0.set(self.progress.0.get().saturating_add(advanced));
    }
}

impl Drop for SegmentProgress {
    fn drop(&mut self) {
        self.advance(usize::MAX);
    }
}

/// Whether recovery scans the segment before the one at `next`. In segments that were synced before, only headers are
/// read.
pub(crate) fn is_scanned(next: Option<Offset>, recovery_point: Offset) -> bool {
    next.is_none_or(|next| next > recovery_point)
}

/// The number of bytes of a partition's segments that recovery will scan. What does not exist or can't be read counts
/// as nothing.
pub(crate) fn bytes_to_scan(directory: &Path, recovery_point: Offset) -> u64 {
    let names = fs::read_dir(directory).unwrap_or_default();
    let bases: Vec<_> = names.iter().filter_map(|name| log_base(Path::new(name))).collect();
    let nexts = bases.iter().skip(1).copied().map(Some).chain([None]);
    let scanned = bases.iter().zip(nexts).filter(|(_, next)| is_scanned(*next, recovery_point));
    let bytes = |base: Offset| -> io::Result<u64> {
        let path = log_path(directory, base);
        // Most of very many partitions have never had a record, and need not be opened for this.
        if fs::facts(&path)?.length == 0 { Ok(0) } else { File::open(&path, OpenOptions::read())?.data_end() }
    };
    scanned.map(|(base, _)| bytes(*base).unwrap_or(0)).fold(0, u64::saturating_add)
}
