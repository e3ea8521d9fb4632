//! `--flame`: where the broker's CPU time went, function by function, as a flame graph. Linux's perf samples the
//! broker's stacks during the measured time. The crate inferno draws the samples, so no scripts need to be installed.
//!
//! Sampling takes CPU from the broker: it copies 16 KiB of stack per sample, for builds without frame pointers. Such
//! a run is there to be explained, not to be quoted.

use crate::error::HostError;
use inferno::collapse::Collapse;
use inferno::collapse::perf::Folder;
use inferno::flamegraph;
use loadgen_engine::clock::now_ns;
use loadgen_engine::window::Window;
use loadgen_result::files::FileError;
use rustix::process::{Pid, Signal, kill_process};
use std::io::{self, BufReader, BufWriter};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use tempfile::TempDir;

/// Samples a second and core. The number divides no period that programs keep in step with the clock.
const SAMPLES_HZ: &str = "199";

/// A profile of one process, of the measured time.
pub struct Flame {
    pid: u32,
    dir: TempDir,
    /// perf, while it records.
    recording: Option<Child>,
}

impl Flame {
    /// Finds out whether this process may be profiled here, before anything is measured.
    pub fn of(pid: Option<u32>) -> Result<Flame, HostError> {
        let pid = pid.ok_or_else(|| {
            HostError::Options("--flame: the broker's process is not known: add --broker-pid".into())
        })?;
        let dir = tempfile::tempdir().map_err(HostError::system("a temporary directory"))?;
        let flame = Flame { pid, dir, recording: None };
        let tried = flame.perf_record().args(["--", "true"]).output();
        let _ = std::fs::remove_file(flame.data());
        match tried {
            Ok(tried) if tried.status.success() => Ok(flame),
            Ok(tried) => Err(not_allowed(&String::from_utf8_lossy(&tried.stderr))),
            Err(why) => Err(not_allowed(&format!("perf: {why}"))),
        }
    }

    /// Begins with the window; called often.
    pub fn look(&mut self, window: Window) {
        if self.recording.is_none() && window.contains(now_ns()) {
            self.recording = self.perf_record().spawn().ok();
        }
    }

    fn perf_record(&self) -> Command {
        let mut perf = Command::new("perf");
        perf.args(["record", "--quiet", "--call-graph", "dwarf,16384", "--freq", SAMPLES_HZ, "--pid"]);
        perf.arg(self.pid.to_string()).arg("--output").arg(self.data());
        perf.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped());
        perf
    }

    fn data(&self) -> PathBuf {
        self.dir.path().join("perf.data")
    }

    /// What comes now is not to be sampled. perf writes its file when it is interrupted.
    pub fn end(&mut self) {
        let Some(mut perf) = self.recording.take() else { return };
        let _ = kill_process(Pid::from_child(&perf), Signal::INT);
        let _ = perf.wait();
    }

    /// Draws what was sampled into `path`.
    pub fn draw(mut self, path: &Path, title: &str) -> Result<(), HostError> {
        self.end();
        let why = |why: io::Error| HostError::File(FileError { path: path.to_owned(), why });
        if !self.data().exists() {
            return Err(why(io::Error::other("perf recorded nothing")));
        }
        let folded = self.fold().map_err(why)?;
        if folded.is_empty() {
            return Err(why(io::Error::other(
                "no sample was taken: the broker used no CPU, or the run was too short",
            )));
        }
        let mut options = flamegraph::Options::default();
        options.title = title.into();
        options.count_name = "samples".into();
        let file = BufWriter::new(std::fs::File::create(path).map_err(why)?);
        flamegraph::from_reader(&mut options, &folded[..], file).map_err(why)
    }

    /// The stacks, a line each with how often it was seen.
    fn fold(&self) -> io::Result<Vec<u8>> {
        let mut script = Command::new("perf");
        script.args(["script", "--no-inline", "--input"]).arg(self.data());
        let mut script = script.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null()).spawn()?;
        let Some(stacks) = script.stdout.take() else { return Err(io::ErrorKind::BrokenPipe.into()) };
        let mut folded = Vec::new();
        let outcome = Folder::default().collapse(BufReader::new(stacks), &mut folded);
        script.wait()?;
        outcome.map(|()| folded)
    }
}

impl Drop for Flame {
    fn drop(&mut self) {
        self.end();
    }
}

fn not_allowed(said: &str) -> HostError {
    let said = said.lines().map(str::trim).find(|line| !line.is_empty()).unwrap_or("perf gave no reason");
    HostError::Options(format!(
        "--flame: {said}. It needs Linux's perf (package linux-perf or linux-tools) and the right to use it: root, or \
         kernel.perf_event_paranoid at most 1"
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_may_not_profile_is_told_what_is_missing() {
        let error = not_allowed("\nperf_event_open: permission denied\nmore\n").to_string();
        assert!(error.starts_with("--flame: perf_event_open: permission denied. It needs"), "{error}");
        let error = Flame::of(None).map(drop).unwrap_err().to_string();
        assert!(error.contains("the broker's process"), "{error}");
    }
}
