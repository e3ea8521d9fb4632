//! Opens a partition: its files, its recovered state, its producers.

use std::cell::{Cell, OnceCell, RefCell};
use std::io;
use std::path::{Path, PathBuf};

use creel_io::fs;

use crate::config::LogConfig;
use crate::directory::TopicPartition;
use crate::error::{OpenError, is_disk_full, naming};
use crate::fault_points::{self, Bug};
use crate::format::bad_ranges::BadRange;
use crate::format::epochs::{self, EpochStart};
use crate::format::reuse_checkpoint::{self, ReuseCheckpoint};
use crate::jobs::commit::Commit;
use crate::jobs::preallocate::preallocate_rest;
use crate::jobs::running::Running;
use crate::jobs::side_files::SideFiles;
use crate::journal::found::InJournal;
use crate::log::epochs::LeaderEpochs;
use crate::log::producers::{Producers, dated};
use crate::log::{Log, Opened};
use crate::offset::{FilePosition, LeaderEpoch, Offset};
use crate::partition::Partition;
use crate::partition::append_times::SyncTimes;
use crate::partition::replay::replay;
use crate::partition::state::{Health, State, TurnWriter};
use crate::recover::checkpoint_files::LastStop;
use crate::recover::found_log::{EpochsFile, FoundLog, find_files};
use crate::recover::progress::bytes_to_scan;
use crate::recover::recover;
use crate::recover::recovered_log::{RecoveredLog, Recovery};
use crate::segment::Segment;
use crate::segment::active::ActiveSegment;
use crate::segment::checkpoints::{read_reuse, remove_epochs, write_epochs};
use crate::segment::scan::Scan;
use crate::segment::side_files::{
    create_indexes, has_empty_indexes, read_snapshot, remove_snapshot, write_snapshot,
};

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
    /// How the broker last stopped.
    pub last_stop: LastStop,
    /// From the checkpoint: everything below this was synced.
    pub recovery_point: Option<Offset>,
    /// From the checkpoint: where the log starts.
    pub log_start: Option<Offset>,
    /// Its part in its core's journal. `None`: it has none.
    pub in_journal: Option<InJournal>,
    /// The number of a device ([`creel_io::fs::Facts::device`]) of which everything was synced since the last stop
    /// ([`creel_io::fs::sync_file_system`]). What a recovery finds there need not be synced again.
    pub synced_device: Option<u64>,
}

impl OpenLog {
    /// About how many bytes of segments the opening will scan, if the last stop was not clean. What can't be read
    /// counts as nothing here; the opening itself will say why.
    pub fn bytes_to_recover(&self) -> u64 {
        match self.last_stop {
            LastStop::Clean => 0,
            LastStop::Unclean => bytes_to_scan(&self.directory, self.recovery_point.unwrap_or_default()),
        }
    }
}

impl Partition {
    /// Opens or creates a partition on this core, and recovers it if need be.
    pub async fn open(turn_writer: &TurnWriter, open: OpenLog) -> Result<Self, OpenError> {
        let found = Found::find(turn_writer, &open).await?;
        let ready = found.recover(open.log_start).await?;
        let (in_journal, recovery_point, log_start) =
            (open.in_journal.clone(), open.recovery_point, open.log_start);
        let partition = Self::new(assemble(turn_writer.clone(), open, ready));
        if let Some(journal) = in_journal {
            replay(&partition, &journal, recovery_point.unwrap_or_default()).await?;
            if let Some(start) = log_start.filter(|start| *start > partition.log_start()) {
                // The log ended before that, until its end was there again.
                partition.advance_log_start(start).await?;
            }
        }
        Ok(partition)
    }
}

/// A log as its directory shows it. Its segments have not been read.
struct Found {
    log: FoundLog,
    /// `None`: there is no file of them that could be read.
    epochs: Option<LeaderEpochs>,
}

impl Found {
    /// Lists the directory, which is made if it is missing, and reads what describes the log as a whole.
    async fn find(turn_writer: &TurnWriter, open: &OpenLog) -> Result<Self, OpenError> {
        let directory = &open.directory;
        let listed = find_files(directory)?;
        let is_made_now = listed.is_none();
        if is_made_now {
            prepare_directory(directory).await?;
        }
        let files = listed.unwrap_or_default();
        let (synced, start) = (open.recovery_point.unwrap_or_default(), open.log_start.unwrap_or_default());
        if files.bases.is_empty() && synced > start {
            return Err(OpenError::Missing(synced));
        }
        let epochs = if files.has(epochs::FILE_NAME) { LeaderEpochs::read(directory)? } else { None };
        if let (Some(start), Some(first)) =
            (epochs.as_ref().and_then(LeaderEpochs::start), files.bases.first().copied())
            && start < first
        {
            return Err(OpenError::FirstMissing { start, first });
        }
        let log = FoundLog {
            directory: directory.clone(),
            config: open.config.clone(),
            now_ms: creel_io::wall_clock_ms(),
            last_stop: open.last_stop,
            epochs_file: if epochs.is_some() { EpochsFile::Sound } else { EpochsFile::Gone },
            checkpoint: synced,
            reuse: if files.has(reuse_checkpoint::FILE_NAME) { read_reuse(directory)? } else { None },
            files,
            is_made_now,
            synced_device: open.synced_device,
            progress: turn_writer.recovery.clone(),
        };
        Ok(Self { log, epochs })
    }

    /// What the files hold, made durable, with all that a partition needs besides. `log_start`: by the checkpoint.
    async fn recover(self, log_start: Option<Offset>) -> Result<Ready, OpenError> {
        let is_new = self.log.files.bases.is_empty();
        let mut epochs_start = self.epochs.as_ref().and_then(LeaderEpochs::start);
        let mut epochs = self.epochs.unwrap_or_default();
        let had_epochs = !epochs.entries().is_empty();
        let mut recovery = recover(self.log).await?;
        if recovery.recovery == Recovery::Scanned {
            let written_down = epochs.clone();
            for EpochStart { epoch, start } in recovery.epochs.drain(..) {
                epochs.assign(epoch, start);
            }
            epochs.truncate_end(recovery.end);
            if epochs != written_down && !is_new {
                epochs_start = save_epochs(&recovery.directory, &epochs).await?;
            }
        }
        if is_new && epochs_start < Some(log_start.unwrap_or_default()) {
            // The first segment begins later than the epochs say, and no segment is missing.
            remove_epochs(&recovery.directory)?;
        }
        recovery.forget_reuse().await?;
        let appendable = recovery.active.take();
        let is_new_file = appendable.is_none();
        let mut active = match appendable {
            Some(active) => active,
            None => recovery.begin_active(log_start)?,
        };
        if is_new_file {
            // The name of a later segment must never be durable before that of the first one.
            fs::sync_dir(&recovery.directory).await?;
        }
        let mut producers = recovery.replay_producers().await?;
        if fault_points::has(Bug::ProducersForgotten) {
            producers = Producers::default();
        }
        let is_preallocated = recovery.preallocate(&mut active).await;
        let is_read_or_made = recovery.recovery == Recovery::Scanned || is_new_file;
        let is_changed = is_preallocated
            || is_read_or_made && (had_epochs || !recovery.is_as_one_without_a_record(&active)?);
        let side_files = SideFiles::opened(epochs_start, recovery.lacks_snapshot);
        Ok(Ready { recovery, active, producers, epochs, side_files, is_changed })
    }
}

/// Makes the file say what the batches say: a later start that trusts them reads only the file. Returns where the epochs
/// on the medium begin.
async fn save_epochs(directory: &Path, epochs: &LeaderEpochs) -> io::Result<Option<Offset>> {
    let written = match epochs.entries() {
        [] => None,
        entries => match write_epochs(directory, entries).await {
            Err(error) if !is_disk_full(&error) => return Err(error),
            written => written.ok(),
        },
    };
    if written.is_none() {
        // Without the file the next start rebuilds the epochs.
        remove_epochs(directory)?;
        fs::sync_dir(directory).await?;
    }
    Ok(written.and_then(|()| epochs.start()))
}

/// A recovered log, and all that a partition needs besides.
struct Ready {
    recovery: RecoveredLog,
    active: ActiveSegment,
    producers: Producers,
    epochs: LeaderEpochs,
    side_files: SideFiles,
    /// Whether the files differ from those that a clean stop leaves.
    is_changed: bool,
}

/// Makes the directory, and makes its name and the names of those above it durable.
async fn prepare_directory(directory: &Path) -> io::Result<()> {
    let missing: Vec<&Path> = directory.ancestors().take_while(|path| !fs::exists(path)).collect();
    fs::create_dir_all(directory).map_err(naming(directory))?;
    for parent in missing.iter().filter_map(|path| path.parent()).filter(|parent| fs::exists(parent)) {
        fs::sync_dir(parent).await?;
    }
    Ok(())
}

impl RecoveredLog {
    /// A new segment at the end of the log.
    fn begin_active(&mut self, log_start: Option<Offset>) -> io::Result<ActiveSegment> {
        if self.segments.is_empty() {
            self.end = log_start.unwrap_or(Offset::ZERO);
        }
        // A start before this one has left an empty segment there. It begins again.
        self.segments.pop_if(|last| last.base == self.end);
        let signer = ReuseCheckpoint::signer(None, self.end);
        let active = ActiveSegment::create(&self.directory, signer, self.now_ms)?;
        if active.base == Offset::ZERO {
            // Until it has a record, the log is as a clean stop leaves it. So a stop has nothing to do for it.
            create_indexes(&self.directory, active.base)?;
        }
        self.segments.push(active.readable());
        Ok(active)
    }

    /// Whether the files are as a clean stop leaves those of a log without a record. Whoever asks knows that no file has
    /// epochs.
    fn is_as_one_without_a_record(&self, active: &ActiveSegment) -> io::Result<bool> {
        let has_no_record = self.end == Offset::ZERO && active.is_empty() && self.bad_ranges.is_empty();
        Ok(has_no_record && has_empty_indexes(&self.directory, active.base)?)
    }

    /// Preallocates the disk space of the segment that the next append goes to, if the topic asks for that.
    async fn preallocate(&self, active: &mut ActiveSegment) -> bool {
        match self.config.preallocate_limit() {
            Some(limit) if active.length() < limit => {
                preallocate_rest(&self.directory, active, limit).await;
                true
            }
            _ => false,
        }
    }

    /// The producers at the end of the log, from the newest sound snapshot and the batch headers behind it.
    async fn replay_producers(&mut self) -> io::Result<Producers> {
        let mut producers = Producers::default();
        let mut from = self.segments.first().map_or(Offset::ZERO, |first| first.base);
        let mut are_any_removed = false;
        while let Some(offset) = self.snapshots.pop() {
            let usable = match offset {
                // It lies before every record, so it can't tell of a producer.
                Offset::ZERO => Some(Vec::new()),
                _ if offset <= self.end => read_snapshot(&self.directory, offset)?,
                _ => None,
            };
            if let Some(found) = usable {
                (producers, from) = (Producers::from_snapshot(found), from.max(offset));
                producers.date(self.now_ms);
                break;
            }
            remove_snapshot(&self.directory, offset)?;
            are_any_removed = true;
        }
        if are_any_removed {
            // After a clean stop one may lie behind the log's end; others are damaged. Like those that recovery has
            // removed, they must not come back.
            fs::sync_dir(&self.directory).await?;
        }
        // Each clean stop leaves a snapshot at the end of the log. Of the older ones, only those of segments are kept.
        for offset in &self.snapshots {
            if !self.segments.iter().any(|segment| segment.base == *offset) {
                remove_snapshot(&self.directory, *offset)?;
            }
        }
        for (at, segment) in self.segments.iter().enumerate() {
            let next = self.segments.get(at + 1).map_or(self.end, |next| next.base);
            if next > from && !segment.is_empty() {
                let replayed = replay_segment(segment, from, &self.bad_ranges, &mut producers).await;
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

    /// Writes a missing producer snapshot. Retention may drop every segment before the active one, so what they say
    /// about producers must be in a snapshot by then, and the one that a roll would have left is missing. `false`:
    /// there is no disk space for it.
    async fn snapshot_anew(&self, producers: &Producers) -> io::Result<bool> {
        match write_snapshot(&self.directory, self.end, &producers.to_snapshot()) {
            Ok(file) => file.sync_data().await?,
            Err(error) if is_disk_full(&error) => {
                let directory = self.directory.display();
                tracing::warn!(%directory, %error, "the disk is too full for a producer snapshot: retention waits for it");
                return Ok(false);
            }
            Err(error) => return Err(error),
        }
        fs::sync_dir(&self.directory).await?;
        Ok(true)
    }
}

/// Replays the batches of `segment` that begin at or behind `from` into the producers' state.
pub(crate) async fn replay_segment(
    segment: &Segment,
    from: Offset,
    bad_ranges: &[BadRange],
    producers: &mut Producers,
) -> io::Result<()> {
    let start = segment.with_indexes(|indexes| indexes.offsets.position_before(from));
    let mut scan = Scan::new(segment.log.get()?, start.unwrap_or(FilePosition::START), segment.length());
    while let Some(header) = scan.header().await? {
        let Ok(header) = header else {
            let here = |bad: &&BadRange| bad.segment == segment.base && bad.position == scan.position();
            let Some(bad) = bad_ranges.iter().find(here) else { break };
            scan.go_to(bad.end_position);
            continue;
        };
        if header.base_offset >= from {
            let dated = dated(&header, header.max_timestamp, segment.appended_ms());
            producers.record(&dated, header.base_offset);
        }
        scan.skip(header.size_bytes);
        creel_io::pace(1).await;
    }
    Ok(())
}

fn assemble(turn_writer: TurnWriter, open: OpenLog, ready: Ready) -> State {
    let Ready { recovery, active, producers, mut epochs, side_files, is_changed } = ready;
    let first = recovery.segments.first().map_or(recovery.end, |first| first.base);
    let log_start = open.log_start.unwrap_or(first).clamp(first, recovery.end.max(first));
    // A start opens up to ten thousand partitions, and most of them are not used soon.
    recovery.segments.iter().for_each(|segment| segment.log.close());
    epochs.truncate_start(log_start);
    let log = Log::new(Opened {
        segments: recovery.segments,
        active,
        producers,
        epochs,
        epoch: open.leader_epoch,
        bad_ranges: recovery.bad_ranges,
        log_start,
        end: recovery.end.max(log_start),
        is_changed,
    });
    let in_journal = turn_writer.journal.part(open.in_journal.as_ref(), open.name.partition);
    let commit = Commit::of_partition(open.name.partition);
    State {
        name: open.name,
        directory: open.directory,
        config: RefCell::new(open.config),
        health: Cell::new(Health::Healthy),
        is_ending: Cell::new(false),
        log: RefCell::new(log),
        turn_writer,
        in_journal,
        commit: RefCell::new(commit),
        hw_waiters: RefCell::default(),
        rollback: RefCell::default(),
        reclaim: RefCell::default(),
        spare: RefCell::default(),
        side_files: RefCell::new(side_files),
        idleness: Cell::default(),
        running: Running::default(),
        sync_times: SyncTimes::default(),
        recovery: recovery.report,
        replayed: OnceCell::default(),
    }
}
