//! Messages between cores.
//!
//! Owns what is on its way from one core to another. Knows neither the executor nor what a message means.
//!
//! From below: `spsc` (one ring), `parking` (who waits at it), `mesh` (a ring for each ordered pair). `tests/loom_models/` builds these
//! files once more, to go through every order of events.

mod mesh;
mod parking;
mod spsc;
#[cfg(test)]
mod tests;

pub use mesh::{Endpoint, Full, Mailbox, mesh};
