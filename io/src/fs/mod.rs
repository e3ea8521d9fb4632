//! Files and directories.
//!
//! Owns descriptors and how bytes get to the disk and back. Knows nothing of what the bytes mean.
//!
//! Appends are inline (`pwritev`): on ext4 a buffered write through the ring is handed to a worker thread, which costs
//! more than the write. Syncs and reads of cold data go through the ring, because they wait for the disk.

mod directory;
mod file;
mod lock;
mod options;
mod ring_file;
mod space;

pub use directory::{
    create_dir_all, exists, read, read_dir, remove_dir_all, remove_file, rename, sync_dir, write_atomically,
};
pub(crate) use file::FileBackend;
pub use file::{File, FileSlice, WeakFile};
pub use lock::{DirLock, lock_exclusive};
pub use options::OpenOptions;
pub(crate) use ring_file::RingFile;
pub use space::{Space, space};
