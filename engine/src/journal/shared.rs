//! What the partitions of a core share of its journal: whether it takes records, who waits for the next one, and of which
//! partitions it may hold something that is not synced.
//!
//! `P` is a partition. All that is known of it here is [`Member`].

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::fmt;
use std::path::PathBuf;
use std::rc::{Rc, Weak};

use creel_io::Instant;
use creel_io::local::Notify;

use crate::directory::TopicId;
use crate::jobs::sync_queue::Space;
use crate::journal::found::InJournal;
use crate::journal::open::OpenJournal;
use crate::journal::ring::PartitionKey;
use crate::limits::JOURNAL_FULL_SILENCE;
use crate::offset::Offset;

/// What a core's journal does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum JournalStatus {
    /// Nothing is written to it. Partitions are synced instead.
    Off,
    /// It takes records.
    On,
    /// A write to it has failed. Partitions are synced instead, until the next start.
    Failed,
}

/// What a core's journal has done since the start.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct JournalCounts {
    /// Records written.
    pub records: u64,
    /// Bytes written, in whole blocks.
    pub bytes: u64,
    /// Pieces in those records: each made one partition's batches durable.
    pub pieces: u64,
    /// How often the journal was full, so that partitions were synced instead.
    pub full: u64,
}

#[derive(Default)]
pub(crate) enum Phase {
    /// Nothing is written. What a start found may still be there.
    #[default]
    Unused,
    /// Nothing is written, and nothing that was written counts.
    Void,
    On(Box<OpenJournal>),
    /// A write has failed. What was written before is still there, in these files. The oldest comes first.
    Failed(Vec<PathBuf>),
}

/// A partition's part in its core's journal.
#[derive(Debug)]
pub(crate) struct Part {
    /// `None`: the partition has none.
    pub(crate) topic: Option<TopicId>,
    pub(crate) key: PartitionKey,
    /// Whether the journal may hold pieces of it, synced or not.
    pub(crate) has_pieces: Cell<bool>,
    /// Whether it waits for the next record.
    is_waiting: Cell<bool>,
}

/// A partition, as far as the journal knows it.
pub(crate) trait Member {
    fn part(&self) -> &Part;

    /// Up to which offset its segments are synced.
    fn synced(&self) -> Offset;

    /// Whether its segments are synced as far as it is written.
    fn is_synced(&self) -> bool;

    /// Whether they can still be synced: its storage has not failed.
    fn is_healthy(&self) -> bool;

    fn name(&self) -> String;
}

/// See the module.
pub(crate) struct SharedJournal<P> {
    pub(crate) phase: RefCell<Phase>,
    waiting: RefCell<Vec<Rc<P>>>,
    /// A record is being written, or is about to be.
    is_writing: Cell<bool>,
    /// How many wait to write a record of their own. They come before all who wait for the next one.
    alone: Cell<usize>,
    changed: Notify,
    partitions: RefCell<BTreeMap<PartitionKey, Weak<P>>>,
    keys: Cell<u64>,
    counts: Cell<JournalCounts>,
    told_full: Cell<Option<Instant>>,
}

impl<P> Default for SharedJournal<P> {
    fn default() -> Self {
        Self {
            phase: RefCell::default(),
            waiting: RefCell::default(),
            is_writing: Cell::default(),
            alone: Cell::default(),
            changed: Notify::new(),
            partitions: RefCell::default(),
            keys: Cell::default(),
            counts: Cell::default(),
            told_full: Cell::default(),
        }
    }
}

/// Someone who waits to write a record of their own.
struct Alone<'a, P>(&'a SharedJournal<P>);

impl<'a, P> Alone<'a, P> {
    fn ask(journal: &'a SharedJournal<P>) -> Self {
        journal.alone.set(journal.alone.get() + 1);
        Self(journal)
    }
}

impl<P> Drop for Alone<'_, P> {
    fn drop(&mut self) {
        self.0.alone.set(self.0.alone.get() - 1);
        self.0.changed.notify_all();
    }
}

impl<P> fmt::Debug for SharedJournal<P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SharedJournal").field("status", &self.status()).finish_non_exhaustive()
    }
}

impl<P> SharedJournal<P> {
    /// The part of a partition that is opened now.
    pub(crate) fn part(&self, part: Option<&InJournal>, partition: i32) -> Part {
        let key = self.keys.get();
        self.keys.set(key + 1);
        let has_pieces = part.is_some_and(|part| !part.found.pieces(part.topic, partition).is_empty());
        Part {
            topic: part.map(|part| part.topic),
            key: PartitionKey(key),
            has_pieces: Cell::new(has_pieces),
            is_waiting: Cell::new(false),
        }
    }

    pub(crate) fn status(&self) -> JournalStatus {
        match &*self.phase.borrow() {
            Phase::Unused | Phase::Void => JournalStatus::Off,
            Phase::On(_) => JournalStatus::On,
            Phase::Failed(_) => JournalStatus::Failed,
        }
    }

    pub(crate) fn is_on(&self) -> bool {
        matches!(&*self.phase.borrow(), Phase::On(_))
    }

    /// The files that records were written to, the oldest first. `None`: nothing was written in this life.
    pub(crate) fn written_files(&self) -> Option<Vec<PathBuf>> {
        match &*self.phase.borrow() {
            Phase::On(open) => Some(open.paths_from_oldest()),
            Phase::Failed(files) => Some(files.clone()),
            Phase::Unused | Phase::Void => None,
        }
    }

    pub(crate) fn set_phase(&self, phase: Phase) {
        *self.phase.borrow_mut() = phase;
        self.changed.notify_all();
    }

    pub(crate) fn counts(&self) -> JournalCounts {
        self.counts.get()
    }

    pub(crate) fn count(&self, change: impl FnOnce(&mut JournalCounts)) {
        let mut counts = self.counts.get();
        change(&mut counts);
        self.counts.set(counts);
    }
}

impl<P: Member> SharedJournal<P> {
    /// Notes that there is no room for a record.
    pub(crate) fn note_full(&self) {
        self.count(|counts| counts.full += 1);
        let now = creel_io::now();
        if self.told_full.get().is_none_or(|told| now.saturating_since(told) >= JOURNAL_FULL_SILENCE) {
            self.told_full.set(Some(now));
            let stuck = self.stuck();
            tracing::warn!(?stuck, "the journal is full: partitions are synced instead, until it has room");
        }
    }

    /// Partitions that keep their place in the journal until a restart, because they can't be synced.
    fn stuck(&self) -> Vec<String> {
        let partitions = self.partitions.borrow();
        let open = partitions.values().filter_map(Weak::upgrade);
        open.filter(|partition| !partition.is_healthy()).map(|partition| partition.name()).collect()
    }

    /// A partition waits for the next record.
    pub(crate) fn wait(&self, partition: &Rc<P>) {
        if partition.part().is_waiting.replace(true) {
            return;
        }
        self.waiting.borrow_mut().push(partition.clone());
        if !self.is_writing.get() {
            self.changed.notify_all();
        }
    }

    fn is_anyone_waiting(&self) -> bool {
        !self.waiting.borrow().is_empty()
    }

    /// Whether the next record is for those who wait.
    pub(crate) fn goes_on(&self) -> bool {
        self.is_anyone_waiting() && self.alone.get() == 0
    }

    /// Those who wait, in the order in which they came. They wait no more.
    pub(crate) fn take_waiting(&self) -> Vec<Rc<P>> {
        let waiting = self.waiting.take();
        waiting.iter().for_each(|partition| partition.part().is_waiting.set(false));
        waiting
    }

    /// These wait on, before any others. Nobody has begun to wait since they were taken.
    pub(crate) fn wait_on(&self, partitions: Vec<Rc<P>>) {
        partitions.iter().for_each(|partition| partition.part().is_waiting.set(true));
        debug_assert!(!self.is_anyone_waiting());
        *self.waiting.borrow_mut() = partitions;
    }

    /// Waits for something to write. `false`: no more records are written. Until [`end_writing`](Self::end_writing) nobody
    /// else writes.
    pub(crate) async fn begin_writing(&self) -> bool {
        loop {
            if !self.is_on() {
                return false;
            }
            if self.goes_on() && !self.is_writing.replace(true) {
                return true;
            }
            self.changed.notified().await;
        }
    }

    /// Waits until nobody writes, for a record of one's own. Until [`end_writing`](Self::end_writing) nobody else does.
    pub(crate) async fn begin_alone(&self) {
        let _asked = Alone::ask(self);
        while self.is_writing.replace(true) {
            self.changed.notified().await;
        }
    }

    pub(crate) fn end_writing(&self) {
        self.is_writing.set(false);
        self.changed.notify_all();
    }

    /// Notes that the journal is about to hold a piece of the partition.
    pub(crate) fn holds(&self, partition: &Rc<P>) {
        let part = partition.part();
        part.has_pieces.set(true);
        self.partitions.borrow_mut().entry(part.key).or_insert_with(|| Rc::downgrade(partition));
    }

    /// Nobody needs what the journal holds of the partition: everything is synced, or the partition is gone.
    pub(crate) fn forget(&self, partition: &P) {
        self.partitions.borrow_mut().remove(&partition.part().key);
    }

    /// Whether nobody needs anything that the journal holds.
    pub(crate) fn is_all_synced(&self) -> bool {
        let is_synced =
            |partition: &Weak<P>| partition.upgrade().is_some_and(|partition| partition.is_synced());
        self.partitions.borrow().values().all(is_synced)
    }

    /// Up to which offset a partition's segments are synced. `None`: its pieces are not needed any more.
    pub(crate) fn synced(&self, key: PartitionKey) -> Option<Offset> {
        let partitions = self.partitions.borrow();
        // Nobody can sync a partition that was given up without being closed, so its pieces stay.
        let partition = partitions.get(&key)?.upgrade();
        Some(partition.map_or(Offset::ZERO, |partition| partition.synced()))
    }

    fn can_sync(&self, key: PartitionKey) -> bool {
        let partitions = self.partitions.borrow();
        partitions.get(&key).and_then(Weak::upgrade).is_some_and(|partition| partition.is_healthy())
    }

    /// A record has begun a file: notes which partitions must be synced so that the journal does not fill.
    pub(crate) fn pace(&self) {
        if let Phase::On(open) = &mut *self.phase.borrow_mut() {
            open.pace(|key| self.synced(key), |key| self.can_sync(key));
        }
    }

    /// Whether some of them are due.
    pub(crate) fn space(&self) -> Space {
        match &*self.phase.borrow() {
            Phase::On(open) => open.space(),
            Phase::Unused | Phase::Void | Phase::Failed(_) => Space::Enough,
        }
    }

    /// The next of them that is due, and how far it is to be synced. Those that are synced meanwhile are passed over, and
    /// those that can't be any more.
    pub(crate) fn take_due(&self) -> Option<(Rc<P>, Offset)> {
        let Phase::On(open) = &mut *self.phase.borrow_mut() else { return None };
        let partitions = self.partitions.borrow();
        while let Some((key, end)) = open.take_due() {
            let partition = partitions.get(&key).and_then(Weak::upgrade);
            let is_owed = |partition: &Rc<P>| partition.is_healthy() && partition.synced() < end;
            if let Some(partition) = partition.filter(is_owed) {
                return Some((partition, end));
            }
        }
        None
    }
}
