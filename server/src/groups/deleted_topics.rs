//! Topics are gone: so is what all groups have committed for them. Many groups' tombstones make one batch, and what is found
//! at a time is bounded, so that others come in between.

use std::collections::BTreeSet;
use std::rc::Rc;

use super::{
    batches::{Place, record_bytes},
    coordinator::Coordinator,
    effects::{Desk, Then},
    event::{GroupLimits, Now, Outputs},
    group::Group,
};
use crate::offsets::Record;

/// Groups that are looked at count one in so many of the offsets that are taken back.
const GROUPS_PER_OFFSET: usize = 4;

/// How far the offsets of some topics have been looked for.
#[derive(Debug)]
pub struct Forgetting {
    topics: Rc<BTreeSet<String>>,
    /// The next step goes on behind this group, or behind this offset of it.
    at: Option<Place>,
}

/// What a step has done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ForgetStep {
    /// Microseconds, about.
    pub work: usize,
    /// Nothing is left to do.
    pub is_last: bool,
}

/// Offsets of one group that are taken back.
#[derive(Clone, Debug)]
pub(super) struct OfGroup {
    pub(super) group: String,
    pub(super) offsets: Vec<(String, i32)>,
}

impl Forgetting {
    /// These topics are gone.
    pub const fn of(topics: Rc<BTreeSet<String>>) -> Self {
        Self { topics, at: None }
    }
}

/// What a step has found.
#[derive(Default)]
struct Found {
    of_groups: Vec<OfGroup>,
    records: Vec<Record>,
    bytes: usize,
    looked_at: usize,
}

impl Found {
    fn work(&self) -> usize {
        self.records.len().saturating_add(self.looked_at / GROUPS_PER_OFFSET)
    }

    fn is_full(&self, limits: &GroupLimits) -> bool {
        self.work() >= limits.offsets_at_once || self.bytes >= limits.batch_bytes
    }

    fn add(&mut self, tombstone: Record) {
        self.bytes = self.bytes.saturating_add(record_bytes(&tombstone));
        self.records.push(tombstone);
    }
}

impl Coordinator {
    /// Looks at some more groups. Offsets that are on their way to the log are taken back, too.
    pub fn forget_topics(&mut self, now: Now, forgetting: &mut Forgetting) -> (Outputs, ForgetStep) {
        let mut desk = Desk::new(now, self.limits, self.next_write);
        let mut found = Found::default();
        let is_last = self.find_forgotten(forgetting, &mut found);
        let work = found.work();
        if !found.records.is_empty() {
            desk.write(None, found.records, Then::Forgotten(found.of_groups));
        }
        (self.finish(desk, Vec::new()), ForgetStep { work, is_last })
    }

    /// Whether all groups have been looked at.
    fn find_forgotten(&mut self, forgetting: &mut Forgetting, found: &mut Found) -> bool {
        let limits = self.limits;
        let at = forgetting.at.take();
        for (name, group) in self.groups.range_mut::<str, _>(Place::groups(at.as_ref())) {
            let behind = Place::offset_in(at.as_ref(), name);
            let left_at = group.find_forgotten(&forgetting.topics, behind, &limits, found);
            if left_at.is_some() || found.is_full(&limits) {
                forgetting.at = Some(Place { group: name.clone(), offset: left_at });
                return false;
            }
        }
        true
    }

    /// The fate of their tombstones is known. The groups that this concerns.
    pub(super) fn forgotten(&mut self, all: Vec<OfGroup>, are_gone: bool) -> Vec<String> {
        let mut touched = Vec::with_capacity(all.len());
        for OfGroup { group: name, offsets } in all {
            let Some(group) = self.groups.get_mut(&name) else { continue };
            group.core.writes_in_flight = group.core.writes_in_flight.saturating_sub(1);
            group.core.offsets.end_removals(&offsets, are_gone);
            touched.push(name);
        }
        touched
    }
}

impl Group {
    /// Adds to what was found. Where that is full before all of this group is in it, behind which offset to go on.
    fn find_forgotten(
        &mut self,
        topics: &BTreeSet<String>,
        behind: Option<&(String, i32)>,
        limits: &GroupLimits,
        found: &mut Found,
    ) -> Option<(String, i32)> {
        let names = self.core.offsets.names_among(topics);
        found.looked_at = found.looked_at.saturating_add(names.len()).saturating_add(1);
        let mut offsets = Vec::new();
        let from = behind.map_or("", |(topic, _)| topic.as_str());
        let mut left_at = None;
        for topic in names.range(from..) {
            let behind = behind.filter(|(at, _)| at == topic).map(|(_, partition)| *partition);
            for partition in self.core.offsets.known_partitions(topic, behind, limits.offsets_at_once) {
                let key = ((*topic).to_owned(), partition);
                found.add(self.offset_tombstone(&key));
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
            self.stage_removal(&offsets);
            found.of_groups.push(OfGroup { group: self.core.group.clone(), offsets });
        }
        left_at
    }

    fn stage_removal(&mut self, offsets: &[(String, i32)]) {
        offsets.iter().for_each(|(topic, partition)| self.core.offsets.stage_removal(topic, *partition));
        self.core.writes_in_flight = self.core.writes_in_flight.saturating_add(1);
    }
}
