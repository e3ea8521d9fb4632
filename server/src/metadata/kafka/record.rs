//! The records of Kafka's metadata log: the frame around a record, and those whose content matters here.
//!
//! ```text
//! value:    uvarint frame version = 1 | uvarint record type | uvarint version | the message, in flexible form
//! control:  key: int16 version | int16 kind;  value: a message that begins with its own version
//! ```
//!
//! A record of a type or version that is not known cannot be skipped: what it says might matter.

use bytes::Bytes;
use creel_engine::Record;
use creel_wire::{Decode, DecodeError, Message, Reader, Str, Uuid};

const FRAME_VERSION: u32 = 1;
const LEADER_CHANGE: i16 = 2;
const SNAPSHOT_HEADER: i16 = 3;
const SNAPSHOT_FOOTER: i16 = 4;
const KRAFT_VERSION: i16 = 5;
const VOTERS: i16 = 6;

/// What a record says, as far as it matters to a broker that takes the directory over.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum MetadataRecord {
    Topic(TopicRecord),
    Partition(PartitionRecord),
    PartitionChange(PartitionChangeRecord),
    Config(ConfigRecord),
    RemoveTopic(RemoveTopicRecord),
    Feature(FeatureLevelRecord),
    ProducerIds(ProducerIdsRecord),
    Begin,
    End,
    Abort,
    /// Something that Kafka enforces and Creel does not, in words.
    Unserved(&'static str),
    /// Brokers, controllers and their comings and goings.
    OfNodes,
}

/// A topic and its id.
#[derive(Clone, Debug, PartialEq, Message)]
#[wire(flexible = "0+")]
pub(crate) struct TopicRecord {
    pub(crate) name: Str,
    pub(crate) topic_id: Uuid,
}

/// A partition and who holds it.
#[derive(Clone, Debug, PartialEq, Message)]
#[wire(flexible = "0+")]
pub(crate) struct PartitionRecord {
    pub(crate) partition_id: i32,
    pub(crate) topic_id: Uuid,
    pub(crate) replicas: Vec<i32>,
    pub(crate) isr: Vec<i32>,
    pub(crate) removing_replicas: Vec<i32>,
    pub(crate) adding_replicas: Vec<i32>,
    pub(crate) leader: i32,
    #[wire(tag = 0)]
    pub(crate) leader_recovery_state: i8,
    pub(crate) leader_epoch: i32,
    pub(crate) partition_epoch: i32,
    /// The directory of each replica.
    #[wire(versions = "1+")]
    pub(crate) directories: Vec<Uuid>,
    #[wire(versions = "2+", nullable = "2+", tag = 1)]
    pub(crate) eligible_leader_replicas: Option<Vec<i32>>,
    #[wire(versions = "2+", nullable = "2+", tag = 2)]
    pub(crate) last_known_elr: Option<Vec<i32>>,
}

/// What has changed about a partition; null is as before.
#[derive(Clone, Debug, PartialEq, Message)]
#[wire(flexible = "0+")]
pub(crate) struct PartitionChangeRecord {
    pub(crate) partition_id: i32,
    pub(crate) topic_id: Uuid,
    #[wire(nullable = "0+", tag = 0)]
    pub(crate) isr: Option<Vec<i32>>,
    #[wire(tag = 1, default = -2)]
    pub(crate) leader: i32,
    #[wire(nullable = "0+", tag = 2)]
    pub(crate) replicas: Option<Vec<i32>>,
    #[wire(nullable = "0+", tag = 3)]
    pub(crate) removing_replicas: Option<Vec<i32>>,
    #[wire(nullable = "0+", tag = 4)]
    pub(crate) adding_replicas: Option<Vec<i32>>,
    #[wire(tag = 5, default = -1)]
    pub(crate) leader_recovery_state: i8,
    #[wire(versions = "2+", nullable = "2+", tag = 6)]
    pub(crate) eligible_leader_replicas: Option<Vec<i32>>,
    #[wire(versions = "2+", nullable = "2+", tag = 7)]
    pub(crate) last_known_elr: Option<Vec<i32>>,
    #[wire(versions = "1+", nullable = "1+", tag = 8)]
    pub(crate) directories: Option<Vec<Uuid>>,
}

/// A setting of a topic, a broker, or something else; null takes it back.
#[derive(Clone, Debug, PartialEq, Message)]
#[wire(flexible = "0+")]
pub(crate) struct ConfigRecord {
    pub(crate) resource_type: i8,
    pub(crate) resource_name: Str,
    pub(crate) name: Str,
    #[wire(nullable = "0+")]
    pub(crate) value: Option<Str>,
}

/// A topic is gone, with its partitions and settings.
#[derive(Clone, Debug, PartialEq, Message)]
#[wire(flexible = "0+")]
pub(crate) struct RemoveTopicRecord {
    pub(crate) topic_id: Uuid,
}

/// A feature of the cluster has this level from here on; 0 is off.
#[derive(Clone, Debug, PartialEq, Message)]
#[wire(flexible = "0+")]
pub(crate) struct FeatureLevelRecord {
    pub(crate) name: Str,
    pub(crate) feature_level: i16,
}

/// Producer ids below `next_producer_id` are given out.
#[derive(Clone, Debug, PartialEq, Message)]
#[wire(flexible = "0+")]
pub(crate) struct ProducerIdsRecord {
    pub(crate) broker_id: i32,
    #[wire(default = -1)]
    pub(crate) broker_epoch: i64,
    pub(crate) next_producer_id: i64,
}

/// What a control record says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Control {
    /// These vote in the metadata quorum.
    Voters(Vec<i32>),
    SnapshotHeader,
    SnapshotFooter,
    /// Of no interest here.
    Other,
}

/// A leader of the metadata quorum was chosen.
#[derive(Clone, Debug, PartialEq, Message)]
#[wire(flexible = "0+")]
struct LeaderChange {
    version: i16,
    leader_id: i32,
    voters: Vec<Voter>,
    granting_voters: Vec<Voter>,
}

#[derive(Clone, Debug, PartialEq, Message)]
struct Voter {
    voter_id: i32,
    #[wire(versions = "1+")]
    voter_directory_id: Uuid,
}

/// Who votes in the metadata quorum, where that can change.
#[derive(Clone, Debug, PartialEq, Message)]
#[wire(flexible = "0+")]
struct Voters {
    version: i16,
    voters: Vec<DynamicVoter>,
}

#[derive(Clone, Debug, PartialEq, Message)]
struct DynamicVoter {
    voter_id: i32,
    voter_directory_id: Uuid,
    endpoints: Vec<Endpoint>,
    kraft_version: KraftVersions,
}

#[derive(Clone, Debug, PartialEq, Message)]
struct Endpoint {
    name: Str,
    host: Str,
    port: u16,
}

#[derive(Clone, Debug, PartialEq, Message)]
struct KraftVersions {
    least: i16,
    most: i16,
}

/// Why a record is not understood.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum RecordError {
    #[error("it has no value")]
    Empty,
    #[error("its frame has version {0}; Creel knows version 1")]
    Frame(u32),
    #[error("records of type {0} are not known")]
    Unknown(u32),
    #[error("control records of type {0} are not known")]
    UnknownControl(i16),
    #[error("{name} has version {version}; Creel knows versions up to {known}")]
    Version { name: &'static str, version: u32, known: i16 },
    #[error("{0}")]
    Malformed(#[from] DecodeError),
    #[error("{0} unexpected bytes follow it")]
    Trailing(usize),
}

impl MetadataRecord {
    /// Reads a record that is no control record.
    pub(crate) fn read(record: &Record) -> Result<Self, RecordError> {
        let mut reader = Reader::new(record.value.clone().ok_or(RecordError::Empty)?);
        let frame = reader.unsigned_varint()?;
        if frame != FRAME_VERSION {
            return Err(RecordError::Frame(frame));
        }
        let (kind, version) = (reader.unsigned_varint()?, reader.unsigned_varint()?);
        let reader = &mut reader;
        let read = match kind {
            2 => Self::Topic(message(reader, "TopicRecord", version, 0)?),
            3 => Self::Partition(message(reader, "PartitionRecord", version, 2)?),
            4 => Self::Config(message(reader, "ConfigRecord", version, 0)?),
            5 => Self::PartitionChange(message(reader, "PartitionChangeRecord", version, 2)?),
            9 => Self::RemoveTopic(message(reader, "RemoveTopicRecord", version, 0)?),
            12 => Self::Feature(message(reader, "FeatureLevelRecord", version, 0)?),
            15 => Self::ProducerIds(message(reader, "ProducerIdsRecord", version, 0)?),
            23 => Self::Begin,
            24 => Self::End,
            25 => Self::Abort,
            10 => return Ok(Self::Unserved("delegation tokens")),
            11 => return Ok(Self::Unserved("SCRAM users")),
            14 => return Ok(Self::Unserved("client quotas")),
            18 => return Ok(Self::Unserved("access control entries")),
            0 | 1 | 7 | 8 | 17 | 19..=22 | 26..=28 => return Ok(Self::OfNodes),
            unknown => return Err(RecordError::Unknown(unknown)),
        };
        match (&read, reader.remaining()) {
            // Their descriptions are left alone.
            (Self::Begin | Self::End | Self::Abort, _) | (_, 0) => Ok(read),
            (_, trailing) => Err(RecordError::Trailing(trailing)),
        }
    }
}

fn message<M: Decode>(
    reader: &mut Reader,
    name: &'static str,
    version: u32,
    known: i16,
) -> Result<M, RecordError> {
    match i16::try_from(version) {
        Ok(version) if version <= known => Ok(M::decode(reader, version)?),
        _ => Err(RecordError::Version { name, version, known }),
    }
}

impl Control {
    /// Reads a control record.
    pub(crate) fn read(record: &Record) -> Result<Self, RecordError> {
        let mut key = Reader::new(record.key.clone().ok_or(RecordError::Empty)?);
        let _version = key.i16()?;
        let value = record.value.clone().ok_or(RecordError::Empty)?;
        match key.i16()? {
            LEADER_CHANGE => {
                let change: LeaderChange = with_version(value, "LeaderChangeMessage", 1)?;
                Ok(Self::Voters(change.voters.iter().map(|voter| voter.voter_id).collect()))
            }
            VOTERS => {
                let voters: Voters = with_version(value, "VotersRecord", 0)?;
                Ok(Self::Voters(voters.voters.iter().map(|voter| voter.voter_id).collect()))
            }
            SNAPSHOT_HEADER => Ok(Self::SnapshotHeader),
            SNAPSHOT_FOOTER => Ok(Self::SnapshotFooter),
            KRAFT_VERSION => Ok(Self::Other),
            unknown => Err(RecordError::UnknownControl(unknown)),
        }
    }
}

/// A message that begins with its own version.
fn with_version<M: Decode>(value: Bytes, name: &'static str, known: i16) -> Result<M, RecordError> {
    let version = Reader::new(value.clone()).u16()?;
    message(&mut Reader::new(value), name, version.into(), known)
}
