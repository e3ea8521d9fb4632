//! A core's own part in topics: it opens, changes and removes the partitions that it owns.
//!
//! It does what the controller asks, and answers what it could not do. It decides nothing about topics, and knows no other
//! core.

mod open;
mod pending_removals;

pub(crate) use open::{open, remove, take_back_update, update};
pub(crate) use pending_removals::{Leftovers, remove_leftovers};
