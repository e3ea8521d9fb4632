//! What the benches share: the shapes that are measured, the frames that are sent, and the processes that are
//! measured.
//!
//! This crate sends the same bytes to the floor and to the broker in each round, so that their CPU seconds can be
//! compared. It must not know the inside of a server: each one is a process that it talks to over a socket.

pub mod client;
mod connection;
pub mod cpu_layout;
pub mod dispersion;
pub mod file_system;
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
pub mod side;
pub mod topic;
