//! Messages between cores.

mod mesh;
mod parking;
mod spsc;

pub use mesh::{Endpoint, Full, Mailbox, mesh};
