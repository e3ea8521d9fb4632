//! What a run costs: CPU time of processes, their memory and their traffic with the disk, and bytes on disk.

use std::fs;
use std::path::Path;

/// CPU seconds (user and system) that process `pid` has used, all its threads; `None` when it is gone.
pub fn cpu_seconds(pid: u32) -> Option<f64> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    parse_cpu_ticks(&stat).map(|ticks| ticks as f64 / rustix::param::clock_ticks_per_second() as f64)
}

/// CPU seconds of this process.
pub fn own_cpu_seconds() -> f64 {
    cpu_seconds(std::process::id()).unwrap_or(0.0)
}

/// `utime + stime`. The command's name may hold anything, so fields are counted behind its closing parenthesis.
fn parse_cpu_ticks(stat: &str) -> Option<u64> {
    let (_, fields) = stat.rsplit_once(')')?;
    let mut fields = fields.split_ascii_whitespace().skip(11);
    let (user, system) = (fields.next()?.parse::<u64>().ok()?, fields.next()?.parse::<u64>().ok()?);
    Some(user + system)
}

/// What a process has asked of the kernel so far, as `/proc/PID/io` counts it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct ProcessIo {
    /// Bytes it caused to be written to a disk, less what was thrown away before it got there.
    pub disk_write_bytes: u64,
    /// System calls that read. What goes through io_uring is not among them.
    pub read_calls: u64,
    /// System calls that write; neither.
    pub write_calls: u64,
}

/// Traffic of process `pid`; `None` when it is gone, or another user's.
pub fn process_io(pid: u32) -> Option<ProcessIo> {
    parse_io(&fs::read_to_string(format!("/proc/{pid}/io")).ok()?)
}

fn parse_io(text: &str) -> Option<ProcessIo> {
    let field = |name: &str| {
        let line = text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(": "));
        line.and_then(|value| value.trim().parse::<u64>().ok())
    };
    let cancelled = field("cancelled_write_bytes").unwrap_or(0);
    Some(ProcessIo {
        disk_write_bytes: field("write_bytes")?.saturating_sub(cancelled),
        read_calls: field("syscr")?,
        write_calls: field("syscw")?,
    })
}

impl ProcessIo {
    /// Together with another process's.
    pub fn and(self, other: ProcessIo) -> ProcessIo {
        ProcessIo {
            disk_write_bytes: self.disk_write_bytes + other.disk_write_bytes,
            read_calls: self.read_calls + other.read_calls,
            write_calls: self.write_calls + other.write_calls,
        }
    }

    /// What passed since `earlier`.
    pub fn since(self, earlier: ProcessIo) -> ProcessIo {
        ProcessIo {
            disk_write_bytes: self.disk_write_bytes.saturating_sub(earlier.disk_write_bytes),
            read_calls: self.read_calls.saturating_sub(earlier.read_calls),
            write_calls: self.write_calls.saturating_sub(earlier.write_calls),
        }
    }
}

/// Resident memory of process `pid` at its most so far, bytes.
pub fn peak_memory_bytes(pid: u32) -> Option<u64> {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    kilobytes(&status, "VmHWM:").map(|kilobytes| kilobytes << 10)
}

/// The number on the line of `/proc/meminfo` or `/proc/PID/status` that begins with `name`.
pub(crate) fn kilobytes(text: &str, name: &str) -> Option<u64> {
    let line = text.lines().find_map(|line| line.strip_prefix(name))?;
    line.trim().strip_suffix(" kB")?.parse().ok()
}

/// What the scheduler gave a thread and what it kept from it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct ThreadTimes {
    /// On a core.
    pub busy_ns: u64,
    /// Ready to run, while others had the core.
    pub starved_ns: u64,
}

impl ThreadTimes {
    /// Of the calling thread, since it began; zero where the kernel does not count.
    pub fn now() -> ThreadTimes {
        let text = fs::read_to_string("/proc/thread-self/schedstat").unwrap_or_default();
        let mut fields = text.split_ascii_whitespace().map(|field| field.parse().unwrap_or(0));
        ThreadTimes { busy_ns: fields.next().unwrap_or(0), starved_ns: fields.next().unwrap_or(0) }
    }

    /// What passed since `earlier`.
    pub fn since(self, earlier: ThreadTimes) -> ThreadTimes {
        ThreadTimes {
            busy_ns: self.busy_ns.saturating_sub(earlier.busy_ns),
            starved_ns: self.starved_ns.saturating_sub(earlier.starved_ns),
        }
    }
}

/// Bytes of the segment files of `topic` below a broker's data directory; `None` when there are none to see.
pub fn topic_bytes_on_disk(data_dir: &Path, topic: &str) -> Option<u64> {
    let is_partition = |name: &str| {
        name.strip_prefix(topic)
            .and_then(|rest| rest.strip_prefix('-'))
            .is_some_and(|n| n.parse::<u32>().is_ok())
    };
    let mut total = None;
    for entry in fs::read_dir(data_dir).ok()?.flatten() {
        if entry.file_name().to_str().is_some_and(is_partition) {
            *total.get_or_insert(0) += segment_bytes(&entry.path());
        }
    }
    total
}

fn segment_bytes(partition: &Path) -> u64 {
    let Ok(entries) = fs::read_dir(partition) else { return 0 };
    let segments = entries.flatten().filter(|entry| entry.path().extension().is_some_and(|end| end == "log"));
    segments.filter_map(|entry| entry.metadata().ok()).map(|metadata| metadata.len()).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ticks_are_read_behind_any_name() {
        let stat = "17 (a b) (c) S 1 17 17 0 -1 4194560 1 0 0 0 250 50 0 0 20 0 4 0 100 0 0";
        assert_eq!(parse_cpu_ticks(stat), Some(300));
        assert_eq!(parse_cpu_ticks("nonsense"), None);
    }

    #[test]
    fn io_and_memory_are_read_by_name() {
        let text = "rchar: 1\nwchar: 2\nsyscr: 3\nsyscw: 4\nread_bytes: 5\nwrite_bytes: 60\ncancelled_write_bytes: 7\n";
        assert_eq!(parse_io(text), Some(ProcessIo { disk_write_bytes: 53, read_calls: 3, write_calls: 4 }));
        assert_eq!(parse_io("write_bytes: x"), None);
        assert_eq!(kilobytes("VmPeak:\t 9 kB\nVmHWM:\t    2048 kB\n", "VmHWM:"), Some(2_048));
        assert!(peak_memory_bytes(std::process::id()).is_some_and(|bytes| bytes > 1 << 16));
    }

    #[test]
    fn only_the_topics_own_segments_count() {
        let dir = tempfile::tempdir().unwrap();
        for (path, bytes) in
            [("t-0/0.log", 10), ("t-1/0.log", 5), ("t-1/0.index", 7), ("t-x/0.log", 3), ("tt-0/0.log", 2)]
        {
            let path = dir.path().join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, vec![0; bytes]).unwrap();
        }
        assert_eq!(topic_bytes_on_disk(dir.path(), "t"), Some(15));
        assert_eq!(topic_bytes_on_disk(dir.path(), "other"), None);
    }

    #[test]
    fn this_process_has_used_some_cpu() {
        assert!(own_cpu_seconds() >= 0.0 && cpu_seconds(std::process::id()).is_some());
    }
}
