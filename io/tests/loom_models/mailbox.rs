//! The mailbox's files, as they are in the crate.

#![allow(dead_code, unreachable_pub)]

#[path = "../../src/mailbox/mesh.rs"]
pub(crate) mod mesh;
#[path = "../../src/mailbox/parking.rs"]
mod parking;
#[path = "../../src/mailbox/spsc.rs"]
pub(crate) mod spsc;
