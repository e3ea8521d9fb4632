//! What lies on disk, as values: bytes in, values out, and the reverse.
//!
//! Owns the layout of every file of a partition. Knows no segment, no log and no partition.

pub mod bad_ranges;
pub mod batch;
pub mod checkpoint;
pub(crate) mod decompress;
pub mod epochs;
pub(crate) mod mark;
pub mod offset_index;
pub(crate) mod producer_snapshot;
pub mod records;
pub(crate) mod recycled;
pub(crate) mod scan;
pub mod time_index;
