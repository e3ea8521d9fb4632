//! What the benches share: the shapes that are measured, the frames sent, and the processes measured.
//!
//! A round sends the same bytes to the floor and to the broker, so that their CPU seconds can be compared.

pub mod ballast;
pub mod client;
pub mod crowd;
pub mod frames;
pub mod goals;
mod line;
pub mod picture;
pub mod process;
mod reply;
pub mod report;
pub mod round;
pub mod seats;
pub mod shape;
pub mod spread;
pub mod topic;
