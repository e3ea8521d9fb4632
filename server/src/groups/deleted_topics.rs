//! Takes back what all groups have committed for deleted topics. One batch holds the tombstones of many groups. A
//! step finds a bounded number of them, so that other tasks run in between.

use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use super::{
    batches::{Cursor, record_bytes},
    committed::WriteEnd,
    effects::{Effects, GroupOffsets, OnDurable},
    event::GroupLimits,
    group::Group,
};
use crate::offsets::OffsetsRecord;

/// Looking at so many groups counts like taking back one offset.
const GROUPS_PER_OFFSET: usize = 4;

/// How far the offsets of some topics have been looked for.
#[derive(Debug)]
pub struct OffsetCleanup {
    topics: Rc<BTreeSet<String>>,
    /// The next step goes on behind this group, or behind this offset of it.
    at: Option<Cursor>,
}

/// What a step has done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CleanupStep {
    /// Microseconds, about.
    pub work: usize,
    /// Nothing is left to do.
    pub is_last: bool,
}

/// What a step has found.
#[derive(Default)]
struct FoundOffsets {
    of_groups: Vec<GroupOffsets>,
    records: Vec<OffsetsRecord>,
    bytes: usize,
    looked_at: usize,
}

impl FoundOffsets {
    fn work(&self) -> usize {
        self.records.len().saturating_add(self.looked_at / GROUPS_PER_OFFSET)
    }

    fn is_full(&self, limits: &GroupLimits) -> bool {
        self.work() >= limits.offsets_at_once || self.bytes >= limits.batch_bytes
    }

    fn add(&mut self, tombstone: OffsetsRecord) {
        self.bytes = self.bytes.saturating_add(record_bytes(&tombstone));
        self.records.push(tombstone);
    }
}

impl OffsetCleanup {
    /// A cleanup for topics that are gone.
    pub const fn of(topics: Rc<BTreeSet<String>>) -> Self {
        Self { topics, at: None }
    }

    /// Looks at some more groups. Offsets that are on their way to the log are taken back, too.
    pub(super) fn step(
        &mut self,
        groups: &mut BTreeMap<String, Group>,
        effects: &mut Effects,
    ) -> CleanupStep {
        let mut found = FoundOffsets::default();
        let is_last = self.find(groups, &effects.limits, &mut found);
        let work = found.work();
        if !found.records.is_empty() {
            effects.write(None, found.records, OnDurable::TopicsRemoved(found.of_groups));
        }
        CleanupStep { work, is_last }
    }

    /// Whether all groups have been looked at.
    fn find(
        &mut self,
        groups: &mut BTreeMap<String, Group>,
        limits: &GroupLimits,
        found: &mut FoundOffsets,
    ) -> bool {
        let at = self.at.take();
        for (name, group) in groups.range_mut::<str, _>(Cursor::groups(at.as_ref())) {
            let behind = Cursor::offset_in(at.as_ref(), name);
            let left_at = find_in(group, &self.topics, behind, limits, found);
            if left_at.is_some() || found.is_full(limits) {
                self.at = Some(Cursor { group: name.clone(), offset: left_at });
                return false;
            }
        }
        true
    }
}

/// The write of the tombstones has ended. Returns the groups that this concerns.
pub(super) fn removed(
    groups: &mut BTreeMap<String, Group>,
    all: Vec<GroupOffsets>,
    end: WriteEnd,
) -> Vec<String> {
    let mut touched = Vec::with_capacity(all.len());
    for GroupOffsets { group: name, offsets } in all {
        let Some(group) = groups.get_mut(&name) else { continue };
        group.core.writes_in_flight = group.core.writes_in_flight.saturating_sub(1);
        group.core.offsets.end_removals(&offsets, end);
        touched.push(name);
    }
    touched
}

/// Adds what this group has. If there is no room for all of it, returns the offset behind which to go on.
fn find_in(
    group: &mut Group,
    topics: &BTreeSet<String>,
    behind: Option<&(String, i32)>,
    limits: &GroupLimits,
    found: &mut FoundOffsets,
) -> Option<(String, i32)> {
    let names = group.core.offsets.names_among(topics);
    found.looked_at = found.looked_at.saturating_add(names.len()).saturating_add(1);
    let mut offsets = Vec::new();
    let from = behind.map_or("", |(topic, _)| topic.as_str());
    let mut left_at = None;
    for topic in names.range(from..) {
        let behind = behind.filter(|(at, _)| at == topic).map(|(_, partition)| *partition);
        for partition in group.core.offsets.known_partitions(topic, behind, limits.offsets_at_once) {
            let key = ((*topic).to_owned(), partition);
            found.add(group.offset_tombstone(&key));
            offsets.push(key);
            if found.is_full(limits) {
                break;
            }
        }
        if found.is_full(limits) {
            left_at = offsets.last().cloned().or_else(|| Some(((*topic).to_owned(), i32::MIN)));
            break;
        }
    }
    if !offsets.is_empty() {
        stage_removal(group, &offsets);
        found.of_groups.push(GroupOffsets { group: group.core.group.clone(), offsets });
    }
    left_at
}

fn stage_removal(group: &mut Group, offsets: &[(String, i32)]) {
    offsets.iter().for_each(|(topic, partition)| group.core.offsets.stage_removal(topic, *partition));
    group.core.writes_in_flight = group.core.writes_in_flight.saturating_add(1);
}
