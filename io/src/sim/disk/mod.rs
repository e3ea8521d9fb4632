//! A node's disk.

mod content;
mod file_state;
mod names;
mod tree;

pub(crate) use tree::{Disk, Ino, OpenMode, Opened, lock_path, os_error};
