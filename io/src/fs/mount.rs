//! Which file system a path lies on, and how it is mounted.
//!
//! Owns no state. Must not know what is good or bad about a file system.

use std::ffi::CString;
use std::io;
use std::mem::MaybeUninit;
use std::os::unix::ffi::OsStrExt as _;
use std::path::Path;

use crate::sim;

/// A mounted file system, as `/proc/self/mountinfo` shows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mount {
    /// Its type, for example `ext4`.
    pub file_system: String,
    /// The options of this mount and of the file system, without repeats.
    pub options: Vec<String>,
}

impl Mount {
    /// Whether it is mounted with this option.
    pub fn has(&self, option: &str) -> bool {
        self.options.iter().any(|known| known == option)
    }
}

/// The mount that holds `path`. `None` in the simulator, which has no mounts, and where the kernel does not say it. It
/// may wait for a disk or a network, so call it through `offload`.
pub fn mount_of(path: &Path) -> io::Result<Option<Mount>> {
    if sim::context().is_some() {
        return Ok(None);
    }
    let Some(id) = mount_id(path)? else { return Ok(None) };
    let table = std::fs::read_to_string("/proc/self/mountinfo")?;
    Ok(table.lines().find_map(|line| parse(line, id)))
}

/// The kernel's number of the mount.
fn mount_id(path: &Path) -> io::Result<Option<u64>> {
    let path = CString::new(path.as_os_str().as_bytes())?;
    let mut found = MaybeUninit::<libc::statx>::zeroed();
    // SAFETY: the path is a C string and `found` has room for the answer; both outlive the call.
    let outcome =
        unsafe { libc::statx(libc::AT_FDCWD, path.as_ptr(), 0, libc::STATX_MNT_ID, found.as_mut_ptr()) };
    if outcome != 0 {
        return Err(io::Error::last_os_error());
    }
    // SAFETY: all bytes were zeros, which is a value of the type, and the call has filled some of them in.
    let found = unsafe { found.assume_init() };
    Ok((found.stx_mask & libc::STATX_MNT_ID != 0).then_some(found.stx_mnt_id))
}

/// A line of `/proc/self/mountinfo` (proc_pid_mountinfo(5)), if it is about mount `id`:
/// `36 35 98:0 /root /mnt rw,noatime master:1 - ext3 /dev/sda rw,errors=continue`.
fn parse(line: &str, id: u64) -> Option<Mount> {
    let (mount, file_system) = line.split_once(" - ")?;
    let mut mount = mount.split(' ');
    if mount.next()?.parse() != Ok(id) {
        return None;
    }
    let mut file_system = file_system.split(' ');
    let name = file_system.next()?.to_owned();
    let mut options: Vec<String> = Vec::new();
    for option in [mount.nth(4)?, file_system.nth(1)?].iter().flat_map(|list| list.split(',')) {
        if !options.iter().any(|known| known == option) {
            options.push(option.to_owned());
        }
    }
    Some(Mount { file_system: name, options })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_of_the_kernels_table_is_read() {
        let line =
            "36 35 98:0 /a\\040b /mnt rw,noatime master:1 shared:2 - ext4 /dev/sda rw,lazytime,data=journal";
        let mount = parse(line, 36).unwrap();
        assert_eq!(mount.file_system, "ext4");
        assert_eq!(mount.options, ["rw", "noatime", "lazytime", "data=journal"]);
        assert!(mount.has("lazytime") && !mount.has("lazy"));
        assert_eq!(parse(line, 35), None);
        for broken in
            ["", "36", "36 35 98:0 / /mnt rw - ", "36 - ext4 x rw", "x 35 98:0 / /mnt rw - ext4 d rw"]
        {
            assert_eq!(parse(broken, 36), None, "{broken:?}");
        }
    }

    #[test]
    fn proc_is_a_file_system_of_its_own() {
        let mount = mount_of(Path::new("/proc")).unwrap().unwrap();
        assert_eq!(mount.file_system, "proc");
        assert!(mount_of(Path::new("/no/such/place")).is_err());
    }
}
