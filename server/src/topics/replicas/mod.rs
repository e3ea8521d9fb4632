//! A core's own part in topics: it opens, changes and removes the partitions that it owns.
//!
//! This room owns these steps, and the list of removals to be tried again. It does what the controller asks, and
//! answers what it could not do. It must not decide anything about topics, nor know another core.

mod open;
pub(crate) mod opening;
mod pending_removals;
mod remove;
mod update;

pub(crate) use open::open;
pub(crate) use pending_removals::PendingRemovals;
pub(crate) use remove::{remove, retry_removals};
pub(crate) use update::{roll_back_update, update};
