//! What a log does beside appending and reading: committing, retention, reuse of segments, taking back.
//!
//! Each job owns its own state.

pub(crate) mod claim;
pub mod flush;
pub(crate) mod give_up;
pub(crate) mod recycle;
#[cfg(test)]
mod recycle_tests;
pub mod settle;
pub mod upkeep;
pub mod watch;
