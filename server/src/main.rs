//! The broker `creel`.
//!
//! Exit codes: 0 after a clean stop, 1 when it could not start or stop cleanly, 2 for a wrong configuration, 130 (143) when
//! a second SIGINT (SIGTERM) ended the stop. `creel check` has its own (`check_command`).

#![warn(clippy::print_stdout, clippy::print_stderr, reason = "they panic where the reader has gone")]

mod check_command;

use std::io::{IsTerminal, Write};
use std::process::ExitCode;
use std::time::Duration;

use clap::Parser;
use creel_io::CoreId;
use creel_io::runtime::{self, CoreConfig};
use creel_server::config::{Args, Command, Config, CoreList, listing, load};
use creel_server::{Setup, run_core};
use tracing_subscriber::EnvFilter;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;

fn main() -> ExitCode {
    let args = Args::parse();
    let config = match load(&args) {
        Ok(config) => config,
        Err(errors) => return fail(2, errors.lines()),
    };
    if args.print_config {
        // The reader may have closed its end.
        let _ = write!(std::io::stdout(), "{}", listing(&config.settings));
        return ExitCode::SUCCESS;
    }
    if let Some(Command::Check(asked)) = &args.command {
        return check_command::run(config, asked);
    }
    log_to_stderr("info");
    run(config)
}

fn fail(code: u8, lines: impl IntoIterator<Item = impl std::fmt::Display>) -> ExitCode {
    for line in lines {
        let _ = writeln!(std::io::stderr(), "creel: {line}");
    }
    ExitCode::from(code)
}

/// `CREEL_LOG`, else `RUST_LOG`, says how much.
fn log_to_stderr(default: &str) {
    let given = std::env::var("CREEL_LOG").or_else(|_| std::env::var("RUST_LOG"));
    let filter = EnvFilter::new(given.as_deref().unwrap_or(default));
    let colours = std::io::stderr().is_terminal();
    // The reader of the log may have gone (`creel 2>&1 | head`). Complaining about that on stderr would panic.
    let lines = tracing_subscriber::fmt::layer().with_ansi(colours).with_writer(std::io::stderr);
    tracing_subscriber::registry().with(filter).with(lines.log_internal_errors(false)).init();
}

fn run(mut config: Config) -> ExitCode {
    let cpus = match &config.cores {
        CoreList::All => runtime::available_cpus(),
        CoreList::These(cpus) => cpus.clone(),
    };
    let cores = cpus.iter().enumerate().map(|(index, cpu)| CoreConfig {
        id: CoreId(index as u16),
        cpu: config.broker.creel_pin.then_some(*cpu),
    });
    let spin = Duration::from_micros(config.broker.creel_spin_us.unsigned_abs().into());
    let runtime_config = runtime::RuntimeConfig {
        cores: cores.collect(),
        spin,
        hurried,
        ..runtime::RuntimeConfig::on_cpus(&cpus)
    };
    config.cores = CoreList::These(cpus);
    let setup = Setup::new(config, runtime_config.cores.len(), |banner| {
        // Whoever reads it may be gone: that is no reason not to serve.
        let _ = writeln!(std::io::stdout(), "{banner}");
    });
    let of_core = setup.clone();
    match runtime::start(&runtime_config, move |core| run_core(core, of_core.clone())) {
        Ok(cores) => cores.join(),
        Err(error) => return fail(1, [error]),
    }
    match setup.failure() {
        None => ExitCode::SUCCESS,
        Some(failure) => fail(1, [failure]),
    }
}

fn hurried(signal: i32) {
    tracing::warn!(
        signal,
        "second stop signal: the broker ends at once, and the next start recovers its logs"
    );
}
