//! The log: partitions, segments, indexes, group commit, recovery, retention, producer state.
//!
//! A [`Partition`] belongs to one core. The appends of one turn of that core's loop are staged, and the core's
//! [`TurnWriter`] writes them together. One sync then makes everything durable that was written before it. What
//! Kafka has on disk has Kafka's format and names; the durability mark and two checkpoint files are our own (`docs/format.md`).
//!
//! ```text
//! partition/   the handle: the only Rc, the only spawn. append read upkeep open close, turn_writer (one per core)
//! check/       looks at a partition's files and changes none
//! jobs/        what a log does besides: each job a value that says what is due, and knows no partition
//! log/         segments, cursors, producers, epochs, staging: a plain value, no Rc of its own, no await
//! recover/     what the files hold after a stop
//! segment/     a .log file and the files beside it
//! format/      bytes <-> values
//! ```
//!
//! Each room uses only those below it. Below all of them are plain values: `config`, `directory`, `error`, `limits`,
//! `offset`.
//!
//! Reading order: `format::batch` (what is stored), `log` (the cursors and their rules), `partition::append` ->
//! `partition::turn_writer` -> `partition::commit`, `partition::read`, then `recover::log_scan` and `recover::damage`.
//!
//! Not in this crate: locks, sockets, the wire protocol. The produce path does not read single records as long as the
//! batch's header says enough (`record_rules`).

mod check;
mod config;
mod directory;
mod error;
pub mod fault_points;
mod format;
#[doc(hidden)]
pub mod fuzzing;
mod jobs;
mod journal;
mod limits;
mod log;
mod offset;
mod partition;
mod recover;
mod segment;
#[cfg(test)]
mod test_random;

pub use check::{Finding, LogChecker, LogReport, Severity};
pub use config::{CleanupPolicy, LogConfig, TimestampType};
pub use directory::{TopicId, TopicPartition};
pub use error::{AppendAsIsError, AppendError, OpenError, ProducerError, ReadError, TruncateError};
pub use format::bad_ranges::BadRange;
pub use format::batch::{
    Attributes, Batch, BatchError, BatchHeader, Codec, StampedBatch, UncheckedBatch, crc32c,
};
pub use format::checkpoint::OffsetsByPartition;
pub use format::compress::Compression;
pub use format::epochs::EpochStart;
pub use format::records::{BadRecord, BatchBuilder, Headers, LoggedBatch, Record, Records};
pub use jobs::hw_waiters::{Seen, Watcher};
pub use jobs::upkeep::Upkeep;
pub use journal::found::{FoundJournals, InJournal};
pub use journal::open::JournalFiles;
pub use journal::records::JournalFault;
pub use journal::shared::{JournalCounts, JournalStatus};
pub use journal::void::{discard_journals, has_journals};
pub use limits::{BATCH_HEADER_BYTES, COMMIT_LINGER, DECOMPRESSED_BYTES_MAX, JOURNALED_LINGER};
pub use log::epochs::LeaderEpochs;
pub use log::producers::AppendOrigin;
pub use log::record_rules::{LookBudget, LookError, RecordRules};
pub use log::record_times::{NO_TIMESTAMP, TimestampRules};
pub use offset::{FilePosition, LeaderEpoch, Offset};
pub use partition::append::{Ack, Awaits, PendingAck};
pub use partition::append_times::AppendTimes;
pub use partition::journal_writer::JournalEnd;
pub use partition::open::OpenLog;
pub use partition::read::{Isolation, ReadOutcome};
pub use partition::replayed::{ReplayStop, Replayed};
pub use partition::settle::Settling;
pub use partition::state::TurnWriter;
pub use partition::timestamps::FoundByTime;
pub use partition::watching::Watching;
pub use partition::{NotDurable, Partition};
pub use recover::checkpoint_files::{Checkpoint, CheckpointFiles, CheckpointPart, LastStop};
pub use recover::log_directory::{
    FoundDirectories, find_partitions, read_topic_id, remove_partition, write_topic_id,
};
pub use recover::recovered_log::RecoveryReport;
pub use segment::side_files::index::TimestampOffset;
pub use segment::side_files::offset_index::OffsetIndex;
pub use segment::side_files::time_index::TimeIndex;
