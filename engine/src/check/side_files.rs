//! Whether the files beside the segments can be read, and agree with the batches.

use std::io;
use std::path::Path;

use creel_io::fs;

use crate::check::findings::{LogReport, Severity};
use crate::format::epochs::{self, EpochStart};
use crate::offset::Offset;
use crate::partition::open::OpenLog;
use crate::recover::checkpoint_files::LastStop;
use crate::segment::checkpoints::read_text;
use crate::segment::side_files::index::Index;
use crate::segment::side_files::offset_index::OffsetIndex;
use crate::segment::side_files::time_index::TimeIndex;
use crate::segment::side_files::{read_bounded, snapshot};

/// A segment's index files, as far as they can be read.
#[derive(Default)]
pub(super) struct IndexFiles {
    pub(super) offsets: Option<OffsetIndex>,
    pub(super) times: Option<TimeIndex>,
}

impl IndexFiles {
    /// Reads both. `severity`: what it means if one can't be right.
    pub(super) fn read(
        directory: &Path,
        base: Offset,
        log_bytes: u64,
        severity: Severity,
        report: &mut LogReport,
    ) -> io::Result<Self> {
        let offsets = read_index(directory, base, log_bytes, severity, report)?;
        let times = read_index(directory, base, log_bytes, severity, report)?;
        Ok(Self { offsets, times })
    }
}

fn read_index<I: Index>(
    directory: &Path,
    base: Offset,
    log_bytes: u64,
    severity: Severity,
    report: &mut LogReport,
) -> io::Result<Option<I>> {
    let path = I::KIND.path(directory, base);
    if !fs::exists(&path) {
        return Ok(None);
    }
    let bytes = match read_bounded(&path) {
        Ok(bytes) => bytes,
        Err(error) => {
            report.damage(&path, format!("it cannot be read: {error}; a start builds it anew"));
            return Ok(None);
        }
    };
    let index = bytes.and_then(|bytes| I::read(base, &bytes, log_bytes));
    if index.is_none() {
        report.add(severity, &path, "it is no index of this segment: a start builds it anew".to_owned());
    }
    Ok(index)
}

/// Checks the producers' snapshots.
pub(super) fn check_snapshots(directory: &Path, offsets: &[Offset], report: &mut LogReport) {
    for offset in offsets {
        let path = snapshot::KIND.path(directory, *offset);
        match read_bounded(&path) {
            Ok(Some(bytes)) if snapshot::decode(&bytes).is_some() => {}
            Ok(_) => report.damage(&path, "it is damaged: a start takes an older one"),
            Err(error) => report.damage(&path, format!("it cannot be read: {error}")),
        }
    }
}

/// Checks where the leader epochs begin against the batches. `seen`: the first batch of each epoch.
pub(super) fn check_epochs(seen: &[EpochStart], log: &OpenLog, report: &mut LogReport) -> io::Result<()> {
    let path = log.directory.join(epochs::FILE_NAME);
    let was_clean = log.last_stop == LastStop::Clean;
    let Some(text) = read_text(&path)? else { return Ok(()) };
    let Some(written) = epochs::decode(&text) else {
        report.damage(&path, "it is damaged: a start builds it anew");
        return Ok(());
    };
    for one in seen {
        let later = written.iter().find(|other| other.epoch > one.epoch && other.start <= one.start);
        let own = written.iter().find(|other| other.epoch == one.epoch);
        let start = one.start.max(report.start);
        // Compaction may have removed the first batches of an epoch.
        let begins_elsewhere = own.is_some_and(|own| {
            own.start > start || (own.start < start && was_clean && !log.config.may_skip_offsets())
        });
        // A stop that was not clean leaves it behind the batches.
        let is_missing = own.is_none() && was_clean;
        if later.is_some() || begins_elsewhere || is_missing {
            let EpochStart { epoch, start } = one;
            report.damage(
                &path,
                format!("it disagrees with the batches: epoch {epoch} begins at offset {start} there"),
            );
        }
    }
    Ok(())
}
