//! Every limit of the log in one place, and the relations between them, proved when this compiles.

use core::time::Duration;

/// Bytes of a record batch's header, version 2.
pub const BATCH_HEADER_BYTES: usize = 61;

/// Bytes before the part of a batch that its own length field counts (base offset and the length itself).
pub(crate) const BATCH_PREFIX_BYTES: usize = 12;

/// The fewest bytes an uncompressed record can take: six one-byte varints and its attributes.
pub(crate) const RECORD_BYTES_MIN: usize = 7;

/// No batch may be larger than this, whatever a topic's `max.message.bytes` says: lengths are `i32` on disk.
pub(crate) const BATCH_BYTES_MAX: usize = 1 << 30;

/// Offset indexes hold positions as `i32`, so no segment grows beyond this.
pub(crate) const SEGMENT_BYTES_MAX: u64 = i32::MAX as u64;

/// Batches remembered per idempotent producer; clients keep at most five requests in flight.
pub(crate) const PRODUCER_BATCHES: usize = 5;

/// Bodies below this are copied behind their header so that one buffer carries many small batches;
/// larger ones are written from where the network left them.
pub(crate) const COPY_BODY_BYTES: usize = 4096;

/// Staged bytes of one partition at which it is written at once instead of at the end of the turn.
pub(crate) const STAGED_BYTES_MAX: usize = 16 << 20;

/// Staged buffers of one partition at which it is written at once (the kernel takes 1024 per `pwritev`).
pub(crate) const STAGED_PARTS_MAX: usize = 1000;

/// What a partition keeps of its staging buffer between turns.
pub(crate) const STAGING_KEPT_BYTES: usize = 256 << 10;

/// Disk is preallocated only on a volume that has this many times as much left.
pub(crate) const PREALLOCATE_ROOM_FACTOR: u64 = 4;

/// Batch boundaries near the end of the log that are remembered so that tail reads touch no file.
pub(crate) const RECENT_BATCHES: usize = 512;

/// Bytes read at once while batch headers are looked through behind an index entry.
pub(crate) const HEADER_SCAN_BYTES: usize = 8 << 10;

/// Bytes read at once by recovery.
pub(crate) const RECOVERY_READ_BYTES: usize = 1 << 20;

/// Records of one batch are decompressed up to this, no further.
pub const DECOMPRESSED_BYTES_MAX: usize = 64 << 20;

/// Records that one produce request may have looked at on its core, some nanoseconds each; more are looked at off the core.
pub(crate) const LOOK_AT_ONCE_RECORDS: usize = 16 << 10;

/// Records of one batch that a refusal names.
pub(crate) const BLAMED_RECORDS_MAX: usize = 1000;

/// How long written bytes may wait for their sync while nobody waits for it: no durable ack, no parked fetch.
pub const COMMIT_LINGER: Duration = Duration::from_millis(10);

/// What a lost sector measures: the smallest unit a torn write leaves whole.
pub(crate) const SECTOR_BYTES: usize = 512;

/// What the page cache holds a file in: a page that is written whole is never read first.
pub(crate) const PAGE_BYTES: u64 = 4096;

/// A deleted segment is reused only if this many percent of it are in memory: its headers are looked at first.
pub(crate) const REUSE_CACHED_PERCENT: u64 = 90;

/// Batches of a deleted segment looked at between two yields.
pub(crate) const WIPE_STEP_BATCHES: usize = 256;

/// A checkpoint or snapshot file larger than this is taken for damaged, not read.
pub(crate) const SIDE_FILE_BYTES_MAX: u64 = 256 << 20;

const _: () = assert!(BATCH_PREFIX_BYTES < BATCH_HEADER_BYTES);
const _: () = assert!(BATCH_BYTES_MAX as u64 <= SEGMENT_BYTES_MAX);
const _: () = assert!(COPY_BODY_BYTES < STAGED_BYTES_MAX);
const _: () = assert!(STAGED_PARTS_MAX < 1024);
const _: () = assert!(HEADER_SCAN_BYTES >= BATCH_HEADER_BYTES);
const _: () = assert!(RECOVERY_READ_BYTES > BATCH_HEADER_BYTES);
