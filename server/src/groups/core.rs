//! What a group has in every state.

use std::collections::{BTreeMap, VecDeque};

use bytes::Bytes;

use super::{
    committed::Offsets,
    effects::{Effects, OnDurable},
    error::GroupError,
    event::{JoinReply, WriteId},
    log_lines::{GroupChange, LogLine},
    roster::Roster,
};
use crate::offsets::{GroupMetadata, GroupMetadataMember, OffsetsRecord};

/// A group's name, generation, members and offsets.
#[derive(Clone, Debug)]
pub(super) struct GroupBase {
    pub(super) group: String,
    pub(super) generation: i32,
    /// None in groups that only commit.
    pub(super) protocol_type: Option<String>,
    pub(super) roster: Roster,
    pub(super) offsets: Offsets,
    /// Since when the group is in its state, by the wall clock. Old records do not say.
    pub(super) since_ms: Option<i64>,
    /// Writes that have not ended. Memory does not hold yet what they bring. So nothing may be decided that could
    /// contradict them, such as the removal of the group.
    pub(super) writes_in_flight: usize,
    /// Why one of several writes that belong together has failed. The client that waits for the last of them is told.
    pub(super) failed_batch: Option<GroupError>,
    /// The group's own record, as the log holds it. What the group is doing now may not be written down yet.
    pub(super) logged: Option<LoggedState>,
    /// The records that replace it, on their way to the log, in order.
    pub(super) states_in_flight: VecDeque<Bytes>,
}

impl GroupBase {
    pub(super) fn new(group: String, since_ms: Option<i64>) -> Self {
        Self {
            group,
            generation: 0,
            protocol_type: None,
            roster: Roster::default(),
            offsets: Offsets::default(),
            since_ms,
            writes_in_flight: 0,
            failed_batch: None,
            logged: None,
            states_in_flight: VecDeque::new(),
        }
    }

    /// The reply to a member's JoinGroup that is in the current generation.
    pub(super) fn joined(&self, member_id: &str, protocol: &str) -> JoinReply {
        let leads = self.roster.is_leader(member_id);
        JoinReply {
            error: None,
            member_id: member_id.to_owned(),
            generation: self.generation,
            protocol_type: self.protocol_type.clone(),
            protocol_name: Some(protocol.to_owned()),
            leader: self.roster.leader().unwrap_or_default().to_owned(),
            skip_assignment: false,
            members: if leads { self.roster.as_joined(protocol) } else { Vec::new() },
        }
    }

    /// Bytes that the group's record takes at least. That may be far more than the log takes.
    pub(super) fn record_bytes(&self, protocol: &str, assignments: &BTreeMap<String, Bytes>) -> usize {
        let of_members = self.roster.iter().map(|member| {
            let (id, data) = (member.member_id.len(), member.data(protocol).len());
            let assignment = assignments.get(&member.member_id).map_or(0, Bytes::len);
            id.saturating_add(data).saturating_add(assignment)
        });
        of_members.fold(0, usize::saturating_add)
    }

    /// The group's record; members without an assignment have an empty one.
    pub(super) fn record(
        &self,
        protocol: Option<&str>,
        assignments: &BTreeMap<String, Bytes>,
        since_ms: i64,
    ) -> OffsetsRecord {
        let members = self.roster.iter().map(|member| GroupMetadataMember {
            member_id: member.member_id.clone(),
            instance_id: member.instance_id.clone(),
            client_id: member.client_id.clone(),
            client_host: member.client_host.clone(),
            rebalance_timeout_ms: member.rebalance_timeout_ms,
            session_timeout_ms: member.session_timeout_ms,
            subscription: protocol.map(|protocol| member.metadata(protocol)).unwrap_or_default(),
            assignment: assignments.get(&member.member_id).cloned().unwrap_or_default(),
        });
        let metadata = GroupMetadata {
            protocol_type: self.protocol_type.clone().unwrap_or_default(),
            generation: self.generation,
            protocol: protocol.map(str::to_owned),
            leader: self.roster.leader().map(str::to_owned),
            since_ms: Some(since_ms),
            members: members.collect(),
        };
        OffsetsRecord::group(&self.group, &metadata)
    }
}

/// The group's own record as the log holds it.
#[derive(Clone, Debug)]
pub(super) struct LoggedState {
    pub(super) value: Bytes,
    pub(super) log_offset: i64,
}

/// What a group handles an event with: what it has in every state, and where its replies and writes go.
pub(super) struct GroupCx<'a> {
    pub(super) core: &'a mut GroupBase,
    pub(super) effects: &'a mut Effects,
}

impl GroupCx<'_> {
    /// The group enters another state now.
    pub(super) fn stamp(&mut self) {
        self.core.since_ms = Some(self.effects.now.wall_ms);
    }

    /// Something is worth a line on the log.
    pub(super) fn log(&mut self, what: GroupChange) {
        let GroupBase { group, generation, roster, .. } = &self.core;
        let (group, generation, members) = (group.clone(), *generation, roster.len());
        self.effects.log_lines.push(LogLine { group, generation, members, what });
    }

    /// Stages the group's own record.
    pub(super) fn write_state(&mut self, record: OffsetsRecord, on_durable: OnDurable) -> WriteId {
        debug_assert!(on_durable.is_of_state(), "what follows tells that it is the group's own");
        self.core.states_in_flight.extend(record.value.clone());
        self.effects.write(Some(&self.core.group), vec![record], on_durable)
    }

    /// The member was heard of.
    pub(super) fn heard(&mut self, member_id: &str) {
        if let Some(member) = self.core.roster.get_mut(member_id) {
            member.heard(self.effects.now.monotonic);
        }
    }
}
