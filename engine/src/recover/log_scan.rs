//! Scans a log's batches, segment by segment. Finds where the log ends, and what is damaged.

use std::io;
use std::rc::Rc;

use creel_io::fs::{self, File};

use crate::error::{is_disk_full, naming};
use crate::fault_points::{self, Bug};
use crate::format::bad_ranges::{self, BadRange};
use crate::format::batch::BatchHeader;
use crate::format::epochs::EpochStart;
use crate::format::reuse_checkpoint::ReuseCheckpoint;
use crate::offset::{FilePosition, Offset};
use crate::recover::checkpoint_files::LastStop;
use crate::recover::damage::{Damage, Gap, judge};
use crate::recover::found_log::FoundLog;
use crate::recover::found_segment::FoundSegment;
use crate::recover::progress::is_scanned;
use crate::recover::recovered_log::{RecoveredLog, Recovery, RecoveryReport, appendable};
use crate::segment::active::ActiveSegment;
use crate::segment::checkpoints::write_bad_ranges;
use crate::segment::remove::remove_segment;
use crate::segment::scan::Scan;
use crate::segment::side_files::{remove_snapshot, write_indexes};
use crate::segment::{Placed, Segment};

/// The number of bytes of a log that are verified in about a microsecond.
const BYTES_A_STEP: usize = 16 << 10;

/// The log as far as it was scanned.
pub(crate) struct LogScan {
    found: FoundLog,
    /// Everything below this was synced, so it is not verified again.
    recovery_point: Offset,
    /// Everything below this is known to have been synced. A hole there is damage, not a torn end.
    safe_below: Offset,
    segments: Vec<Rc<Segment>>,
    /// The segment that the log ends in.
    last: Option<ActiveSegment>,
    epochs: Vec<EpochStart>,
    bad_ranges: Vec<BadRange>,
    report: RecoveryReport,
    /// Where the next batch must begin.
    end: Offset,
    tail_is_sound: bool,
    /// The files were on the medium before anything was read of them, so only what changes must be synced.
    was_synced: bool,
    /// Whether files were made, renamed or removed.
    names_changed: bool,
    /// Whether the file of the last segment is as it should be.
    last_is_as_found: bool,
}

/// A log as its files show it.
#[derive(Debug)]
pub(crate) struct LookedLog {
    /// By base offset, up to the log's end.
    pub(crate) segments: Vec<LookedSegment>,
    /// Segments that lie behind the torn end of the log.
    pub(crate) behind: Vec<Offset>,
    pub(crate) bad_ranges: Vec<BadRange>,
    /// The first batch of each leader epoch.
    pub(crate) epochs: Vec<EpochStart>,
    pub(crate) report: RecoveryReport,
    /// Where the next batch must begin.
    pub(crate) end: Offset,
}

/// A segment of it.
#[derive(Debug)]
pub(crate) struct LookedSegment {
    pub(crate) base: Offset,
    /// The base offset of the next one.
    pub(crate) next: Option<Offset>,
    /// The size of its file in bytes.
    pub(crate) length: u64,
    /// Where its batches end in the file.
    pub(crate) batches_end: FilePosition,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Continue {
    Yes,
    No,
}

impl LogScan {
    pub(crate) fn new(found: FoundLog) -> Self {
        Self {
            recovery_point: found.recovery_point(),
            safe_below: found.checkpoint,
            found,
            segments: Vec::new(),
            last: None,
            epochs: Vec::new(),
            bad_ranges: Vec::new(),
            report: RecoveryReport::default(),
            end: Offset::ZERO,
            tail_is_sound: true,
            was_synced: false,
            names_changed: false,
            last_is_as_found: false,
        }
    }

    /// Scans the files, segment by segment.
    pub(crate) async fn run(mut self, found: Vec<FoundSegment>) -> io::Result<RecoveredLog> {
        let device = found.last().map(FoundSegment::device);
        self.was_synced = self.found.is_made_now
            || device.is_some() && device == self.found.synced_device
            || fault_points::has(Bug::FoundTakenForSynced);
        self.learn_what_was_synced(&found).await?;
        let mut found = found.into_iter().peekable();
        while let Some(segment) = found.next() {
            let next = found.peek().map(FoundSegment::base);
            if self.recover(segment, next).await? == Continue::No {
                self.remove_segments(found)?;
                break;
            }
        }
        self.remove_snapshots_of_what_was_cut()?;
        self.settle().await?;
        Ok(self.into_log())
    }

    /// Scans the files, segment by segment, and changes none: nothing is cut, built anew or written down.
    pub(crate) async fn look(mut self, found: Vec<FoundSegment>) -> io::Result<LookedLog> {
        self.learn_what_was_synced(&found).await?;
        let mut segments = Vec::new();
        let mut found = found.into_iter().peekable();
        let mut goes_on = Continue::Yes;
        while goes_on == Continue::Yes
            && let Some(one) = found.next()
        {
            let next = found.peek().map(FoundSegment::base);
            self.bad_ranges.retain(|bad| bad.segment != one.base());
            let mut segment = one.emptied();
            goes_on = self.scan(&mut segment, one.length(), next).await.map_err(naming(one.path()))?;
            segment.log.close();
            let (base, length, batches_end) = (one.base(), one.length(), segment.end_position());
            segments.push(LookedSegment { base, next, length, batches_end });
        }
        Ok(LookedLog {
            segments,
            behind: found.map(|segment| segment.base()).collect(),
            bad_ranges: self.bad_ranges,
            epochs: self.epochs,
            report: self.report,
            end: self.end,
        })
    }

    async fn learn_what_was_synced(&mut self, found: &[FoundSegment]) -> io::Result<()> {
        self.bad_ranges = self.found.bad_ranges()?;
        // Damage that was found before this start was durable then. What lies behind it must not be cut now.
        let known_damage = self.bad_ranges.iter().map(|bad| bad.end).max().unwrap_or(Offset::ZERO);
        self.safe_below = self.safe_below.max(self.last_mark(found).await?).max(known_damage);
        Ok(())
    }

    /// Scans the next segment of the log.
    async fn recover(&mut self, mut found: FoundSegment, next: Option<Offset>) -> io::Result<Continue> {
        if let Some(next) = next.filter(|next| *next <= self.recovery_point) {
            let bad_ranges = self.found.is_gapless().then_some(&self.bad_ranges[..]);
            if found.is_sound_before(next, bad_ranges).await? {
                self.segments.push(Rc::new(found.trusted()));
                self.end = next;
                return Ok(Continue::Yes);
            }
        }
        self.bad_ranges.retain(|bad| bad.segment != found.base());
        let mut segment = found.emptied();
        let scanned = self.scan(&mut segment, found.length(), next).await.map_err(naming(found.path()))?;
        match next.filter(|_| scanned == Continue::Yes) {
            Some(next) => {
                let sealed = self.seal(segment, next).await.map_err(naming(found.path()))?;
                self.segments.push(sealed);
            }
            None => {
                self.last_is_as_found = found.is_as(&segment);
                self.last = Some(segment);
            }
        }
        Ok(scanned)
    }

    fn into_log(mut self) -> RecoveredLog {
        self.segments.extend(self.last.as_ref().map(ActiveSegment::readable));
        let last = self.last.filter(|_| self.tail_is_sound);
        RecoveredLog {
            directory: self.found.directory,
            config: self.found.config,
            now_ms: self.found.now_ms,
            recovery: Recovery::Scanned,
            segments: self.segments,
            active: last.and_then(|last| appendable(last, &self.bad_ranges)),
            epochs: self.epochs,
            bad_ranges: self.bad_ranges,
            reuse: self.found.reuse,
            snapshots: self.found.files.snapshots,
            report: self.report,
            lacks_snapshot: false,
            end: self.end,
        }
    }

    /// Removes the producer snapshots of what was cut off. If such a snapshot came back after the log had grown past it
    /// again, it would describe batches that no longer exist. The sync at the end of recovery makes the removal
    /// durable.
    fn remove_snapshots_of_what_was_cut(&mut self) -> io::Result<()> {
        while let Some(offset) = self.found.files.snapshots.pop_if(|offset| *offset > self.end) {
            remove_snapshot(&self.found.directory, offset)?;
            self.names_changed = true;
        }
        Ok(())
    }

    /// The durable offset in the mark of the last write.
    async fn last_mark(&self, found: &[FoundSegment]) -> io::Result<Offset> {
        let Some(last) = found.last() else {
            return Ok(Offset::ZERO);
        };
        if last.length() == 0 {
            return Ok(Offset::ZERO);
        }
        let signer = ReuseCheckpoint::signer(self.found.reuse, last.base());
        let file = last.file()?;
        drop_cached(&file);
        let mut scan = Scan::new(file, FilePosition::START, last.length()).over_data()?;
        let mark = if signer.secret.is_none() {
            scan.in_big_steps().mark_at_end(signer).await?
        } else {
            scan.go_behind_batches(last.base()).await?;
            match scan.mark_here(signer).await? {
                Some(durable) => Some(durable),
                // The chain of batches is broken, or the write behind it was torn. A mark may lie anywhere.
                None => {
                    scan.go_to(FilePosition::START);
                    scan.in_big_steps().best_mark(signer).await?
                }
            }
        };
        Ok(mark.unwrap_or(Offset::ZERO))
    }

    /// Walks over one segment's batches, and adds each one to what was found.
    async fn scan(
        &mut self,
        segment: &mut ActiveSegment,
        length: u64,
        next: Option<Offset>,
    ) -> io::Result<Continue> {
        self.end = self.end.max(segment.base);
        if length == 0 && !self.must_go_on(next) {
            return Ok(Continue::Yes);
        }
        let file = segment.log.get()?;
        if next.is_some() {
            // The last segment's pages were dropped before its mark was read.
            drop_cached(&file);
        }
        let mut scan = Scan::new(file, FilePosition::START, length).over_data()?.in_big_steps();
        let is_counted = is_scanned(next, self.recovery_point);
        let mut progress = self.found.progress.begin(if is_counted { scan.data_end().get() } else { 0 });
        loop {
            let is_safe = self.end < self.recovery_point;
            let mut found = if is_safe { scan.header().await? } else { scan.verified().await? };
            // A header alone is not believed if it reaches beyond the recovery point.
            if is_safe && matches!(&found, Some(Ok(header)) if header.end_offset() > self.recovery_point) {
                found = scan.verified().await?;
            }
            match found {
                // A batch that reaches into the next segment is damaged, whether it was synced or not.
                Some(Ok(header))
                    if self.continues(segment, &header)
                        && next.is_none_or(|next| header.end_offset() <= next) =>
                {
                    self.take(segment, &header, &mut scan);
                    progress.advance(header.size_bytes);
                    // Reads from the page cache do not wait, but other tasks must have their turn all the same.
                    creel_io::count_work(1 + header.size_bytes / BYTES_A_STEP);
                    creel_io::rest().await;
                }
                None if !self.must_go_on(next) => return Ok(Continue::Yes),
                // The segment is complete. What follows was preallocated, and the crash undid the cut.
                _ if next == Some(self.end) => return Ok(Continue::Yes),
                _ => {
                    let signer = ReuseCheckpoint::signer(self.found.reuse, segment.base);
                    let gap = Gap { signer, expected: self.end, next };
                    let damage = judge(&mut scan, gap, self.safe_below, self.found.last_stop).await?;
                    match self.handle(segment, damage, &mut scan, length) {
                        Continue::Yes if scan.position().get() < length => {}
                        outcome => return Ok(outcome),
                    }
                }
            }
        }
    }

    /// Whether the log can't end here, because the next segment, or what was synced, begins later.
    fn must_go_on(&self, next: Option<Offset>) -> bool {
        match next {
            Some(next) => self.end < next && self.found.is_gapless(),
            None => self.end < self.safe_below,
        }
    }

    /// Whether a batch is the one that must follow here: neither stale nor in the wrong place.
    fn continues(&self, segment: &Segment, header: &BatchHeader) -> bool {
        let follows = if self.end >= self.recovery_point && self.found.is_gapless() {
            header.base_offset == self.end
        } else {
            // The checksum does not cover the base offset. If the offset lies beyond the recovery point, it is damaged.
            let limit = self.recovery_point.max(self.end + 1);
            header.base_offset >= self.end && (header.base_offset < limit || !self.found.is_gapless())
        };
        let fits =
            header.last_offset_delta >= 0 && header.last_offset() - segment.base <= i64::from(i32::MAX);
        follows && fits
    }

    fn take(&mut self, segment: &mut ActiveSegment, header: &BatchHeader, scan: &mut Scan) {
        segment.note(&Placed::of(header, scan.position()), self.found.config.index_interval_bytes);
        self.note_epoch(header);
        self.end = header.end_offset();
        self.report.scanned_bytes += header.size_bytes as u64;
        scan.skip(header.size_bytes);
    }

    fn note_epoch(&mut self, header: &BatchHeader) {
        let Some(epoch) = header.leader_epoch else { return };
        if self.epochs.last().is_none_or(|last| last.epoch < epoch) {
            self.epochs.push(EpochStart { epoch, start: header.base_offset });
        }
    }

    fn handle(
        &mut self,
        segment: &mut ActiveSegment,
        damage: Damage,
        scan: &mut Scan,
        length: u64,
    ) -> Continue {
        match damage {
            Damage::End => Continue::No,
            Damage::Torn { bytes, batches } => {
                self.report.torn_bytes += bytes;
                self.report.torn_batches += batches;
                Continue::No
            }
            Damage::Bad { resume, position } => {
                let bad = BadRange {
                    start: self.end,
                    end: resume,
                    segment: segment.base,
                    position: segment.end_position(),
                    end_position: position,
                };
                tracing::error!(?bad, log = %segment.log.path().display(), "a range of the log is damaged: reads of it are refused");
                self.bad_ranges.push(bad);
                self.report.new_bad_ranges.push(bad);
                segment.skip_to(position);
                scan.go_to(position);
                self.end = resume;
                self.tail_is_sound = position.get() < length;
                Continue::Yes
            }
        }
    }

    async fn seal(&mut self, mut segment: ActiveSegment, next: Offset) -> io::Result<Rc<Segment>> {
        debug_assert!(self.end <= next || !self.found.is_gapless());
        self.names_changed = true;
        segment.cut_to_length()?;
        segment.log.get()?.sync_all().await?;
        match write_indexes(&self.found.directory, &segment).await {
            Err(error) if is_disk_full(&error) => {
                tracing::warn!(log = %segment.log.path().display(), %error, "the disk is too full for indexes: later starts take longer");
                Ok(segment.seal())
            }
            written => written.map(|()| segment.seal()),
        }
    }

    fn remove_segments(&mut self, found: impl Iterator<Item = FoundSegment>) -> io::Result<()> {
        for base in found.map(|segment| segment.base()) {
            self.names_changed = true;
            tracing::warn!(directory = %self.found.directory.display(), %base, "a segment after the torn end of the log was removed");
            remove_segment(&self.found.directory, base)?;
        }
        Ok(())
    }

    /// Finishes the scan: cuts off torn bytes, and syncs the rest.
    async fn settle(&mut self) -> io::Result<()> {
        if self.report.torn_bytes > 0 {
            let RecoveryReport { torn_bytes, torn_batches, .. } = self.report;
            tracing::warn!(
                directory = %self.found.directory.display(), torn_bytes, torn_batches, end = %self.end,
                "the crash had torn the end of the log: it was cut off"
            );
        }
        if let Some(last) = &mut self.last {
            let is_new = self.end > self.recovery_point && self.found.last_stop == LastStop::Unclean;
            if is_new {
                // It was appended to shortly before the crash, and the crash may have left an older time on the file.
                last.note_append(self.found.now_ms);
            }
            let is_as_found = self.last_is_as_found && !(is_new && last.has_no_times());
            if !self.was_synced || !is_as_found {
                last.cut_to_length()?;
                last.log.get()?.sync_all().await?;
            }
        }
        if !self.bad_ranges.is_empty() || self.found.files.has(bad_ranges::FILE_NAME) {
            write_bad_ranges(&self.found.directory, &self.bad_ranges).await?;
            self.names_changed = true;
        }
        if self.was_synced && !self.names_changed {
            return Ok(());
        }
        fs::sync_dir(&self.found.directory).await?;
        // The stop may have come after the directory was made and before its name was durable.
        match self.found.directory.parent() {
            Some(parent) => fs::sync_dir(parent).await,
            None => Ok(()),
        }
    }
}

/// Drops the file's pages from the page cache. If a sync failed before this start, they show batches that the medium
/// does not hold.
fn drop_cached(file: &File) {
    if !fault_points::has(Bug::PageCacheTrusted) {
        file.drop_cached();
    }
}
