//! The binary `loadgen`. Exit codes: 0 measured, 1 a verdict against (verification failed, B worse, nothing satisfies a
//! service level), 2 no result, or that of a run that was cut short, 3 measured and no answer (too much noise, no difference).

#![forbid(unsafe_code)]
#![warn(clippy::print_stdout, clippy::print_stderr, reason = "they panic where the reader has gone")]

mod cli;

use crate::cli::advice::AdviceArgs;
use crate::cli::compare::CompareArgs;
use crate::cli::diff::{DiffArgs, TrendArgs};
use crate::cli::lab::LabArgs;
use crate::cli::max::MaxArgs;
use crate::cli::report::ReportArgs;
use crate::cli::run::RunCommand;
use crate::cli::runner::LocalRunner;
use crate::cli::sweep::SweepArgs;
use crate::cli::{Cli, Command};
use clap::Parser;
use loadgen_dashboard::best_view;
use loadgen_host::broker::parent_death::exec_dependent;
use loadgen_page::glossary;
use loadgen_page::run_table::Table;
use loadgen_page::short_table::Short;
use loadgen_result::files::{FileError, write_json};
use loadgen_result::report::Origin;
use loadgen_result::report::plain::PlainReport;
use loadgen_result::results_dir;
use loadgen_run::plain::run_plain;
use loadgen_run::progress_view::{Lines, ProgressView};
use loadgen_run::{Caller, run_kept};
use loadgen_study::advice::advice;
use loadgen_study::compare::{self, Answer, Compared, compare};
use loadgen_study::diff::trend::trend;
use loadgen_study::diff::{self, diff};
use loadgen_study::lab::{self, lab};
use loadgen_study::search::max;
use loadgen_study::sweep::{SweepEnd, sweep};
use std::fmt::Display;
use std::io::Write;
use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

/// Its version, and the commit it was built from where that was a checkout: `0.1.0 (3f2a1b4c5d6e)`.
const VERSION: &str = match option_env!("BUILD_VERSION") {
    Some(version) => version,
    None => env!("CARGO_PKG_VERSION"),
};

const VERDICT_AGAINST: u8 = 1;
const NO_RESULT: u8 = 2;
const INCONCLUSIVE: u8 = 3;

/// Why there is no result, in one line.
type Failure = Box<dyn std::error::Error>;

fn main() -> ExitCode {
    let ended = match Cli::parse().command {
        Command::Run(args) => run_command(&args),
        Command::Max(args) => max_command(&args),
        Command::Lab(args) => lab_command(&args),
        Command::Report(args) => report_command(args),
        Command::Compare(args) => compare_command(&args),
        Command::Diff(args) => diff_command(&args),
        Command::Trend(args) => trend_command(&args),
        Command::Dependent(args) => Err(exec_dependent(&args.dependent()).into()),
        Command::Sweep(args) => sweep_command(&args),
        Command::Advice(args) => advice_command(&args),
    };
    ended.unwrap_or_else(|error| {
        let _ = writeln!(std::io::stderr(), "loadgen: {error}");
        ExitCode::from(NO_RESULT)
    })
}

/// Standard output; a closed pipe is the reader's choice.
fn print(text: impl Display) {
    let _ = write!(std::io::stdout(), "{text}");
}

/// This process. The first Ctrl-C makes it end its runs early and keep what they have. The second ends the process.
fn caller() -> Result<Caller, Failure> {
    let origin = Origin { loadgen: VERSION.to_owned(), command: std::env::args().collect() };
    Ok(Caller { origin, interrupted: interrupts()? })
}

fn local_runner() -> Result<LocalRunner, Failure> {
    Ok(LocalRunner { caller: caller()? })
}

fn run_command(args: &RunCommand) -> Result<ExitCode, Failure> {
    let (run, options) = (&args.run, args.run.options());
    run.out.as_deref().map_or(Ok(()), results_dir::prepare)?;
    let caller = caller()?;
    let view = || -> Box<dyn ProgressView> {
        if run.plain { Box::new(Lines::alone()) } else { best_view(&caller.interrupted) }
    };
    let (report, failure) = if args.is_plain() {
        run_plain(&options, &caller, &view)?
    } else {
        let (highest, failure) = run_kept(&options, &caller, view())?;
        (PlainReport { highest, at_share: None }, failure)
    };
    print(text_of(args, &report));
    // One that can't be written is no reason not to write the other.
    let json = run.json.as_ref().map_or(Ok(()), |path| write_json(&report, path));
    run.out.as_ref().map_or(Ok(()), |dir| keep_run(&report, dir))?;
    json?;
    if let Some(failure) = failure {
        return Err(failure.into()); // what was measured is kept
    }
    Ok(if report.has_lost() { ExitCode::from(VERDICT_AGAINST) } else { ExitCode::SUCCESS })
}

/// Short where there are two runs, unless more is asked for.
fn text_of(args: &RunCommand, report: &PlainReport) -> String {
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
fn keep_run(report: &PlainReport, dir: &Path) -> Result<(), Failure> {
    if let Some(second) = &report.at_share {
        let dir = dir.join(results_dir::AT_SHARE);
        results_dir::prepare(&dir)?;
        keep_run(&PlainReport { highest: second.run.clone(), at_share: None }, &dir)?;
    }
    results_dir::write(dir, report)?;
    let page = loadgen_page::write_run(report, dir);
    page.map_err(|why| FileError { path: dir.join(loadgen_page::PAGE_FILE), why }.into())
}

fn sweep_command(args: &SweepArgs) -> Result<ExitCode, Failure> {
    Ok(match sweep(&args.options(), &local_runner()?, &|text| print(text))? {
        SweepEnd::Whole | SweepEnd::Interrupted => ExitCode::SUCCESS,
        SweepEnd::VerificationFailed => ExitCode::from(VERDICT_AGAINST),
        SweepEnd::RunsFailed => ExitCode::from(NO_RESULT),
    })
}

/// Exit code 1: nothing measured satisfies the service level.
fn advice_command(args: &AdviceArgs) -> Result<ExitCode, Failure> {
    let advice = advice(&args.options())?;
    print(&advice.text);
    args.json.as_deref().map_or(Ok(()), |path| write_json(&advice.json, path))?;
    Ok(if advice.is_found { ExitCode::SUCCESS } else { ExitCode::from(VERDICT_AGAINST) })
}

fn lab_command(args: &LabArgs) -> Result<ExitCode, Failure> {
    let report = lab(&args.options(), VERSION, &*interrupts()?)?;
    print(lab::table::Table(&report));
    args.json.as_deref().map_or(Ok(()), |path| write_json(&report, path))?;
    Ok(ExitCode::SUCCESS)
}

fn report_command(args: ReportArgs) -> Result<ExitCode, Failure> {
    let page = loadgen_page::report(&args.paths, args.out)?;
    print(format_args!("{}\n", page.display()));
    Ok(ExitCode::SUCCESS)
}

fn trend_command(args: &TrendArgs) -> Result<ExitCode, Failure> {
    print(trend(&args.dir)?);
    Ok(ExitCode::SUCCESS)
}

/// Exit code 1: no rate held, or records were lost on the way. 2: stopped before one was confirmed. 3: noise decided.
fn max_command(args: &MaxArgs) -> Result<ExitCode, Failure> {
    let report = max(&args.options()?, &local_runner()?)?;
    print(&report);
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

fn compare_command(args: &CompareArgs) -> Result<ExitCode, Failure> {
    let Compared { report, answer, unkept } = compare(&args.options(), &local_runner()?)?;
    print(compare::table::Table(&report));
    unkept.map_or(Ok(()), Err)?;
    Ok(ExitCode::from(match answer {
        Answer::Good => 0,
        Answer::Bad => VERDICT_AGAINST,
        Answer::Unsure => INCONCLUSIVE,
    }))
}

/// Exit code 1: something is worse than the threshold allows. 2: the two did not measure the same.
fn diff_command(args: &DiffArgs) -> Result<ExitCode, Failure> {
    let judgement = diff(&args.options())?;
    print(diff::Table(&judgement));
    Ok(ExitCode::from(match judgement.verdict {
        diff::DiffVerdict::Held => 0,
        diff::DiffVerdict::Regression => VERDICT_AGAINST,
        diff::DiffVerdict::NotComparable => NO_RESULT,
    }))
}

fn about_signals(why: std::io::Error) -> Failure {
    format!("a signal handler: {why}").into()
}

/// Set by the first of the signals that ask to end.
fn interrupts() -> Result<Arc<AtomicBool>, Failure> {
    let asked = Arc::new(AtomicBool::new(false));
    for signal in [signal_hook::consts::SIGINT, signal_hook::consts::SIGTERM] {
        let again =
            signal_hook::flag::register_conditional_shutdown(signal, i32::from(NO_RESULT), asked.clone());
        again.map_err(about_signals)?;
        signal_hook::flag::register(signal, asked.clone()).map_err(about_signals)?;
    }
    Ok(asked)
}
