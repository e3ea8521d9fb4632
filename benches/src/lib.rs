//! What the benches share: the shapes that are measured, the frames sent, and the processes measured.
//!
//! A round sends the same bytes to the floor and to the broker, so that their CPU seconds can be compared.

pub mod client;
mod connection;
pub mod cpu_layout;
pub mod dispersion;
pub mod frames;
pub mod goals;
pub mod idle_peers;
pub mod picture;
mod plan;
pub mod prefault;
pub mod process;
mod reply;
pub mod report;
pub mod round;
pub mod shape;
pub mod topic;
