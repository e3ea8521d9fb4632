//! Recovery: what a log's files hold after a stop that may not have been clean.
//!
//! Batches below the recovery point were synced before it was written down; they are walked over by their headers.
//! Everything behind it is verified, checksum included. Where a batch fails, three things can have happened, and
//! `damage` tells them apart: the log simply ends there; the end was torn by a crash (cut it: nothing of it was
//! acknowledged as durable); or sound data was damaged later (never cut: the range is reported and refused, and what
//! lies behind it is served).
//!
//! Stale bytes behind the end can't come back to life: batches must continue the offsets exactly. A file that is recycled
//! for a later segment of the same partition holds smaller offsets only, and no part of its old batches can verify behind
//! the beginning of a new one (`wipe`).

pub mod checkpoint_files;
pub(crate) mod damage;
pub mod log_directory;
mod marks;
pub(crate) mod progress;

use std::io;
use std::path::{Path, PathBuf};
use std::rc::Rc;

use creel_io::fs::{self, File};

use crate::config::{CleanupPolicy, LogConfig};
use crate::directory::{FileKind, parse_segment_file};
use crate::error::{is_disk_full, naming};
use crate::fault_points::{self, Bug};
use crate::format::bad_ranges::BadRange;
use crate::format::batch::BatchHeader;
use crate::format::epochs::EpochStart;
use crate::format::reuse_checkpoint::ReuseCheckpoint;
use crate::format::time_index::TimestampOffset;
use crate::offset::{FilePosition, Offset};
use crate::recover::checkpoint_files::LastStop;
use crate::recover::damage::{Damage, Gap, judge};
use crate::recover::progress::{Recovered, is_gone_through};
use crate::segment::checkpoints::{read_bad_ranges, remove_reuse, write_bad_ranges};
use crate::segment::files::{
    knows_largest, last_indexed, read_indexes, remove_if_there, remove_segment, remove_snapshot,
    write_indexes,
};
use crate::segment::scan::Scan;
use crate::segment::{Placed, Segment};

/// So much of a log is verified in about a microsecond.
const BYTES_A_STEP: usize = 16 << 10;

/// What opening a partition found and did.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RecoveryReport {
    /// Bytes of batches that were looked through.
    pub scanned_bytes: u64,
    /// Bytes cut off behind the last sound batch (zeros that were claimed ahead not counted).
    pub torn_bytes: u64,
    /// Sound batches among them: written, never synced, behind one that is gone.
    pub torn_batches: u64,
    /// Damage found now, with sound batches behind it.
    pub new_bad_ranges: Vec<BadRange>,
}

/// Files of a partition's directory that matter here.
#[derive(Debug, Default)]
pub(crate) struct FoundFiles {
    pub(crate) bases: Vec<Offset>,
    pub(crate) snapshots: Vec<Offset>,
}

/// Looks through a partition's directory and removes what a crash left half-done.
pub(crate) fn find_files(directory: &Path) -> io::Result<FoundFiles> {
    let mut found = FoundFiles::default();
    for name in fs::read_dir(directory).map_err(naming(directory))? {
        let path = directory.join(name);
        match parse_segment_file(&path) {
            Some((base, FileKind::Log)) => found.bases.push(base),
            Some((offset, FileKind::ProducerSnapshot)) => found.snapshots.push(offset),
            Some(_) => {}
            None if is_leftover(&path) => remove_if_there(&path)?,
            None => {}
        }
    }
    Ok(found)
}

fn is_leftover(path: &Path) -> bool {
    path.extension().is_some_and(|extension| extension == "deleted" || extension == "tmp")
}

/// The log as recovery builds it.
pub(crate) struct Recovery {
    pub(crate) directory: PathBuf,
    pub(crate) config: LogConfig,
    pub(crate) now_ms: i64,
    /// From the checkpoint: synced below this, and not worth verifying again.
    pub(crate) recovery_point: Offset,
    /// Known to have been synced below this: a hole there is damage, not a torn end.
    pub(crate) safe_below: Offset,
    pub(crate) last_stop: LastStop,
    pub(crate) segments: Vec<Rc<Segment>>,
    /// Where the batches that were looked through say that epochs begin.
    pub(crate) epochs: Vec<EpochStart>,
    pub(crate) bad_ranges: Vec<BadRange>,
    /// Segments that may hold stale bytes behind their batches.
    pub(crate) reuse: Option<ReuseCheckpoint>,
    pub(crate) report: RecoveryReport,
    /// What is known of producers could not be written down.
    pub(crate) lacks_snapshot: bool,
    /// Where the next batch must begin.
    pub(crate) end: Offset,
    /// Whether an append may go into the last segment.
    pub(crate) tail_is_sound: bool,
    /// How far all recoveries of this core have come.
    pub(crate) recovered: Recovered,
}

impl Recovery {
    /// After a clean stop: every file ends where its batches end, and the side files are right.
    /// `false`: they are not; recover.
    pub(crate) async fn trust(&mut self, bases: &[Offset]) -> io::Result<bool> {
        for base in bases {
            let segment = self.found(*base)?;
            self.segments.push(Rc::new(segment));
        }
        self.bad_ranges = read_bad_ranges(&self.directory)?;
        let Some(last) = self.segments.last().cloned() else {
            return Ok(true);
        };
        if self.is_gapless() {
            for (sealed, next) in self.segments.iter().zip(bases.iter().skip(1)) {
                if !self.leads_to(sealed, *next).await.map_err(naming(sealed.log.path()))? {
                    return Ok(false);
                }
            }
        }
        self.load_tail(&last).await.map_err(naming(last.log.path()))
    }

    /// Whether the log ends where the stop that was clean has left it, if that is written down.
    pub(crate) fn is_all_there(&self) -> bool {
        self.segments.is_empty() || self.safe_below == Offset::ZERO || self.end == self.safe_below
    }

    /// Whether the batches of a sealed segment lead up to the next segment there is, so that none is missing in between.
    async fn leads_to(&self, segment: &Segment, next: Offset) -> io::Result<bool> {
        let from = last_indexed(&self.directory, segment.base).await.unwrap_or(FilePosition::START);
        let tail = walk_tail(segment, from).await?;
        Ok(self.tail_leads_to(segment, &tail, next))
    }

    fn tail_leads_to(&self, segment: &Segment, tail: &Tail, next: Offset) -> bool {
        let is_known = self.bad_ranges.iter().any(|bad| bad.segment == segment.base && bad.start == tail.end);
        is_known || (tail.ends_with_batches && tail.end == next)
    }

    fn found(&self, base: Offset) -> io::Result<Segment> {
        let segment = Segment::found(&self.directory, base, 0, self.now_ms);
        let looked_at = segment.log.get().and_then(|file| Ok((file.len()?, file.modified_ms()?)));
        let (length, modified_ms) = looked_at.map_err(naming(segment.log.path()))?;
        segment.log.close();
        segment.skip_to(FilePosition(length));
        segment.note_append(modified_ms);
        Ok(segment)
    }

    /// Reads the last segment's indexes and walks over the batches behind the last entry.
    async fn load_tail(&mut self, segment: &Rc<Segment>) -> io::Result<bool> {
        let length = segment.length();
        self.end = segment.base;
        let Some(indexes) = read_indexes(&self.directory, segment)? else {
            return Ok(false);
        };
        let last = indexes.offsets.last();
        if !knows_largest(segment, &indexes).await? {
            return Ok(false);
        }
        let from = last.map_or(FilePosition::START, |(_, position)| position);
        let largest = indexes.times.last().unwrap_or(TimestampOffset::NONE);
        segment.begin_empty();
        segment.set_indexes(indexes);
        if let Some(Ok(first)) = Scan::new(segment.log.get()?, FilePosition::START, length).header().await? {
            segment.observe(&Placed::of(&first, FilePosition::START));
        }
        segment.set_largest(largest);
        segment.skip_to(from);
        let mut scan = Scan::new(segment.log.get()?, from, length);
        while let Some(header) = scan.header().await? {
            let Ok(header) = header else {
                return Ok(self.bad_ranges.iter().any(|bad| bad.segment == segment.base));
            };
            if last.is_some_and(|(last, at)| scan.position() == at && header.last_offset() != last) {
                return Ok(false);
            }
            segment.note(&Placed::of(&header, scan.position()), self.config.index_interval_bytes);
            self.end = header.end_offset();
            scan.skip(header.size_bytes);
        }
        Ok(true)
    }

    /// Finds out what the files hold, segment by segment.
    pub(crate) async fn recover(&mut self, files: &mut FoundFiles) -> io::Result<()> {
        let bases = &files.bases;
        self.segments.clear();
        self.end = Offset::ZERO;
        self.bad_ranges = read_bad_ranges(&self.directory)?;
        // Damage found in an earlier life was safe then, and what lies behind it is not to be cut now.
        let known_damage = self.bad_ranges.iter().map(|bad| bad.end).max().unwrap_or(Offset::ZERO);
        self.safe_below = self.safe_below.max(self.last_mark(bases).await?).max(known_damage);
        for (at, base) in bases.iter().enumerate() {
            let next = bases.get(at + 1).copied();
            let segment = Rc::new(self.found(*base)?);
            self.segments.push(segment.clone());
            if let Some(next) = next.filter(|next| *next <= self.recovery_point)
                && self.is_sound_before(&segment, next).await?
            {
                self.end = next;
                continue;
            }
            self.bad_ranges.retain(|bad| bad.segment != *base);
            let scanned = self.scan(&segment, next).await.map_err(naming(segment.log.path()))?;
            if scanned == Continue::No {
                self.remove_segments(&bases[at + 1..])?;
                break;
            }
            if let Some(next) = next {
                self.seal(&segment, next).await.map_err(naming(segment.log.path()))?;
            }
        }
        self.remove_snapshots_of_what_was_cut(&mut files.snapshots)?;
        self.settle().await
    }

    /// One that came back after the log has grown past it again would tell of batches that are no more. The sync that
    /// settles the rest makes their removal durable.
    fn remove_snapshots_of_what_was_cut(&self, snapshots: &mut Vec<Offset>) -> io::Result<()> {
        while let Some(offset) = snapshots.pop_if(|offset| *offset > self.end) {
            remove_snapshot(&self.directory, offset)?;
        }
        Ok(())
    }

    /// Whether a sealed segment is as it was left: its indexes are there, its file ends with its batches, and they lead up to
    /// the next segment. The cut that saw to the file's end may have been undone, although the batches themselves are safe:
    /// where nothing was appended since, or where retention took the segment before the next sync and a crash brought it
    /// back.
    async fn is_sound_before(&self, segment: &Segment, next: Offset) -> io::Result<bool> {
        let Some(indexes) = read_indexes(&self.directory, segment)? else { return Ok(false) };
        let from = indexes.offsets.last().map_or(FilePosition::START, |(_, position)| position);
        let tail = walk_tail(segment, from).await?;
        Ok(tail.ends_with_batches && (!self.is_gapless() || self.tail_leads_to(segment, &tail, next)))
    }

    /// What the last write's mark says was durable.
    async fn last_mark(&self, bases: &[Offset]) -> io::Result<Offset> {
        let Some(base) = bases.last() else {
            return Ok(Offset::ZERO);
        };
        let last = self.found(*base)?;
        let signer = ReuseCheckpoint::signer(self.reuse, *base);
        let file = last.log.get()?;
        drop_cached(&file);
        let mut scan = Scan::new(file, FilePosition::START, last.length()).over_data()?;
        let mark = if signer.secret.is_none() {
            scan.in_big_steps().mark_at_end(signer).await?
        } else {
            scan.go_behind_batches(*base).await?;
            match scan.mark_here(signer).await? {
                Some(durable) => Some(durable),
                // The chain is broken, or the write behind it was torn: a mark may lie anywhere.
                None => {
                    scan.go_to(FilePosition::START);
                    scan.in_big_steps().best_mark(signer).await?
                }
            }
        };
        Ok(mark.unwrap_or(Offset::ZERO))
    }

    /// All segments end with their batches, on the medium: nothing more is to be known about what lay behind.
    pub(crate) async fn forget_reuse(&mut self) -> io::Result<()> {
        if self.reuse.take().is_some() {
            remove_reuse(&self.directory)?;
            fs::sync_dir(&self.directory).await?;
        }
        Ok(())
    }

    /// Walks over one segment's batches and takes each into account.
    async fn scan(&mut self, segment: &Rc<Segment>, next: Option<Offset>) -> io::Result<Continue> {
        let length = segment.length();
        segment.begin_empty();
        self.end = self.end.max(segment.base);
        let file = segment.log.get()?;
        drop_cached(&file);
        let mut scan = Scan::new(file, FilePosition::START, length).over_data()?.in_big_steps();
        let is_counted = is_gone_through(next, self.recovery_point);
        let mut passing = self.recovered.begin(if is_counted { scan.data_end().0 } else { 0 });
        loop {
            let is_safe = self.end < self.recovery_point;
            let mut found = if is_safe { scan.header().await? } else { scan.verified().await? };
            // A header alone that leaps over the recovery point is not to be believed.
            if is_safe && matches!(&found, Some(Ok(header)) if header.end_offset() > self.recovery_point) {
                found = scan.verified().await?;
            }
            match found {
                // One that reaches into the next segment is damaged, be it synced or not.
                Some(Ok(header))
                    if self.continues(segment, &header)
                        && next.is_none_or(|next| header.end_offset() <= next) =>
                {
                    self.take(segment, &header, &mut scan);
                    passing.pass(header.size_bytes);
                    // What is in the page cache is read without a wait: others have their turn all the same.
                    creel_io::count_work(1 + header.size_bytes / BYTES_A_STEP);
                    creel_io::rest().await;
                }
                None if !self.must_go_on(next) => return Ok(Continue::Yes),
                // Complete: what follows was claimed ahead, and the crash undid the cut.
                _ if next == Some(self.end) => return Ok(Continue::Yes),
                _ => {
                    let signer = ReuseCheckpoint::signer(self.reuse, segment.base);
                    let gap = Gap { signer, expected: self.end, next };
                    let damage = judge(&mut scan, gap, self.safe_below, self.last_stop).await?;
                    match self.handle(segment, damage, &mut scan, length) {
                        Continue::Yes if scan.position().0 < length => {}
                        outcome => return Ok(outcome),
                    }
                }
            }
        }
    }

    /// Whether the log can't end here: the next segment, or what was synced, begins later.
    fn must_go_on(&self, next: Option<Offset>) -> bool {
        match next {
            Some(next) => self.end < next && self.is_gapless(),
            None => self.end < self.safe_below,
        }
    }

    fn is_gapless(&self) -> bool {
        self.config.cleanup_policy == CleanupPolicy::Delete && !self.config.may_have_gaps
    }

    /// Whether a batch is the one that must come here: neither stale nor out of place.
    fn continues(&self, segment: &Segment, header: &BatchHeader) -> bool {
        let follows = if self.end >= self.recovery_point && self.is_gapless() {
            header.base_offset == self.end
        } else {
            // The base offset has no checksum: one that leaps over the recovery point is damage.
            let limit = self.recovery_point.max(self.end + 1);
            header.base_offset >= self.end && (header.base_offset < limit || !self.is_gapless())
        };
        let fits =
            header.last_offset_delta >= 0 && header.last_offset() - segment.base <= i64::from(i32::MAX);
        follows && fits
    }

    fn take(&mut self, segment: &Segment, header: &BatchHeader, scan: &mut Scan) {
        segment.note(&Placed::of(header, scan.position()), self.config.index_interval_bytes);
        self.note_epoch(header);
        self.end = header.end_offset();
        self.report.scanned_bytes += header.size_bytes as u64;
        scan.skip(header.size_bytes);
    }

    fn note_epoch(&mut self, header: &BatchHeader) {
        let (epoch, start) = (header.leader_epoch, header.base_offset);
        if epoch.0 >= 0 && self.epochs.last().is_none_or(|last| last.epoch < epoch) {
            self.epochs.push(EpochStart { epoch, start });
        }
    }

    fn handle(&mut self, segment: &Segment, damage: Damage, scan: &mut Scan, length: u64) -> Continue {
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
                tracing::error!(?bad, log = %segment.log.path().display(), "damaged range: it is refused from now on");
                self.bad_ranges.push(bad);
                self.report.new_bad_ranges.push(bad);
                segment.skip_to(position);
                scan.go_to(position);
                self.end = resume;
                self.tail_is_sound = position.0 < length;
                Continue::Yes
            }
        }
    }

    async fn seal(&self, segment: &Rc<Segment>, next: Offset) -> io::Result<()> {
        debug_assert!(self.end <= next || !self.is_gapless());
        segment.cut_to_length()?;
        segment.log.get()?.sync_all().await?;
        match write_indexes(&self.directory, segment, true).await {
            Err(error) if is_disk_full(&error) => {
                tracing::warn!(log = %segment.log.path().display(), %error, "no room for indexes: later starts take longer");
                Ok(())
            }
            written => written,
        }
    }

    fn remove_segments(&mut self, bases: &[Offset]) -> io::Result<()> {
        for base in bases {
            tracing::warn!(directory = %self.directory.display(), %base, "segment behind a torn end removed");
            remove_segment(&self.directory, *base)?;
        }
        Ok(())
    }

    /// Makes what was found final: torn bytes gone, the rest on the medium.
    async fn settle(&mut self) -> io::Result<()> {
        if self.report.torn_bytes > 0 {
            let RecoveryReport { torn_bytes, torn_batches, .. } = self.report;
            tracing::warn!(
                directory = %self.directory.display(), torn_bytes, torn_batches, end = %self.end,
                "the end of the log was torn by the crash: cut"
            );
        }
        if let Some(last) = self.segments.last() {
            if self.end > self.recovery_point && self.last_stop == LastStop::Unclean {
                // Appended to shortly before the crash, which need not have left the file's time right.
                last.note_append(self.now_ms);
            }
            last.cut_to_length()?;
            last.log.get()?.sync_all().await?;
        }
        write_bad_ranges(&self.directory, &self.bad_ranges).await?;
        fs::sync_dir(&self.directory).await?;
        // The stop may have come between making the directory and making its name safe.
        match self.directory.parent() {
            Some(parent) => fs::sync_dir(parent).await,
            None => Ok(()),
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Continue {
    Yes,
    No,
}

/// What lies at the end of a sealed segment.
struct Tail {
    /// Where the offsets of its batches end.
    end: Offset,
    /// Whether the file ends with them.
    ends_with_batches: bool,
}

/// Walks over a sealed segment's batches from one of them on.
async fn walk_tail(segment: &Segment, from: FilePosition) -> io::Result<Tail> {
    let mut scan = Scan::new(segment.log.get()?, from, segment.length());
    let mut tail = Tail { end: segment.base, ends_with_batches: true };
    while let Some(header) = scan.header().await? {
        let Ok(header) = header else {
            tail.ends_with_batches = false;
            break;
        };
        tail.end = header.end_offset();
        scan.skip(header.size_bytes);
    }
    segment.log.close();
    Ok(tail)
}

/// A sync may have failed in an earlier life: then the page cache shows batches that the medium does not hold.
fn drop_cached(file: &File) {
    if !fault_points::has(Bug::PageCacheTrusted) {
        file.drop_cached();
    }
}
