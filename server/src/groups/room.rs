//! How much memory may be taken by what members tell of themselves. It stays beyond the request and the connection.
//!
//! A core's groups share one limit. One group may have a part of it, and so may one connection over all its groups.
//! So a group or connection that has filled its part keeps nobody else out.

use super::{
    event::{JoinRequest, SyncRequest},
    memory::assignment_bytes,
    roster::Roster,
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

    /// Whether a group may take so many bytes in place of those that it frees.
    fn allows(&self, roster: Option<&Roster>, bytes: usize, freed: usize) -> bool {
        let of_group = roster.map_or(0, Roster::bytes);
        let of_group = MEMBERS_BYTES_OF_ONE.saturating_sub(of_group);
        bytes <= self.all.min(self.of_client).min(of_group).saturating_add(freed)
    }

    /// Whether a member may join. A member that comes back as it was may.
    pub(super) fn has_for_member(&self, roster: Option<&Roster>, request: &JoinRequest) -> bool {
        let before = roster.map_or(0, |roster| roster.bytes_of(&request.member));
        self.allows(roster, request.bytes(), before)
    }

    /// Whether what a leader hands in may stay.
    pub(super) fn has_for_assignments(&self, roster: Option<&Roster>, request: &SyncRequest) -> bool {
        let bytes = request.assignments.iter().map(|(_, one)| assignment_bytes(one.len()));
        let before = roster.map_or(0, Roster::assigned_bytes);
        self.allows(roster, bytes.fold(0, usize::saturating_add), before)
    }
}
