//! The records of `__consumer_offsets`, in Kafka's own encodings, so that Kafka's tools and lag
//! monitors read ours and we open Kafka's.
//!
//! `key` and `value` are the records' two halves, `batch` wraps them for the log and takes them out of it
//! again, `partition` says which partition of the topic a group's records belong to.

// What is read here may be of others' making.
#![warn(clippy::arithmetic_side_effects, clippy::indexing_slicing)]

mod batch;
mod fields;
mod key;
mod partition;
#[cfg(test)]
#[allow(clippy::arithmetic_side_effects, clippy::indexing_slicing, reason = "a test may panic")]
mod tests;
mod value;

pub use batch::{BatchContent, BatchError, LoggedRecord, encode_batch, read_batch};
pub use fields::Malformed;
pub use key::RecordKey;
pub use partition::{TOPIC, partition_for};
pub use value::{GroupMetadata, GroupMetadataMember, OffsetCommit};

use bytes::Bytes;

/// A record to be appended to `__consumer_offsets`; no value is a tombstone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    /// The encoded key.
    pub key: Bytes,
    /// The encoded value.
    pub value: Option<Bytes>,
}

impl Record {
    /// The record of a committed offset.
    pub fn offset(key: &RecordKey, commit: &OffsetCommit) -> Self {
        Self { key: key.encode(), value: Some(commit.encode()) }
    }

    /// The record of a group's state.
    pub fn group(group: &str, metadata: &GroupMetadata) -> Self {
        let key = RecordKey::Group { group: group.to_owned() };
        Self { key: key.encode(), value: Some(metadata.encode()) }
    }

    /// The record that takes back all before it with the same key.
    pub fn tombstone(key: &RecordKey) -> Self {
        Self { key: key.encode(), value: None }
    }
}
