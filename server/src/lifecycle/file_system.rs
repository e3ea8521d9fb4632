//! Says at a start what the data directory's file system costs, and what it does not keep.

use std::path::PathBuf;

use creel_io::fs::{Mount, mount_of};
use creel_io::offload;

/// What there is to say about a file system.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Remark {
    /// It is slower than it need be.
    Slow(&'static str),
    /// What was acknowledged may be lost.
    Unsafe(&'static str),
}

/// Writes a line about the file system of `directory`. A start goes on without it if the kernel does not tell.
pub(crate) async fn tell(directory: PathBuf) {
    let path = directory.clone();
    let Ok(Some(mount)) = offload(move || mount_of(&path)).await else { return };
    let (file_system, options) = (&mount.file_system, mount.options.join(","));
    match remark(&mount) {
        None => tracing::info!(directory = %directory.display(), %file_system, %options, "file system"),
        Some(Remark::Slow(why)) => {
            tracing::info!(directory = %directory.display(), %file_system, %options, "file system: {why}");
        }
        Some(Remark::Unsafe(why)) => {
            tracing::warn!(directory = %directory.display(), %file_system, %options, "file system: {why}");
        }
    }
}

fn remark(mount: &Mount) -> Option<Remark> {
    if mount.has("nobarrier") || mount.has("barrier=0") {
        return Some(Remark::Unsafe(
            "a power cut can take back what was acknowledged with acks=all, because barriers are switched off. Mount it \
             without nobarrier",
        ));
    }
    match mount.file_system.as_str() {
        "tmpfs" | "ramfs" => Some(Remark::Unsafe(
            "it is in memory: nothing outlives a power cut, whatever acks says. Choose a directory on a disk (log.dirs)",
        )),
        "overlay" => Some(Remark::Unsafe(
            "it is a container's own layer, which goes away with the container. Mount a volume for the data directory",
        )),
        name if is_remote(name) => Some(Remark::Unsafe(
            "another machine or process stores the files, and acks=all keeps what that one keeps. This was not measured",
        )),
        "ext4" if mount.has("data=journal") => Some(Remark::Slow(
            "every record is written twice (data=journal). Kafka's users take data=ordered",
        )),
        // Whether it has a journal is not among the options.
        "ext4" => {
            Some(Remark::Slow("an append may wait while the file system's journal commits, if it has one"))
        }
        "btrfs" | "zfs" | "bcachefs" => Some(Remark::Slow(
            "it copies on write, so a sync into a file that was written before is no cheaper. This was not measured",
        )),
        _ => None,
    }
}

fn is_remote(file_system: &str) -> bool {
    let names = ["nfs", "nfs4", "cifs", "smb3", "9p", "ceph", "glusterfs", "lustre", "virtiofs"];
    names.contains(&file_system) || file_system.starts_with("fuse")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said_of(file_system: &str, options: &[&str]) -> Option<Remark> {
        let options = options.iter().map(|option| (*option).to_owned()).collect();
        remark(&Mount { file_system: file_system.to_owned(), options })
    }

    #[test]
    fn what_loses_acknowledged_records_is_a_warning() {
        let cases: [(&str, &[&str]); 6] = [
            ("tmpfs", &["rw"]),
            ("overlay", &["rw"]),
            ("nfs4", &["rw"]),
            ("fuse.sshfs", &["rw"]),
            ("ext4", &["rw", "lazytime", "nobarrier"]),
            ("ext4", &["rw", "barrier=0"]),
        ];
        for (file_system, options) in cases {
            let said = said_of(file_system, options);
            assert!(matches!(said, Some(Remark::Unsafe(_))), "{file_system} {options:?}: {said:?}");
        }
    }

    #[test]
    fn what_costs_time_is_said_and_the_rest_is_not() {
        for (file_system, options) in
            [("ext4", &["rw", "relatime"][..]), ("ext4", &["rw", "data=journal"]), ("btrfs", &["rw"])]
        {
            let said = said_of(file_system, options);
            assert!(matches!(said, Some(Remark::Slow(_))), "{file_system} {options:?}: {said:?}");
        }
        assert_eq!(said_of("xfs", &["rw", "relatime"]), None);
    }
}
