//! One partition on the core that owns it: the handle that the broker holds.
//!
//! The state sits behind `Cell` and `RefCell`: one core, no locks. No borrow is held across an `await`.

pub mod append;
pub(crate) mod append_times;
pub(crate) mod close;
pub mod open;
mod open_files;
pub mod read;
pub mod settle;
pub mod timestamps;

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::future::poll_fn;
use std::io;
use std::path::PathBuf;
use std::rc::Rc;
use std::task::Poll;

use creel_io::JoinHandle;
use creel_io::local::Notify;

use crate::config::LogConfig;
use crate::directory::TopicPartition;
use crate::format::bad_ranges::BadRange;
use crate::jobs::commit::Flusher;
use crate::jobs::hw_waiters::{Seen, Watch};
use crate::jobs::segment_reuse::Recycler;
use crate::log::{Cursors, Health, Log, Place};
use crate::offset::{LeaderEpoch, Offset};
use crate::partition::append_times::SyncTimes;
use crate::recover::recovered_log::RecoveryReport;
use crate::segment::Segment;

/// A partition's log. Clones are handles to the same log.
#[derive(Clone, Debug)]
pub struct Partition(Rc<Inner>);

#[derive(Debug)]
pub(crate) struct Inner {
    pub(crate) name: TopicPartition,
    pub(crate) directory: PathBuf,
    pub(crate) flusher: Flusher,
    pub(crate) config: RefCell<LogConfig>,
    pub(crate) log: RefCell<Log>,
    pub(crate) cursors: Cell<Cursors>,
    pub(crate) high_watermark_place: Cell<Place>,
    pub(crate) health: Cell<Health>,
    pub(crate) watch: Watch,
    /// Staged appends wait for the end of the turn.
    pub(crate) is_dirty: Cell<bool>,
    /// A sync is in flight.
    pub(crate) is_committing: Cell<bool>,
    /// Appends that are awaited until they are durable.
    pub(crate) durable_tickets: Cell<usize>,
    /// Sleeps until it is time to sync.
    pub(crate) commit_timer: DebugCell<Option<JoinHandle<()>>>,
    /// Where times are noted.
    pub(crate) sync_times: SyncTimes,
    /// A sync has come back.
    pub(crate) committed: DebugNotify,
    pub(crate) epochs_changed: Cell<bool>,
    /// Where the log starts by the epochs that are on the medium.
    pub(crate) epochs_start: Cell<Option<Offset>>,
    /// Where the newest epoch begins, while there is no room on the disk to write the epochs down.
    pub(crate) epochs_lag: Cell<Option<Offset>>,
    /// Sealed segments whose indexes and snapshot are not yet safe: recovery must look at them.
    pub(crate) side_files_due: RefCell<Vec<Offset>>,
    /// The start had no room for the producer snapshot that retention needs before it takes a segment.
    pub(crate) lacks_snapshot: Cell<bool>,
    /// Tasks that make side files or a cut safe.
    pub(crate) side_jobs: Cell<usize>,
    /// What a refused write left was cut off, and the medium may still hold it.
    pub(crate) is_cutting: Cell<bool>,
    /// The files changed since they were opened, so that a clean stop has something to do.
    pub(crate) is_touched: Cell<bool>,
    /// Segments that left the log and whose files are yet to be removed, oldest first.
    pub(crate) doomed: RefCell<VecDeque<Rc<Segment>>>,
    /// A task removes them.
    pub(crate) is_removing: Cell<bool>,
    /// Nothing was appended since upkeep last looked.
    pub(crate) is_idle: Cell<bool>,
    pub(crate) recycler: Recycler,
    pub(crate) recovery: RecoveryReport,
}

/// A `Cell` that says nothing when printed.
#[derive(Default)]
pub(crate) struct DebugCell<T>(Cell<T>);

impl<T> std::fmt::Debug for DebugCell<T> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Cell")
    }
}

impl<T> std::ops::Deref for DebugCell<T> {
    type Target = Cell<T>;

    fn deref(&self) -> &Cell<T> {
        &self.0
    }
}

/// A [`Notify`] that says nothing when printed.
#[derive(Default)]
pub(crate) struct DebugNotify(Notify);

impl std::fmt::Debug for DebugNotify {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Notify")
    }
}

impl std::ops::Deref for DebugNotify {
    type Target = Notify;

    fn deref(&self) -> &Notify {
        &self.0
    }
}

impl Partition {
    pub(crate) fn new(inner: Inner) -> Self {
        inner.cursors.get().check_invariants();
        Self(Rc::new(inner))
    }

    pub(crate) fn inner(&self) -> &Rc<Inner> {
        &self.0
    }

    /// Topic and index.
    pub fn name(&self) -> &TopicPartition {
        &self.0.name
    }

    /// The first offset that may be read.
    pub fn log_start(&self) -> Offset {
        self.0.cursors.get().log_start
    }

    /// The end of what consumers may read.
    pub fn high_watermark(&self) -> Offset {
        self.0.cursors.get().high_watermark
    }

    /// The end of what read_committed consumers may read.
    pub fn last_stable(&self) -> Offset {
        let high_watermark = self.high_watermark();
        let open = self.0.log.borrow().producers.first_open_transaction();
        open.map_or(high_watermark, |open| open.min(high_watermark))
    }

    /// The end of what is in the file: the offset the next written batch may get.
    pub fn log_end(&self) -> Offset {
        self.0.cursors.get().written
    }

    /// The offset the next appended batch gets, unless a staged one can't be written.
    pub fn next_offset(&self) -> Offset {
        self.0.cursors.get().next
    }

    /// The end of what is on the medium.
    pub fn durable_end(&self) -> Offset {
        self.0.cursors.get().durable
    }

    /// What recovery need not look at again, for the checkpoint: on the medium, its side files included.
    pub fn recovery_point(&self) -> Offset {
        let due = self.0.side_files_due.borrow().iter().min().copied();
        let lag = self.0.epochs_lag.get();
        due.into_iter().chain(lag).fold(self.durable_end(), Offset::min)
    }

    /// The epoch that appends are stamped with.
    pub fn leader_epoch(&self) -> LeaderEpoch {
        self.0.log.borrow().epoch
    }

    /// Starts a new leader epoch: later appends carry it.
    pub fn set_leader_epoch(&self, epoch: LeaderEpoch) {
        let mut log = self.0.log.borrow_mut();
        log.epoch = log.epoch.max(epoch);
    }

    /// The largest epoch not above `epoch` and where it ends (OffsetForLeaderEpoch).
    pub fn end_of_epoch(&self, epoch: LeaderEpoch) -> Option<(LeaderEpoch, Offset)> {
        self.0.log.borrow().epochs.end_of(epoch, self.log_end())
    }

    /// The epoch that `offset` was appended under.
    pub fn epoch_of(&self, offset: Offset) -> Option<LeaderEpoch> {
        self.0.log.borrow().epochs.epoch_of(offset)
    }

    /// The topic's settings.
    pub fn config(&self) -> LogConfig {
        self.0.config.borrow().clone()
    }

    /// Changes the topic's settings; they hold from now on.
    pub fn set_config(&self, config: LogConfig) {
        let before = self.0.durability();
        *self.0.config.borrow_mut() = config;
        if self.0.durability() != before {
            self.0.durability_changed();
        }
    }

    /// Bytes of all segments.
    pub fn size_bytes(&self) -> u64 {
        self.0.log.borrow().size_bytes()
    }

    /// Idempotent producers remembered.
    pub fn producer_count(&self) -> usize {
        self.0.log.borrow().producers.len()
    }

    /// Whether a write or sync failed, so that the log refuses appends until restart.
    pub fn is_poisoned(&self) -> bool {
        self.0.health.get() == Health::Poisoned
    }

    /// Whether it was closed or deleted.
    pub fn is_closed(&self) -> bool {
        self.0.is_closed()
    }

    /// What is to be seen of it now.
    pub fn seen(&self) -> Seen {
        let cursors = self.0.cursors.get();
        Seen { high_watermark: cursors.high_watermark, log_start: cursors.log_start }
    }

    /// Ranges that can't be served.
    pub fn bad_ranges(&self) -> Vec<BadRange> {
        self.0.log.borrow().bad_ranges.clone()
    }

    /// Segments that began in the file of an older one since the log was opened.
    pub fn recycled_segments(&self) -> u64 {
        self.0.recycler.reused()
    }

    /// What opening it found and did.
    pub fn recovery(&self) -> &RecoveryReport {
        &self.0.recovery
    }

    /// Waits until the high watermark is past `offset`, or the log is closed or poisoned: for long polls.
    /// Dropping the future ends the wait.
    pub async fn changed(&self, offset: Offset) {
        self.0.wait_past(offset).await;
    }

    /// Syncs everything written so far, whatever the topic's policy.
    pub async fn sync(&self) -> io::Result<()> {
        let inner = self.inner();
        let _ = inner.write_staged(&mut inner.log.borrow_mut());
        if inner.sync_now().await { Ok(()) } else { Err(io::Error::other("the log's storage failed")) }
    }
}

impl Inner {
    pub(crate) fn is_closed(&self) -> bool {
        self.health.get() == Health::Closed
    }

    /// Waits until the high watermark is past `offset`, or no longer can be.
    pub(crate) async fn wait_past(self: &Rc<Self>, offset: Offset) {
        let mut waiting = Waiting { watch: &self.watch, key: None };
        poll_fn(|cx| {
            let passed = self.cursors.get().high_watermark > offset;
            if passed || self.health.get() != Health::Healthy {
                return Poll::Ready(());
            }
            let first = waiting.key.is_none();
            waiting.key = Some(self.watch.wait(waiting.key, offset, cx.waker()));
            if first {
                self.start_commit();
            }
            Poll::Pending
        })
        .await;
    }
}

/// Ends the wait when the waiting future is dropped.
struct Waiting<'a> {
    watch: &'a Watch,
    key: Option<u64>,
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        if let Some(key) = self.key {
            self.watch.forget(key);
        }
    }
}
