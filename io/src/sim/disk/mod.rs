//! A node's disk: what programs see of it, what is durable, and what a crash leaves.
//!
//! Pure state: time, faults and the trace are added by `sim/file.rs` and `sim/directory.rs`, one floor up. Knows no node.
//!
//! From below: `content`, `file_state` (one file), `names` (all directories), `tree` (the disk).

mod content;
mod file_state;
mod names;
mod tree;

pub(crate) use names::Ino;
pub(crate) use tree::{Disk, OpenMode, Opened, lock_path};
