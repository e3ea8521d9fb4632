//! A log as recovery leaves it: what may be served, and how that is known.

use std::io;
use std::path::PathBuf;
use std::rc::Rc;

use creel_io::fs;

use crate::config::LogConfig;
use crate::format::bad_ranges::BadRange;
use crate::format::epochs::EpochStart;
use crate::format::reuse_checkpoint::ReuseCheckpoint;
use crate::offset::Offset;
use crate::segment::Segment;
use crate::segment::active::ActiveSegment;
use crate::segment::checkpoints::remove_reuse;

/// What the opening of a partition found and did.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RecoveryReport {
    /// The number of bytes of batches that were scanned.
    pub scanned_bytes: u64,
    /// The number of bytes cut off behind the last sound batch, without preallocated zeros.
    pub torn_bytes: u64,
    /// The number of sound batches among them. They were written but never synced, and lie behind a batch that is lost.
    pub torn_batches: u64,
    /// Damage that was found now, with sound batches behind it.
    pub new_bad_ranges: Vec<BadRange>,
}

/// How it is known what a log holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Recovery {
    /// From the files as the last stop left them, because it was clean.
    Trusted,
    /// From a scan of the batches.
    Scanned,
}

#[derive(Debug)]
pub(crate) struct RecoveredLog {
    pub(crate) directory: PathBuf,
    pub(crate) config: LogConfig,
    pub(crate) now_ms: i64,
    pub(crate) recovery: Recovery,
    /// All segments by base offset.
    pub(crate) segments: Vec<Rc<Segment>>,
    /// The last segment, if an append may go into it.
    pub(crate) active: Option<ActiveSegment>,
    /// Where epochs begin, by the batches that were scanned.
    pub(crate) epochs: Vec<EpochStart>,
    pub(crate) bad_ranges: Vec<BadRange>,
    /// Segments that may have held stale bytes behind their batches.
    pub(crate) reuse: Option<ReuseCheckpoint>,
    /// Producer snapshots that exist.
    pub(crate) snapshots: Vec<Offset>,
    pub(crate) report: RecoveryReport,
    /// Whether the state of the producers could not be written to a snapshot.
    pub(crate) lacks_snapshot: bool,
    /// Where the next batch must begin.
    pub(crate) end: Offset,
}

impl RecoveredLog {
    /// All segments end with their batches, durably. So nobody needs to know any more what lay behind the batches.
    pub(crate) async fn forget_reuse(&mut self) -> io::Result<()> {
        if self.reuse.take().is_some() {
            remove_reuse(&self.directory)?;
            fs::sync_dir(&self.directory).await?;
        }
        Ok(())
    }
}

/// The last segment, if an append may go into it. A damaged range at the very end has offsets but no batches, so what
/// follows begins a new file.
pub(crate) fn appendable(last: ActiveSegment, bad_ranges: &[BadRange]) -> Option<ActiveSegment> {
    let is_at_end = |bad: &BadRange| bad.segment == last.base && bad.end_position >= last.end_position();
    (!bad_ranges.iter().any(is_at_end)).then_some(last)
}
