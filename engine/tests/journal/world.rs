//! A broker's life in the simulator, as far as the log goes: some partitions, spread over cores that each have a journal.
//!
//! Promised: whatever a power cut or a kill leaves, each log is a prefix of what was appended, it holds everything that
//! was acknowledged as durable, and nothing that was cut off or belonged to a deleted topic comes back.

use std::cell::RefCell;
use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use creel_engine::{
    AppendOrigin, Batch, BatchBuilder, FoundJournals, InJournal, JOURNALED_LINGER, JournalCounts,
    JournalFiles, JournalStatus, LastStop, LeaderEpoch, LogConfig, Offset, OpenError, OpenLog, Partition,
    TopicId, TopicPartition, TurnWriter, remove_partition,
};
use creel_io::fs;
use creel_io::sim::{Config, ErrorRates, NodeId, Simulation};

use crate::common::{read_all, sometimes_synced};

pub(crate) const DIRECTORY: &str = "/data/log";
const PARTITIONS: usize = 6;

/// What the outside world knows of one partition.
struct Known {
    topic: TopicId,
    /// All that the log may hold, from offset 0 on.
    sent: Vec<Batch>,
    /// How many of them it must hold.
    acked: usize,
    /// How far the log's start was moved, at most.
    start: Offset,
    recovery_point: Option<Offset>,
    log_start: Option<Offset>,
    /// The topic is deleted. Its files may still be there.
    is_deleted: bool,
}

/// What the lives of a broker had to do with.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Seen {
    pub(crate) counts: JournalCounts,
    /// Batches that a start found, of which it did not know that they were synced.
    pub(crate) recovered: usize,
    pub(crate) deleted: usize,
    pub(crate) cut: usize,
    pub(crate) failed: usize,
}

pub(crate) struct Shared {
    known: RefCell<Vec<Known>>,
    pub(crate) seen: RefCell<Seen>,
    was_clean: RefCell<bool>,
    topics: RefCell<u8>,
    config: LogConfig,
    files: (usize, u64),
}

pub(crate) struct World {
    pub(crate) simulation: Simulation,
    pub(crate) node: NodeId,
    pub(crate) shared: Rc<Shared>,
    /// Writes to the journal fail now and then.
    pub(crate) journal_fails: bool,
    /// The logs lie on a disk that is slow to sync them, and the journals do not.
    pub(crate) logs_are_slow: bool,
    seed: u64,
}

/// How a life ends if nothing happens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum End {
    Clean,
    /// The process just ends.
    Open,
}

impl World {
    pub(crate) fn new(seed: u64) -> Self {
        let mut rough = Config::default();
        let segment_reuse = seed.is_multiple_of(4);
        if segment_reuse {
            rough.disk.short = 0.0;
        }
        let mut simulation = Simulation::new(seed, rough);
        let node = simulation.add_node("broker", 1);
        // From segments of two batches to one that is never full.
        let segment_bytes = if seed.is_multiple_of(3) { 1 << 30 } else { 4000 + seed % 7 * 9000 };
        let defaults = LogConfig { segment_bytes, index_interval_bytes: 500, ..LogConfig::default() };
        let retention_bytes = segment_reuse.then_some(segment_bytes);
        let config = LogConfig { retention_bytes, segment_reuse, ..defaults };
        let known = (0..PARTITIONS).map(|at| Known::new(at as u8, &config)).collect();
        let shared = Shared {
            known: RefCell::new(known),
            seen: RefCell::default(),
            was_clean: RefCell::default(),
            topics: RefCell::new(PARTITIONS as u8),
            config,
            files: (2 + seed as usize % 3, (4 + seed % 5 * 5) * 4096),
        };
        Self { simulation, node, shared: Rc::new(shared), journal_fails: false, logs_are_slow: false, seed }
    }

    /// Lives until the power is cut after `operations` more, or the work is done. `false`: the power was cut.
    pub(crate) fn live(&mut self, operations: u64, turns: usize, end: End) -> bool {
        self.simulation.crash_after_io(self.node, operations);
        self.seed = self.seed.wrapping_mul(31).wrapping_add(operations);
        let (shared, cores) = (self.shared.clone(), 1 + self.seed as usize % 3);
        let disk = self.simulation.handle().disk(self.node);
        let fail_next = move |count: u32| {
            for (core, number) in (0..3).flat_map(|core| (0..4).map(move |number| (core, number))) {
                disk.device(journal_file(core, number)).fail_next_writes(count);
            }
        };
        if self.logs_are_slow {
            let names = (0..PARTITIONS).map(|at| TopicPartition::new("orders", at as i32).directory_name());
            let slow = Duration::from_millis(50)..=Duration::from_millis(900);
            let logs = self.simulation.handle().disk(self.node);
            names
                .for_each(|name| logs.device(Path::new(DIRECTORY).join(name)).set_sync_latency(slow.clone()));
        }
        let journal_fails = self.journal_fails;
        let outcome = self.simulation.block_on(self.node, async move {
            fail_next(0);
            let broker = Broker::start(&shared, cores).await;
            for _ in 0..turns {
                if journal_fails && creel_io::random_u64().is_multiple_of(30) {
                    fail_next(1);
                }
                broker.work().await;
            }
            if journal_fails && end == End::Clean {
                fail_next(1);
                for _ in 0..5 {
                    broker.append().await;
                }
            }
            fail_next(0);
            broker.end(end).await;
        });
        outcome.is_ok()
    }

    /// Starts with so little room on the disk, and ends at once. `false`: some partition could not be opened.
    pub(crate) fn starts_with_room(&mut self, room: u64) -> bool {
        let disk = self.simulation.handle().disk(self.node);
        disk.set_capacity(Some(disk.used() + room));
        let shared = self.shared.clone();
        let start = async move { Broker::try_start(&shared, 2).await.is_some() };
        let is_started = self.simulation.block_on(self.node, start).unwrap();
        disk.set_capacity(None);
        is_started
    }

    /// Reads of the journals fail: the next of each file, or all of them.
    pub(crate) fn fail_reads(&mut self, all: bool) {
        let disk = self.simulation.handle().disk(self.node);
        for (core, number) in (0..3).flat_map(|core| (0..4).map(move |number| (core, number))) {
            let device = disk.device(journal_file(core, number));
            let rates = ErrorRates { read: if all { 1.0 } else { 0.0 }, ..ErrorRates::default() };
            device.set_error_rates(rates);
            device.fail_next_reads(u32::from(!all));
        }
    }

    /// Whether the journals can be read as far as a start needs them.
    pub(crate) fn are_journals_read(&mut self) -> bool {
        let read = async { FoundJournals::read(Path::new(DIRECTORY)).await.is_ok() };
        self.simulation.block_on(self.node, read).unwrap()
    }

    /// The journals' files that are left when there is no room for the last of three.
    pub(crate) fn files_without_room(&mut self) -> Vec<PathBuf> {
        let disk = self.simulation.handle().disk(self.node);
        let directory = PathBuf::from(DIRECTORY);
        let files = JournalFiles { directory, core: 0, count: 3, bytes: 16 * 4096 };
        disk.set_capacity(Some(disk.used() + 40 * 4096));
        let begin = async move {
            fs::create_dir_all(Path::new(DIRECTORY)).unwrap();
            assert!(TurnWriter::new().begin_journal(&files, 1).await.is_err());
        };
        self.simulation.block_on(self.node, begin).unwrap();
        disk.set_capacity(None);
        disk.files().into_iter().filter(|path| path.to_string_lossy().contains(".journal")).collect()
    }

    /// Lives with the power on.
    pub(crate) fn live_on(&mut self, turns: usize, end: End) {
        assert!(self.live(1 << 40, turns, end));
    }

    pub(crate) fn seen(&self) -> Seen {
        *self.shared.seen.borrow()
    }
}

impl Known {
    fn new(topic: u8, config: &LogConfig) -> Self {
        // Where files are reused, retention moves it whenever a segment begins.
        let start = if config.segment_reuse { Offset::ZERO + i64::MAX } else { Offset::ZERO };
        Self {
            topic: TopicId([topic; 16]),
            sent: Vec::new(),
            acked: 0,
            start,
            recovery_point: None,
            log_start: None,
            is_deleted: false,
        }
    }

    fn end(&self) -> i64 {
        self.sent.iter().map(|batch| i64::from(batch.header().record_count)).sum()
    }

    /// How many of the batches end at or before `offset`.
    fn before(&self, offset: Offset) -> usize {
        let mut end = 0;
        let ends_before = |batch: &&Batch| {
            end += i64::from(batch.header().record_count);
            Offset::ZERO + end <= offset
        };
        self.sent.iter().take_while(ends_before).count()
    }
}

/// A broker that runs.
pub(crate) struct Broker {
    shared: Rc<Shared>,
    writers: Vec<TurnWriter>,
    partitions: RefCell<Vec<Partition>>,
    found: Arc<FoundJournals>,
    synced_device: Option<u64>,
}

impl Broker {
    pub(crate) async fn start(shared: &Rc<Shared>, cores: usize) -> Self {
        Self::try_start(shared, cores).await.unwrap()
    }

    /// `None`: some partition can't be opened. Then the journals stay as they are.
    async fn try_start(shared: &Rc<Shared>, cores: usize) -> Option<Self> {
        let directory = Path::new(DIRECTORY);
        fs::create_dir_all(directory).unwrap();
        fs::sync_dir(Path::new("/data")).await.unwrap();
        let found = Arc::new(FoundJournals::read(directory).await.unwrap());
        if *shared.was_clean.borrow() {
            assert!(found.is_empty(), "a clean stop leaves the journal empty");
        }
        let writers: Vec<_> = (0..cores).map(|_| TurnWriter::new()).collect();
        let synced_device = sometimes_synced().await;
        let partitions = RefCell::default();
        let broker = Self { shared: shared.clone(), writers, partitions, found, synced_device };
        for at in 0..PARTITIONS {
            match broker.open(at).await {
                Ok(partition) => broker.partitions.borrow_mut().push(partition),
                Err(error) => {
                    eprintln!("partition {at} is offline: {error}");
                    return None;
                }
            }
        }
        shared.was_clean.replace(false);
        for at in 0..PARTITIONS {
            broker.check(at).await;
        }
        let (count, bytes) = shared.files;
        broker.found.make_void(directory, |core, number| core < cores && number < count).await.unwrap();
        for (core, writer) in broker.writers.iter().enumerate() {
            let files = JournalFiles { directory: directory.to_path_buf(), core, count, bytes };
            let (writer, generation) = (writer.clone(), broker.found.next_generation());
            let begun = creel_io::spawn(async move {
                if let Err(error) = writer.begin_journal(&files, generation).await {
                    eprintln!("no journal: {error}");
                }
            });
            // Sometimes it serves before the files are made.
            if !creel_io::random_u64().is_multiple_of(4) {
                begun.await;
            }
        }
        Some(broker)
    }

    async fn open(&self, at: usize) -> Result<Partition, OpenError> {
        let name = TopicPartition::new("orders", at as i32);
        let directory = Path::new(DIRECTORY).join(name.directory_name());
        if self.shared.known.borrow()[at].is_deleted {
            if fs::exists(&directory) {
                remove_partition(&name, &directory).await.unwrap();
            }
            let topic = *self.shared.topics.borrow();
            *self.shared.topics.borrow_mut() += 1;
            self.shared.known.borrow_mut()[at] = Known::new(topic, &self.shared.config);
        }
        let opening = {
            let known = &self.shared.known.borrow()[at];
            OpenLog {
                directory,
                name,
                config: self.shared.config.clone(),
                leader_epoch: LeaderEpoch::default(),
                last_stop: if *self.shared.was_clean.borrow() { LastStop::Clean } else { LastStop::Unclean },
                recovery_point: known.recovery_point,
                log_start: known.log_start,
                in_journal: Some(InJournal { topic: known.topic, found: self.found.clone() }),
                synced_device: self.synced_device,
            }
        };
        Partition::open(&self.writers[at % self.writers.len()], opening).await
    }

    /// The log is a prefix of what was sent, with all that it must hold.
    async fn check(&self, at: usize) {
        let partition = self.partition(at);
        assert_eq!(partition.bad_ranges(), [], "a power cut damages nothing");
        assert_eq!(partition.durable_end(), partition.next_offset());
        let start = partition.log_start();
        let found = read_all(&partition, start - Offset::ZERO).await;
        let known = &mut self.shared.known.borrow_mut()[at];
        assert!(start <= known.start, "the log's start moves only when it is told to");
        let kept = known.before(partition.log_end());
        assert!(kept >= known.acked, "partition {at}: {kept} batches left of {} acknowledged", known.acked);
        self.shared.seen.borrow_mut().recovered += kept;
        known.sent.truncate(kept);
        known.acked = kept;
        assert_eq!(partition.log_end(), Offset::ZERO + known.end(), "partition {at}");
        assert!(found.len() <= kept, "partition {at}: more than was sent");
        for ((header, bytes), sent) in found.iter().rev().zip(known.sent.iter().rev()) {
            assert_eq!(header.record_count, sent.header().record_count);
            assert_eq!(bytes[..], sent.bytes()[21..], "partition {at}");
        }
        if let Some(last) = known.sent.last() {
            let retry = partition.append(last, AppendOrigin::Client).unwrap();
            assert_eq!(retry.end_offset(), partition.log_end(), "a retry of the last batch is recognised");
        }
    }

    fn partition(&self, at: usize) -> Partition {
        self.partitions.borrow()[at].clone()
    }

    pub(crate) async fn work(&self) {
        let at = (creel_io::random_u64() % PARTITIONS as u64) as usize;
        match creel_io::random_u64() % 40 {
            0 => drop(self.partition(at).roll().unwrap()),
            1 => self.delete(at).await,
            2 | 3 => self.cut(at).await,
            4 | 5 => self.checkpoint(at),
            6 => self.move_start(at).await,
            // Long enough for the syncs that nobody waits for, also for those of what the journal holds.
            7 => creel_io::sleep(Duration::from_millis(1500)).await,
            8 => creel_io::sleep(JOURNALED_LINGER).await,
            _ => self.append().await,
        }
    }

    /// Appends to some partitions. Some of the appends are waited for.
    pub(crate) async fn append(&self) {
        let mut waiting = Vec::new();
        for _ in 0..=creel_io::random_u64() % 5 {
            let at = (creel_io::random_u64() % PARTITIONS as u64) as usize;
            let partition = self.partition(at);
            let batch = next_batch(&partition);
            let (topic, count) = {
                let known = &mut self.shared.known.borrow_mut()[at];
                known.sent.push(batch.clone());
                (known.topic, known.sent.len())
            };
            let ticket = partition.append(&batch, AppendOrigin::Client).unwrap();
            if creel_io::random_u64().is_multiple_of(4) {
                continue;
            }
            let shared = self.shared.clone();
            waiting.push(creel_io::spawn(async move {
                ticket.durable().await.unwrap();
                let known = &mut shared.known.borrow_mut()[at];
                if known.topic == topic {
                    known.acked = known.acked.max(count);
                }
            }));
        }
        for waiting in waiting {
            waiting.await;
        }
    }

    async fn delete(&self, at: usize) {
        self.shared.known.borrow_mut()[at].is_deleted = true;
        self.partition(at).delete().await.unwrap();
        let opened = self.open(at).await.unwrap();
        self.partitions.borrow_mut()[at] = opened;
        self.shared.seen.borrow_mut().deleted += 1;
    }

    async fn cut(&self, at: usize) {
        let partition = self.partition(at);
        let (start, end) = (partition.log_start(), partition.next_offset());
        let to = start + (creel_io::random_u64() % (end - start + 1) as u64) as i64;
        {
            let known = &mut self.shared.known.borrow_mut()[at];
            // The batch that the offset lies in goes as a whole.
            known.acked = known.acked.min(known.before(to));
        }
        let shared = self.shared.clone();
        let lower = async move |point: Offset| {
            let known = &mut shared.known.borrow_mut()[at];
            known.recovery_point = known.recovery_point.map(|known| known.min(point));
            Ok(())
        };
        let end = match partition.truncate_to(to, lower).await {
            Ok(end) => end,
            // A journal that has no room, or takes no records.
            Err(error) => return eprintln!("not cut: {error}"),
        };
        let known = &mut self.shared.known.borrow_mut()[at];
        let kept = known.before(end);
        known.sent.truncate(kept);
        known.acked = kept;
        assert_eq!(Offset::ZERO + known.end(), end);
        self.shared.seen.borrow_mut().cut += 1;
    }

    fn checkpoint(&self, at: usize) {
        let partition = self.partition(at);
        let known = &mut self.shared.known.borrow_mut()[at];
        known.recovery_point = Some(partition.recovery_point());
        known.log_start = Some(partition.log_start());
    }

    async fn move_start(&self, at: usize) {
        let partition = self.partition(at);
        let (start, end) = (partition.log_start(), partition.high_watermark());
        let to = start + (creel_io::random_u64() % (end - start + 1) as u64) as i64;
        {
            let known = &mut self.shared.known.borrow_mut()[at];
            known.start = known.start.max(to);
        }
        partition.advance_log_start(to).await.unwrap();
    }

    pub(crate) async fn end(&self, end: End) {
        if end == End::Clean {
            for at in 0..PARTITIONS {
                let partition = self.partition(at);
                partition.close().await.unwrap();
                self.checkpoint(at);
            }
            for writer in &self.writers {
                writer.end_journal().await.unwrap();
            }
            self.shared.was_clean.replace(true);
        }
        let seen = &mut *self.shared.seen.borrow_mut();
        for writer in &self.writers {
            let JournalCounts { records, bytes, pieces, full } = writer.journal_counts();
            seen.counts.records += records;
            seen.counts.bytes += bytes;
            seen.counts.pieces += pieces;
            seen.counts.full += full;
            seen.failed += usize::from(writer.journal_status() == JournalStatus::Failed);
        }
    }
}

pub(crate) fn journal_file(core: usize, number: usize) -> PathBuf {
    Path::new(DIRECTORY).join(format!("creel-{core}-{number}.journal"))
}

fn next_batch(partition: &Partition) -> Batch {
    let now = creel_io::wall_clock_ms();
    let sequence = (partition.next_offset() - Offset::ZERO) as i32;
    let mut builder = BatchBuilder::new(now).producer(9, 0, sequence);
    for _ in 0..=creel_io::random_u64() % 3 {
        let mut value = vec![0; (creel_io::random_u64() % 1800) as usize];
        creel_io::random_bytes(&mut value);
        builder = builder.record(now, None, Some(&value));
    }
    builder.build().unwrap()
}
