//! What a search has to tell, as data and for people's eyes.

use super::bisect::CONFIRMATIONS;
use super::cli::MaxArgs;
use crate::report::machine::Machine;
use crate::report::table::thousands;
use crate::report::{BrokerReport, RunReport, SettingsReport, Verification};
use serde::{Deserialize, Serialize};
use std::fmt::{self, Display, Formatter};

/// A search, whole.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct MaxReport {
    /// What was measured against, as the first run saw it.
    pub broker: BrokerReport,
    /// What was asked for, as in the first run: a closed loop.
    pub settings: SettingsReport,
    /// Where.
    pub machine: Machine,
    /// What the closed loop reached: where the search began.
    pub closed_loop_records_per_s: f64,
    /// The bound on the p99 of the response.
    pub p99_bound_ms: f64,
    /// How near to each other the rate found and one that failed are, as a share. Repeated searches agree within twice that.
    pub precision: f64,
    /// The highest rate that held; `None` when none did.
    pub records_per_s: Option<f64>,
    /// How often it held again.
    pub confirmations: u32,
    /// Ended by a signal, before its time.
    pub interrupted: bool,
    /// Records were lost, duplicated, reordered or altered: the search ended there.
    pub failed_verification: Option<Verification>,
    /// Every probe, in order.
    pub probes: Vec<Probe>,
}

/// One run at one rate.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Probe {
    /// Records per second asked for.
    pub rate: f64,
    /// Whether it held.
    pub held: bool,
    /// Why not.
    pub against: Vec<String>,
    /// Of the response.
    pub p99_ms: f64,
    /// Share of the rate that was reached.
    pub achieved: f64,
    /// Growth of what is due or to be read, per second, as a share of the rate.
    pub backlog_growth: f64,
    /// The generator had nothing left to give.
    pub generator_was_limit: bool,
    /// What else the machine did, in words.
    pub disturbed: Vec<String>,
}

impl Probe {
    /// One line.
    pub fn line(&self) -> String {
        let verdict = if self.held { "held".to_owned() } else { format!("no: {}", self.against.join(", ")) };
        let disturbed = if self.disturbed.is_empty() { "" } else { "   (disturbed)" };
        format!(
            "{:>12} records/s   p99 {:>9.3} ms   {:>5.1} %   {verdict}{disturbed}",
            thousands(self.rate),
            self.p99_ms,
            self.achieved * 100.0
        )
    }
}

impl MaxReport {
    pub(super) fn of_failed_verification(args: &MaxArgs, first: RunReport) -> MaxReport {
        MaxReport {
            broker: first.broker,
            settings: first.settings,
            machine: first.machine,
            closed_loop_records_per_s: 0.0,
            p99_bound_ms: args.p99.as_secs_f64() * 1e3,
            precision: args.precision,
            records_per_s: None,
            confirmations: 0,
            interrupted: false,
            failed_verification: Some(first.verification),
            probes: Vec::new(),
        }
    }

    /// Found, and confirmed.
    pub fn is_found(&self) -> bool {
        self.records_per_s.is_some() && self.confirmations == CONFIRMATIONS
    }

    /// The lowest rate above the one found that failed, where the generator was the limit: then the broker may do more.
    fn is_generators_limit(&self) -> bool {
        let found = self.records_per_s.unwrap_or(0.0);
        let failed = self.probes.iter().filter(|probe| !probe.held && probe.rate > found);
        failed.min_by(|a, b| a.rate.total_cmp(&b.rate)).is_some_and(|probe| probe.generator_was_limit)
    }
}

impl Display for MaxReport {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        writeln!(f)?;
        for probe in &self.probes {
            writeln!(f, "  {}", probe.line())?;
        }
        writeln!(f)?;
        self.write_verdict(f)?;
        if self.is_generators_limit() {
            writeln!(f, "\n  !! The generator was the limit above this: the broker may do more.")?;
        }
        Ok(())
    }
}

impl MaxReport {
    fn write_verdict(&self, f: &mut Formatter<'_>) -> fmt::Result {
        if let Some(failed) = &self.failed_verification {
            let example = failed.findings.first_example.as_deref().unwrap_or("none");
            return writeln!(
                f,
                "  verification FAILED: {example}\n  No numbers: those of a broker that fails this mean nothing."
            );
        }
        let bound = self.p99_bound_ms;
        let Some(rate) = self.records_per_s else {
            return writeln!(
                f,
                "  maximum      none found: no rate held with a p99 of the response under {bound} ms"
            );
        };
        let confirmed = match self.confirmations {
            CONFIRMATIONS => format!("confirmed {CONFIRMATIONS} times"),
            some => format!("NOT confirmed ({some} of {CONFIRMATIONS}): the search was stopped"),
        };
        writeln!(
            f,
            "  maximum      {} records/s with a p99 of the response under {bound} ms; {confirmed}, to {:.0} %\n  \
             closed loop  {} records/s, whatever the latency",
            thousands(rate),
            self.precision * 100.0,
            thousands(self.closed_loop_records_per_s)
        )
    }
}
