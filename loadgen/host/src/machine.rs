//! Where a run takes place: processor, kernel, memory, and what lies below the data.

use crate::cores;
use crate::cost::kilobytes;
use loadgen_result::report::machine::Machine;
use std::fs;
use std::path::Path;

/// This machine; `data_dir` is the broker's, where that is here.
pub fn here(data_dir: Option<&Path>) -> Machine {
    let read = |path: &str| fs::read_to_string(path).unwrap_or_default();
    Machine {
        cpu: processor(&read("/proc/cpuinfo")).unwrap_or("unknown").to_owned(),
        cpus: cores::at_hand().map_or(0, |cpus| cpus.len()),
        kernel: read("/proc/sys/kernel/osrelease").trim().to_owned(),
        memory_bytes: kilobytes(&read("/proc/meminfo"), "MemTotal:").unwrap_or(0) << 10,
        disk: data_dir.and_then(|dir| {
            let dir = dir.canonicalize().ok()?;
            mount_below(&read("/proc/self/mountinfo"), &dir)
        }),
    }
}

/// x86 says `model name`; other processors say less.
fn processor(cpuinfo: &str) -> Option<&str> {
    let value_of = |name: &str| {
        let is_name = |line: &&str| line.split(':').next().is_some_and(|key| key.trim() == name);
        cpuinfo.lines().find(is_name)?.split_once(':').map(|(_, value)| value.trim())
    };
    ["model name", "Model", "Processor", "cpu model"].into_iter().find_map(value_of)
}

/// `ext4 on /dev/vda`: the innermost mount that holds `dir`.
///
/// `36 35 98:0 /root /mount/point rw,noatime shared:1 - ext4 /dev/vda rw`: any number of fields before the dash.
fn mount_below(mountinfo: &str, dir: &Path) -> Option<String> {
    let mounts = mountinfo.lines().filter_map(|line| {
        let (before, after) = line.split_once(" - ")?;
        let point = before.split(' ').nth(4)?.replace("\\040", " ");
        let mut after = after.split(' ');
        let (file_system, device) = (after.next()?, after.next()?);
        dir.starts_with(&point).then(|| (point.len(), format!("{file_system} on {device}")))
    });
    // Of two on the same point the later one hides the other.
    mounts.max_by_key(|(length, _)| *length).map(|(_, disk)| disk)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_innermost_mount_counts() {
        let mountinfo = "21 1 8:1 / / rw,relatime shared:1 - ext4 /dev/vda rw\n\
                         22 21 0:20 / /tmp rw - tmpfs tmpfs rw\n\
                         23 21 8:2 / /tmpest rw master:1 propagate_from:2 - xfs /dev/vdb rw\n\
                         24 22 8:3 / /tmp/a\\040b rw - btrfs /dev/vdc rw\n";
        for (dir, disk) in [
            ("/home/x", "ext4 on /dev/vda"),
            ("/tmp/x", "tmpfs on tmpfs"),
            ("/tmpest", "xfs on /dev/vdb"),
            ("/tmp/a b/c", "btrfs on /dev/vdc"),
        ] {
            assert_eq!(mount_below(mountinfo, Path::new(dir)).as_deref(), Some(disk), "{dir}");
        }
    }

    #[test]
    fn the_processor_is_named_where_it_says_how() {
        assert_eq!(processor("processor\t: 0\nmodel name\t: AMD EPYC: 9B14\n"), Some("AMD EPYC: 9B14"));
        assert_eq!(processor("processor : 0\nBogoMIPS : 50\n"), None);
    }

    #[test]
    fn this_machine_has_a_kernel_and_memory() {
        let here = here(Some(Path::new("/")));
        assert!(!here.kernel.is_empty() && here.memory_bytes > 1 << 20 && here.cpus > 0, "{here:?}");
        assert!(here.disk.is_some_and(|disk| disk.contains(" on ")));
    }
}
