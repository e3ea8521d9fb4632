//! Opening a partition: its files, its recovered state, its producers.

use crate::config::LogConfig;
use crate::directory::TopicPartition;
use crate::error::OpenError;
use crate::error::is_disk_full;
use crate::error::naming;
use crate::fault_points;
use crate::fault_points::Bug;
use crate::format::epochs::EpochStart;
use crate::format::reuse_checkpoint::ReuseCheckpoint;
use crate::jobs::commit::Flusher;
use crate::jobs::hw_waiters::Watch;
use crate::jobs::preallocate::claim_rest;
use crate::jobs::segment_reuse::Recycler;
use crate::log::Cursors;
use crate::log::Health;
use crate::log::Log;
use crate::log::RecentBatches;
use crate::log::epochs::LeaderEpochs;
use crate::log::producers::Producers;
use crate::log::staging::Staging;
use crate::offset::FilePosition;
use crate::offset::LeaderEpoch;
use crate::offset::Offset;
use crate::partition::Inner;
use crate::partition::Partition;
use crate::partition::append::dated;
use crate::partition::append_times::SyncTimes;
use crate::recover::checkpoint_files::LastStop;
use crate::recover::found_log::EpochsFile;
use crate::recover::found_log::FoundLog;
use crate::recover::found_log::find_files;
use crate::recover::progress::bytes_gone_through;
use crate::recover::recover;
use crate::recover::recovered_log::RecoveredLog;
use crate::recover::recovered_log::Recovery;
use crate::segment::Segment;
use crate::segment::checkpoints::read_reuse;
use crate::segment::checkpoints::remove_epochs;
use crate::segment::files::read_snapshot;
use crate::segment::files::remove_snapshot;
use crate::segment::files::write_snapshot;
use crate::segment::scan::Scan;
use creel_io::fs;
use std::cell::Cell;
use std::cell::RefCell;
use std::io;
use std::path::Path;
use std::path::PathBuf;
use std::rc::Rc;

/// What is known about a partition before its files are looked at.
#[derive(Clone, Debug)]
pub struct OpenLog {
    /// Its directory; created if missing.
    pub directory: PathBuf,
    /// Its name.
    pub name: TopicPartition,
    /// Its topic's settings.
    pub config: LogConfig,
    /// The leader epoch to append under, unless the log knows a larger one.
    pub leader_epoch: LeaderEpoch,
    /// Whether the last stop left the mark of a clean one.
    pub was_clean: bool,
    /// From the checkpoint: synced below this.
    pub recovery_point: Option<Offset>,
    /// From the checkpoint: where the log starts.
    pub log_start: Option<Offset>,
}

impl OpenLog {
    /// Bytes of segments that the opening of the partition will go through, about, if its last stop was not clean. What cannot
    /// be looked at counts as nothing: opening it says why.
    pub fn bytes_to_recover(&self) -> u64 {
        match self.was_clean {
            true => 0,
            false => bytes_gone_through(&self.directory, self.recovery_point.unwrap_or_default()),
        }
    }
}

impl Partition {
    /// Opens or creates a partition on this core, recovering it if need be.
    pub async fn open(flusher: &Flusher, open: OpenLog) -> Result<Self, OpenError> {
        prepare_directory(&open.directory).await?;
        let files = find_files(&open.directory)?;
        let (synced, start) = (open.recovery_point.unwrap_or_default(), open.log_start.unwrap_or_default());
        if files.bases.is_empty() && synced > start {
            return Err(OpenError::Missing(synced));
        }
        let epochs = LeaderEpochs::read(&open.directory)?;
        let epochs_start = epochs.as_ref().and_then(LeaderEpochs::start);
        if let (Some(start), Some(first)) = (epochs_start, files.bases.first().copied())
            && start < first
        {
            return Err(OpenError::FirstMissing { start, first });
        }
        let is_new = files.bases.is_empty();
        let found = FoundLog {
            directory: open.directory.clone(),
            config: open.config.clone(),
            now_ms: creel_io::wall_clock_ms(),
            last_stop: if open.was_clean { LastStop::Clean } else { LastStop::Unclean },
            epochs_file: if epochs.is_some() { EpochsFile::Sound } else { EpochsFile::Gone },
            checkpoint: synced,
            reuse: read_reuse(&open.directory)?,
            files,
            recovered: flusher.recovered.clone(),
        };
        let mut epochs = epochs.unwrap_or_default();
        let mut recovery = recover(found).await?;
        if recovery.recovery == Recovery::Scanned {
            for EpochStart { epoch, start } in recovery.epochs.drain(..) {
                epochs.assign(epoch, start);
            }
            epochs.truncate_end(recovery.end);
        }
        if is_new && epochs_start < Some(start) {
            // The first segment begins later than they say, and none is missing.
            remove_epochs(&open.directory)?;
        }
        recovery.forget_reuse().await?;
        let is_new_file = recovery.ensure_active(open.log_start)?;
        if is_new_file {
            // A later segment's name must never outlive the first one's.
            fs::sync_dir(&open.directory).await?;
        }
        let mut producers = recovery.replay_producers().await?;
        if fault_points::has(Bug::ProducersForgotten) {
            producers = Producers::default();
        }
        let is_claimed = recovery.claim_active().await;
        let is_touched = recovery.recovery == Recovery::Scanned || is_new_file || is_claimed;
        let inner = assemble(flusher.clone(), open, recovery, (producers, epochs), is_touched);
        inner.epochs_start.set(epochs_start);
        Ok(Self::new(inner))
    }
}

/// Makes the directory, and its name and those above it safe.
async fn prepare_directory(directory: &Path) -> io::Result<()> {
    let missing: Vec<&Path> = directory.ancestors().take_while(|path| !fs::exists(path)).collect();
    fs::create_dir_all(directory).map_err(naming(directory))?;
    for parent in missing.iter().filter_map(|path| path.parent()).filter(|parent| fs::exists(parent)) {
        fs::sync_dir(parent).await?;
    }
    Ok(())
}

impl RecoveredLog {
    /// Sees to a segment that can be appended to. Returns whether its file is new.
    fn ensure_active(&mut self, log_start: Option<Offset>) -> io::Result<bool> {
        if self.segments.is_empty() {
            self.end = log_start.unwrap_or(Offset::ZERO);
        } else if self.tail_is_sound && self.appendable() {
            return Ok(false);
        }
        let active = Segment::create(&self.directory, ReuseCheckpoint::signer(None, self.end), self.now_ms)?;
        self.segments.push(Rc::new(active));
        Ok(true)
    }

    /// Claims the disk of the segment that the next append goes to, where that is wanted.
    async fn claim_active(&self) -> bool {
        match (self.config.claim_limit(), self.segments.last()) {
            (Some(limit), Some(active)) if active.length() < limit => {
                claim_rest(&self.directory, active, limit).await;
                true
            }
            _ => false,
        }
    }

    /// A damaged range at the very end has offsets but no batches: what follows begins a new file.
    fn appendable(&self) -> bool {
        let Some(last) = self.segments.last() else {
            return false;
        };
        !self.bad_ranges.iter().any(|bad| bad.segment == last.base && bad.end_position >= last.end_position())
    }

    /// The producers as they were at the end of the log: the newest sound snapshot, and the headers behind it.
    async fn replay_producers(&mut self) -> io::Result<Producers> {
        let mut producers = Producers::default();
        let mut from = self.segments.first().map_or(Offset::ZERO, |first| first.base);
        let mut are_any_removed = false;
        while let Some(offset) = self.snapshots.pop() {
            let usable = if offset <= self.end { read_snapshot(&self.directory, offset)? } else { None };
            if let Some(found) = usable {
                (producers, from) = (Producers::from_snapshot(found), from.max(offset));
                producers.date(self.now_ms);
                break;
            }
            remove_snapshot(&self.directory, offset)?;
            are_any_removed = true;
        }
        if are_any_removed {
            // Behind a clean stop, or damaged: like those that recovery has removed, they must not come back.
            fs::sync_dir(&self.directory).await?;
        }
        // Each clean stop leaves one at the end of the log: of the older ones only those of segments are kept.
        for offset in &self.snapshots {
            if !self.segments.iter().any(|segment| segment.base == *offset) {
                remove_snapshot(&self.directory, *offset)?;
            }
        }
        for (at, segment) in self.segments.iter().enumerate() {
            let next = self.segments.get(at + 1).map_or(self.end, |next| next.base);
            if next > from && !segment.is_empty() {
                let replayed = self.replay_segment(segment, from, &mut producers).await;
                replayed.map_err(naming(segment.log.path()))?;
            }
        }
        let expiry = i64::try_from(self.config.producer_id_expiration_ms).unwrap_or(i64::MAX);
        producers.expire(self.now_ms.saturating_sub(expiry));
        if self.segments.last().is_some_and(|active| active.base > from) {
            self.lacks_snapshot = !self.snapshot_anew(&producers).await?;
        }
        Ok(producers)
    }

    /// Retention may take every segment before the active one: what they say about producers must be written down by
    /// then, and the snapshot that a roll would have left is missing. `false`: there is no room for it.
    async fn snapshot_anew(&self, producers: &Producers) -> io::Result<bool> {
        match write_snapshot(&self.directory, self.end, &producers.to_snapshot()) {
            Ok(file) => file.sync_data().await?,
            Err(error) if is_disk_full(&error) => {
                let directory = self.directory.display();
                tracing::warn!(%directory, %error, "no room for what is known of producers: retention waits for it");
                return Ok(false);
            }
            Err(error) => return Err(error),
        }
        fs::sync_dir(&self.directory).await?;
        Ok(true)
    }

    async fn replay_segment(
        &self,
        segment: &Segment,
        from: Offset,
        producers: &mut Producers,
    ) -> io::Result<()> {
        let start = segment.with_indexes(|indexes| indexes.offsets.position_before(from));
        let mut scan = Scan::new(segment.log.get()?, start.unwrap_or(FilePosition::START), segment.length());
        while let Some(header) = scan.header().await? {
            match header {
                Ok(header) => {
                    if header.base_offset >= from {
                        let dated = dated(&header, header.max_timestamp, segment.appended_ms());
                        producers.record(&dated, header.base_offset);
                    }
                    scan.skip(header.size_bytes);
                    creel_io::pace(1).await;
                }
                Err(_) => match self.behind_damage(segment, scan.position()) {
                    Some(position) => scan.go_to(position),
                    None => break,
                },
            }
        }
        Ok(())
    }

    fn behind_damage(&self, segment: &Segment, at: FilePosition) -> Option<FilePosition> {
        let here =
            |bad: &&crate::format::bad_ranges::BadRange| bad.segment == segment.base && bad.position == at;
        self.bad_ranges.iter().find(here).map(|bad| bad.end_position)
    }
}

fn assemble(
    flusher: Flusher,
    open: OpenLog,
    recovery: RecoveredLog,
    (producers, mut epochs): (Producers, LeaderEpochs),
    is_touched: bool,
) -> Inner {
    let first = recovery.segments.first().map_or(recovery.end, |first| first.base);
    let log_start = open.log_start.unwrap_or(first).clamp(first, recovery.end.max(first));
    // Ten thousand partitions are opened at a start, and most of them are not used soon.
    recovery.segments.iter().for_each(|segment| segment.log.close());
    epochs.truncate_start(log_start);
    let epoch = epochs.latest().unwrap_or_default().max(open.leader_epoch);
    let log = Log {
        segments: recovery.segments,
        staging: Staging::default(),
        producers,
        epochs,
        epoch,
        unsynced: Vec::new(),
        directory_unsynced: false,
        recent: RecentBatches::default(),
        bad_ranges: recovery.bad_ranges,
    };
    Inner {
        name: open.name,
        directory: open.directory,
        flusher,
        config: RefCell::new(open.config),
        cursors: Cell::new(Cursors::at(log_start, recovery.end.max(log_start))),
        high_watermark_place: Cell::new(log.end_place()),
        log: RefCell::new(log),
        health: Cell::new(Health::Healthy),
        watch: Watch::default(),
        is_dirty: Cell::new(false),
        is_committing: Cell::new(false),
        durable_tickets: Cell::new(0),
        commit_timer: Default::default(),
        sync_times: SyncTimes::default(),
        committed: Default::default(),
        epochs_changed: Cell::new(false),
        epochs_start: Cell::default(),
        epochs_lag: Cell::default(),
        side_files_due: RefCell::default(),
        side_jobs: Cell::new(0),
        is_cutting: Cell::new(false),
        is_touched: Cell::new(is_touched),
        doomed: RefCell::default(),
        is_removing: Cell::new(false),
        is_idle: Cell::new(false),
        lacks_snapshot: Cell::new(recovery.lacks_snapshot),
        recycler: Recycler::default(),
        recovery: recovery.report,
    }
}
