//! What members tell of themselves stays, beyond the request and the connection: how much of it there may be.
//!
//! A core's groups share the room for it. One group may have a part of it, and so may one connection, in however many groups:
//! whoever fills their part keeps nobody else out.

use std::collections::BTreeMap;

use super::{
    event::{Client, JoinRequest, SyncRequest},
    group::Group,
};
use crate::limits::{MEMBERS_BYTES, MEMBERS_BYTES_OF_ONE};

/// What there is room for, in bytes.
#[derive(Clone, Copy, Debug)]
pub struct Room {
    all: usize,
    of_client: usize,
}

impl Room {
    /// Room without bounds.
    pub const UNBOUNDED: Self = Self { all: usize::MAX, of_client: usize::MAX };

    /// What is left of a core's room, where all members and those of the asking client take so many bytes.
    pub const fn left(of_all: usize, of_client: usize) -> Self {
        Self {
            all: MEMBERS_BYTES.saturating_sub(of_all),
            of_client: MEMBERS_BYTES_OF_ONE.saturating_sub(of_client),
        }
    }

    /// Whether a group may come to take so many bytes instead of those that it frees.
    fn allows(&self, group: Option<&Group>, bytes: usize, freed: usize) -> bool {
        let of_group = group.map_or(0, |group| group.core.roster.bytes());
        let of_group = MEMBERS_BYTES_OF_ONE.saturating_sub(of_group);
        bytes <= self.all.min(self.of_client).min(of_group).saturating_add(freed)
    }

    /// Whether a member may join. Who comes back as it was may.
    pub(super) fn has_for_member(&self, group: Option<&Group>, request: &JoinRequest) -> bool {
        let before = group.map_or(0, |group| group.core.roster.bytes_of(&request.member));
        self.allows(group, request.bytes(), before)
    }

    /// Whether what a leader hands in may stay.
    pub(super) fn has_for_assignments(&self, group: Option<&Group>, request: &SyncRequest) -> bool {
        let bytes = request.assignments.iter().map(|(_, one)| assignment_bytes(one.len()));
        let before = group.map_or(0, |group| group.core.roster.assigned_bytes());
        self.allows(group, bytes.fold(0, usize::saturating_add), before)
    }
}

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
    pub(super) fn take_in(&mut self, change: &Change) {
        self.all = self.all.saturating_add(change.more).saturating_sub(change.less);
        let Client(Some(client)) = change.client else { return };
        let bytes = self.by_client.entry(client).or_default();
        *bytes = bytes.saturating_add(change.more).saturating_sub(change.less);
        if *bytes == 0 {
            self.by_client.remove(&client);
        }
    }
}

/// A change of what a client's members take.
#[derive(Clone, Copy, Debug)]
pub(super) struct Change {
    pub(super) client: Client,
    pub(super) more: usize,
    pub(super) less: usize,
}
