//! What the state machine of the groups runs in: a clock, the partition's log, and those who wait for replies.
//!
//! `hosted` drives the coordinator of one partition of `__consumer_offsets`; `load` reads its log at a start, `folding` says
//! when it is to be written anew. `coordinators` are those of a core, and `routing` finds the one that a request wants.
//! Nothing here decides what a group does: that is the rest of `groups`, which knows nothing of this.

mod coordinators;
mod folding;
mod hosted;
mod load;
pub(crate) mod question;
mod routing;

pub(crate) use coordinators::Coordinators;
pub(crate) use routing::{ask, ask_for_reply, host, list_all};
