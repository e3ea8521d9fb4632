//! The disk space of a volume.
//!
//! Owns no state. Must not know what the space is for.

use std::ffi::CString;
use std::io;
use std::mem::MaybeUninit;
use std::os::unix::ffi::OsStrExt as _;
use std::path::Path;

use crate::sim;

/// The disk space of a volume, in bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Space {
    /// The size of the volume.
    pub total: u64,
    /// How much of it this process may still use.
    pub usable: u64,
}

/// The disk space of the volume that holds `path`. It may wait for a disk or a network, so call it through `offload`.
pub fn space(path: &Path) -> io::Result<Space> {
    if let Some(sim) = sim::context() {
        let (total, usable) = sim::directory::space(&sim, path)?;
        return Ok(Space { total, usable });
    }
    let path = CString::new(path.as_os_str().as_bytes())?;
    let mut found = MaybeUninit::<libc::statvfs>::uninit();
    // SAFETY: the path is a C string and `found` has room for the answer; both outlive the call.
    let outcome = unsafe { libc::statvfs(path.as_ptr(), found.as_mut_ptr()) };
    if outcome != 0 {
        return Err(io::Error::last_os_error());
    }
    // SAFETY: the call said that it filled it in.
    let found = unsafe { found.assume_init() };
    let bytes = |blocks: libc::fsblkcnt_t| blocks.saturating_mul(found.f_frsize);
    Ok(Space { total: bytes(found.f_blocks), usable: bytes(found.f_bavail) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_volume_has_more_room_than_is_left_of_it() {
        let space = space(&std::env::temp_dir()).unwrap();
        assert!(space.total > 0 && space.usable <= space.total, "{space:?}");
        assert!(super::space(Path::new("/no/such/place")).is_err());
    }
}
