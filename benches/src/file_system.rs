//! What lies under a folder: the file system, its mount options, and the device.

use std::fmt;
use std::fs;
use std::path::Path;

/// As the kernel lists it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FileSystem {
    kind: String,
    source: String,
    options: String,
    /// An ext4 without a journal syncs otherwise than most others do.
    has_no_journal: bool,
}

impl FileSystem {
    /// That of `path`; unknown where the kernel does not tell.
    #[must_use]
    pub fn of(path: &Path) -> FileSystem {
        let absolute = fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
        let mounts = fs::read_to_string("/proc/self/mountinfo").unwrap_or_default();
        FileSystem::among(&mounts, &absolute).unwrap_or_else(|| FileSystem {
            kind: "an unknown file system".to_owned(),
            source: "an unknown device".to_owned(),
            options: String::new(),
            has_no_journal: false,
        })
    }

    /// The last mount at the deepest folder above `path`: later mounts cover earlier ones.
    fn among(mounts: &str, path: &Path) -> Option<FileSystem> {
        let above = mounts.lines().filter_map(mount).filter(|(point, ..)| path.starts_with(point));
        let deepest = above.max_by_key(|(point, ..)| Path::new(point).components().count());
        deepest.map(|(_, device, found)| FileSystem { has_no_journal: has_no_journal(device), ..found })
    }
}

/// ext4 says `<none>` where others say who commits.
fn has_no_journal(device: &str) -> bool {
    let name = fs::read_link(format!("/sys/dev/block/{device}")).ok();
    let name = name.as_ref().and_then(|path| path.file_name());
    let task = name.map(|name| Path::new("/sys/fs/ext4").join(name).join("journal_task"));
    task.and_then(|task| fs::read_to_string(task).ok()).is_some_and(|task| task.trim() == "<none>")
}

/// `36 35 98:0 / /mnt rw,noatime shared:1 - ext4 /dev/vda rw,data=ordered`: where it is mounted, the device's number, and
/// what.
fn mount(line: &str) -> Option<(String, &str, FileSystem)> {
    let (before, after) = line.split_once(" - ")?;
    let mut before = before.split(' ').skip(2);
    let (device, _root, point, here) = (before.next()?, before.next()?, before.next()?, before.next()?);
    let mut after = after.split(' ');
    let (kind, source, whole) = (after.next()?, after.next()?, after.next()?);
    let more = whole.split(',').filter(|option| !here.split(',').any(|known| known == *option));
    let options: Vec<&str> = here.split(',').chain(more).collect();
    let found = FileSystem {
        kind: kind.to_owned(),
        source: source.to_owned(),
        options: options.join(","),
        has_no_journal: false,
    };
    // A space in a name is listed so.
    Some((point.replace("\\040", " "), device, found))
}

impl fmt::Display for FileSystem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let journal = if self.has_no_journal { " without a journal" } else { "" };
        write!(f, "{}{journal} on {} ({})", self.kind, self.source, self.options)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_deepest_and_latest_mount_above_a_folder_is_found() {
        let mounts = "1 0 999:1 / / rw,relatime shared:1 - ext4 /dev/vda rw,discard\n\
                      2 1 999:0 / /data\\040x rw,noatime - tmpfs none rw\n\
                      3 1 999:2 / /data\\040x rw,noatime - xfs /dev/loop0 rw,attr2\n\
                      4 1 999:3 / /data rw - btrfs /dev/loop1 rw\n";
        let of = |path: &str| FileSystem::among(mounts, Path::new(path)).map(|found| found.to_string());
        assert_eq!(of("/data x/log").as_deref(), Some("xfs on /dev/loop0 (rw,noatime,attr2)"));
        assert_eq!(of("/datax").as_deref(), Some("ext4 on /dev/vda (rw,relatime,discard)"));
        assert_eq!(FileSystem::among("", Path::new("/")), None);
    }
}
