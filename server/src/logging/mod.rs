//! What the log says about clients, topics and groups, and how many lines of it there may be.
//!
//! This room owns the counts of lines that were left out. It must not decide anything: it is told what has happened.

mod change_log;
mod client_log;
mod log_throttle;

pub(crate) use change_log::ChangeLog;
pub(crate) use client_log::ClientLog;
