//! What a search reports, as data and as a table for a terminal.

use super::bisect::CONFIRMATIONS;
use super::options::MaxOptions;
use loadgen_result::report::MISSED_RATIO;
use loadgen_result::report::machine::Machine;
use loadgen_result::report::{BrokerReport, RunReport, SettingsReport, Verification};
use loadgen_result::text::{thousands, wrapped};
use serde::{Deserialize, Serialize};
use std::fmt::{self, Display, Formatter};

/// Where the text of a line begins, after its label.
const INDENT: usize = 15;

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
    /// The highest rate that held; `None` when none did. Where noise steered the search the broker does at least this.
    pub records_per_s: Option<f64>,
    /// The lowest rate that failed although nothing disturbed the machine; `None` when none did.
    #[serde(default)]
    pub at_most_records_per_s: Option<f64>,
    /// Rates above the one found were given up on probes that the machine disturbed, and on none that it did not: the maximum
    /// may be much higher. Then the exit code is 3.
    #[serde(default)]
    pub steered_by_noise: bool,
    /// Probes that the machine disturbed.
    #[serde(default)]
    pub disturbed_probes: usize,
    /// The generator was the limit above the rate found: the broker may do more.
    #[serde(default)]
    pub limited_by_generator: bool,
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
    /// The run's own, such as that --target-ratio was missed.
    #[serde(default)]
    pub warnings: Vec<String>,
}

impl Probe {
    /// One line.
    pub fn line(&self) -> String {
        let verdict = if self.held { "held" } else { "no" };
        let disturbed = if self.disturbed.is_empty() { "" } else { " (disturbed)" };
        let against = self.against.join(", ");
        let why = if against.is_empty() { against } else { format!(": {against}") };
        format!(
            "{:>12} records/s   p99 {:>9.3} ms   {:>5.1} %   {verdict}{disturbed}{why}",
            thousands(self.rate),
            self.p99_ms,
            self.achieved * 100.0
        )
    }
}

impl MaxReport {
    pub(super) fn of_failed_verification(options: &MaxOptions, first: RunReport) -> MaxReport {
        MaxReport {
            broker: first.broker,
            settings: first.settings,
            machine: first.machine,
            closed_loop_records_per_s: 0.0,
            p99_bound_ms: options.p99.as_secs_f64() * 1e3,
            precision: options.precision,
            records_per_s: None,
            at_most_records_per_s: None,
            steered_by_noise: false,
            disturbed_probes: 0,
            limited_by_generator: false,
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

    /// Says what the probes are worth.
    pub(super) fn weigh(&mut self) {
        let found = self.records_per_s.unwrap_or(0.0);
        let failures = last_failures(&self.probes, found);
        let quiet = failures.iter().filter(|probe| probe.disturbed.is_empty()).map(|probe| probe.rate);
        self.at_most_records_per_s = quiet.min_by(f64::total_cmp);
        // A bracket twice as wide as the one asked for is what repeated searches agree within.
        let is_near = |at_most: f64| at_most <= found * (1.0 + 2.0 * self.precision) * (1.0 + f64::EPSILON);
        // Where the lowest of them is no quiet one, it was disturbed.
        let lowest = lowest(&failures);
        self.steered_by_noise = lowest.is_some_and(|probe| Some(probe.rate) != self.at_most_records_per_s)
            && !self.at_most_records_per_s.is_some_and(is_near);
        self.disturbed_probes = self.probes.iter().filter(|probe| !probe.disturbed.is_empty()).count();
        self.limited_by_generator = lowest.is_some_and(|probe| probe.generator_was_limit);
    }
}

fn lowest<'a>(failures: &[&'a Probe]) -> Option<&'a Probe> {
    failures.iter().copied().min_by(|a, b| a.rate.total_cmp(&b.rate))
}

/// A rate is given up when two probes in a row fail: the last ones of each rate above `found`.
fn last_failures(probes: &[Probe], found: f64) -> Vec<&Probe> {
    let is_last = |index: usize, probe: &Probe| {
        let later = probes[index + 1..].iter().filter(|later| later.rate == probe.rate);
        later.count() < 2
    };
    let above = probes.iter().enumerate().filter(|(_, probe)| !probe.held && probe.rate > found);
    above.filter(|(index, probe)| is_last(*index, probe)).map(|(_, probe)| probe).collect()
}

impl Display for MaxReport {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        writeln!(f)?;
        for probe in &self.probes {
            writeln!(f, "  {}", probe.line())?;
        }
        writeln!(f)?;
        self.write_verdict(f)?;
        if self.limited_by_generator {
            writeln!(f, "\n  !! The generator was the limit above this rate. The broker may do more.")?;
        }
        self.missed_ratio().map_or(Ok(()), |missed| writeln!(f, "\n  !! {}", wrapped(missed, 5)))
    }
}

impl MaxReport {
    fn write_verdict(&self, f: &mut Formatter<'_>) -> fmt::Result {
        if let Some(failed) = &self.failed_verification {
            let example = failed.findings.first_example.as_deref().unwrap_or("none");
            return writeln!(
                f,
                "  verification FAILED: {example}\n  No figures: those of a broker that loses or changes records mean nothing."
            );
        }
        if self.steered_by_noise {
            return self.write_noise(f);
        }
        let bound = self.p99_bound_ms;
        match self.records_per_s {
            None => {
                writeln!(f, "  maximum      none found: no rate held with a response p99 below {bound} ms")?;
            }
            Some(rate) => {
                let (rate, confirmed) = (thousands(rate), self.confirmed());
                let precision = self.precision * 100.0;
                writeln!(
                    f,
                    "  maximum      {rate} records/s with a response p99 below {bound} ms, to {precision:.0} %\n               {confirmed}"
                )?;
            }
        }
        self.write_closed_loop(f)
    }

    /// Of the last probe at the rate found: how full batches are depends on the rate.
    fn missed_ratio(&self) -> Option<&String> {
        let at_found = |probe: &&Probe| probe.held && Some(probe.rate) == self.records_per_s;
        let probe = self.probes.iter().rev().find(at_found)?;
        probe.warnings.iter().find(|text| text.starts_with(MISSED_RATIO))
    }

    fn confirmed(&self) -> String {
        match self.confirmations {
            CONFIRMATIONS => format!("confirmed {CONFIRMATIONS} times"),
            some => format!("NOT confirmed ({some} of {CONFIRMATIONS} times): the search was stopped"),
        }
    }

    fn write_closed_loop(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let closed_loop = thousands(self.closed_loop_records_per_s);
        writeln!(f, "  closed loop  {closed_loop} records/s, whatever the latency")
    }

    /// What is known all the same, and what to do.
    fn write_noise(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let found = self.records_per_s.unwrap_or(0.0);
        let (disturbed, of, bound) = (self.disturbed_probes, self.probes.len(), self.p99_bound_ms);
        let unknown = format!(
            "NOT KNOWN: noise on this machine decided the search. The machine disturbed {disturbed} of {of} probes, and \
             the rates above failed only in such probes"
        );
        writeln!(f, "  maximum      {}", wrapped(&unknown, INDENT))?;
        if let Some(probe) = lowest(&last_failures(&self.probes, found)) {
            let by = format!("at {} records/s: {}", thousands(probe.rate), probe.disturbed.join("; "));
            writeln!(f, "  disturbed    {}", wrapped(&by, INDENT))?;
        }
        match self.records_per_s {
            Some(rate) => {
                let (rate, confirmed) = (thousands(rate), self.confirmed());
                writeln!(
                    f,
                    "  at least     {rate} records/s with a response p99 below {bound} ms; {confirmed}"
                )?;
            }
            None => writeln!(f, "  at least     nothing: no rate held with a response p99 below {bound} ms")?,
        }
        if let Some(at_most) = self.at_most_records_per_s {
            writeln!(f, "  at most      {} records/s, which failed on a quiet machine", thousands(at_most))?;
        }
        self.write_closed_loop(f)?;
        let advice = "end the other programs, or use another machine, and search again. On this machine, give longer probes \
                      (--duration 30s), and a --p99 well above the lateness of a thread that only sleeps (hiccups)";
        writeln!(f, "  what to do   {}", wrapped(advice, INDENT))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn probe(rate: f64, held: bool, is_disturbed: bool) -> Probe {
        let disturbed =
            if is_disturbed { vec!["other programs used 60.0 % of the CPU time".into()] } else { vec![] };
        Probe {
            rate,
            held,
            against: if held { vec![] } else { vec!["p99 too high".into()] },
            p99_ms: if held { 5.0 } else { 50.0 },
            achieved: 1.0,
            backlog_growth: 0.0,
            generator_was_limit: false,
            disturbed,
            warnings: Vec::new(),
        }
    }

    /// Of (rate, held, disturbed).
    fn report(found: Option<f64>, probes: &[(f64, bool, bool)]) -> MaxReport {
        let settings = serde_json::json!({
            "topic": "t", "partitions": 4, "payload": "lines", "keys": null, "stamp_bytes": 24, "seed": 1,
            "load": "maximum", "target_rate": null, "connections": 4, "consumers": 1, "threads": 1,
            "batch_bytes": 65536, "linger_ms": 5.0, "codec": "none", "acks": "all", "in_flight": 5
        });
        let mut report = MaxReport {
            broker: BrokerReport::default(),
            settings: serde_json::from_value(settings).unwrap(),
            machine: Machine::default(),
            closed_loop_records_per_s: 204_780.0,
            p99_bound_ms: 20.0,
            precision: 0.05,
            records_per_s: found,
            at_most_records_per_s: None,
            steered_by_noise: false,
            disturbed_probes: 0,
            limited_by_generator: false,
            confirmations: if found.is_some() { CONFIRMATIONS } else { 0 },
            interrupted: false,
            failed_verification: None,
            probes: probes.iter().map(|(rate, held, disturbed)| probe(*rate, *held, *disturbed)).collect(),
        };
        report.weigh();
        report
    }

    #[test]
    fn a_search_that_noise_steered_says_so_first_and_what_to_do() {
        let probes = [(5_000.0, false, true), (5_000.0, false, true), (2_595.0, true, true)];
        let report = report(Some(2_595.0), &probes);
        let text = report.to_string();
        let headline = text.lines().find(|line| line.starts_with("  maximum ")).unwrap();
        assert!(headline.contains("NOT KNOWN: noise on this machine decided the search."), "{text}");
        for words in [
            "at least     2,595 records/s",
            "at 5,000 records/s: other programs",
            "closed loop  204,780",
            "what to do",
        ] {
            assert!(text.contains(words), "{words}: {text}");
        }
        let json = serde_json::to_value(&report).unwrap();
        assert_eq!((&json["steered_by_noise"], &json["disturbed_probes"]), (&true.into(), &3.into()));
        assert!(json["at_most_records_per_s"].is_null());
    }

    #[test]
    fn a_missed_ratio_is_that_of_the_rate_found() {
        let mut report = report(
            Some(5_000.0),
            &[(5_000.0, true, false), (9_000.0, false, false), (9_000.0, false, false)],
        );
        report.probes[1].warnings = vec!["--target-ratio 4 came out as 3".into()];
        assert!(!report.to_string().contains("--target-ratio"), "{report}");
        report.probes[0].warnings = vec!["--target-ratio 4 came out as 2".into()];
        assert!(report.to_string().contains("!! --target-ratio 4 came out as 2"), "{report}");
    }

    #[test]
    fn none_found_by_noise_alone_is_no_verdict_against_the_broker() {
        let none = report(None, &[(5_000.0, false, true), (5_000.0, false, true)]);
        assert!(none.steered_by_noise && none.to_string().contains("at least     nothing"), "{none}");
        let slow = report(None, &[(5_000.0, false, false), (5_000.0, false, false)]);
        assert!(!slow.steered_by_noise && slow.to_string().contains("maximum      none found"), "{slow}");
    }

    #[test]
    fn disturbed_probes_that_decided_nothing_do_not_matter() {
        let quiet_end =
            [(9_000.0, false, true), (9_000.0, false, true), (5_200.0, false, true), (5_200.0, false, false)];
        let far_end = [
            (9_000.0, false, false),
            (9_000.0, false, false),
            (5_200.0, false, true),
            (5_200.0, false, true),
        ];
        let near_end = [
            (5_300.0, false, false),
            (5_300.0, false, false),
            (5_200.0, false, true),
            (5_200.0, false, true),
        ];
        let held_again =
            [(5_000.0, false, true), (5_000.0, true, true), (5_200.0, false, false), (5_200.0, false, false)];
        for (probes, at_most, is_steered) in [
            (quiet_end, 5_200.0, false),
            (far_end, 9_000.0, true),
            (near_end, 5_300.0, false),
            (held_again, 5_200.0, false),
        ] {
            let report = report(Some(5_000.0), &probes);
            assert_eq!(
                (report.at_most_records_per_s, report.steered_by_noise),
                (Some(at_most), is_steered),
                "{report}"
            );
            assert_eq!(report.to_string().contains("below 20 ms, to 5 %"), !is_steered, "{report}");
        }
    }
}
