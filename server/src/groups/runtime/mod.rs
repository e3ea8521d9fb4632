//! What the state machine of the groups runs in: a clock, the partition's log, and those who wait for replies.
//!
//! `hosted` drives the coordinator of each partition of `__consumer_offsets` that the core owns; `folding` keeps the log
//! from growing without end. Nothing here decides what a group does: that is the rest of `groups`, which knows nothing of
//! this.

mod folding;
mod hosted;

pub(crate) use hosted::{Coordinators, ask, ask_for_reply, code_of, host, list_all};
