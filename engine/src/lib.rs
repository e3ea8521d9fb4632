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

pub mod append;
mod append_times;
pub mod bad_ranges;
pub mod batch;
pub mod checkpoint;
mod claim;
mod close;
pub mod config;
mod damage;
mod decompress;
pub mod directory;
pub mod epochs;
pub mod flush;
#[doc(hidden)]
pub mod fuzzing;
mod give_up;
mod lazy_file;
pub mod limits;
mod log;
mod mark;
pub mod offset;
pub mod offset_index;
pub mod open;
mod open_files;
pub mod partition;
pub mod planted;
mod producer_snapshot;
pub mod producers;
mod progress;
pub mod read;
pub mod record_times;
pub mod records;
pub mod recover;
mod recycle;
#[cfg(test)]
mod recycle_tests;
mod recycled;
mod scan;
mod segment;
mod segment_files;
pub mod settle;
mod staging;
pub mod time_index;
pub mod timestamps;
pub mod upkeep;
pub mod watch;
mod wipe;

pub use append::{Ack, AppendError, PendingAck};
pub use append_times::AppendTimes;
pub use batch::{Attributes, Batch, BatchError, BatchHeader, Codec, UncheckedBatch};
pub use checkpoint::{Checkpoint, CheckpointFiles};
pub use config::{CleanupPolicy, LogConfig, TimestampType};
pub use directory::TopicPartition;
pub use flush::Flusher;
pub use offset::{FilePosition, LeaderEpoch, Offset};
pub use open::OpenLog;
pub use partition::Partition;
pub use producers::{AppendOrigin, ProducerError};
pub use read::{Isolation, ReadError, ReadOutcome};
pub use record_times::{LookBudget, LookError, TimestampRules};
pub use records::{BadRecord, BatchBuilder, LoggedBatch, Record, Records};
pub use recover::{OpenError, RecoveryReport};
pub use settle::Settling;
pub use timestamps::FoundByTime;
pub use upkeep::Upkeep;
pub use watch::{Seen, Watcher, Watching};
