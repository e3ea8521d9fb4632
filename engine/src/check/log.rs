//! Checks one log.

use std::io;
use std::path::Path;

use creel_io::fs;

use crate::check::findings::{LogReport, Severity};
use crate::check::in_journals::JournalBatches;
use crate::check::index_entries::IndexEntries;
use crate::check::side_files::{IndexFiles, check_epochs, check_snapshots};
use crate::directory::log_path;
use crate::error::naming;
use crate::format::bad_ranges::BadRange;
use crate::format::batch::BatchHeader;
use crate::log::epochs::LeaderEpochs;
use crate::offset::{FilePosition, LeaderEpoch, Offset};
use crate::partition::open::OpenLog;
use crate::recover::checkpoint_files::LastStop;
use crate::recover::found_log::{EpochsFile, FoundLog, list_files};
use crate::recover::log_scan::{LogScan, LookedSegment};
use crate::recover::progress::{RecoveryProgress, bytes_to_scan};
use crate::recover::recovered_log::RecoveryReport;
use crate::segment::checkpoints::{read_bad_ranges, read_reuse};
use crate::segment::scan::Scan;

/// Checks logs. It counts the bytes that it has gone through.
#[derive(Debug, Default)]
pub struct LogChecker {
    progress: RecoveryProgress,
}

impl LogChecker {
    /// How many bytes of segments were gone through.
    pub fn checked_bytes(&self) -> u64 {
        self.progress.bytes()
    }

    /// How many bytes of segments [`check`](Self::check) goes through. What can't be read counts as nothing.
    pub fn bytes_of(log: &OpenLog) -> u64 {
        bytes_to_scan(&log.directory, Offset::ZERO)
    }

    /// Reads everything that a partition has on the disk, and changes nothing. An error means that something could not
    /// be read.
    pub async fn check(&self, log: &OpenLog) -> io::Result<LogReport> {
        let mut report = LogReport::of(log.name.clone());
        let files = list_files(&log.directory)?.map(|(files, _)| files).unwrap_or_default();
        check_snapshots(&log.directory, &files.snapshots, &mut report);
        self.check_first(log, files.bases.first().copied(), &mut report)?;
        let known = read_bad_ranges(&log.directory)?;
        let synced = log.recovery_point.unwrap_or_default();
        let found = FoundLog {
            directory: log.directory.clone(),
            config: log.config.clone(),
            now_ms: creel_io::wall_clock_ms(),
            last_stop: log.last_stop,
            // So every batch is read.
            epochs_file: EpochsFile::Gone,
            checkpoint: synced,
            reuse: read_reuse(&log.directory)?,
            files,
            is_made_now: false,
            synced_device: None,
            progress: self.progress.clone(),
        };
        let segments = found.open_segments()?;
        let looked = LogScan::new(found).look(segments).await?;
        report.segments = looked.segments.len() as u64;
        report.start = log.log_start.or(looked.segments.first().map(|first| first.base)).unwrap_or_default();
        report.end = looked.end;
        tell_damage(log, &looked.bad_ranges, &known, &mut report);
        tell_torn(log, &looked.report, &looked.behind, looked.end, &mut report);
        let mut journal = match &log.in_journal {
            Some(journal) => JournalBatches::read(journal, synced, &mut report).await?,
            None => JournalBatches::default(),
        };
        let mut walk = Walk { log, bad_ranges: &looked.bad_ranges, epoch: None, journal: &mut journal };
        for segment in &looked.segments {
            walk.segment(segment, synced, &mut report)
                .await
                .map_err(naming(&log_path(&log.directory, segment.base)))?;
        }
        check_epochs(&looked.epochs, log, &mut report)?;
        tell_left(log, journal, &looked.bad_ranges, &mut report);
        Ok(report)
    }

    /// Whether the log begins where it should.
    fn check_first(&self, log: &OpenLog, first: Option<Offset>, report: &mut LogReport) -> io::Result<()> {
        let (synced, start) = (log.recovery_point.unwrap_or_default(), log.log_start.unwrap_or_default());
        match first {
            None if synced > start => {
                let what = format!("its segments are missing, but it held records up to offset {synced}");
                report.damage(&log.directory, what);
            }
            Some(first) => {
                let epochs = LeaderEpochs::read(&log.directory)?;
                if let Some(start) =
                    epochs.as_ref().and_then(LeaderEpochs::start).filter(|start| *start < first)
                {
                    let what = format!(
                        "its first segments are missing: it began at offset {start}, and now at {first}"
                    );
                    report.damage(&log.directory, what);
                }
            }
            None => {}
        }
        Ok(())
    }
}

fn tell_damage(log: &OpenLog, found: &[BadRange], known: &[BadRange], report: &mut LogReport) {
    for bad in found {
        let BadRange { start, end, segment, position, end_position } = bad;
        let was_known = if known.contains(bad) { "; an earlier start has found it" } else { "" };
        let what = format!(
            "offsets {start} to {} are damaged (bytes {position} to {end_position}){was_known}",
            end.pred().unwrap_or(*end)
        );
        report.damage(&log_path(&log.directory, *segment), what);
    }
}

fn tell_torn(log: &OpenLog, found: &RecoveryReport, behind: &[Offset], end: Offset, report: &mut LogReport) {
    if found.torn_bytes > 0 {
        let bytes = found.torn_bytes;
        let what = format!(
            "a crash has torn the end: {bytes} bytes behind offset {end} were not durable, a start cuts them off"
        );
        report.note(&log.directory, what);
    }
    for base in behind {
        report.note(&log_path(&log.directory, *base), "it lies behind the torn end: a start removes it");
    }
}

/// What the journals hold and the log does not.
fn tell_left(log: &OpenLog, journal: JournalBatches, bad_ranges: &[BadRange], report: &mut LogReport) {
    let mut due = report.end;
    for header in journal.left() {
        let (from, to) = (header.base_offset, header.end_offset());
        if from < report.end {
            let is_lost = |bad: &BadRange| bad.start < to && from < bad.end;
            if from >= report.start && !bad_ranges.iter().any(is_lost) {
                report.damage(
                    &log.directory,
                    format!("the journals hold a batch at offset {from}, and the log another one"),
                );
            }
        } else if from == due || (from > due && log.config.may_skip_offsets()) {
            report.only_in_journals += u64::try_from(to - from).unwrap_or_default();
            due = to;
        } else {
            let what =
                format!("nothing is known of the offsets from {due} to {from}, where the journals go on");
            report.damage(&log.directory, what);
            return;
        }
    }
}

/// A walk over the headers of all sound batches.
struct Walk<'a> {
    log: &'a OpenLog,
    bad_ranges: &'a [BadRange],
    /// The leader epoch of the last batch.
    epoch: Option<LeaderEpoch>,
    journal: &'a mut JournalBatches,
}

impl Walk<'_> {
    async fn segment(
        &mut self,
        segment: &LookedSegment,
        recovery_point: Offset,
        report: &mut LogReport,
    ) -> io::Result<()> {
        let (directory, base) = (&self.log.directory, segment.base);
        let path = log_path(directory, base);
        // The indexes of a segment that is written to are in memory, and a crash may leave them half written.
        let is_rebuilt =
            self.log.last_stop == LastStop::Unclean && segment.next.is_none_or(|next| next > recovery_point);
        let severity = if is_rebuilt { Severity::Note } else { Severity::Damage };
        let indexes = IndexFiles::read(directory, base, segment.length, severity, report)?;
        let are_ours = !self.log.config.may_have_gaps;
        let mut entries = IndexEntries::of(indexes.offsets.as_ref(), indexes.times.as_ref(), are_ours);
        let file = fs::File::open(&path, fs::OpenOptions::read())?;
        let mut scan = Scan::new(file, FilePosition::START, segment.batches_end.get());
        while let Some(header) = scan.header().await? {
            let Ok(header) = header else {
                let position = scan.position();
                let here = |bad: &&BadRange| bad.segment == base && bad.position == position;
                let Some(bad) = self.bad_ranges.iter().find(here) else { break };
                scan.go_to(bad.end_position);
                entries.skip_to(bad.end_position, bad.end);
                continue;
            };
            let position = scan.position();
            if let Some(bad) =
                self.bad_ranges.iter().find(|bad| bad.segment == base && bad.position == position)
            {
                // Its header alone looks sound.
                scan.go_to(bad.end_position);
                entries.skip_to(bad.end_position, bad.end);
                continue;
            }
            entries.see(&header, position);
            self.batch(&header, &path, report);
            scan.skip(header.size_bytes);
            creel_io::pace(1).await;
        }
        entries.end();
        for (kind, wrong) in [("index", entries.wrong_offsets), ("timeindex", entries.wrong_times)] {
            if wrong > 0 {
                let what = format!("{wrong} of its entries do not fit the batches of the segment");
                report.add(severity, &path.with_extension(kind), what);
            }
        }
        Ok(())
    }

    fn batch(&mut self, header: &BatchHeader, path: &Path, report: &mut LogReport) {
        report.batches += 1;
        report.bytes += header.size_bytes as u64;
        report.records += u64::try_from(header.record_count).unwrap_or_default();
        let offset = header.base_offset;
        if header.leader_epoch < self.epoch {
            report.damage(
                path,
                format!(
                    "the leader epoch of the batch at offset {offset} is older than that of the one before"
                ),
            );
        }
        self.epoch = self.epoch.max(header.leader_epoch);
        if !self.journal.is_same(header) {
            report
                .damage(path, format!("the batch at offset {offset} is not the one that the journals hold"));
        }
    }
}
