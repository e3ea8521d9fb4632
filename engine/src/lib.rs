//! The log: partitions, segments, indexes, group commit, recovery, retention, producer state.
//!
//! A [`Partition`] belongs to one core. Appends of one turn of that core's loop are staged and written together by
//! its [`Flusher`]; one sync then makes durable all that was written before it. Everything on disk is Kafka's format,
//! to the file name.
//!
//! Reading order: [`batch`] (what travels), `log` (the cursors and their rules), [`append`] -> `staging` ->
//! [`flush`], [`read`], then `recover` and `damage`.
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

pub use config::{CleanupPolicy, LogConfig, TimestampType};
pub use directory::TopicPartition;
pub use error::{AppendError, OpenError, ProducerError, ReadError};
pub use format::batch::{Attributes, Batch, BatchError, BatchHeader, Codec, UncheckedBatch};
pub use format::records::{BadRecord, BatchBuilder, LoggedBatch, Record, Records};
pub use format::{batch, offset_index, time_index};
pub use jobs::commit::Flusher;
pub use jobs::hw_waiters::{Seen, Watcher, Watching};
pub use jobs::upkeep::Upkeep;
pub use log::epochs::LeaderEpochs;
pub use log::producers::AppendOrigin;
pub use log::record_times;
pub use log::record_times::{LookBudget, LookError, TimestampRules};
pub use offset::{FilePosition, LeaderEpoch, Offset};
pub use partition::Partition;
pub use partition::append::{Ack, PendingAck};
pub use partition::append_times::AppendTimes;
pub use partition::open::OpenLog;
pub use partition::read::{Isolation, ReadOutcome};
pub use partition::settle::Settling;
pub use partition::timestamps::FoundByTime;
pub use recover::checkpoint_files::{Checkpoint, CheckpointFiles, LastStop};
pub use recover::log_directory::{find_partitions, read_topic_id, remove_partition, write_topic_id};
pub use recover::recovered_log::RecoveryReport;
