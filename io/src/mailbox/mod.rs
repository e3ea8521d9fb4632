//! Messages between cores.
//!
//! Owns the messages that are sent from one core to another. Must not know the executor, nor what a message means.
//!
//! Lowest first: `spsc` (one ring), `parking` (who waits at it), `mesh` (a ring for each ordered pair).
//! `tests/loom_models/` builds these files a second time, to check every order of events.

mod mesh;
mod parking;
mod spsc;
#[cfg(test)]
mod tests;

pub use mesh::{Endpoint, Mailbox, MailboxFull, mesh};
