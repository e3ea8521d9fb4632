//! Why the log refuses a call, and what an error of the operating system means to the log.

use std::io;
use std::path::Path;

use thiserror::Error;

use crate::offset::{LeaderEpoch, Offset};

/// Why a batch was not appended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum AppendError {
    /// Larger than `max.message.bytes`.
    #[error("batch of {size_bytes} bytes is larger than the topic's maximum, {max_bytes}")]
    TooLarge {
        /// The batch's size.
        size_bytes: usize,
        /// The topic's `max.message.bytes`.
        max_bytes: usize,
    },
    /// A batch that no client may send.
    #[error("invalid record batch: {0}")]
    InvalidRecord(&'static str),
    /// A timestamp that the topic does not allow, or a timestamp type that only the broker sets.
    #[error("invalid timestamp: {0}")]
    InvalidTimestamp(&'static str),
    /// An idempotent producer may not append this batch: see [`ProducerError`].
    #[error(transparent)]
    Producer(#[from] ProducerError),
    /// The disk is full. Nothing was appended; later appends may succeed.
    #[error("no space left for the log")]
    DiskFull,
    /// This process, or the system, has no file descriptor left for the log's file. Nothing was appended; later appends
    /// may succeed.
    #[error("no descriptor left for the log's file (ulimit -n)")]
    NoDescriptor,
    /// A write or a sync failed. The log refuses appends until a restart has recovered it.
    #[error("the log's storage failed")]
    Storage,
    /// The log is being truncated, or was truncated to an offset before the batch, so the batch is not in the log.
    /// Later appends may succeed.
    #[error("the log was truncated")]
    Truncated,
    /// The partition was closed or deleted.
    #[error("the partition is closed")]
    Closed,
}

/// Why a batch was not appended that already carries its offsets and its leader epoch.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum AppendAsIsError {
    /// The batch is not the next one.
    #[error("the batch begins at offset {base}, but the log ends at {next}")]
    OutOfOrder {
        /// The first offset of the batch.
        base: Offset,
        /// The offset at which the next batch must begin.
        next: Offset,
    },
    /// The log holds batches of a later leader epoch.
    #[error("the batch has leader epoch {}, but the log already holds {latest}", epoch.map_or(-1, LeaderEpoch::get))]
    OlderEpoch {
        /// The batch's leader epoch, if it has one.
        epoch: Option<LeaderEpoch>,
        /// The newest leader epoch in the log.
        latest: LeaderEpoch,
    },
    /// A reason for which any append can fail.
    #[error(transparent)]
    Append(#[from] AppendError),
}

/// Why a log was not truncated.
#[derive(Debug, Error)]
pub enum TruncateError {
    /// The offset lies before the log's start, so nothing would be left.
    #[error("offset {offset} lies before the log's start, {log_start}")]
    BelowLogStart {
        /// The offset that the log was to be truncated to.
        offset: Offset,
        /// Where the log starts.
        log_start: Offset,
    },
    /// The files could not be read, or the recovery point could not be lowered: then the log is unchanged. If a file
    /// could not be cut, the log's storage has failed: the log refuses appends until a restart has recovered it.
    /// Recovery then finds a log that ends at the offset that was asked for, or behind it.
    #[error("truncating the log failed")]
    Storage(#[from] io::Error),
    /// The partition was closed or deleted, or a write or a sync failed before.
    #[error(transparent)]
    Refused(#[from] AppendError),
}

/// Why an idempotent producer's batch is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum ProducerError {
    /// The sequence does not follow the last one.
    #[error("sequence {got} does not follow {last}")]
    OutOfOrderSequence {
        /// First sequence of the batch.
        got: i32,
        /// Last sequence appended.
        last: i32,
    },
    /// A newer epoch of the same producer has appended.
    #[error("producer epoch {got} is older than {current}")]
    InvalidEpoch {
        /// The epoch of the batch.
        got: i16,
        /// The producer's current epoch.
        current: i16,
    },
    /// A batch that is not transactional, while the producer's transaction is open.
    #[error("not transactional while a transaction is open")]
    InvalidTransactionState,
}

/// Why nothing was read.
#[derive(Debug, Error)]
pub enum ReadError {
    /// The offset lies below the log's start or above its end.
    #[error("offset {offset} is outside {log_start}..={log_end}")]
    OutOfRange {
        /// The offset that was asked for.
        offset: Offset,
        /// Where the log starts.
        log_start: Offset,
        /// Where the log ends.
        log_end: Offset,
    },
    /// The batch is damaged. `resume` is the first sound offset behind the damage.
    #[error("offset {offset} is damaged, the next sound one is {resume}")]
    Corrupt {
        /// The offset that was asked for.
        offset: Offset,
        /// The first sound offset behind the damage.
        resume: Offset,
    },
    /// The file could not be read.
    #[error("reading the log failed")]
    Storage(#[from] io::Error),
    /// The partition was closed or deleted.
    #[error("the partition is closed")]
    Closed,
}

/// Why a partition could not be opened.
#[derive(Debug, Error)]
pub enum OpenError {
    /// The files could not be read or written.
    #[error("{0}")]
    Io(#[from] io::Error),
    /// Files are missing that must exist. A new, empty log would lose their records and use their offsets again.
    #[error(
        "its segments are missing, but it held records up to offset {0}: restore its files, or delete its topic"
    )]
    Missing(Offset),
    /// The oldest files are missing that must exist.
    #[error(
        "its first segments are missing: it began at offset {start}, and its first segment begins at {first}; restore the \
         files, or remove its leader-epoch-checkpoint to go on without them"
    )]
    FirstMissing {
        /// Where the log started.
        start: Offset,
        /// The base offset of the first segment that exists.
        first: Offset,
    },
    /// Batches that only the journal holds could not be appended.
    #[error("what its core's journal holds of it could not be appended: {0}")]
    Replay(AppendError),
}

/// The answer to an append for which there was no disk space, or no descriptor.
pub(crate) fn no_room(error: &io::Error) -> AppendError {
    if has_no_descriptor(error) { AppendError::NoDescriptor } else { AppendError::DiskFull }
}

/// Whether there was no disk space or no descriptor for a file. The next try may succeed.
pub(crate) fn is_disk_full(error: &io::Error) -> bool {
    use io::ErrorKind::{FileTooLarge, QuotaExceeded, StorageFull};
    matches!(error.kind(), StorageFull | QuotaExceeded | FileTooLarge) || has_no_descriptor(error)
}

/// Whether the process (EMFILE) or the system (ENFILE) had no descriptor left.
pub(crate) fn has_no_descriptor(error: &io::Error) -> bool {
    const ENFILE: i32 = 23;
    const EMFILE: i32 = 24;
    matches!(error.raw_os_error(), Some(ENFILE | EMFILE))
}

/// Adds the file's path to an error, which by itself only says what went wrong.
pub(crate) fn naming(path: &Path) -> impl FnOnce(io::Error) -> io::Error + use<'_> {
    |error| io::Error::new(error.kind(), format!("{}: {error}", path.display()))
}
