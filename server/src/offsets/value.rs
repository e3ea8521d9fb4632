//! The values: a committed offset, and a group's state.
//!
//! Version 3 is written for both and all versions are read. Kafka 4.3 writes groups so too, but offsets in
//! version 4, whose gain is the topic's id: lag monitors of some age do not know it, and offsets of a topic
//! that is deleted are taken back here anyway.
//!
//! ```text
//! offset v3 | int16 3 | int64 offset | int32 leader epoch | string metadata | int64 commit time |
//! group v3  | int16 3 | string protocol type | int32 generation | string? protocol | string? leader |
//!           | int64 since | [ string id | string? instance | string client | string host |
//!           |   int32 rebalance timeout | int32 session timeout | bytes subscription | bytes assignment ] |
//! ```

use bytes::{BufMut, Bytes, BytesMut};

use super::fields::{Input, Malformed, put_bytes, put_nullable_string, put_string};

const VERSION: i16 = 3;
/// Offsets with an expiry of their own, which only version 1 can say.
const EXPIRING_VERSION: i16 = 1;
const FLEXIBLE_FROM: i16 = 4;
const VERSION_MAX: i16 = 4;

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
        let mut out = BytesMut::with_capacity(self.metadata.len().saturating_add(24));
        let version = if self.expire_time_ms.is_some() { EXPIRING_VERSION } else { VERSION };
        out.put_i16(version);
        out.put_i64(self.offset);
        if version >= 3 {
            out.put_i32(self.leader_epoch);
        }
        put_string(&mut out, &self.metadata);
        out.put_i64(self.commit_time_ms);
        if let Some(expire_time_ms) = self.expire_time_ms {
            out.put_i64(expire_time_ms);
        }
        out.freeze()
    }

    /// Reads a value of any version.
    pub fn decode(bytes: &Bytes) -> Result<Self, Malformed> {
        let what = "committed offset";
        let mut input = Input::new(bytes.clone(), what);
        let version = read_version(&mut input, what)?;
        let offset = input.i64()?;
        let leader_epoch = if version >= 3 { input.i32()? } else { -1 };
        let metadata = input.string()?;
        let commit_time_ms = input.i64()?;
        let expire_time_ms = if version == 1 { Some(input.i64()?) } else { None };
        input.tagged_fields()?;
        let expire_time_ms = expire_time_ms.filter(|time| *time != -1);
        Ok(Self { offset, leader_epoch, metadata, commit_time_ms, expire_time_ms })
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
        let mut out = BytesMut::new();
        out.put_i16(VERSION);
        put_string(&mut out, &self.protocol_type);
        out.put_i32(self.generation);
        put_nullable_string(&mut out, self.protocol.as_deref());
        put_nullable_string(&mut out, self.leader.as_deref());
        out.put_i64(self.since_ms.unwrap_or(-1));
        out.put_i32(i32::try_from(self.members.len()).expect("group.max.size is an int32"));
        for member in &self.members {
            member.encode(&mut out);
        }
        out.freeze()
    }

    /// Reads a value of any version.
    pub fn decode(bytes: &Bytes) -> Result<Self, Malformed> {
        let what = "group state";
        let mut input = Input::new(bytes.clone(), what);
        let version = read_version(&mut input, what)?;
        let protocol_type = input.string()?;
        let generation = input.i32()?;
        let protocol = input.nullable_string()?;
        let leader = input.nullable_string()?;
        let since_ms = if version >= 2 { Some(input.i64()?).filter(|time| *time != -1) } else { None };
        let count = input.array_length()?;
        let members =
            (0..count).map(|_| GroupMetadataMember::decode(&mut input, version)).collect::<Result<_, _>>()?;
        input.tagged_fields()?;
        Ok(Self { protocol_type, generation, protocol, leader, since_ms, members })
    }
}

impl GroupMetadataMember {
    fn encode(&self, out: &mut BytesMut) {
        put_string(out, &self.member_id);
        put_nullable_string(out, self.instance_id.as_deref());
        put_string(out, &self.client_id);
        put_string(out, &self.client_host);
        out.put_i32(self.rebalance_timeout_ms);
        out.put_i32(self.session_timeout_ms);
        put_bytes(out, &self.subscription);
        put_bytes(out, &self.assignment);
    }

    fn decode(input: &mut Input, version: i16) -> Result<Self, Malformed> {
        let member_id = input.string()?;
        let instance_id = if version >= 3 { input.nullable_string()? } else { None };
        let (client_id, client_host) = (input.string()?, input.string()?);
        let rebalance_timeout_ms = if version >= 1 { Some(input.i32()?) } else { None };
        let session_timeout_ms = input.i32()?;
        let (subscription, assignment) = (input.bytes()?, input.bytes()?);
        input.tagged_fields()?;
        Ok(Self {
            member_id,
            instance_id,
            client_id,
            client_host,
            // Older members knew one timeout for both.
            rebalance_timeout_ms: rebalance_timeout_ms.filter(|ms| *ms != -1).unwrap_or(session_timeout_ms),
            session_timeout_ms,
            subscription,
            assignment,
        })
    }
}

fn read_version(input: &mut Input, what: &'static str) -> Result<i16, Malformed> {
    let version = input.i16()?;
    if !(0..=VERSION_MAX).contains(&version) {
        return Err(Malformed(what));
    }
    input.set_flexible(version >= FLEXIBLE_FROM);
    Ok(version)
}
