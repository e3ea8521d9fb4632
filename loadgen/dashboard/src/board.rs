//! What the dashboard shows, as data.

use super::history::{History, Rates};
use loadgen_engine::plan::Plan;
use loadgen_engine::run_state::RunState;
use loadgen_engine::schedule::Load;
use loadgen_engine::sketch::Counts;
use loadgen_result::text::thousands;

/// More behind than this many seconds of the rate is worth a warning.
const BEHIND_SECONDS_MAX: f64 = 3.0;
const ACHIEVED_MIN: f64 = 0.97;

/// One screen.
#[derive(Debug, Clone, Default)]
pub struct Board {
    /// What is being done.
    pub phase: String,
    /// The broker.
    pub broker: String,
    /// What is asked of it.
    pub setting: String,
    /// Records per second asked for.
    pub target_rate: Option<f64>,
    /// Of warm-up and measuring, done: 0 to 1.
    pub done: f64,
    /// Where between 0 and 1 the warm-up ends.
    pub warm_at: f64,
    /// Seconds until the load ends.
    pub left_s: f64,
    /// Of the last second.
    pub rates: Rates,
    /// Records acked per second, the oldest first.
    pub time_series: Vec<u64>,
    /// Response times of the last second.
    pub last_second: Counts,
    /// Response times since measuring began.
    pub so_far: Counts,
    /// Acked, overall.
    pub acked: u64,
    /// Acked and not yet read, by partition.
    pub behind: Vec<u64>,
    /// Whether anybody reads.
    pub has_consumers: bool,
    /// What should be known before the run ends.
    pub warnings: Vec<String>,
}

impl Board {
    /// The load is decided.
    pub fn describe(&mut self, address: &str, plan: &Plan) {
        address.clone_into(&mut self.broker);
        self.has_consumers = !plan.consumers.is_empty();
        self.target_rate = match &plan.load {
            Load::Constant { rate } | Load::Poisson { rate } => Some(*rate),
            Load::Shaped(_) | Load::Replay(_) | Load::Maximum => None,
        };
        let settings = &plan.settings;
        self.setting = format!(
            "{} partitions, codec {}, acks {}, {} connections × {} in flight",
            plan.topic.partitions(),
            settings.codec,
            settings.acks.name(),
            plan.producers,
            settings.in_flight
        );
    }

    /// A new look was taken.
    pub fn update(&mut self, now_ns: u64, history: &History, run_state: &RunState) {
        self.rates = history.rates();
        self.time_series = history.time_series();
        self.last_second = history.last_second();
        self.so_far = history.so_far();
        self.acked = run_state.totals().acked_records;
        self.behind = run_state.behind();
        self.place(now_ns, run_state);
        self.warnings = self.judge();
    }

    fn place(&mut self, now_ns: u64, run_state: &RunState) {
        let Some(start_ns) = run_state.start_ns() else { return };
        let window = run_state.window();
        let whole = window.to_ns.saturating_sub(start_ns).max(1) as f64;
        self.done = (now_ns.saturating_sub(start_ns) as f64 / whole).min(1.0);
        self.warm_at = (window.from_ns.saturating_sub(start_ns) as f64 / whole).min(1.0);
        self.left_s = window.to_ns.saturating_sub(now_ns) as f64 / 1e9;
    }

    fn judge(&self) -> Vec<String> {
        let mut warnings = Vec::new();
        if self.phase != "measuring" {
            return warnings;
        }
        if let Some(target) = self.target_rate.filter(|target| self.rates.acked < target * ACHIEVED_MIN) {
            let share = self.rates.acked / target * 100.0;
            warnings.push(format!("only {share:.0} % of the rate in the last second"));
        }
        let behind: u64 = self.behind.iter().sum();
        if self.has_consumers && behind as f64 > self.rates.acked * BEHIND_SECONDS_MAX && behind > 1_000 {
            warnings.push(format!("consumers are {} records behind", thousands(behind as f64)));
        }
        warnings
    }
}
