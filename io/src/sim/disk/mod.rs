//! A node's disk: what programs see of it, what is durable, and what a crash leaves.
//!
//! Owns that state and nothing else: `sim/file.rs` and `sim/directory.rs`, one layer above, add time, faults and the
//! trace. Must not know the node.
//!
//! Lowest first: `content`, `file_state` (one file), `names` (all directories), `tree` (the disk).

mod content;
mod file_state;
mod names;
mod tree;

pub(crate) use names::Ino;
pub(crate) use tree::{Disk, OpenMode, OpenedFile, lock_path};
