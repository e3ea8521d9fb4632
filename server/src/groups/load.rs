//! From the records of the log back to groups.

use bytes::Bytes;

use super::{
    coordinator::Coordinator,
    core::LoggedState,
    effects::Effects,
    event::{GroupClient, MEMBER_BYTES, MEMBER_ID_COPIES, Now, Protocol},
    group::Group,
    log_lines::Reason,
    roster::Enrolled,
    stable::Stable,
    state::GroupState,
};
use crate::offsets::{
    BatchContent, GroupMetadata, GroupMetadataMember, LoggedRecord, Malformed, OffsetCommit, RecordKey,
};

impl Coordinator {
    /// Takes in one batch of the partition's log, in the log's order, before any event.
    pub fn replay(&mut self, content: BatchContent) -> Result<(), Malformed> {
        match content {
            BatchContent::Records(records) => {
                records.into_iter().try_for_each(|record| self.replay_record(record, None))
            }
            BatchContent::Transactional { producer_id, records } => {
                records.into_iter().try_for_each(|record| self.replay_record(record, Some(producer_id)))
            }
            BatchContent::Marker { producer_id, committed } => {
                for group in self.groups.values_mut() {
                    group.core.offsets.end_transaction(producer_id, committed);
                }
                Ok(())
            }
        }
    }

    /// A batch of the log could not be read. Memory does not hold what it says, so it must stay in the log.
    pub fn replay_failed(&mut self) {
        self.is_log_unread = true;
    }

    fn replay_record(&mut self, logged: LoggedRecord, producer_id: Option<i64>) -> Result<(), Malformed> {
        match RecordKey::decode(&logged.record.key)? {
            RecordKey::Offset { group, topic, partition } => {
                let commit = logged.record.value.as_ref().map(OffsetCommit::decode).transpose()?;
                let offsets = &mut self.loading(group).core.offsets;
                match (commit, producer_id) {
                    (None, _) => offsets.remove(&topic, partition),
                    (Some(commit), None) => offsets.put(topic, partition, commit, logged.offset),
                    (Some(commit), Some(producer_id)) => {
                        offsets.put_open(producer_id, (topic, partition), commit, logged.offset);
                    }
                }
            }
            RecordKey::Group { group } => {
                // Kept for long: it must not hold on to what was read with it.
                let value = logged.record.value.map(|value| Bytes::copy_from_slice(&value));
                let metadata = value.as_ref().map(GroupMetadata::decode).transpose()?;
                let group = self.loading(group);
                load(group, metadata);
                group.core.logged = value.map(|value| LoggedState { value, log_offset: logged.offset });
            }
            RecordKey::Other { .. } if logged.record.value.is_some() => {
                self.foreign.insert(Bytes::copy_from_slice(&logged.record.key));
            }
            RecordKey::Other { .. } => drop(self.foreign.remove(&logged.record.key)),
        }
        Ok(())
    }

    fn loading(&mut self, group: String) -> &mut Group {
        self.groups.entry(group.clone()).or_insert_with(|| Group::new(group, None))
    }

    /// The log's end was reached. Sessions start anew, and groups that are too large by now rebalance.
    pub fn loaded(&mut self, now: Now) -> super::event::Outputs {
        let mut effects = Effects::new(now, self.limits, self.next_write);
        for group in self.groups.values_mut() {
            group.core.roster.iter_mut().for_each(|member| member.heard(now.monotonic));
            if group.core.roster.len() > self.limits.members_max {
                group.step(&mut effects, |state, cx| state.remove(cx, &[], Reason::TooMany));
            }
        }
        let names: Vec<_> = self.groups.keys().cloned().collect();
        self.finish(effects, names)
    }
}

/// Takes on the state that a record says. Without a record, a group has offsets at most.
fn load(group: &mut Group, metadata: Option<GroupMetadata>) {
    let name = std::mem::take(&mut group.core.group);
    let offsets = std::mem::take(&mut group.core.offsets);
    *group = Group::new(name, None);
    group.core.offsets = offsets;
    let Some(metadata) = metadata else { return };
    group.core.generation = metadata.generation;
    group.core.protocol_type = Some(metadata.protocol_type).filter(|kind| !kind.is_empty());
    group.core.since_ms = metadata.since_ms;
    if let (Some(protocol), false) = (metadata.protocol, metadata.members.is_empty()) {
        for member in metadata.members {
            group.core.roster.enroll(Enrolled::loaded(member, &protocol));
        }
        if let Some(leader) = metadata.leader.filter(|leader| group.core.roster.contains(leader)) {
            group.core.roster.set_leader(Some(leader));
        }
        group.state = GroupState::Stable(Stable::loaded(protocol));
    }
}

impl Enrolled {
    fn loaded(member: GroupMetadataMember, protocol: &str) -> Self {
        let id_bytes = member.member_id.len().saturating_mul(MEMBER_ID_COPIES);
        let bytes = member.subscription.len().saturating_add(id_bytes).saturating_add(MEMBER_BYTES);
        Self {
            bytes,
            member_id: member.member_id,
            instance_id: member.instance_id,
            client: GroupClient(None),
            client_id: member.client_id,
            client_host: member.client_host,
            session_timeout_ms: member.session_timeout_ms,
            rebalance_timeout_ms: member.rebalance_timeout_ms,
            protocols: vec![Protocol { name: protocol.to_owned(), metadata: member.subscription }],
            assignment: member.assignment,
            deadline: None,
            newcomer: false,
        }
    }
}
