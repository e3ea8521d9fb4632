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

/// Takes the lock file `.lock` in `directory` (Kafka's name for it). `WouldBlock` when another process holds it, be it a
/// Kafka: Java's locks and flock(2)'s do not know of each other, so both kinds are taken.
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
    lock_as_java_does(&file)?;
    Ok(DirLock { _held: Held::Ring(file.into()) })
}

/// The whole file, by a lock that goes with the descriptor and keeps out those of fcntl(2) that go with a process.
fn lock_as_java_does(file: &std::fs::File) -> io::Result<()> {
    let whole = libc::flock {
        l_type: libc::F_WRLCK as libc::c_short,
        l_whence: libc::SEEK_SET as libc::c_short,
        l_start: 0,
        l_len: 0,
        l_pid: 0,
    };
    // SAFETY: the descriptor is open, and the kernel only reads `whole`.
    if unsafe { libc::fcntl(file.as_raw_fd(), libc::F_OFD_SETLK, &raw const whole) } == 0 {
        return Ok(());
    }
    let error = io::Error::last_os_error();
    match error.raw_os_error() {
        Some(libc::EAGAIN | libc::EACCES) => Err(io::ErrorKind::WouldBlock.into()),
        // A file system without such locks: flock(2) has to do.
        _ => Ok(()),
    }
}
