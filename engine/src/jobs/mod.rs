//! What a log does beside appending and reading.
//!
//! Each file is a value that owns its state as an enum and says what is to be done. None knows a partition, a task or a directory
//! but those that it is handed; `partition/` runs them.

pub(crate) mod commit;
pub(crate) mod hw_waiters;
pub(crate) mod preallocate;
pub(crate) mod reclaim;
pub(crate) mod rollback;
pub(crate) mod running;
pub(crate) mod segment_reuse;
pub(crate) mod side_files;
pub(crate) mod spare;
pub(crate) mod upkeep;
pub(crate) mod visibility;
