//! Opens a log after a clean stop. Every file then ends where its batches end, and the side files are right. Whatever
//! can be checked cheaply is checked all the same.

use std::io;
use std::path::Path;
use std::rc::Rc;

use crate::error::naming;
use crate::format::bad_ranges::BadRange;
use crate::offset::{FilePosition, Offset};
use crate::recover::found_log::FoundLog;
use crate::recover::found_segment::FoundSegment;
use crate::recover::recovered_log::{RecoveredLog, Recovery, RecoveryReport, appendable};
use crate::segment::Placed;
use crate::segment::active::ActiveSegment;
use crate::segment::scan::Scan;
use crate::segment::side_files::{has_empty_indexes, knows_largest, read_indexes};

/// What the files of `log` hold, if they are right.
pub(crate) struct Trusted {
    bad_ranges: Vec<BadRange>,
    /// The last segment, and where it ends.
    last: Option<(ActiveSegment, Offset)>,
}

/// Checks the end of every segment. `None`: something is wrong, so scan the log.
pub(crate) async fn look(log: &FoundLog, found: &mut [FoundSegment]) -> io::Result<Option<Trusted>> {
    let bad_ranges = log.bad_ranges()?;
    if log.is_gapless() {
        let nexts = found.iter().skip(1).map(FoundSegment::base).collect::<Vec<_>>();
        for (sealed, next) in found.iter_mut().zip(nexts) {
            let leads_to = sealed.leads_to(next, &bad_ranges).await;
            if !leads_to.map_err(naming(sealed.path()))? {
                return Ok(None);
            }
        }
    }
    let Some(last) = found.last() else {
        return Ok(Some(Trusted { bad_ranges, last: None }));
    };
    let loaded = load_tail(&log.directory, last, &bad_ranges, log.config.index_interval_bytes).await;
    let Some((segment, end)) = loaded.map_err(naming(last.path()))? else {
        return Ok(None);
    };
    // The log ends where the stop left it, if that was written down.
    let is_all_there = log.checkpoint == Offset::ZERO || end == log.checkpoint;
    Ok(is_all_there.then_some(Trusted { bad_ranges, last: Some((segment, end)) }))
}

impl Trusted {
    pub(crate) fn into_log(self, log: FoundLog, mut found: Vec<FoundSegment>) -> RecoveredLog {
        found.pop();
        let (last, end) = self.last.unzip();
        let sealed = found.into_iter().map(|sealed| Rc::new(sealed.trusted()));
        let segments = sealed.chain(last.as_ref().map(ActiveSegment::readable)).collect();
        let active = last.and_then(|last| appendable(last, &self.bad_ranges));
        RecoveredLog {
            directory: log.directory,
            config: log.config,
            now_ms: log.now_ms,
            recovery: Recovery::Trusted,
            segments,
            active,
            epochs: Vec::new(),
            bad_ranges: self.bad_ranges,
            reuse: log.reuse,
            snapshots: log.files.snapshots,
            report: RecoveryReport::default(),
            lacks_snapshot: false,
            end: end.unwrap_or(Offset::ZERO),
        }
    }
}

/// Reads the last segment's indexes, and walks over the batches behind the last entry. Returns the segment and the
/// offset at which it ends. `None`: its files contradict each other.
async fn load_tail(
    directory: &Path,
    found: &FoundSegment,
    bad_ranges: &[BadRange],
    index_interval_bytes: u64,
) -> io::Result<Option<(ActiveSegment, Offset)>> {
    let length = found.length();
    if length == 0 && has_empty_indexes(directory, found.base())? {
        return Ok(Some((found.emptied(), found.base())));
    }
    let Some(indexes) = read_indexes(directory, found.unread())? else {
        return Ok(None);
    };
    if !knows_largest(found.unread(), &indexes).await? {
        return Ok(None);
    }
    let last = indexes.offsets.last();
    let from = last.map_or(FilePosition::START, |(_, position)| position);
    let first = Scan::new(found.file()?, FilePosition::START, length).header().await?;
    let first = first.and_then(Result::ok).map(|first| Placed::of(&first, FilePosition::START));
    let mut segment = found.emptied();
    segment.indexed_to(from, indexes, first.as_ref());
    let mut end = segment.base;
    let mut scan = Scan::new(found.file()?, from, length);
    while let Some(header) = scan.header().await? {
        let Ok(header) = header else {
            let is_known = bad_ranges.iter().any(|bad| bad.segment == segment.base);
            return Ok(is_known.then_some((segment, end)));
        };
        if last.is_some_and(|(last, at)| scan.position() == at && header.last_offset() != last) {
            return Ok(None);
        }
        segment.note(&Placed::of(&header, scan.position()), index_interval_bytes);
        end = header.end_offset();
        scan.skip(header.size_bytes);
    }
    Ok(Some((segment, end)))
}
