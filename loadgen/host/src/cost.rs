//! What a run costs: CPU time of processes, their memory, their disk traffic, and bytes on disk.

use nix::time::ClockId;
use nix::unistd::Pid;
use std::fs;
use std::path::Path;
use std::time::Duration;

/// CPU seconds (user and system) that process `pid` has used: all its threads, those that ended and the kernel's workers
/// for its rings among them, to the nanosecond (`/proc/PID/stat` counts in pieces of 10 ms). `None` when it is gone.
pub fn cpu_seconds(pid: u32) -> Option<f64> {
    let pid = Pid::from_raw(i32::try_from(pid).ok()?);
    let used = ClockId::pid_cpu_clock_id(pid).and_then(ClockId::now).ok()?;
    Some(Duration::from(used).as_secs_f64())
}

/// CPU seconds of this process.
pub fn own_cpu_seconds() -> f64 {
    cpu_seconds(std::process::id()).unwrap_or(0.0)
}

/// CPU seconds used so far.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct CpuSpent {
    /// By the broker, where its process is known.
    pub broker_s: Option<f64>,
    /// By loadgen.
    pub generator_s: f64,
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
    use std::process::Command;

    /// Until the calling thread has used so much more.
    fn use_cpu(time: Duration) {
        let used = || Duration::from(ClockId::CLOCK_THREAD_CPUTIME_ID.now().unwrap());
        let until = used() + time;
        while used() < until {}
    }

    #[test]
    fn less_than_a_tick_is_seen() {
        for _ in 0..20 {
            let before = own_cpu_seconds();
            use_cpu(Duration::from_micros(100));
            let used = own_cpu_seconds() - before;
            assert!(used >= 99e-6, "{used}");
        }
    }

    #[test]
    fn threads_that_ended_count() {
        let before = own_cpu_seconds();
        let threads = [(); 3].map(|()| std::thread::spawn(|| use_cpu(Duration::from_millis(5))));
        threads.into_iter().for_each(|thread| thread.join().unwrap());
        let used = own_cpu_seconds() - before;
        assert!(used >= 14.99e-3, "{used}");
    }

    #[test]
    fn another_process_is_seen_until_it_is_gone() {
        let mut child = Command::new("sh").args(["-c", "while :; do :; done"]).spawn().unwrap();
        let pid = child.id();
        while cpu_seconds(pid).unwrap() < 0.001 {
            std::thread::sleep(Duration::from_millis(1));
        }
        child.kill().unwrap();
        child.wait().unwrap();
        assert_eq!(cpu_seconds(pid), None);
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
}
