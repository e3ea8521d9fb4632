//! Locks a directory against a second process.
//!
//! Owns the lock until it is dropped. Knows nothing else of the directory.

use std::fs::File;
use std::io;
use std::os::fd::AsRawFd;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use super::directory::remove_file;
use crate::sim;

/// How often the file is opened again after another process has removed it.
const TRIES: usize = 10;

/// Holds a directory's lock until it is dropped or the process ends.
#[derive(Debug)]
pub struct DirLock {
    _held: LockHolder,
    /// The lock file, if it was made for this lock.
    made: Option<PathBuf>,
}

#[derive(Debug)]
#[expect(dead_code, reason = "held, not read")]
enum LockHolder {
    Ring(File),
    Sim(sim::SimLock),
}

impl DirLock {
    /// Gives the lock back and leaves the directory as it was: the lock file is removed if there was none before. If it
    /// can't be removed, it stays and does no harm.
    pub fn undo(self) {
        if let Some(made) = &self.made {
            // The lock is still held. A process that has opened the file meanwhile finds that it is no longer the one
            // in the directory.
            let _ = remove_file(made);
        }
    }
}

/// Takes the lock file `.lock` in `directory` (Kafka's name for it). `WouldBlock` if another process holds it, for
/// example a Kafka broker. Java's locks and those of flock(2) do not see each other, so both kinds are taken.
pub fn lock_exclusive(directory: &Path) -> io::Result<DirLock> {
    let path = directory.join(".lock");
    if let Some(sim) = sim::context() {
        let made = (!sim::directory::exists(&sim, &path)).then_some(path);
        return Ok(DirLock { _held: LockHolder::Sim(sim::directory::lock(&sim, directory)?), made });
    }
    for _ in 0..TRIES {
        let is_made = !path.exists();
        let file = File::options().write(true).create(true).truncate(false).open(&path)?;
        // SAFETY: the descriptor is open; flock(2) takes no pointers.
        if unsafe { libc::flock(file.as_raw_fd(), libc::LOCK_EX | libc::LOCK_NB) } != 0 {
            return Err(io::Error::last_os_error());
        }
        lock_whole(&file, libc::F_WRLCK)?;
        if is_at(&file, &path)? {
            let made = is_made.then_some(path);
            return Ok(DirLock { _held: LockHolder::Ring(file), made });
        }
    }
    Err(io::ErrorKind::WouldBlock.into())
}

/// Takes the lock of a directory without changing anything there, and so that others may do the same. `None`: there is no lock
/// file, so no broker runs there. `WouldBlock` if another process holds it.
pub fn lock_if_there(directory: &Path) -> io::Result<Option<DirLock>> {
    let path = directory.join(".lock");
    if let Some(sim) = sim::context() {
        if !sim::directory::exists(&sim, &path) {
            return Ok(None);
        }
        let held = LockHolder::Sim(sim::directory::lock(&sim, directory)?);
        return Ok(Some(DirLock { _held: held, made: None }));
    }
    let file = match File::open(&path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        file => file?,
    };
    // SAFETY: the descriptor is open; flock(2) takes no pointers.
    if unsafe { libc::flock(file.as_raw_fd(), libc::LOCK_SH | libc::LOCK_NB) } != 0 {
        return Err(io::Error::last_os_error());
    }
    lock_whole(&file, libc::F_RDLCK)?;
    Ok(Some(DirLock { _held: LockHolder::Ring(file), made: None }))
}

/// Whether a file is the one at that path. The previous holder of the lock may have removed it.
fn is_at(file: &File, path: &Path) -> io::Result<bool> {
    let ours = file.metadata()?;
    match std::fs::metadata(path) {
        Ok(there) => Ok((there.dev(), there.ino()) == (ours.dev(), ours.ino())),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
        Err(error) => Err(error),
    }
}

/// Locks the whole file as Java does. The lock belongs to the descriptor. It excludes the locks of fcntl(2), which
/// belong to a process.
fn lock_whole(file: &File, kind: libc::c_int) -> io::Result<()> {
    let whole = libc::flock {
        l_type: kind as libc::c_short,
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
        // The file system has no such locks, so flock(2) must suffice.
        _ => Ok(()),
    }
}
