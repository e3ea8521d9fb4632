//! How much memory is taken by what members tell of themselves. It stays beyond the request and the connection.
//! `room` says how much there may be.

use std::collections::BTreeMap;

use super::event::GroupClient;

/// What an assignment takes: it is kept for its member, and in the group's record.
pub(super) const fn assignment_bytes(length: usize) -> usize {
    length.saturating_mul(2)
}

/// What members take in memory, about, in bytes.
#[derive(Clone, Debug, Default)]
pub(super) struct Taken {
    pub(super) all: usize,
    pub(super) by_client: BTreeMap<u64, usize>,
}

impl Taken {
    pub(super) fn take_in(&mut self, change: &MemoryChange) {
        self.all = self.all.saturating_add(change.more).saturating_sub(change.less);
        let GroupClient(Some(client)) = change.client else { return };
        let bytes = self.by_client.entry(client).or_default();
        *bytes = bytes.saturating_add(change.more).saturating_sub(change.less);
        if *bytes == 0 {
            self.by_client.remove(&client);
        }
    }
}

/// A change of what a client's members take.
#[derive(Clone, Copy, Debug)]
pub(super) struct MemoryChange {
    pub(super) client: GroupClient,
    pub(super) more: usize,
    pub(super) less: usize,
}
