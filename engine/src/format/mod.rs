//! The layout of a partition's files: it turns bytes into values, and values into bytes. (That of the files beside a
//! segment is in `segment::side_files`.)
//!
//! Owns Kafka's formats (batches, checkpoints) and Creel's own (the durability mark, bad ranges, the reuse checkpoint,
//! the journal's records). Must not know files, directories, segments or logs: the caller reads the file and
//! passes its bytes.

pub(crate) mod bad_ranges;
pub(crate) mod batch;
pub(crate) mod checkpoint;
pub(crate) mod compress;
mod crc_shift;
pub(crate) mod decompress;
pub(crate) mod durability_mark;
pub(crate) mod epochs;
pub(crate) mod journal_record;
pub(crate) mod records;
pub(crate) mod reuse_checkpoint;
pub(crate) mod skim;
