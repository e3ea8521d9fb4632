//! Options of `loadgen compare`.

use super::metric::Metric;
use clap::{Args, ValueEnum};
use loadgen_engine::units::{parse_duration, parse_share};
use loadgen_result::stats::PAIRS_MIN;
use loadgen_study::compare::options::{self, CompareOptions};
use std::path::PathBuf;
use std::time::Duration;

const MIN: i64 = PAIRS_MIN as i64;

/// What to compare, and how often.
#[derive(Debug, Clone, Args)]
#[command(after_help = EXIT_CODES)]
pub(crate) struct CompareArgs {
    /// The one to compare with: TOML whose keys are the options of `loadgen run`, and `name`
    #[arg(value_name = "A.toml")]
    pub(crate) a: PathBuf,
    /// The one to judge
    #[arg(value_name = "B.toml")]
    pub(crate) b: PathBuf,
    /// Pairs of A and B
    #[arg(long, default_value_t = 8, value_parser = clap::value_parser!(u16).range(MIN..=1_000))]
    pub(crate) rounds: u16,
    /// Pairs of A and A before, for the noise floor [default: as many as --rounds]
    #[arg(long, value_parser = clap::value_parser!(u16).range(MIN..=1_000))]
    pub(crate) control_rounds: Option<u16>,
    /// How long to measure in each run, in place of the files' `duration`
    #[arg(long, value_name = "TIME", value_parser = parse_duration)]
    pub(crate) duration: Option<Duration>,
    /// How long to load before measuring, in place of the files' `warmup`
    #[arg(long, value_name = "TIME", value_parser = parse_duration)]
    pub(crate) warmup: Option<Duration>,
    /// Seed of the order, and of everything random in both
    #[arg(long, default_value_t = 1)]
    pub(crate) seed: u64,
    /// What to look at, the first of them decides [default: all; at a fixed rate p99 decides, else the broker's CPU or,
    /// where that is unknown or the brokers are not of one kind, records/s]
    #[arg(long, value_enum, value_delimiter = ',', value_name = "NAMES")]
    pub(crate) metric: Vec<Metric>,
    /// How far B must be from A to be called better or worse: the whole 95 % interval lies beyond this
    #[arg(long, value_name = "PERCENT", default_value = "1%", value_parser = parse_share)]
    pub(crate) min_effect: f64,
    /// Give a verdict also where most runs were disturbed by the machine: A against itself was disturbed alike
    #[arg(long)]
    pub(crate) despite_noise: bool,
    /// What B must be for exit code 0; whatever else it is, is 1 then [default: see the exit codes below]
    #[arg(long, value_enum, value_name = "VERDICT")]
    pub(crate) require: Option<Require>,
    /// Keep every run's result and compare.json here
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
            metrics: self.metric.iter().map(|metric| metric.of_a_comparison()).collect(),
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
  0  B is better than A in the figure that decides, which is the first --metric;
     or it is what --require asks for
  1  B is worse, or not what --require asks for; or records were lost
  2  no comparison: bad options, no broker, a full disk, stopped too early
  3  inconclusive: no difference beyond chance and noise was found;
     whatever --require says: fewer than 6 whole pairs were measured, or most runs
     were disturbed by the machine (see --despite-noise)";
