//! The store's memory: the entries, and enough of the past to read and watch it.

use std::{
    collections::{BTreeMap, BTreeSet, VecDeque},
    ops::Bound,
};

use super::super::contract::{
    Change, Condition, Entry, KeyEvent, KeyRange, Revision, SessionId, Snapshot, StoreError, Transaction,
    Update,
};

/// Past transactions that are kept for watches and for ranges at old revisions. A reader that falls further behind
/// starts over.
const PAST_MAX: usize = 4096;

/// What one transaction changed.
#[derive(Clone, Debug)]
struct Past {
    revision: Revision,
    /// Each key, before and after.
    changes: Vec<(String, Option<Entry>, Option<Entry>)>,
}

/// Entries as of a revision, and what led to them.
#[derive(Clone, Debug, Default)]
pub(super) struct StoreState {
    entries: BTreeMap<String, Entry>,
    revision: Revision,
    past: VecDeque<Past>,
}

impl StoreState {
    /// A state without a past.
    pub(super) fn new(revision: Revision, entries: Vec<Entry>) -> Self {
        let entries = entries.into_iter().map(|entry| (entry.key.clone(), entry)).collect();
        Self { entries, revision, past: VecDeque::new() }
    }

    pub(super) const fn revision(&self) -> Revision {
        self.revision
    }

    pub(super) fn entries(&self) -> impl ExactSizeIterator<Item = &Entry> {
        self.entries.values()
    }

    /// The keys that go with sessions.
    pub(super) fn session_keys(&self, of: impl Fn(SessionId) -> bool) -> Vec<String> {
        let keys = self.entries.values().filter(|entry| entry.session.is_some_and(&of));
        keys.map(|entry| entry.key.clone()).collect()
    }

    /// Whether a transaction's conditions hold.
    pub(super) fn holds(&self, transaction: &Transaction) -> bool {
        transaction.conditions.iter().all(|condition| match condition {
            Condition::Absent(key) => !self.entries.contains_key(key),
            Condition::Present(key) => self.entries.contains_key(key),
            Condition::Unchanged(key, revision) => {
                self.entries.get(key).is_some_and(|entry| entry.modified == *revision)
            }
        })
    }

    /// Whether a transaction changes each key once.
    pub(super) fn check(transaction: &Transaction) -> Result<(), StoreError> {
        let mut keys = BTreeSet::new();
        match transaction.changes.iter().find(|change| !keys.insert(change.key())) {
            Some(twice) => Err(StoreError::ChangedTwice(twice.key().to_owned())),
            None => Ok(()),
        }
    }

    /// Makes changes, as the next revision.
    pub(super) fn apply(&mut self, changes: Vec<Change>) -> Revision {
        self.revision = Revision(self.revision.0 + 1);
        let changes = changes.into_iter().map(|change| self.change(change)).collect();
        if self.past.len() == PAST_MAX {
            self.past.pop_front();
        }
        self.past.push_back(Past { revision: self.revision, changes });
        self.revision
    }

    fn change(&mut self, change: Change) -> (String, Option<Entry>, Option<Entry>) {
        match change {
            Change::Delete(key) => {
                let before = self.entries.remove(&key);
                (key, before, None)
            }
            Change::Put { key, value, session } => {
                let created = self.entries.get(&key).map_or(self.revision, |entry| entry.created);
                let entry = Entry { key: key.clone(), value, created, modified: self.revision, session };
                let before = self.entries.insert(key.clone(), entry.clone());
                (key, before, Some(entry))
            }
        }
    }

    /// Whether what happened after a revision is still known.
    pub(super) fn check_kept(&self, after: Revision) -> Result<(), StoreError> {
        let oldest = self.past.front().map_or(self.revision.0, |past| past.revision.0 - 1);
        match after.0 {
            after if after < oldest => Err(StoreError::Compacted(Revision(after))),
            after if after > self.revision.0 => Err(StoreError::Future(Revision(after))),
            _ => Ok(()),
        }
    }

    /// A range as of now, or of a revision whose successors are all known: they are undone.
    pub(super) fn range(&self, range: &KeyRange, at: Option<Revision>) -> Result<Snapshot, StoreError> {
        let revision = at.unwrap_or(self.revision);
        self.check_kept(revision)?;
        let mut found: BTreeMap<&str, &Entry> = self.select(range).collect();
        for past in self.past.iter().rev().take_while(|past| past.revision > revision) {
            for (key, before, _) in past.changes.iter().filter(|(key, ..)| range.contains(key)) {
                match before {
                    Some(entry) => found.insert(key, entry),
                    None => found.remove(key.as_str()),
                };
            }
        }
        Ok(Snapshot { revision, entries: found.into_values().cloned().collect() })
    }

    fn select<'a>(&'a self, range: &'a KeyRange) -> impl Iterator<Item = (&'a str, &'a Entry)> {
        let (KeyRange::Key(first) | KeyRange::Prefix(first)) = range;
        let from = (Bound::Included(first.as_str()), Bound::Unbounded);
        let entries = self.entries.range::<str, _>(from);
        entries.take_while(|(key, _)| range.contains(key)).map(|(key, entry)| (key.as_str(), entry))
    }

    /// The first change of a range after a revision, which moves on to it, or to now if there is none.
    pub(super) fn next_update(
        &self,
        range: &KeyRange,
        after: &mut Revision,
    ) -> Result<Option<Update>, StoreError> {
        self.check_kept(*after)?;
        let known = self.past.len() - usize::try_from(self.revision.0 - after.0).unwrap_or(self.past.len());
        for past in self.past.range(known..) {
            *after = past.revision;
            let changes = past.changes.iter().filter(|(key, ..)| range.contains(key));
            let events: Vec<_> = changes.filter_map(event).collect();
            if !events.is_empty() {
                return Ok(Some(Update { revision: past.revision, events }));
            }
        }
        Ok(None)
    }
}

/// What a watch sees of a change; removing what was not there is nothing.
fn event((key, before, after): &(String, Option<Entry>, Option<Entry>)) -> Option<KeyEvent> {
    match (before, after) {
        (_, Some(entry)) => Some(KeyEvent::Put(entry.clone())),
        (Some(_), None) => Some(KeyEvent::Deleted(key.clone())),
        (None, None) => None,
    }
}
