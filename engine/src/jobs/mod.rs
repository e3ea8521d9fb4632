//! What a log does beside appending and reading: committing, retention, reuse of segments, taking back.
//!
//! Each job owns its own state.

pub mod commit;
pub mod hw_waiters;
pub(crate) mod preallocate;
pub(crate) mod rollback;
pub(crate) mod segment_reuse;
#[cfg(test)]
mod segment_reuse_tests;
pub mod upkeep;
