//! What the tests of the binary share: running it, and finding the broker it started.
#![allow(dead_code, clippy::unwrap_used)] // each test file uses its part; tests may unwrap

pub(crate) mod proxy;

use loadgen_host::broker::parent_death;
use serde_json::Value;
use std::fs;
use std::io::Read;
use std::ops::{Deref, DerefMut};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::sync::OnceLock;
use std::thread::sleep;
use std::time::Duration;
use tempfile::TempDir;

/// `loadgen` with a place for its files.
pub(crate) struct Loadgen {
    pub(crate) dir: TempDir,
    arguments: Vec<String>,
}

/// What a run left.
pub(crate) struct Ran {
    pub(crate) code: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
    pub(crate) json: Option<Value>,
}

impl Loadgen {
    /// A short run with these further arguments, separated by spaces.
    pub(crate) fn run(arguments: &str) -> Loadgen {
        Loadgen::command("run", arguments)
    }

    /// Another command that writes JSON.
    pub(crate) fn command(name: &str, arguments: &str) -> Loadgen {
        let dir = tempfile::tempdir().unwrap();
        let mut all: Vec<String> =
            vec![name.into(), "--json".into(), dir.path().join("json").display().to_string()];
        all.extend(arguments.split_whitespace().map(str::to_owned));
        Loadgen { dir, arguments: all }
    }

    /// A command without JSON of its own.
    pub(crate) fn plain(name: &str, arguments: &str) -> Loadgen {
        let mut all: Vec<String> = vec![name.into()];
        all.extend(arguments.split_whitespace().map(str::to_owned));
        Loadgen { dir: tempfile::tempdir().unwrap(), arguments: all }
    }

    /// Any command.
    pub(crate) fn of(arguments: &[&str]) -> Loadgen {
        Loadgen { dir: tempfile::tempdir().unwrap(), arguments: Vec::new() }.with(arguments)
    }

    /// Further arguments.
    pub(crate) fn with(mut self, arguments: &[&str]) -> Loadgen {
        self.arguments.extend(arguments.iter().map(|argument| (*argument).to_owned()));
        self
    }

    /// With a started broker below the test's directory.
    pub(crate) fn own_broker(arguments: &str) -> Loadgen {
        let mut loadgen = Loadgen::run(arguments);
        let place = loadgen.broker_dir();
        fs::create_dir(&place).unwrap();
        loadgen.arguments.extend(["--broker-dir".into(), place.display().to_string()]);
        creel();
        loadgen
    }

    /// One more option, whose value may hold spaces.
    pub(crate) fn and(mut self, option: &str, value: &str) -> Loadgen {
        self.arguments.extend([option.to_owned(), value.to_owned()]);
        self
    }

    /// Where the started broker's temporary directory is made.
    pub(crate) fn broker_dir(&self) -> PathBuf {
        self.dir.path().join("broker")
    }

    pub(crate) fn start(&self) -> Started {
        let mut command = dependent_on_this_process(Path::new(env!("CARGO_BIN_EXE_loadgen")));
        command.args(&self.arguments).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        if CREEL.get().is_some() {
            command.env_remove("CARGO"); // it would look again whether there is something to build
        }
        Started(Some(command.spawn().unwrap()))
    }

    pub(crate) fn finish(&self, mut started: Started) -> Ran {
        let child = started.0.take().unwrap();
        let Output { status, stdout, stderr } = child.wait_with_output().unwrap();
        let json = fs::read_to_string(self.dir.path().join("json")).ok();
        Ran {
            code: status.code(),
            stdout: String::from_utf8_lossy(&stdout).into_owned(),
            stderr: String::from_utf8_lossy(&stderr).into_owned(),
            json: json.map(|text| serde_json::from_str(&text).unwrap()),
        }
    }

    pub(crate) fn ran(&self) -> Ran {
        self.finish(self.start())
    }
}

/// A `loadgen` that ends with the test, also where that fails or is killed.
pub(crate) struct Started(Option<Child>);

/// What ends with the thread that starts it, however that ends.
pub(crate) fn dependent_on_this_process(program: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_loadgen"));
    command.arg(parent_death::COMMAND).arg(std::process::id().to_string()).arg(program);
    command
}

/// Longer than any test waits, and still no load on the machine for long.
pub(crate) const LONG: &str = "--duration 3m --warmup 0s --batch-bytes 4k";

impl Deref for Started {
    type Target = Child;

    fn deref(&self) -> &Child {
        self.0.as_ref().unwrap()
    }
}

impl DerefMut for Started {
    fn deref_mut(&mut self) -> &mut Child {
        self.0.as_mut().unwrap()
    }
}

impl Drop for Started {
    fn drop(&mut self) {
        if let Some(child) = &mut self.0 {
            let _ = child.kill(); // it may have ended
            let _ = child.wait();
        }
    }
}

impl Ran {
    /// Ended with `code`; else shows what was said.
    pub(crate) fn expect(self, code: i32) -> Ran {
        assert_eq!(self.code, Some(code), "stdout:\n{}\nstderr:\n{}", self.stdout, self.stderr);
        self
    }

    pub(crate) fn json(&self) -> &Value {
        self.json.as_ref().unwrap_or_else(|| panic!("no json; stderr:\n{}", self.stderr))
    }

    /// What it printed, without the breaks of its lines.
    pub(crate) fn told(&self) -> String {
        self.stdout.split_whitespace().collect::<Vec<_>>().join(" ")
    }

    /// The error line.
    pub(crate) fn error(&self) -> &str {
        let lines: Vec<&str> = self.stderr.lines().filter(|line| line.starts_with("loadgen: ")).collect();
        assert_eq!(lines.len(), 1, "one clear line, not:\n{}", self.stderr);
        assert!(!self.stderr.contains("panicked"), "{}", self.stderr);
        lines[0]
    }
}

/// The broker that `loadgen` started, once it is there; not a creel that is only asked for its version.
pub(crate) fn broker_of(loadgen: &mut Child) -> u32 {
    let id = loadgen.id();
    wait_for_while(loadgen, || {
        let tasks = format!("/proc/{0}/task/{0}/children", id);
        let children = fs::read_to_string(tasks).unwrap_or_default();
        let children = children.split_whitespace().filter_map(|pid| pid.parse().ok());
        children
            .into_iter()
            .find(|pid| name_of(*pid).is_some_and(|name| name.starts_with("creel")) && serves(*pid))
    })
}

/// Waits until a run's broker holds records.
pub(crate) fn wait_for_records(dir: &Path) {
    wait_for_bytes(dir, 1);
}

/// Waits until one of its segments holds so many bytes.
pub(crate) fn wait_for_bytes(dir: &Path, bytes: u64) {
    wait_for(|| holds_bytes(dir, bytes).then_some(()));
}

fn serves(pid: u32) -> bool {
    fs::read_to_string(format!("/proc/{pid}/cmdline")).is_ok_and(|line| line.contains("--data-dir"))
}

fn holds_bytes(dir: &Path, bytes: u64) -> bool {
    let entries = fs::read_dir(dir).into_iter().flatten().flatten();
    entries.into_iter().any(|entry| {
        let path = entry.path();
        let is_segment = path.extension().is_some_and(|end| end == "log");
        let is_ours =
            path.parent().is_some_and(|partition| partition.to_string_lossy().contains("/loadgen-"));
        if path.is_dir() {
            holds_bytes(&path, bytes)
        } else {
            is_segment && is_ours && entry.metadata().is_ok_and(|m| m.len() >= bytes)
        }
    })
}

/// The process's name; `None` once it has ended.
pub(crate) fn name_of(pid: u32) -> Option<String> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    let is_over = stat.rsplit(')').next().is_some_and(|rest| rest.trim_start().starts_with(['Z', 'X']));
    let name = stat.split(['(', ')']).nth(1)?.to_owned();
    (!is_over).then_some(name)
}

/// Polls until there is something.
pub(crate) fn wait_for<T>(mut look: impl FnMut() -> Option<T>) -> T {
    loop {
        if let Some(found) = look() {
            return found;
        }
        sleep(Duration::from_millis(10));
    }
}

/// The same, of what a running program brings about: waiting ends, and the test with it, when that program does.
pub(crate) fn wait_for_while<T>(program: &mut Child, mut look: impl FnMut() -> Option<T>) -> T {
    wait_for(|| {
        let found = look();
        if found.is_none()
            && let Some(status) = program.try_wait().unwrap()
        {
            let mut said = String::new();
            let _ = program.stderr.take().map(|mut stderr| stderr.read_to_string(&mut said)); // as much as there is
            panic!("it ended before its time: {status}\n{said}");
        }
        found
    })
}

static CREEL: OnceLock<PathBuf> = OnceLock::new();

/// The broker's binary, built once for each test file as a run of `loadgen` under cargo builds it: before any test's own run,
/// where a busy machine would make it look as if that hung, and not again in each.
pub(crate) fn creel() -> PathBuf {
    let built = CREEL.get_or_init(|| {
        Loadgen::run("--duration 50ms --warmup 0s --closed-loop").ran().expect(0);
        Path::new(env!("CARGO_BIN_EXE_loadgen")).with_file_name("creel")
    });
    built.clone()
}
