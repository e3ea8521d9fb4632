//! Keeps a second process out of a directory.

use std::io;
use std::os::fd::{AsRawFd, OwnedFd};
use std::path::Path;

use crate::sim;

/// Holds a directory's lock until it is dropped or the process ends.
#[derive(Debug)]
pub struct DirLock {
    _held: Held,
}

#[derive(Debug)]
#[expect(dead_code, reason = "held, not read")]
enum Held {
    Ring(OwnedFd),
    Sim(sim::SimLock),
}

/// Takes the lock file `.lock` in `directory` (Kafka's name for it). `WouldBlock` when another process holds it.
pub fn lock_exclusive(directory: &Path) -> io::Result<DirLock> {
    if let Some(place) = sim::place() {
        return Ok(DirLock { _held: Held::Sim(place.lock(directory)?) });
    }
    let path = directory.join(".lock");
    let file = std::fs::OpenOptions::new().write(true).create(true).truncate(false).open(path)?;
    // SAFETY: the descriptor is open; flock(2) takes no pointers.
    if unsafe { libc::flock(file.as_raw_fd(), libc::LOCK_EX | libc::LOCK_NB) } != 0 {
        return Err(io::Error::last_os_error());
    }
    Ok(DirLock { _held: Held::Ring(file.into()) })
}
