//! The other cores: what they are asked, and how their answers come back.
//!
//! Owns the mailbox, the questions that wait for their answers, and the sorting of a request's partitions by core.

pub(crate) mod messages;
pub(crate) mod route;
pub(crate) mod spread;
