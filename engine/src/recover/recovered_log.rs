//! A log as recovery leaves it: what may be served, and how that was found out.

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

/// What opening a partition found and did.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RecoveryReport {
    /// Bytes of batches that were looked through.
    pub scanned_bytes: u64,
    /// Bytes cut off behind the last sound batch (preallocated zeros not counted).
    pub torn_bytes: u64,
    /// Sound batches among them: written, never synced, behind one that is gone.
    pub torn_batches: u64,
    /// Damage found now, with sound batches behind it.
    pub new_bad_ranges: Vec<BadRange>,
}

/// How it is known what a log holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Recovery {
    /// The last stop was clean, and has left the files as they are.
    Trusted,
    /// The batches were looked through.
    Scanned,
}

#[derive(Debug)]
pub(crate) struct RecoveredLog {
    pub(crate) directory: PathBuf,
    pub(crate) config: LogConfig,
    pub(crate) now_ms: i64,
    pub(crate) recovery: Recovery,
    /// By base offset.
    pub(crate) segments: Vec<Rc<Segment>>,
    /// The last of them, where an append may go into it.
    pub(crate) active: Option<ActiveSegment>,
    /// Where the batches that were looked through say that epochs begin.
    pub(crate) epochs: Vec<EpochStart>,
    pub(crate) bad_ranges: Vec<BadRange>,
    /// Segments that may have held stale bytes behind their batches.
    pub(crate) reuse: Option<ReuseCheckpoint>,
    /// Producer snapshots that are there.
    pub(crate) snapshots: Vec<Offset>,
    pub(crate) report: RecoveryReport,
    /// What is known of producers could not be written down.
    pub(crate) lacks_snapshot: bool,
    /// Where the next batch must begin.
    pub(crate) end: Offset,
}

impl RecoveredLog {
    /// All segments end with their batches, on the medium: nothing more is to be known about what lay behind.
    pub(crate) async fn forget_reuse(&mut self) -> io::Result<()> {
        if self.reuse.take().is_some() {
            remove_reuse(&self.directory)?;
            fs::sync_dir(&self.directory).await?;
        }
        Ok(())
    }
}

/// The last segment, where an append may go into it. A damaged range at the very end has offsets but no batches: what
/// follows begins a new file.
pub(crate) fn appendable(last: ActiveSegment, bad_ranges: &[BadRange]) -> Option<ActiveSegment> {
    let is_at_end = |bad: &BadRange| bad.segment == last.base && bad.end_position >= last.end_position();
    (!bad_ranges.iter().any(is_at_end)).then_some(last)
}
