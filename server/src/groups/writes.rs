//! Writes whose fate is open.
//!
//! The log keeps them in order, but the news of them may come in any: each waits for those before it, so
//! that memory goes through what a restart would read.

use std::collections::BTreeMap;

use super::{effects::Then, error::GroupError, event::WriteId};

/// A write that has become durable, its first record at an offset of the log, or has failed.
pub(super) type Fate = Result<i64, GroupError>;

#[derive(Debug)]
struct Open {
    group: Option<String>,
    then: Then,
    fate: Option<Fate>,
}

/// A write whose turn has come.
pub(super) struct Settled {
    pub(super) write: WriteId,
    /// The group that cares for it, if one does.
    pub(super) group: Option<String>,
    pub(super) then: Then,
    pub(super) fate: Fate,
}

/// The writes, in the log's order.
#[derive(Debug)]
pub(super) struct Writes {
    open: BTreeMap<WriteId, Open>,
}

impl Writes {
    pub(super) const fn new() -> Self {
        Self { open: BTreeMap::new() }
    }

    pub(super) fn begin(&mut self, write: WriteId, group: Option<String>, then: Then) {
        self.open.insert(write, Open { group, then, fate: None });
    }

    /// A write's fate is known. Of one that is not open it says nothing new.
    pub(super) fn settle(&mut self, write: WriteId, fate: Fate) {
        if let Some(open) = self.open.get_mut(&write) {
            open.fate.get_or_insert(fate);
        }
    }

    /// The first write, if its fate is known.
    pub(super) fn next_settled(&mut self) -> Option<Settled> {
        let first = self.open.first_entry()?;
        let fate = first.get().fate?;
        let (write, Open { group, then, .. }) = first.remove_entry();
        Some(Settled { write, group, then, fate })
    }

    /// Whether the fate of a write before this one is open.
    pub(super) fn has_open_before(&self, write: WriteId) -> bool {
        self.open.keys().next().is_some_and(|first| *first < write)
    }

    #[cfg(any(test, debug_assertions))]
    pub(super) fn count_of(&self, group: &str) -> usize {
        let concerns = |open: &&Open| open.group.as_deref() == Some(group) || open.then.forgets_of(group);
        self.open.values().filter(concerns).count()
    }
}
