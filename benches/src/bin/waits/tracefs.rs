//! The kernel's own trace of a few threads: their system calls, when they leave a CPU and come back, who has it meanwhile,
//! and the stack of each wait. It is an instance of its own in tracefs, so nobody else's trace is disturbed; it goes with this value.

use std::fs::{self, File, OpenOptions};
use std::io::{self, ErrorKind, Read as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use rustix::fs::OFlags;

use crate::event::Tid;

/// Where it is mounted usually.
const USUAL: &str = "/sys/kernel/tracing";
/// For each CPU, in KiB: some hundred thousand events.
const BUFFER_KIB: &str = "16384";
const EVENTS: [&str; 4] =
    ["raw_syscalls/sys_enter", "raw_syscalls/sys_exit", "sched/sched_switch", "sched/sched_waking"];
/// Between two looks at an empty buffer.
const PAUSE: Duration = Duration::from_millis(10);

pub(crate) struct Trace {
    folder: PathBuf,
}

impl Trace {
    /// Begins to trace these threads. The error says what is missing.
    pub(crate) fn of(tids: &[Tid]) -> Result<Trace, String> {
        let folder = mounted()?.join(format!("instances/creel-waits-{}", std::process::id()));
        fs::create_dir(&folder).map_err(|error| format!("{}: {error}", folder.display()))?;
        let trace = Trace { folder };
        trace.set_up(tids).map_err(|error| format!("{}: {error}", trace.folder.display()))?;
        Ok(trace)
    }

    fn set_up(&self, tids: &[Tid]) -> io::Result<()> {
        self.set("tracing_on", "0")?;
        self.set("trace_clock", "mono")?;
        self.set("buffer_size_kb", BUFFER_KIB)?;
        let ours = |field: &str| {
            let tids: Vec<String> = tids.iter().map(|tid| format!("{field} == {tid}")).collect();
            tids.join(" || ")
        };
        self.set("events/raw_syscalls/filter", &ours("common_pid"))?;
        self.set("events/sched/sched_waking/filter", &ours("pid"))?;
        // Every switch is traced, for whoever has the CPU. No stack of a thread that could go on: it does not wait.
        let trigger = format!("stacktrace if prev_state != 0 && ({})", ours("prev_pid"));
        self.set("events/sched/sched_switch/trigger", &trigger)?;
        EVENTS.iter().try_for_each(|event| self.set(&format!("events/{event}/enable"), "1"))?;
        self.set("tracing_on", "1")
    }

    fn set(&self, name: &str, value: &str) -> io::Result<()> {
        fs::write(self.folder.join(name), value)
            .map_err(|error| io::Error::new(error.kind(), format!("{name} = {value}: {error}")))
    }

    /// Passes on each line until `is_over`, and then what is left.
    pub(crate) fn read(&self, is_over: &AtomicBool, mut line: impl FnMut(&str)) -> io::Result<()> {
        let mut pipe = self.pipe()?;
        let (mut text, mut chunk) = (Vec::new(), vec![0; 1 << 16]);
        let mut is_last = false;
        loop {
            match pipe.read(&mut chunk) {
                Ok(0) => return Ok(()),
                Ok(n) => {
                    text.extend_from_slice(&chunk[..n]);
                    take_lines(&mut text, &mut line);
                }
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) if error.kind() != ErrorKind::WouldBlock => return Err(error),
                Err(_) if is_last => return Ok(()),
                Err(_) => {
                    is_last = is_over.load(Ordering::Relaxed);
                    if is_last {
                        self.set("tracing_on", "0")?;
                    } else {
                        std::thread::sleep(PAUSE);
                    }
                }
            }
        }
    }

    fn pipe(&self) -> io::Result<File> {
        let flags = OFlags::NONBLOCK.bits() as i32;
        OpenOptions::new().read(true).custom_flags(flags).open(self.folder.join("trace_pipe"))
    }
}

impl Drop for Trace {
    fn drop(&mut self) {
        // What cannot be undone is told by `ls instances`; there is nothing more to do about it.
        let _ = self.set("tracing_on", "0");
        let _ = self.set("events/sched/sched_switch/trigger", "!stacktrace");
        let _ = fs::remove_dir(&self.folder);
    }
}

/// Whole lines; the rest stays.
fn take_lines(text: &mut Vec<u8>, line: &mut impl FnMut(&str)) {
    let Some(last) = text.iter().rposition(|byte| *byte == b'\n') else { return };
    let rest = text.split_off(last + 1);
    String::from_utf8_lossy(text).lines().for_each(&mut *line);
    *text = rest;
}

/// Where tracefs is mounted.
fn mounted() -> Result<PathBuf, String> {
    let mounts = fs::read_to_string("/proc/self/mounts").unwrap_or_default();
    let point = mounts.lines().find_map(|line| {
        let mut words = line.split(' ');
        let (_, point, kind) = (words.next()?, words.next()?, words.next()?);
        (kind == "tracefs").then(|| PathBuf::from(point))
    });
    let point =
        point.ok_or_else(|| format!("tracefs is not mounted (as root: mount -t tracefs tracefs {USUAL})"))?;
    let may_write = File::options().write(true).open(point.join("tracing_on"));
    may_write.map(|_| point.clone()).map_err(|error| format!("{}: {error}", point.display()))
}

/// Threads of a process whose name begins so.
pub(crate) fn threads_of(pid: u32, name: &str) -> io::Result<Vec<Tid>> {
    let mut tids = Vec::new();
    for entry in fs::read_dir(format!("/proc/{pid}/task"))? {
        let entry = entry?;
        let own = fs::read_to_string(Path::new(&entry.path()).join("comm")).unwrap_or_default();
        let tid: Option<Tid> = entry.file_name().to_string_lossy().parse().ok();
        tids.extend(tid.filter(|_| own.starts_with(name)));
    }
    tids.sort_unstable();
    Ok(tids)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_passed_on_when_it_is_whole() {
        let (mut text, mut seen) = (b"one\ntw".to_vec(), Vec::new());
        take_lines(&mut text, &mut |line| seen.push(line.to_owned()));
        text.extend_from_slice(b"o\nthree");
        take_lines(&mut text, &mut |line| seen.push(line.to_owned()));
        assert_eq!((seen, text), (vec!["one".to_owned(), "two".to_owned()], b"three".to_vec()));
    }

    #[test]
    fn threads_are_found_by_their_names() {
        let (done, wait) = std::sync::mpsc::channel::<()>();
        let (told, tell) = std::sync::mpsc::channel();
        let thread = std::thread::Builder::new().name("waits-test-1".to_owned()).spawn(move || {
            told.send(rustix::thread::gettid()).expect("the test waits");
            wait.recv().expect_err("it ends with the test");
        });
        let tid = tell.recv().expect("the thread tells").as_raw_nonzero().get() as Tid;
        assert_eq!(threads_of(std::process::id(), "waits-test").ok(), Some(vec![tid]));
        drop(done);
        thread.expect("a thread").join().expect("it ends");
    }
}
