//! Record batch v2 as loadgen writes and reads it. The code is loadgen's own, so a bug of the broker cannot hide
//! behind the same bug here.
//!
//! ```text
//! base_offset i64 | batch_length i32 | leader_epoch i32 | magic i8 = 2 | crc u32 |
//! attributes i16 | last_offset_delta i32 | base_timestamp i64 | max_timestamp i64 |
//! producer_id i64 | producer_epoch i16 | base_sequence i32 | record_count i32 | records (maybe compressed)
//! ```
//! `batch_length` counts from `leader_epoch`; the CRC-32C covers everything from `attributes` on.

pub mod build;
pub mod parse;
pub mod stamp;
pub mod varint;

/// Bytes before the records.
pub const BATCH_HEADER_BYTES: usize = 61;
/// What `batch_length` does not count: `base_offset` and itself.
pub const BATCH_PREFIX_BYTES: usize = 12;
/// Where the checksummed part begins.
pub const ATTRIBUTES_AT: usize = 21;
/// Nothing is decompressed beyond this: a batch can't ask for all memory.
pub const UNCOMPRESSED_BYTES_MAX: usize = 256 << 20;

/// The checksum of a batch whose bytes (header included) are `batch`.
pub fn batch_crc(batch: &[u8]) -> u32 {
    crc_fast::crc32_iscsi(&batch[ATTRIBUTES_AT..])
}
