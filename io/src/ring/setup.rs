//! Sets up a ring, or says in one line why it is not available.
//!
//! Owns nothing. Must not know operations.

use std::io;
use std::os::fd::{FromRawFd, OwnedFd};

use io_uring::IoUring;
use thiserror::Error;

/// Why io_uring is not available.
#[derive(Debug, Error)]
pub enum RingError {
    /// The administrator switched it off.
    #[error(
        "io_uring is switched off on this machine (kernel.io_uring_disabled = {value}); \
         allow it with `sysctl kernel.io_uring_disabled=0`"
    )]
    Disabled {
        /// The setting's value.
        value: String,
    },
    /// A seccomp filter forbids it, as container engines install by default.
    #[error(
        "io_uring is refused to this process, probably by a seccomp profile (containers: run with \
         `--security-opt seccomp=unconfined` or a profile that allows io_uring_setup, _enter and _register)"
    )]
    Refused,
    /// The limit for locked memory is too low.
    #[error(
        "no memory for an io_uring: the limit for locked memory is {limit_kib} KiB; raise it to 8 MiB or more \
         (`ulimit -l 8192`, LimitMEMLOCK= in a systemd unit)"
    )]
    LockedMemory {
        /// RLIMIT_MEMLOCK, in KiB.
        limit_kib: u64,
    },
    /// The kernel does not know the flags that are used here.
    #[error("this kernel's io_uring is too old: Creel needs Linux 6.1 or newer")]
    TooOld,
    /// The limit of descriptors is reached.
    #[error("no file descriptor left for an io_uring; raise the limit (`ulimit -n`)")]
    Descriptors,
    /// Anything else.
    #[error("cannot set up io_uring: {0}")]
    Other(io::Error),
}

impl RingError {
    pub(crate) fn from_os(error: io::Error) -> RingError {
        match error.raw_os_error() {
            Some(libc::EPERM | libc::ENOSYS | libc::EACCES) => match io_uring_disabled() {
                Some(value) if value != "0" => RingError::Disabled { value },
                _ => RingError::Refused,
            },
            Some(libc::ENOMEM) => RingError::LockedMemory { limit_kib: locked_memory_limit() / 1024 },
            Some(libc::EINVAL) => RingError::TooOld,
            Some(libc::EMFILE | libc::ENFILE) => RingError::Descriptors,
            _ => RingError::Other(error),
        }
    }
}

/// Builds a ring for the calling thread alone, with completions delivered only when it asks.
pub(crate) fn build(entries: u32) -> Result<IoUring, RingError> {
    IoUring::builder()
        .setup_single_issuer()
        .setup_coop_taskrun()
        .setup_taskrun_flag()
        .setup_defer_taskrun()
        .setup_submit_all()
        .setup_clamp()
        .setup_cqsize(entries.saturating_mul(4))
        .build(entries)
        .map_err(RingError::from_os)
}

/// A counter. A thread without a ring writes to it to wake the core.
pub(crate) fn event_fd() -> io::Result<OwnedFd> {
    // SAFETY: plain system call without pointers.
    let fd = unsafe { libc::eventfd(0, libc::EFD_CLOEXEC) };
    if fd < 0 {
        return Err(io::Error::last_os_error());
    }
    // SAFETY: the descriptor is new and nobody else owns it.
    Ok(unsafe { OwnedFd::from_raw_fd(fd) })
}

fn io_uring_disabled() -> Option<String> {
    let text = std::fs::read_to_string("/proc/sys/kernel/io_uring_disabled").ok()?;
    Some(text.trim().to_owned())
}

fn locked_memory_limit() -> u64 {
    let mut limit = libc::rlimit { rlim_cur: 0, rlim_max: 0 };
    // SAFETY: `limit` is valid for the call to fill.
    unsafe { libc::getrlimit(libc::RLIMIT_MEMLOCK, &raw mut limit) };
    limit.rlim_cur
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_refusal_says_what_to_do() {
        let text = |code| RingError::from_os(io::Error::from_raw_os_error(code)).to_string();
        assert!(text(libc::ENOMEM).contains("ulimit -l"));
        assert!(text(libc::EINVAL).contains("Linux 6.1"));
        assert!(text(libc::EMFILE).contains("ulimit -n"));
        let refused = text(libc::EPERM);
        assert!(refused.contains("seccomp") || refused.contains("sysctl"), "{refused}");
    }
}
