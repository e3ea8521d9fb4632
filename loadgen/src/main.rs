//! The binary `loadgen`. Exit codes: 0 measured, 1 a verdict against (verification failed, B worse, nothing satisfies a
//! service level), 2 no result, or that of a run that was cut short, 3 measured and no answer (too much noise, no difference).

#![warn(clippy::print_stdout, clippy::print_stderr, reason = "they panic where the reader has gone")]

use clap::Parser;
use loadgen::advice::advice;
use loadgen::broker::leash::become_leashed;
use loadgen::cli::{Cli, Command, RunCommand, write_json};
use loadgen::compare::cli::CompareArgs;
use loadgen::compare::{self, Compared, Outcome, compare};
use loadgen::diff::cli::DiffArgs;
use loadgen::diff::trend::trend;
use loadgen::diff::{self, diff};
use loadgen::error::LoadError;
use loadgen::glossary;
use loadgen::lab::lab;
use loadgen::live::Live;
use loadgen::page::{self, cli::report};
use loadgen::plain::run_plain;
use loadgen::report::plain::PlainReport;
use loadgen::report::short::Short;
use loadgen::report::table::Table;
use loadgen::results_dir;
use loadgen::run::run_kept;
use loadgen::search::cli::MaxArgs;
use loadgen::search::max;
use loadgen::sweep::{SweepEnd, sweep};
use std::io::Write;
use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

const VERDICT_AGAINST: u8 = 1;
const NO_RESULT: u8 = 2;
const INCONCLUSIVE: u8 = 3;

fn main() -> ExitCode {
    let ended = match Cli::parse().command {
        Command::Run(args) => run_command(&args),
        Command::Max(args) => max_command(&args),
        Command::Lab(args) => interrupts().and_then(|asked| lab(&args, &asked)).map(|()| ExitCode::SUCCESS),
        Command::Report(args) => report(&args).map(|page| {
            let _ = writeln!(std::io::stdout(), "{}", page.display());
            ExitCode::SUCCESS
        }),
        Command::Compare(args) => compare_command(&args),
        Command::Diff(args) => diff_command(&args),
        Command::Trend(args) => trend(&args).map(|trends| {
            let _ = write!(std::io::stdout(), "{trends}");
            ExitCode::SUCCESS
        }),
        Command::Leash(args) => Err(become_leashed(&args)),
        Command::Sweep(args) => interrupts().and_then(|asked| sweep(&args, &asked)).map(end_of_sweep),
        Command::Advice(args) => advice(&args).map(|found| if found { 0 } else { VERDICT_AGAINST }.into()),
    };
    ended.unwrap_or_else(|error| {
        let _ = writeln!(std::io::stderr(), "loadgen: {error}");
        ExitCode::from(NO_RESULT)
    })
}

fn run_command(args: &RunCommand) -> Result<ExitCode, LoadError> {
    let run = &args.run;
    run.out.as_deref().map_or(Ok(()), results_dir::prepare)?;
    let interrupted = interrupts()?;
    let live = || if run.plain { Live::lines() } else { Live::best(&interrupted) };
    let (report, failure) = if args.is_plain() {
        run_plain(run, &interrupted, &live)?
    } else {
        let (highest, failure) = run_kept(run, &interrupted, live())?;
        (PlainReport { highest, at_share: None }, failure)
    };
    // A closed pipe is the reader's choice.
    let _ = write!(std::io::stdout(), "{}", told(args, &report));
    // One that can't be written is no reason not to write the other.
    let json = run.json.as_ref().map_or(Ok(()), |path| write_json(&report, path));
    run.out.as_ref().map_or(Ok(()), |dir| keep_run(&report, dir))?;
    json?;
    if let Some(failure) = failure {
        return Err(failure); // what was measured is kept
    }
    Ok(if report.has_lost() { ExitCode::from(VERDICT_AGAINST) } else { ExitCode::SUCCESS })
}

/// Short where there are two runs, unless more is asked for.
fn told(args: &RunCommand, report: &PlainReport) -> String {
    if args.is_plain() && !args.details {
        return Short(report).to_string();
    }
    let mut text = String::new();
    for (name, run) in report.runs() {
        let heading = if args.is_plain() { format!("\n{name}\n") } else { String::new() };
        text += &format!("{heading}{}", Table(run));
    }
    text + &if args.details { format!("\n{}", glossary::text()) } else { String::new() }
}

/// The second run, where there is one, also has a directory of its own in that of the result.
fn keep_run(report: &PlainReport, dir: &Path) -> Result<(), LoadError> {
    if let Some(second) = &report.at_share {
        let dir = dir.join(results_dir::AT_SHARE);
        results_dir::prepare(&dir)?;
        keep_run(&PlainReport { highest: second.run.clone(), at_share: None }, &dir)?;
    }
    results_dir::write(dir, report)?;
    let page = page::write_run(report, dir);
    page.map_err(|why| LoadError::File { path: dir.join(page::PAGE_FILE), why })
}

fn end_of_sweep(end: SweepEnd) -> ExitCode {
    match end {
        SweepEnd::Whole | SweepEnd::Interrupted => ExitCode::SUCCESS,
        SweepEnd::VerificationFailed => ExitCode::from(VERDICT_AGAINST),
        SweepEnd::RunsFailed => ExitCode::from(NO_RESULT),
    }
}

/// Exit code 1: no rate held, or records were lost on the way. 2: stopped before one was confirmed. 3: noise decided.
fn max_command(args: &MaxArgs) -> Result<ExitCode, LoadError> {
    let report = max(args, &interrupts()?)?;
    let _ = write!(std::io::stdout(), "{report}");
    if let Some(path) = &args.run.json {
        write_json(&report, path)?;
    }
    Ok(match (report.is_found(), report.interrupted) {
        (false, true) => ExitCode::from(NO_RESULT),
        _ if report.steered_by_noise => ExitCode::from(INCONCLUSIVE),
        (true, _) => ExitCode::SUCCESS,
        (false, false) => ExitCode::from(VERDICT_AGAINST),
    })
}

fn compare_command(args: &CompareArgs) -> Result<ExitCode, LoadError> {
    let Compared { report, outcome, unkept } = compare(args, &interrupts()?)?;
    let _ = write!(std::io::stdout(), "{}", compare::table::Table(&report));
    unkept.map_or(Ok(()), Err)?;
    Ok(ExitCode::from(match outcome {
        Outcome::Good => 0,
        Outcome::Bad => VERDICT_AGAINST,
        Outcome::Unsure => INCONCLUSIVE,
    }))
}

/// Exit code 1: something is worse than the threshold allows. 2: the two did not measure the same.
fn diff_command(args: &DiffArgs) -> Result<ExitCode, LoadError> {
    let judgement = diff(args)?;
    let _ = write!(std::io::stdout(), "{}", diff::Table(&judgement));
    Ok(ExitCode::from(match judgement.verdict {
        diff::Verdict::Held => 0,
        diff::Verdict::Regression => VERDICT_AGAINST,
        diff::Verdict::NotComparable => NO_RESULT,
    }))
}

/// The first Ctrl-C ends the run early with what it has; the second ends the process.
fn interrupts() -> Result<Arc<AtomicBool>, LoadError> {
    let asked = Arc::new(AtomicBool::new(false));
    for signal in [signal_hook::consts::SIGINT, signal_hook::consts::SIGTERM] {
        let again =
            signal_hook::flag::register_conditional_shutdown(signal, i32::from(NO_RESULT), asked.clone());
        again.map_err(LoadError::system("a signal handler"))?;
        signal_hook::flag::register(signal, asked.clone()).map_err(LoadError::system("a signal handler"))?;
    }
    Ok(asked)
}
