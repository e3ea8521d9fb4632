//! The records of `__consumer_offsets`, in Kafka's own encodings. So Kafka's tools and lag monitors read ours, and we
//! read Kafka's.
//!
//! This room owns how these records are written and what they mean. It must not know what a group does with its
//! records, nor where they are kept.
//!
//! `key` and `value` are the records' two halves, as messages of `creel_wire`. `content` is what a batch of them
//! means; its bytes are `creel_engine`'s. `partition` says which partition of the topic a group's records belong to.

// What is read here may be of others' making.
#![warn(clippy::arithmetic_side_effects, clippy::indexing_slicing)]

mod content;
mod error;
mod key;
mod partition;
mod record;
#[cfg(test)]
#[allow(clippy::arithmetic_side_effects, clippy::indexing_slicing, reason = "a test may panic")]
mod tests;
mod value;
mod versioned;

pub use content::{BatchContent, LoggedRecord, batch_of};
pub use error::{ContentError, Malformed};
pub use key::RecordKey;
pub use partition::{TOPIC, partition_for};
pub use record::OffsetsRecord;
pub use value::{GroupMetadata, GroupMetadataMember, OffsetCommit};
