//! Writes that have not ended: the log has them, and has not said what became of them.
//!
//! The log keeps writes in order, but the news of them may come in any order. Each waits for those before it, so that
//! memory changes in the order in which a restart would read the log.

use std::collections::BTreeMap;

use super::{effects::OnDurable, error::GroupError, event::WriteId};

/// A write that has become durable, its first record at an offset of the log, or has failed.
pub(super) type WriteResult = Result<i64, GroupError>;

#[derive(Debug)]
struct Open {
    group: Option<String>,
    on_durable: OnDurable,
    result: Option<WriteResult>,
}

/// A write that has ended, as have all before it.
pub(super) struct Settled {
    pub(super) write: WriteId,
    /// The group that cares for it, if one does.
    pub(super) group: Option<String>,
    pub(super) on_durable: OnDurable,
    pub(super) result: WriteResult,
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

    pub(super) fn begin(&mut self, write: WriteId, group: Option<String>, on_durable: OnDurable) {
        self.open.insert(write, Open { group, on_durable, result: None });
    }

    /// A write has ended. Of one that is not open it says nothing new.
    pub(super) fn settle(&mut self, write: WriteId, result: WriteResult) {
        if let Some(open) = self.open.get_mut(&write) {
            open.result.get_or_insert(result);
        }
    }

    /// The first write, if it has ended.
    pub(super) fn next_settled(&mut self) -> Option<Settled> {
        let first = self.open.first_entry()?;
        let result = first.get().result?;
        let (write, Open { group, on_durable, .. }) = first.remove_entry();
        Some(Settled { write, group, on_durable, result })
    }

    /// Whether a write before this one has not ended.
    pub(super) fn has_open_before(&self, write: WriteId) -> bool {
        self.open.keys().next().is_some_and(|first| *first < write)
    }

    #[cfg(any(test, debug_assertions))]
    pub(super) fn count_of(&self, group: &str) -> usize {
        let concerns =
            |open: &&Open| open.group.as_deref() == Some(group) || open.on_durable.removes_offsets_of(group);
        self.open.values().filter(concerns).count()
    }
}
