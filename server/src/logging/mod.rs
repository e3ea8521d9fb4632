//! What the log says about clients, topics and groups, and how many lines of it there may be.
//!
//! Owns the count of lines that were left out. It must not decide anything: it is told what has happened.

pub(crate) mod complaints;
pub(crate) mod news;
