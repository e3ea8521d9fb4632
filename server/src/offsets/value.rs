//! The values: a committed offset, and a group's state.
//!
//! Version 3 is written for both, and all versions are read. Kafka 4.3 also writes groups in version 3, but offsets
//! in version 4, which adds the topic's id. Older lag monitors do not know version 4, and offsets of a topic that is
//! deleted are taken back here anyway.
//!
//! ```text
//! offset v3 | int16 3 | int64 offset | int32 leader epoch | string metadata | int64 commit time |
//! group v3  | int16 3 | string protocol type | int32 generation | string? protocol | string? leader |
//!           | int64 since | [ string id | string? instance | string client | string host |
//!           |   int32 rebalance timeout | int32 session timeout | bytes subscription | bytes assignment ] |
//! ```

use bytes::Bytes;
use creel_wire::{Decode, Message, Str};

use super::error::Malformed;
use super::versioned::{encode, message, version};

const VERSION: i16 = 3;
/// Offsets with an expiry of their own, which only version 1 can say.
const EXPIRING_VERSION: i16 = 1;
const VERSION_MAX: i16 = 4;

#[derive(Clone, Debug, PartialEq, Message)]
#[wire(flexible = "4+")]
struct OffsetCommitValue {
    offset: i64,
    #[wire(versions = "3+", default = -1)]
    leader_epoch: i32,
    metadata: Str,
    commit_timestamp: i64,
    #[wire(versions = "1", default = -1)]
    expire_timestamp: i64,
}

#[derive(Clone, Debug, PartialEq, Message)]
#[wire(flexible = "4+")]
struct GroupMetadataValue {
    protocol_type: Str,
    generation: i32,
    #[wire(nullable = "0+")]
    protocol: Option<Str>,
    #[wire(nullable = "0+")]
    leader: Option<Str>,
    #[wire(versions = "2+", default = -1)]
    current_state_timestamp: i64,
    members: Vec<MemberMetadata>,
}

#[derive(Clone, Debug, PartialEq, Message)]
struct MemberMetadata {
    member_id: Str,
    #[wire(versions = "3+", nullable = "3+")]
    group_instance_id: Option<Str>,
    client_id: Str,
    client_host: Str,
    #[wire(versions = "1+", default = -1)]
    rebalance_timeout: i32,
    session_timeout: i32,
    subscription: Bytes,
    assignment: Bytes,
}

/// A committed offset.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OffsetCommit {
    /// The next offset the group wants.
    pub offset: i64,
    /// The leader epoch of the record before it; -1 is unknown.
    pub leader_epoch: i32,
    /// The client's own note.
    pub metadata: String,
    /// When it was committed, by the wall clock.
    pub commit_time_ms: i64,
    /// When it expires, if the client said so itself (OffsetCommit 2 to 4).
    pub expire_time_ms: Option<i64>,
}

impl OffsetCommit {
    /// The bytes of the value.
    pub fn encode(&self) -> Bytes {
        let version = if self.expire_time_ms.is_some() { EXPIRING_VERSION } else { VERSION };
        let value = OffsetCommitValue {
            offset: self.offset,
            leader_epoch: self.leader_epoch,
            metadata: Str::from(self.metadata.clone()),
            commit_timestamp: self.commit_time_ms,
            expire_timestamp: self.expire_time_ms.unwrap_or(-1),
        };
        encode(&value, version)
    }

    /// Reads a value of any version.
    pub fn decode(bytes: &Bytes) -> Result<Self, Malformed> {
        let read: OffsetCommitValue = decode(bytes, "committed offset")?;
        Ok(Self {
            offset: read.offset,
            leader_epoch: read.leader_epoch,
            metadata: owned(&read.metadata),
            commit_time_ms: read.commit_timestamp,
            expire_time_ms: Some(read.expire_timestamp).filter(|time| *time != -1),
        })
    }
}

/// A group's state, as it stands after a completed rebalance or once the group is empty.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct GroupMetadata {
    /// `consumer`, `connect`, ...; empty in groups that only commit.
    pub protocol_type: String,
    /// The generation.
    pub generation: i32,
    /// The chosen protocol, for consumers their assignor; none while empty.
    pub protocol: Option<String>,
    /// The leader's member id.
    pub leader: Option<String>,
    /// Since when the group is in its state, by the wall clock.
    pub since_ms: Option<i64>,
    /// The members.
    pub members: Vec<GroupMetadataMember>,
}

/// A member as its group's record keeps it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct GroupMetadataMember {
    /// The member's id.
    pub member_id: String,
    /// The static member's own name.
    pub instance_id: Option<String>,
    /// Its client id.
    pub client_id: String,
    /// Where it came from.
    pub client_host: String,
    /// How long a rebalance waits for it.
    pub rebalance_timeout_ms: i32,
    /// How long it may be silent.
    pub session_timeout_ms: i32,
    /// What it subscribed to, in the chosen protocol's form.
    pub subscription: Bytes,
    /// What the leader gave it.
    pub assignment: Bytes,
}

impl GroupMetadata {
    /// The bytes of the value.
    pub fn encode(&self) -> Bytes {
        let value = GroupMetadataValue {
            protocol_type: Str::from(self.protocol_type.clone()),
            generation: self.generation,
            protocol: self.protocol.clone().map(Str::from),
            leader: self.leader.clone().map(Str::from),
            current_state_timestamp: self.since_ms.unwrap_or(-1),
            members: self.members.iter().map(GroupMetadataMember::stored).collect(),
        };
        encode(&value, VERSION)
    }

    /// Reads a value of any version.
    pub fn decode(bytes: &Bytes) -> Result<Self, Malformed> {
        let read: GroupMetadataValue = decode(bytes, "group state")?;
        Ok(Self {
            protocol_type: owned(&read.protocol_type),
            generation: read.generation,
            protocol: read.protocol.as_ref().map(owned),
            leader: read.leader.as_ref().map(owned),
            since_ms: Some(read.current_state_timestamp).filter(|time| *time != -1),
            members: read.members.into_iter().map(GroupMetadataMember::from_stored).collect(),
        })
    }
}

impl GroupMetadataMember {
    fn stored(&self) -> MemberMetadata {
        MemberMetadata {
            member_id: Str::from(self.member_id.clone()),
            group_instance_id: self.instance_id.clone().map(Str::from),
            client_id: Str::from(self.client_id.clone()),
            client_host: Str::from(self.client_host.clone()),
            rebalance_timeout: self.rebalance_timeout_ms,
            session_timeout: self.session_timeout_ms,
            subscription: self.subscription.clone(),
            assignment: self.assignment.clone(),
        }
    }

    fn from_stored(read: MemberMetadata) -> Self {
        // Older members knew one timeout for both.
        let rebalance_timeout = Some(read.rebalance_timeout).filter(|ms| *ms != -1);
        Self {
            member_id: owned(&read.member_id),
            instance_id: read.group_instance_id.as_ref().map(owned),
            client_id: owned(&read.client_id),
            client_host: owned(&read.client_host),
            rebalance_timeout_ms: rebalance_timeout.unwrap_or(read.session_timeout),
            session_timeout_ms: read.session_timeout,
            subscription: Bytes::copy_from_slice(&read.subscription),
            assignment: Bytes::copy_from_slice(&read.assignment),
        }
    }
}

fn decode<M: Decode>(bytes: &Bytes, what: &'static str) -> Result<M, Malformed> {
    match version(bytes, what)? {
        (version @ 0..=VERSION_MAX, reader) => message(reader, version, what),
        _ => Err(Malformed(what)),
    }
}

/// Copied: what is kept must not hold on to the whole read it came from.
fn owned(text: &Str) -> String {
    text.as_str().to_owned()
}
