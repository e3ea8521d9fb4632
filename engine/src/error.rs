//! Why the log refuses, and what an error of the system means to it.

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
    /// A batch no client may send.
    #[error("invalid record batch: {0}")]
    InvalidRecord(&'static str),
    /// A timestamp outside what the topic allows, or of a type only the broker sets.
    #[error("invalid timestamp: {0}")]
    InvalidTimestamp(&'static str),
    /// An idempotent producer's batch out of turn.
    #[error(transparent)]
    Producer(#[from] ProducerError),
    /// No room on the disk. Nothing was appended; later appends may succeed.
    #[error("no space left for the log")]
    DiskFull,
    /// No descriptor for the log's file, in this process or in the system. Nothing was appended; later appends may succeed.
    #[error("no descriptor left for the log's file (ulimit -n)")]
    NoDescriptor,
    /// A write or sync failed; the log refuses appends until restart and recovery.
    #[error("the log's storage failed")]
    Storage,
    /// The log's end is being cut, or was cut before the batch: it is not in the log. Later appends may succeed.
    #[error("the log's end was cut")]
    Truncated,
    /// The partition was closed or deleted.
    #[error("the partition is closed")]
    Closed,
}

/// Why a batch that carries its offsets and its leader epoch was not appended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum AppendAsIsError {
    /// It is not the next one.
    #[error("the batch begins at offset {base}, and the log goes on at {next}")]
    OutOfOrder {
        /// Where it begins.
        base: Offset,
        /// Where the next batch begins.
        next: Offset,
    },
    /// The log holds batches of a later leader.
    #[error("the batch has leader epoch {epoch}, and the log holds {latest}")]
    OlderEpoch {
        /// The batch's.
        epoch: LeaderEpoch,
        /// The log's newest.
        latest: LeaderEpoch,
    },
    /// As of any append.
    #[error(transparent)]
    Append(#[from] AppendError),
}

/// Why a log's end was not cut.
#[derive(Debug, Error)]
pub enum TruncateError {
    /// There is nothing left to cut to.
    #[error("offset {offset} lies before the log's start, {log_start}")]
    BelowLogStart {
        /// Where it was to be cut.
        offset: Offset,
        /// Where the log starts.
        log_start: Offset,
    },
    /// The files could not be read, or the recovery point not be lowered: the log is as it was. A file that could not be cut
    /// is a fault of the log's storage: it refuses appends until restart and recovery, which find a log that ends where it was
    /// to be cut or behind that.
    #[error("cutting the log's end failed")]
    Storage(#[from] io::Error),
    /// The partition was closed or deleted, or a write or sync failed before.
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
    /// A newer incarnation of the producer has appended.
    #[error("producer epoch {got} is older than {current}")]
    InvalidEpoch {
        /// Epoch of the batch.
        got: i16,
        /// Epoch in force.
        current: i16,
    },
    /// A plain batch while the producer's transaction is open.
    #[error("not transactional while a transaction is open")]
    InvalidTransactionState,
}

/// Why nothing could be read.
#[derive(Debug, Error)]
pub enum ReadError {
    /// Below the log's start or above its end.
    #[error("offset {offset} is outside {log_start}..={log_end}")]
    OutOfRange {
        /// What was asked for.
        offset: Offset,
        /// Where the log starts.
        log_start: Offset,
        /// Where it ends.
        log_end: Offset,
    },
    /// The bytes are damaged; `resume` is the first sound offset behind them.
    #[error("offset {offset} is damaged, the next sound one is {resume}")]
    Corrupt {
        /// What was asked for.
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
    /// Files that must be there are not: an empty log in their place would lose what they hold, and use its offsets again.
    #[error(
        "its segments are missing, although it held records up to offset {0}: bring its files back, or delete its topic"
    )]
    Missing(Offset),
    /// The same of the oldest ones.
    #[error(
        "its first segments are missing: it began at offset {start}, and the first one there at {first}; bring their files \
         back, or remove its leader-epoch-checkpoint to go on without them"
    )]
    FirstMissing {
        /// Where the log began.
        start: Offset,
        /// Where the first segment begins that is there.
        first: Offset,
    },
}

/// What an append is told that found no room for a file or in it.
pub(crate) fn no_room(error: &io::Error) -> AppendError {
    if has_no_descriptor(error) { AppendError::NoDescriptor } else { AppendError::DiskFull }
}

/// Whether there is no room for a file or in it: the next try may succeed.
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

/// Says of an error, which tells only what went wrong, with which file.
pub(crate) fn naming(path: &Path) -> impl FnOnce(io::Error) -> io::Error + use<'_> {
    |error| io::Error::new(error.kind(), format!("{}: {error}", path.display()))
}
