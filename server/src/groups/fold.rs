//! Folding: all that is live is written down once more behind a place in the log, so that all before that place can go.
//!
//! A record is written anew only while nothing about its key is on its way to the log. Then memory holds what the log says
//! last about it, and whatever comes later lies behind the copy. What is on its way is looked at again once it is there:
//! mostly it lies behind the place by then, and nothing is left to do. So of any piece of the log from the place or before
//! it to the end the replay is the same as that of the whole.

use std::ops::Bound;

use bytes::Bytes;

use super::batches::{RECORD_OVERHEAD, record_bytes};
use super::coordinator::Coordinator;
use super::effects::{Desk, Then};
use super::error::GroupError;
use super::event::{Now, Outputs, WriteId};
use super::group::Group;
use crate::offsets::{OffsetCommit, Record, RecordKey};

/// Records that one step looks at: less than a millisecond's work.
const STEP_RECORDS: usize = 1000;

/// Records that are only looked at count one in so many of those that are written.
const LOOKS_PER_RECORD: usize = 4;

/// How far a fold has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FoldStep {
    /// There is more to do.
    More {
        /// What this step has done, in microseconds, about.
        work: usize,
    },
    /// There is more to do once a write has settled.
    Waits,
    /// All that is live lies behind the place, durably; so many bytes of it were written anew.
    Done(u64),
    /// A record could not be written anew.
    Failed(GroupError),
}

/// A fold under way.
#[derive(Debug)]
pub(super) struct Fold {
    /// The place: the log's offset in front of which nothing is to be needed.
    from: i64,
    /// The next step waits until all writes before this one have settled.
    barrier: u64,
    /// Behind which record the next step goes on.
    at: Option<LiveKey>,
    /// This pass has left out what was on its way.
    is_incomplete: bool,
    bytes: u64,
    failed: Option<GroupError>,
}

/// A live record: the group's own, or that of an offset. In the order in which they are looked at.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct LiveKey {
    group: String,
    offset: Option<(String, i32)>,
}

/// The group's own record as the log holds it.
#[derive(Clone, Debug)]
pub(super) struct LoggedState {
    pub(super) value: Bytes,
    pub(super) log_offset: i64,
}

impl Coordinator {
    /// Whether memory holds everything of the log that is worth keeping: no record in it was not understood, and no
    /// transaction is undecided.
    pub fn can_fold(&self) -> bool {
        !self.is_log_unread
            && self.foreign.is_empty()
            && !self.groups.values().any(|group| group.core.offsets.has_open())
    }

    /// About how many bytes of the log the live records take.
    pub fn live_bytes(&self) -> u64 {
        self.groups.values().map(Group::live_bytes).sum()
    }

    /// Begins to write anew what lies before `from`, where the log has come to. Whatever was appended before lies before
    /// that, whatever is appended from now on does not.
    pub fn begin_fold(&mut self, from: i64) {
        let (barrier, bytes) = (self.next_write, 0);
        self.fold = Some(Fold { from, barrier, at: None, is_incomplete: false, bytes, failed: None });
    }

    /// Takes a step; `Done` when none has begun.
    pub fn fold(&mut self, now: Now) -> (Outputs, FoldStep) {
        let Some(mut fold) = self.fold.take() else { return (Outputs::default(), FoldStep::Done(0)) };
        if let Some(error) = fold.failed {
            return (Outputs::default(), FoldStep::Failed(error));
        }
        if self.writes.has_open_before(WriteId(fold.barrier)) {
            self.fold = Some(fold);
            return (Outputs::default(), FoldStep::Waits);
        }
        let mut picked = Picked::default();
        let is_pass_over = self.pick(&mut fold, &mut picked);
        let work = picked.work();
        let mut desk = Desk::new(now, self.limits, self.next_write);
        if !picked.records.is_empty() {
            fold.bytes = fold.bytes.saturating_add(picked.bytes as u64);
            desk.write(None, picked.records, Then::Folded(picked.keys));
        }
        let has_written = desk.next_write() > self.next_write;
        // A group on its way out is in the log still, and was not written anew.
        let has_removals = self
            .last_removal
            .is_some_and(|last| self.writes.has_open_before(WriteId(last.0.saturating_add(1))));
        if is_pass_over && !has_written && !fold.is_incomplete && !has_removals {
            return (Outputs::default(), FoldStep::Done(fold.bytes));
        }
        if is_pass_over || has_written {
            fold.barrier = desk.next_write();
        }
        if is_pass_over {
            // Another one shows whether anything is left.
            (fold.at, fold.is_incomplete) = (None, false);
        }
        self.fold = Some(fold);
        (self.finish(desk, Vec::new()), FoldStep::More { work })
    }

    /// Collects what the next step writes; whether the end of the pass was reached.
    fn pick(&self, fold: &mut Fold, picked: &mut Picked) -> bool {
        let at = fold.at.take();
        let first = at.as_ref().map_or(Bound::Unbounded, |at| Bound::Included(&*at.group));
        for (name, group) in self.groups.range::<str, _>((first, Bound::Unbounded)) {
            let behind = at.as_ref().filter(|at| at.group == *name);
            for live in group.live(behind) {
                if picked.looked_at == STEP_RECORDS || picked.bytes >= self.limits.batch_bytes {
                    return false;
                }
                picked.looked_at = picked.looked_at.saturating_add(1);
                fold.at = Some(LiveKey { group: name.clone(), offset: live.offset_key() });
                if live.log_offset() >= fold.from {
                    continue;
                }
                match live.is_changing() {
                    true => fold.is_incomplete = true,
                    false => picked.add(name, &live),
                }
            }
        }
        true
    }

    /// Copies are durable: there is where the log says it now.
    pub(super) fn folded(&mut self, keys: Vec<LiveKey>, log_offset: i64) {
        for (LiveKey { group, offset }, at) in keys.into_iter().zip(log_offset..) {
            let Some(group) = self.groups.get_mut(&group) else { continue };
            match offset {
                Some((topic, partition)) => group.core.offsets.moved(&topic, partition, at),
                None => {
                    if let Some(state) = &mut group.core.logged {
                        state.log_offset = at;
                    }
                }
            }
        }
    }

    pub(super) fn not_folded(&mut self, error: GroupError) {
        if let Some(fold) = &mut self.fold {
            fold.failed = Some(error);
        }
    }
}

/// What a step writes.
#[derive(Default)]
struct Picked {
    keys: Vec<LiveKey>,
    records: Vec<Record>,
    bytes: usize,
    looked_at: usize,
}

impl Picked {
    fn work(&self) -> usize {
        self.records.len().saturating_add(self.looked_at / LOOKS_PER_RECORD)
    }

    fn add(&mut self, group: &str, live: &Live<'_>) {
        let record = live.record(group);
        self.bytes = self.bytes.saturating_add(record_bytes(&record));
        self.records.push(record);
        self.keys.push(LiveKey { group: group.to_owned(), offset: live.offset_key() });
    }
}

/// A live record of a group.
enum Live<'a> {
    State { state: &'a LoggedState, is_changing: bool },
    Offset { topic: &'a str, partition: i32, commit: &'a OffsetCommit, log_offset: i64, is_changing: bool },
}

impl Live<'_> {
    const fn log_offset(&self) -> i64 {
        match self {
            Self::State { state, .. } => state.log_offset,
            Self::Offset { log_offset, .. } => *log_offset,
        }
    }

    /// Whether something is on its way to the log that changes it.
    const fn is_changing(&self) -> bool {
        match self {
            Self::State { is_changing, .. } | Self::Offset { is_changing, .. } => *is_changing,
        }
    }

    fn offset_key(&self) -> Option<(String, i32)> {
        match self {
            Self::State { .. } => None,
            Self::Offset { topic, partition, .. } => Some(((*topic).to_owned(), *partition)),
        }
    }

    fn record(&self, group: &str) -> Record {
        let group = group.to_owned();
        match self {
            Self::State { state, .. } => {
                Record { key: RecordKey::Group { group }.encode(), value: Some(state.value.clone()) }
            }
            Self::Offset { topic, partition, commit, .. } => {
                let (topic, partition) = ((*topic).to_owned(), *partition);
                Record::offset(&RecordKey::Offset { group, topic, partition }, commit)
            }
        }
    }
}

impl Group {
    /// The live records behind one of them, or all.
    fn live<'a>(&'a self, behind: Option<&LiveKey>) -> impl Iterator<Item = Live<'a>> {
        let state = self.core.logged.as_ref().filter(|_| behind.is_none());
        let is_changing = !self.core.states_in_flight.is_empty();
        let state = state.map(|state| Live::State { state, is_changing });
        let behind = behind.and_then(|behind| behind.offset.clone());
        let offsets = self.core.offsets.logged_behind(behind);
        let offsets = offsets.map(|(topic, partition, commit, log_offset)| {
            let is_changing = self.core.offsets.is_changing(topic, partition);
            Live::Offset { topic, partition, commit, log_offset, is_changing }
        });
        state.into_iter().chain(offsets)
    }

    fn live_bytes(&self) -> u64 {
        let name = self.core.group.len().saturating_add(RECORD_OVERHEAD);
        let state = self.core.logged.as_ref().map_or(0, |state| name.saturating_add(state.value.len()));
        let offsets =
            self.core.offsets.iter().map(|(topic, _, commit)| {
                name.saturating_add(topic.len()).saturating_add(commit.metadata.len())
            });
        offsets.fold(state, usize::saturating_add) as u64
    }
}
