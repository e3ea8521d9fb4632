//! What lies on disk, as values: bytes in, values out, and the reverse.
//!
//! Owns the layout of every file of a partition. Knows no segment, no log and no partition.

pub mod bad_ranges;
pub mod batch;
pub mod checkpoint;
pub(crate) mod decompress;
pub(crate) mod durability_mark;
pub mod offset_index;
pub mod records;
pub(crate) mod reuse_checkpoint;
pub(crate) mod snapshot;
pub mod time_index;
