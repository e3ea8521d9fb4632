//! The layout of every file of a partition: bytes in, values out, and the reverse.
//!
//! Owns Kafka's formats (batches, indexes, producer snapshots, checkpoints) and Creel's own (the durability mark, bad
//! ranges, the reuse checkpoint). Must not know files, directories, segments or logs: whoever holds a file hands its bytes
//! in.

pub mod bad_ranges;
pub mod batch;
pub mod checkpoint;
pub(crate) mod decompress;
pub(crate) mod durability_mark;
pub mod epochs;
pub mod offset_index;
pub mod records;
pub(crate) mod reuse_checkpoint;
pub(crate) mod snapshot;
pub mod time_index;
