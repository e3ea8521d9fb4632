//! The result of a comparison, as data: compare.json.

pub mod metric;

use crate::report::machine::Machine;
use crate::report::{BrokerReport, SettingsReport};
use crate::stats::Interval;
use metric::Metric;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// What compare.json is, and its version.
pub const SCHEMA: &str = "loadgen.compare/1";

/// What B is. Results of before say `faster` and `slower`, also of CPU and memory.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Verdict {
    /// Beyond doubt and beyond noise.
    #[serde(alias = "faster")]
    Better,
    /// Beyond doubt and beyond noise.
    #[serde(alias = "slower")]
    Worse,
    /// Neither can be told.
    Inconclusive,
}

/// Everything a comparison has to tell.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct CompareReport {
    /// [`SCHEMA`].
    pub schema: String,
    /// loadgen's version.
    pub loadgen: String,
    /// The command that made it.
    pub command: Vec<String>,
    /// When it ended, milliseconds of the Unix clock.
    pub ended_at_ms: u64,
    /// What is compared with.
    pub a: ArmReport,
    /// What is judged.
    pub b: ArmReport,
    /// Where it ran.
    #[serde(default)]
    pub machine: Machine,
    /// Of the order and of everything random.
    pub seed: u64,
    /// Pairs of A and B asked for.
    pub rounds: usize,
    /// Pairs of A and A asked for.
    pub control_rounds: usize,
    /// The share by which B must at least differ: an interval that reaches within it decides nothing.
    #[serde(default)]
    pub min_effect: f64,
    /// Ended by a signal: the verdict is on the pairs measured until then.
    pub interrupted: bool,
    /// Every run, in the order in which they were made.
    pub runs: Vec<RoundRun>,
    /// What decides.
    pub primary: Metric,
    /// The comparison's result: `better`, `worse` or `inconclusive` (in older results `faster`, `slower`). It is the
    /// primary figure's, but `inconclusive` if there is too much noise to judge by ([`Disturbed::steers`]).
    pub verdict: Verdict,
    /// What the machine did to it.
    #[serde(default)]
    pub disturbed: Disturbed,
    /// Each figure.
    pub metrics: Vec<MetricReport>,
    /// A failed verification, or a run that could not be made: either voids all figures.
    pub failed: Option<String>,
    /// What makes the verdict mean less than it seems to.
    pub warnings: Vec<String>,
}

impl CompareReport {
    /// The primary's figures.
    pub fn decisive(&self) -> Option<&MetricReport> {
        self.metrics.iter().find(|metric| metric.metric == self.primary)
    }

    /// Pairs enough for a verdict, and quiet enough.
    pub fn is_enough(&self) -> bool {
        !self.disturbed.steers && self.decisive().is_some_and(MetricReport::is_enough)
    }
}

/// What disturbed runs mean for the verdict.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Disturbed {
    /// Runs that the machine disturbed, of both phases: those whose `noise` says something.
    pub runs: usize,
    /// Runs there are.
    pub of: usize,
    /// What the pairs that nothing disturbed say alone; `None` where they are too few.
    pub without: Option<Verdict>,
    /// Most runs were disturbed, and the others are too few or say something else. Then there is no verdict, unless
    /// one was asked for despite the noise.
    pub steers: bool,
    /// A verdict was asked for all the same (`--despite-noise`).
    pub overruled: bool,
}

impl Disturbed {
    /// The beginning of a sentence.
    pub fn counted(&self) -> String {
        format!("the machine disturbed {} of {} runs", self.runs, self.of)
    }
}

/// One side.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct ArmReport {
    /// As its file names it.
    pub name: String,
    /// Its file.
    pub file: String,
    /// Of its first run; `None` when there was none.
    pub broker: Option<BrokerReport>,
    /// Of its first run.
    pub settings: Option<SettingsReport>,
}

/// One run.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct RoundRun {
    /// What its pair is for.
    pub phase: Phase,
    /// Which pair of the phase, from 1.
    pub pair: usize,
    /// `a` or `b`; in the control `a` is compared with itself and `b` is its second run.
    pub arm: String,
    /// What was measured.
    pub values: BTreeMap<Metric, f64>,
    /// Why it should not be trusted alone.
    pub noise: Vec<String>,
    /// Its own warnings.
    pub warnings: Vec<String>,
    /// Its whole result, below `--out`.
    pub file: Option<String>,
}

/// What pairs are for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Phase {
    /// A against itself.
    Control,
    /// A against B.
    Compare,
}

/// One figure of both.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct MetricReport {
    /// Which.
    pub metric: Metric,
    /// The median of A's runs of the comparison, in the unit of run.json.
    pub a: f64,
    /// B's.
    pub b: f64,
    /// Pairs that have it.
    pub pairs: usize,
    /// B over A, pair by pair.
    pub interval: Option<Interval>,
    /// A over A.
    pub control: Option<Interval>,
    /// A ratio within `1/floor..floor` may be noise.
    pub floor: Option<f64>,
    /// What B is in this, by the two intervals alone, however disturbed the runs were.
    pub verdict: Verdict,
}

impl MetricReport {
    /// Pairs enough of either kind.
    pub fn is_enough(&self) -> bool {
        self.interval.is_some() && self.control.is_some()
    }
}
