//! Folding: every live record is written once more behind a given offset of the log, so that all before that offset
//! can be deleted.
//!
//! A record is written anew only while nothing about its key is on its way to the log. Then memory holds what the log
//! says last about the key, and whatever comes later lies behind the copy. A key with something on its way is looked
//! at again once that has arrived. Mostly that lies behind the offset, and nothing is left to do. So a replay from
//! the offset, or from any earlier one, gives the same as a replay of the whole log.

use std::collections::BTreeMap;
use std::ops::Bound;

use super::batches::{RECORD_OVERHEAD, record_bytes};
use super::core::LoggedState;
use super::effects::{Effects, LiveKey, OnDurable};
use super::error::GroupError;
use super::event::WriteId;
use super::group::Group;
use super::writes::Writes;
use crate::offsets::{OffsetCommit, OffsetsRecord, RecordKey};

/// Records that one step looks at: less than a millisecond's work.
const STEP_RECORDS: usize = 1000;

/// Looking at so many records counts like writing one.
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
    /// All that is live lies durably behind the offset. So many bytes of it were written anew.
    Done(u64),
    /// A record could not be written anew.
    Failed(GroupError),
}

/// A fold under way.
#[derive(Debug)]
pub(super) struct Fold {
    /// The log's offset before which nothing will be needed.
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

impl Fold {
    /// Begins to write anew what lies before `from`, where the log has come to. Writes from `next_write` on lie behind it.
    pub(super) const fn begin(from: i64, next_write: u64) -> Self {
        Self { from, barrier: next_write, at: None, is_incomplete: false, bytes: 0, failed: None }
    }

    /// Takes a step. `has_removals`: the log still holds a group that is being removed, which was not written anew.
    pub(super) fn step(
        &mut self,
        groups: &BTreeMap<String, Group>,
        writes: &Writes,
        has_removals: bool,
        effects: &mut Effects,
    ) -> FoldStep {
        if let Some(error) = self.failed {
            return FoldStep::Failed(error);
        }
        if writes.has_open_before(WriteId(self.barrier)) {
            return FoldStep::Waits;
        }
        let mut picked = Picked::default();
        let is_pass_over = self.pick(groups, effects.limits.batch_bytes, &mut picked);
        let work = picked.work();
        let has_written = !picked.records.is_empty();
        if has_written {
            self.bytes = self.bytes.saturating_add(picked.bytes as u64);
            effects.write(None, picked.records, OnDurable::Folded(picked.keys));
        }
        if is_pass_over && !has_written && !self.is_incomplete && !has_removals {
            return FoldStep::Done(self.bytes);
        }
        if is_pass_over || has_written {
            self.barrier = effects.next_write();
        }
        if is_pass_over {
            // Another one shows whether anything is left.
            (self.at, self.is_incomplete) = (None, false);
        }
        FoldStep::More { work }
    }

    /// Collects what the next step writes; whether the end of the pass was reached.
    fn pick(&mut self, groups: &BTreeMap<String, Group>, batch_bytes: usize, picked: &mut Picked) -> bool {
        let at = self.at.take();
        let first = at.as_ref().map_or(Bound::Unbounded, |at| Bound::Included(&*at.group));
        for (name, group) in groups.range::<str, _>((first, Bound::Unbounded)) {
            let behind = at.as_ref().filter(|at| at.group == *name);
            for live in live(group, behind) {
                if picked.looked_at == STEP_RECORDS || picked.bytes >= batch_bytes {
                    return false;
                }
                picked.looked_at = picked.looked_at.saturating_add(1);
                self.at = Some(LiveKey { group: name.clone(), offset: live.offset_key() });
                if live.log_offset() >= self.from {
                    continue;
                }
                match live.is_changing() {
                    true => self.is_incomplete = true,
                    false => picked.add(name, &live),
                }
            }
        }
        true
    }

    /// A record could not be written anew.
    pub(super) const fn fail(&mut self, error: GroupError) {
        self.failed = Some(error);
    }
}

/// Copies are durable: from now on the log says it there.
pub(super) fn moved(groups: &mut BTreeMap<String, Group>, keys: Vec<LiveKey>, log_offset: i64) {
    for (LiveKey { group, offset }, at) in keys.into_iter().zip(log_offset..) {
        let Some(group) = groups.get_mut(&group) else { continue };
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

/// What a step writes.
#[derive(Default)]
struct Picked {
    keys: Vec<LiveKey>,
    records: Vec<OffsetsRecord>,
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

    fn record(&self, group: &str) -> OffsetsRecord {
        let group = group.to_owned();
        match self {
            Self::State { state, .. } => {
                OffsetsRecord { key: RecordKey::Group { group }.encode(), value: Some(state.value.clone()) }
            }
            Self::Offset { topic, partition, commit, .. } => {
                let (topic, partition) = ((*topic).to_owned(), *partition);
                OffsetsRecord::offset(&RecordKey::Offset { group, topic, partition }, commit)
            }
        }
    }
}

/// The live records of a group behind one of them, or all.
fn live<'a>(group: &'a Group, behind: Option<&LiveKey>) -> impl Iterator<Item = Live<'a>> {
    let state = group.core.logged.as_ref().filter(|_| behind.is_none());
    let is_changing = !group.core.states_in_flight.is_empty();
    let state = state.map(|state| Live::State { state, is_changing });
    let behind = behind.and_then(|behind| behind.offset.clone());
    let offsets = group.core.offsets.logged_behind(behind);
    let offsets = offsets.map(|(topic, partition, commit, log_offset)| {
        let is_changing = group.core.offsets.is_changing(topic, partition);
        Live::Offset { topic, partition, commit, log_offset, is_changing }
    });
    state.into_iter().chain(offsets)
}

/// About how many bytes of the log a group's live records take.
pub(super) fn live_bytes(group: &Group) -> u64 {
    let name = group.core.group.len().saturating_add(RECORD_OVERHEAD);
    let state = group.core.logged.as_ref().map_or(0, |state| name.saturating_add(state.value.len()));
    let offsets = group
        .core
        .offsets
        .iter()
        .map(|(topic, _, commit)| name.saturating_add(topic.len()).saturating_add(commit.metadata.len()));
    offsets.fold(state, usize::saturating_add) as u64
}
