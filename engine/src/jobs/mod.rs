//! The background jobs of a log: everything beside appending and reading.
//!
//! Each file is a value. It owns the job's state as an enum and says what is to be done; `partition/` does it, but for the IO
//! that is passed a file or a directory (`commit`, `preallocate`, `segment_reuse`). A job
//! must not know a partition, and knows a task or a directory only if it is passed one.

pub(crate) mod commit;
pub(crate) mod hw_waiters;
pub(crate) mod preallocate;
pub(crate) mod reclaim;
pub(crate) mod rollback;
pub(crate) mod running;
pub(crate) mod segment_reuse;
pub(crate) mod side_files;
pub(crate) mod spare;
pub(crate) mod sync_queue;
pub(crate) mod upkeep;
pub(crate) mod visibility;
pub(crate) mod write_back;
