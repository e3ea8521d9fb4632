//! A record to append.

use bytes::Bytes;

use super::key::RecordKey;
use super::value::{GroupMetadata, OffsetCommit};

/// A record to be appended to `__consumer_offsets`; no value is a tombstone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OffsetsRecord {
    /// The encoded key.
    pub key: Bytes,
    /// The encoded value.
    pub value: Option<Bytes>,
}

impl OffsetsRecord {
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
