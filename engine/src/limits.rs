//! Every limit of the log, in one place. The relations between them are checked at compile time.

use core::time::Duration;

/// Bytes of a record batch's header, version 2.
pub const BATCH_HEADER_BYTES: usize = 61;

/// The bytes of a batch that its own length field does not count: the base offset and the length itself.
pub(crate) const BATCH_PREFIX_BYTES: usize = 12;

/// The fewest bytes an uncompressed record can take: six one-byte varints and its attributes.
pub(crate) const RECORD_BYTES_MIN: usize = 7;

/// Where a batch's header changes, the checksum of records of at least so many bytes is not computed again: what changes of
/// it follows from the header. For fewer bytes that takes longer than computing it.
pub(crate) const CRC_SHIFT_FROM_BYTES: usize = 64 << 10;

/// No batch may be larger than this, whatever a topic's `max.message.bytes` says: lengths are `i32` on disk.
pub(crate) const BATCH_BYTES_MAX: usize = 1 << 30;

/// Offset indexes hold positions as `i32`, so no segment grows beyond this.
pub(crate) const SEGMENT_BYTES_MAX: u64 = i32::MAX as u64;

/// The number of batches that are remembered per idempotent producer. Clients keep at most five requests in flight.
pub(crate) const PRODUCER_BATCHES: usize = 5;

/// Bodies smaller than this are copied behind their header, so one buffer carries many small batches. Larger ones are
/// written from where the network left them.
pub(crate) const COPY_BODY_BYTES: usize = 4096;

/// When a partition has staged this many bytes, they are written at once instead of at the end of the turn.
pub(crate) const STAGED_BYTES_MAX: usize = 16 << 20;

/// When a partition has staged this many buffers, they are written at once (the kernel takes 1024 per `pwritev`).
pub(crate) const STAGED_PARTS_MAX: usize = 1000;

/// How much of its staging buffer a partition keeps between turns.
pub(crate) const STAGING_KEPT_BYTES: usize = 256 << 10;

/// Disk space is preallocated only if the volume has this many times as much left.
pub(crate) const PREALLOCATE_ROOM_FACTOR: u64 = 4;

/// The number of batch boundaries near the log's end that are remembered, so that reads there touch no file.
pub(crate) const RECENT_BATCHES: usize = 512;

/// How many bytes are read at a time to look for a batch header behind an index entry.
pub(crate) const HEADER_SCAN_BYTES: usize = 8 << 10;

/// How many bytes recovery reads at a time.
pub(crate) const RECOVERY_READ_BYTES: usize = 1 << 20;

/// The records of one batch are decompressed up to this size.
pub const DECOMPRESSED_BYTES_MAX: usize = 64 << 20;

/// The number of records whose timestamps one produce request may check on its core, some nanoseconds each. More are
/// checked off the core.
pub(crate) const LOOK_AT_ONCE_RECORDS: usize = 16 << 10;

/// A compressed batch whose records take no more bytes than this may be decompressed on its core ...
pub(crate) const LOOK_AT_ONCE_BYTES: usize = 4 << 10;

/// ... as long as that gives no more bytes than this.
pub(crate) const LOOK_AT_ONCE_PLAIN_BYTES: usize = 16 << 10;

/// The time that this takes at most, in records that are checked.
pub(crate) const LOOK_AT_ONCE_DECOMPRESSION: usize = 2 << 10;

/// The largest number of records that a refusal of their batch names.
pub(crate) const BLAMED_RECORDS_MAX: usize = 1000;

/// How long written bytes that are not durable wait for the turn of their sync while nobody waits for it: no durable ack, no
/// parked fetch and no question about the end.
pub const COMMIT_LINGER: Duration = Duration::from_secs(1);

/// How long bytes wait for the turn of their sync that the journal has made durable. Its ring asks earlier if it fills. A
/// sync adds nothing to what they are promised then, but a log that has come to rest is to need the journal no more.
pub const JOURNALED_LINGER: Duration = Duration::from_secs(5);

/// When a partition has this many bytes unsynced, it is the turn of their sync, although nobody waits for it.
pub(crate) const UNSYNCED_BYTES: u64 = 64 << 20;

/// The number of syncs of a core that nobody waits for and that may be in flight. Usually it is one: see `sync_queue`.
pub(crate) const BACKGROUND_SYNCS: usize = 8;

/// How long a log rests after a sync before its durability mark is written again.
pub(crate) const MARK_LINGER: Duration = Duration::from_millis(10);

/// The size of a sector: the smallest unit that a torn write leaves whole.
pub(crate) const SECTOR_BYTES: usize = 512;

/// The size of a page of the page cache. A page that is written whole need not be read first.
pub(crate) const PAGE_BYTES: u64 = 4096;

/// A deleted segment is reused only if this many percent of it are in memory, because its headers are read first.
pub(crate) const REUSE_CACHED_PERCENT: u64 = 90;

/// The number of batches of a deleted segment that are checked between two yields.
pub(crate) const WIPE_STEP_BATCHES: usize = 256;

/// The journal is written in blocks of this size, at positions that are multiples of it.
pub(crate) const JOURNAL_BLOCK_BYTES: usize = 4096;

/// A partition with more bytes than this to make durable is synced, and does not use the journal.
pub(crate) const JOURNAL_PIECE_BYTES_MAX: u64 = 64 << 10;

/// How long the broker is silent after it has said that a core's journal is full.
pub(crate) const JOURNAL_FULL_SILENCE: Duration = Duration::from_secs(60);

/// The largest record of the journal, in bytes.
pub(crate) const JOURNAL_RECORD_BYTES_MAX: usize = 256 << 10;

/// So many findings of a check are kept for each partition. The others are counted.
pub(crate) const CHECK_FINDINGS_MAX: usize = 100;

/// A checkpoint or snapshot file larger than this counts as damaged and is not read.
pub(crate) const SIDE_FILE_BYTES_MAX: u64 = 256 << 20;

const _: () = assert!(BATCH_PREFIX_BYTES < BATCH_HEADER_BYTES);
const _: () = assert!(COMMIT_LINGER.as_nanos() <= JOURNALED_LINGER.as_nanos());
const _: () = assert!(BATCH_BYTES_MAX as u64 <= SEGMENT_BYTES_MAX);
const _: () = assert!(COPY_BODY_BYTES < STAGED_BYTES_MAX);
const _: () = assert!(STAGED_PARTS_MAX < 1024);
const _: () = assert!(HEADER_SCAN_BYTES >= BATCH_HEADER_BYTES);
const _: () = assert!(LOOK_AT_ONCE_BYTES < LOOK_AT_ONCE_PLAIN_BYTES);
const _: () = assert!(LOOK_AT_ONCE_DECOMPRESSION < LOOK_AT_ONCE_RECORDS);
const _: () = assert!(RECOVERY_READ_BYTES > BATCH_HEADER_BYTES);
const _: () = assert!(JOURNAL_PIECE_BYTES_MAX < JOURNAL_RECORD_BYTES_MAX as u64 / 2);
const _: () = assert!(JOURNAL_RECORD_BYTES_MAX.is_multiple_of(JOURNAL_BLOCK_BYTES));
