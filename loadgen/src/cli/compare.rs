//! Options of `loadgen compare`.

use super::metric::metric_parser;
use clap::{Args, ValueEnum};
use loadgen_engine::units::{parse_duration, parse_share};
use loadgen_result::comparison::metric::Metric;
use loadgen_result::stats::PAIRS_MIN;
use loadgen_study::compare::options::{self, CompareOptions};
use std::path::PathBuf;
use std::time::Duration;

const MIN: i64 = PAIRS_MIN as i64;

/// What to compare, and how often.
#[derive(Debug, Clone, Args)]
#[command(after_help = EXIT_CODES)]
pub(crate) struct CompareArgs {
    /// The baseline: a TOML file. Its keys are the long options of `loadgen run`, and `name`
    #[arg(value_name = "A.toml")]
    pub(crate) a: PathBuf,
    /// The candidate, which is judged: a TOML file of the same kind
    #[arg(value_name = "B.toml")]
    pub(crate) b: PathBuf,
    /// Number of pairs of runs. A pair is one run of A and one of B
    #[arg(long, default_value_t = 8, value_parser = clap::value_parser!(u16).range(MIN..=1_000))]
    pub(crate) rounds: u16,
    /// Number of pairs in which both runs are of A. They are measured first, and show the noise [default: as many as --rounds]
    #[arg(long, value_parser = clap::value_parser!(u16).range(MIN..=1_000))]
    pub(crate) control_rounds: Option<u16>,
    /// How long each run measures. This overrides `duration` of both files
    #[arg(long, value_name = "TIME", value_parser = parse_duration)]
    pub(crate) duration: Option<Duration>,
    /// How long each run loads the broker before it measures. This overrides `warmup` of both files
    #[arg(long, value_name = "TIME", value_parser = parse_duration)]
    pub(crate) warmup: Option<Duration>,
    /// Seed of the order of the runs, and of all random data in both
    #[arg(long, default_value_t = 1)]
    pub(crate) seed: u64,
    /// Figures to compare. The first one decides [default: all. With --rate p99 decides. Without, broker-cpu decides if both runs
    /// start a creel, else records-per-s]
    #[arg(long, value_parser = metric_parser(), value_delimiter = ',', value_name = "NAMES")]
    pub(crate) metric: Vec<Metric>,
    /// The smallest difference that counts. B is better or worse only if the whole 95 % interval is beyond it
    #[arg(long, value_name = "PERCENT", default_value = "1%", value_parser = parse_share)]
    pub(crate) min_effect: f64,
    /// Give a verdict even if the machine disturbed most runs. It disturbed A against itself as well
    #[arg(long)]
    pub(crate) despite_noise: bool,
    /// Verdict that gives exit code 0. Any other verdict then gives 1 [default: see the exit codes below]
    #[arg(long, value_enum, value_name = "VERDICT")]
    pub(crate) require: Option<Require>,
    /// Directory for the result of every run and compare.json
    #[arg(long, value_name = "DIR")]
    pub(crate) out: Option<PathBuf>,
}

/// What B must be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Require {
    /// B is better, or enough was measured and no difference was found
    #[value(alias = "not-slower")]
    NotWorse,
    /// B is better
    #[value(alias = "faster")]
    Better,
}

impl CompareArgs {
    /// What they ask for.
    pub(crate) fn options(&self) -> CompareOptions {
        CompareOptions {
            a: self.a.clone(),
            b: self.b.clone(),
            rounds: self.rounds,
            control_rounds: self.control_rounds.unwrap_or(self.rounds),
            duration: self.duration,
            warmup: self.warmup,
            seed: self.seed,
            metrics: self.metric.clone(),
            min_effect: self.min_effect,
            despite_noise: self.despite_noise,
            require: self.require.map(|require| match require {
                Require::NotWorse => options::Require::NotWorse,
                Require::Better => options::Require::Better,
            }),
            out: self.out.clone(),
        }
    }
}

/// Below the options of `--help`.
const EXIT_CODES: &str = "Exit codes:
  0  B is better than A in the figure that decides (the first --metric);
     with --require: B is what it asks for
  1  B is worse; with --require: B is not what it asks for; or records were lost
  2  no comparison: bad options, no broker, a full disk, stopped too early
  3  inconclusive: no difference beyond chance and noise was found.
     Also with --require: fewer than 6 whole pairs were measured, or the machine
     disturbed most runs (see --despite-noise)";
