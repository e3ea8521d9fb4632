//! What the groups' state machine runs in: a clock, the partition's log, and those who wait for replies.
//!
//! This room owns a core's coordinators and the way to each. It must not decide what a group does: the rest of
//! `groups` decides that, and knows nothing of this room.
//!
//! `hosted` drives the coordinator of one partition of `__consumer_offsets`. `load` reads its log at a start,
//! `folding` says when the log is written anew. `coordinators` are those of a core, and `routing` finds the one that
//! a request wants.

mod coordinators;
mod folding;
mod hosted;
mod load;
pub(crate) mod question;
mod routing;

pub(crate) use coordinators::Coordinators;
pub(crate) use routing::{ask, ask_for_reply, host, list_all};
