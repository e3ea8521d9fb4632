//! `creel check`: runs a check, shows how far it is on a terminal, and prints what it says.
//!
//! Exit codes: 0 nothing is damaged, 1 something is, 2 it could not run.

use std::io::{IsTerminal, Write};
use std::process::ExitCode;
use std::sync::mpsc;

use creel_io::runtime::{self, RuntimeConfig};
use creel_server::check::{CheckError, Report, Verdict, look, prepare_replay, told_of_replay};
use creel_server::config::{CheckArgs, CheckFormat, Config};
use creel_server::{Setup, run_core};

const DAMAGED: u8 = 1;
const COULD_NOT_RUN: u8 = 2;

pub(crate) fn run(config: Config, asked: &CheckArgs) -> ExitCode {
    // What is found is in the report. Whoever wants the log as well sets CREEL_LOG.
    super::log_to_stderr("off");
    let told = if asked.replay { replay(config) } else { check(config) };
    match told {
        Ok(report) => print(&report, asked.format),
        Err(error) => super::fail(COULD_NOT_RUN, [error]),
    }
}

fn print(report: &Report, format: CheckFormat) -> ExitCode {
    let mut out = std::io::stdout();
    // The reader may have closed its end.
    let _ = match format {
        CheckFormat::Text => write!(out, "{report}"),
        CheckFormat::Json => writeln!(out, "{}", report.to_json()),
    };
    match report.verdict {
        Verdict::Sound => ExitCode::SUCCESS,
        Verdict::Damaged => ExitCode::from(DAMAGED),
    }
}

fn check(config: Config) -> Result<Report, CheckError> {
    let is_terminal = std::io::stderr().is_terminal();
    let told = on_core(move || {
        let config = config.clone();
        async move { look(&config, |done, all| progress(is_terminal, done, all)).await }
    })?;
    if is_terminal {
        let _ = write!(std::io::stderr(), "\r\x1b[K");
    }
    told
}

fn progress(is_terminal: bool, done: u64, all: u64) {
    if is_terminal && all > 0 {
        let percent = u128::from(done) * 100 / u128::from(all);
        let _ = write!(std::io::stderr(), "\r\x1b[K{percent} % of {} MiB", all >> 20);
    }
}

fn replay(config: Config) -> Result<Report, CheckError> {
    let asked = config.clone();
    let Some(config) = on_core(move || prepare_replay(asked.clone()))?? else {
        return told_of_replay(&config, None, None);
    };
    let setup = Setup::replaying(config.clone());
    let of_core = setup.clone();
    runtime::start(&RuntimeConfig::unpinned(1), move |core| run_core(core, of_core.clone()))
        .map_err(|error| CheckError::Start(error.to_string()))?
        .join();
    told_of_replay(&config, setup.replayed(), setup.failure().as_ref())
}

/// Runs something on a core, and returns what it gives.
fn on_core<T, F>(body: impl Fn() -> F + Clone + Send + 'static) -> Result<T, CheckError>
where
    T: Send + 'static,
    F: Future<Output = T> + 'static,
{
    let (tell, told) = mpsc::channel();
    let cores = runtime::start(&RuntimeConfig::unpinned(1), move |_| {
        let (tell, running) = (tell.clone(), body());
        async move {
            let _ = tell.send(running.await);
        }
    });
    cores.map_err(|error| CheckError::Start(error.to_string()))?.join();
    told.recv().map_err(|_| CheckError::Start("the core has ended without an answer".to_owned()))
}
