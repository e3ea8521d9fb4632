//! The log: partitions, segments, indexes, group commit, recovery, retention, producer state.
//!
//! A [`Partition`] belongs to one core. Appends of one turn of that core's loop are staged and written together by
//! its [`TurnWriter`]; one sync then makes durable all that was written before it. Everything on disk is Kafka's format,
//! to the file name.
//!
//! ```text
//! partition/   the handle: the only Rc, the only spawn. append read upkeep open close, turn_writer (one per core)
//! jobs/        what a log does besides: each job a value that says what is due, and knows no partition
//! log/         segments, cursors, producers, epochs, staging: a plain value, no Rc of its own, no await
//! recover/     what the files hold after a stop
//! segment/     a .log file and the files beside it
//! format/      bytes <-> values
//! ```
//!
//! Reading order: [`batch`] (what travels), `log::cursors` and `log`, `partition::append` -> `partition::turn_writer` ->
//! `partition::commit`, `partition::read`, then `recover` and `damage`.
//!
//! Absent on purpose: locks, sockets, the wire protocol, and any look into a record on the produce path where the batch's
//! header says enough (`record_times`).

pub mod config;
pub mod directory;
mod error;
pub mod fault_points;
pub mod format;
#[doc(hidden)]
pub mod fuzzing;
pub mod jobs;
pub mod limits;
pub mod log;
pub mod offset;
pub mod partition;
pub mod recover;
mod segment;
#[cfg(test)]
mod test_random;

pub use config::CleanupPolicy;
pub use config::LogConfig;
pub use config::TimestampType;
pub use directory::TopicPartition;
pub use error::AppendAsIsError;
pub use error::AppendError;
pub use error::OpenError;
pub use error::ProducerError;
pub use error::ReadError;
pub use error::TruncateError;
pub use format::batch;
pub use format::batch::Attributes;
pub use format::batch::Batch;
pub use format::batch::BatchError;
pub use format::batch::BatchHeader;
pub use format::batch::Codec;
pub use format::batch::UncheckedBatch;
pub use format::offset_index;
pub use format::records::BadRecord;
pub use format::records::BatchBuilder;
pub use format::records::LoggedBatch;
pub use format::records::Record;
pub use format::records::Records;
pub use format::time_index;
pub use jobs::hw_waiters::Seen;
pub use jobs::hw_waiters::Watcher;
pub use jobs::upkeep::Upkeep;
pub use log::epochs::LeaderEpochs;
pub use log::producers::AppendOrigin;
pub use log::record_times;
pub use log::record_times::LookBudget;
pub use log::record_times::LookError;
pub use log::record_times::TimestampRules;
pub use offset::FilePosition;
pub use offset::LeaderEpoch;
pub use offset::Offset;
pub use partition::Partition;
pub use partition::append::Ack;
pub use partition::append::PendingAck;
pub use partition::append_times::AppendTimes;
pub use partition::open::OpenLog;
pub use partition::read::Isolation;
pub use partition::read::ReadOutcome;
pub use partition::settle::Settling;
pub use partition::timestamps::FoundByTime;
pub use partition::turn_writer::TurnWriter;
pub use partition::watching::Watching;
pub use recover::checkpoint_files::Checkpoint;
pub use recover::checkpoint_files::CheckpointFiles;
pub use recover::checkpoint_files::LastStop;
pub use recover::log_directory::find_partitions;
pub use recover::log_directory::read_topic_id;
pub use recover::log_directory::remove_partition;
pub use recover::log_directory::write_topic_id;
pub use recover::recovered_log::RecoveryReport;
