//! Files and directories.
//!
//! Owns descriptors, and how bytes get to the disk and back. Must not know what the bytes mean.
//!
//! Appends are system calls of the core itself (`pwritev`). On ext4, io_uring hands a buffered write to a worker
//! thread, which costs more than the write. Syncs and reads of data that is not in memory go through the ring, because
//! they wait for the disk. So do the writes of a [`DurableFile`], which are durable by themselves.

mod directory;
mod durable_file;
mod file;
mod lock;
mod mount;
mod options;
mod ring_direct;
mod ring_file;
mod space;

pub use crate::aligned_buffer::{AlignedBuffer, BLOCK_BYTES};
pub use directory::{
    Facts, create_dir_all, exists, facts, read, read_dir, read_up_to, remove_dir_all, remove_file, rename,
    sync_dir, sync_file_system, write_atomically,
};
pub use durable_file::{DurableFile, WriteMode};
pub(crate) use file::FileBackend;
pub use file::{File, FileSlice, WeakFile};
pub use lock::{DirLock, lock_exclusive, lock_if_there};
pub use mount::{Mount, mount_of};
pub use options::OpenOptions;
pub(crate) use ring_file::RingFile;
pub use space::{Space, space};
