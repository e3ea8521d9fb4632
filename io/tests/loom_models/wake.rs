//! The lock-free files of `wake`, as they are in the crate.

#[path = "../../src/wake/flags.rs"]
pub(crate) mod flags;
#[path = "../../src/wake/inbox.rs"]
pub(crate) mod inbox;
