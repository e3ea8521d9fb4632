//! All rounds as lines: a measure, and what each system's rounds came to.

use crate::arm::Arm;
use crate::dispersion::Dispersion;
use crate::figures::{Figures, Kind, Measured};
use loadgen_result::latency::Percentiles;
use std::collections::BTreeMap;

/// Medians closer than this are no difference worth a word.
const TELLING: f64 = 1.05;

/// One measure.
#[derive(Debug, Clone)]
pub struct Line {
    /// What is measured, with its unit.
    pub label: String,
    /// Places behind the point.
    pub digits: usize,
    /// What is better.
    pub better: Better,
    /// Lowest, median and highest of the rounds.
    pub of: BTreeMap<Arm, Dispersion>,
}

/// Which way to read a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Better {
    /// More.
    Higher,
    /// Less.
    Lower,
    /// It only describes.
    Neither,
}

type Pick = fn(&Figures) -> Option<f64>;

const MS: f64 = 1e3;
const MIB: f64 = (1 << 20) as f64;

fn of_response(figures: &Figures, pick: fn(&Percentiles) -> f64) -> Option<f64> {
    figures.response.as_ref().map(|percentiles| pick(percentiles) / MS)
}

fn of_end_to_end(figures: &Figures, pick: fn(&Percentiles) -> f64) -> Option<f64> {
    figures.end_to_end.as_ref().map(|percentiles| pick(percentiles) / MS)
}

const LATENCIES: [(&str, Pick); 6] = [
    ("response p50, ms", |figures| of_response(figures, |p| p.p50_us)),
    ("response p99, ms", |figures| of_response(figures, |p| p.p99_us)),
    ("response p99.9, ms", |figures| of_response(figures, |p| p.p999_us)),
    ("response max, ms", |figures| of_response(figures, |p| p.max_us)),
    ("end to end p50, ms", |figures| of_end_to_end(figures, |p| p.p50_us)),
    ("end to end p99, ms", |figures| of_end_to_end(figures, |p| p.p99_us)),
];

/// The first of [`LATENCIES`] are about the response.
const RESPONSES: usize = 4;

/// All lines, in the table's order.
pub fn lines(measured: &[Measured], rates: &[f64]) -> Vec<Line> {
    let mut lines = closed_loop(measured, Kind::Maximum, "highest rate");
    for rate in rates {
        lines.extend(open_loop(
            measured,
            Kind::Rate(*rate),
            &format!("at {rate}/s"),
            Better::Lower,
            &LATENCIES,
        ));
    }
    for rate in rates {
        let title = format!("at {rate}/s, stored and read by nobody");
        lines.extend(open_loop(
            measured,
            Kind::Stored(*rate),
            &title,
            Better::Lower,
            &LATENCIES[..RESPONSES],
        ));
    }
    let own = "at 4/5 of its own highest rate";
    let rate: Pick = |figures| figures.target_rate;
    lines.push(line(measured, Kind::OwnReach, &format!("{own}: messages/s"), 0, Better::Neither, rate));
    lines.extend(open_loop(measured, Kind::OwnReach, own, Better::Neither, &LATENCIES));
    lines.extend(closed_loop(measured, Kind::FanOut, "three readers of everything, highest rate"));
    lines.retain(|line| !line.of.is_empty());
    lines
}

fn open_loop(
    measured: &[Measured],
    kind: Kind,
    title: &str,
    better: Better,
    latencies: &[(&str, Pick)],
) -> Vec<Line> {
    let make = |what: &str, digits, better, pick| {
        line(measured, kind, &format!("{title}: {what}"), digits, better, pick)
    };
    let kept: Pick = |figures| figures.achieved().map(|share| share * 100.0);
    let cpu: Pick = |figures| Some(figures.broker_cpu_s_per_million);
    let mut lines = vec![make("% of the rate reached", 1, Better::Neither, kept)];
    lines.extend(latencies.iter().map(|(what, pick)| make(what, 2, better, *pick)));
    lines.push(make("broker's CPU, s per million", 1, better, cpu));
    lines
}

fn closed_loop(measured: &[Measured], kind: Kind, title: &str) -> Vec<Line> {
    let make = |what: &str, digits, better, pick| {
        line(measured, kind, &format!("{title}: {what}"), digits, better, pick)
    };
    vec![
        make("acknowledged messages/s", 0, Better::Higher, |figures| Some(figures.acked_per_s)),
        make("messages/s read", 0, Better::Neither, |figures| Some(figures.read_per_s)),
        make("broker's CPU, s per million", 1, Better::Lower, |figures| {
            Some(figures.broker_cpu_s_per_million)
        }),
        make("broker's memory at its peak, MiB", 0, Better::Lower, |figures| {
            figures.peak_memory_bytes.map(|bytes| bytes as f64 / MIB)
        }),
        make("generator busy, % of its CPUs", 0, Better::Neither, |figures| {
            Some(figures.generator_busy * 100.0)
        }),
    ]
}

fn line(measured: &[Measured], kind: Kind, label: &str, digits: usize, better: Better, pick: Pick) -> Line {
    let mut of = BTreeMap::new();
    for arm in Arm::ALL {
        let rounds = measured.iter().filter(|measured| measured.arm == arm && measured.kind == kind);
        if let Some(dispersion) = Dispersion::of(rounds.filter_map(|measured| pick(&measured.figures))) {
            of.insert(arm, dispersion);
        }
    }
    Line { label: label.to_owned(), digits, better, of }
}

/// Which of two has it, told by all rounds.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Ahead {
    /// Every round of the first is better than every round of the second; by so many times, by the medians.
    First(f64),
    /// The other way round.
    Second(f64),
    /// The rounds overlap.
    Neither,
}

impl Line {
    /// Compares two systems; `None` where the line only describes, or one has no figures.
    pub fn compare(&self, first: Arm, second: Arm) -> Option<Ahead> {
        let (one, other) = (self.of.get(&first)?, self.of.get(&second)?);
        let is_below = match self.better {
            Better::Neither => return None,
            Better::Higher => [one.low > other.high, one.high < other.low],
            Better::Lower => [one.high < other.low, one.low > other.high],
        };
        let times = (one.mid / other.mid).max(other.mid / one.mid);
        if times < TELLING {
            return Some(Ahead::Neither);
        }
        Some(match is_below {
            [true, _] => Ahead::First(times),
            [_, true] => Ahead::Second(times),
            _ => Ahead::Neither,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use loadgen_result::report::verification::Findings;

    fn figures(acked_per_s: f64, target_rate: Option<f64>) -> Figures {
        Figures {
            target_rate,
            acked_per_s,
            read_per_s: 0.0,
            response: None,
            end_to_end: None,
            broker_cpu_s_per_million: 1.0,
            generator_busy: 0.5,
            peak_memory_bytes: None,
            findings: Findings::default(),
            unsent: 0,
        }
    }

    fn rounds(arm: Arm, kind: Kind, rates: &[f64], target: Option<f64>) -> Vec<Measured> {
        let made =
            |(round, rate): (usize, &f64)| Measured { round, arm, kind, figures: figures(*rate, target) };
        rates.iter().enumerate().map(made).collect()
    }

    #[test]
    fn rounds_that_overlap_give_no_verdict() {
        let mut measured = rounds(Arm::CreelAll, Kind::Maximum, &[900.0, 1_000.0, 1_100.0], None);
        measured.extend(rounds(Arm::Classic, Kind::Maximum, &[400.0, 500.0, 600.0], None));
        measured.extend(rounds(Arm::Quorum, Kind::Maximum, &[1_050.0, 2_000.0, 2_100.0], None));
        let lines = lines(&measured, &[]);
        let line = &lines[0];
        assert_eq!(line.compare(Arm::CreelAll, Arm::Classic), Some(Ahead::First(2.0)));
        assert_eq!(line.compare(Arm::Classic, Arm::Quorum), Some(Ahead::Second(4.0)));
        assert_eq!(line.compare(Arm::CreelAll, Arm::Quorum), Some(Ahead::Neither));
        assert_eq!(line.compare(Arm::CreelAll, Arm::CreelOne), None, "it was not measured");
    }

    #[test]
    fn a_rate_that_was_not_kept_is_told() {
        let measured = rounds(Arm::Classic, Kind::Rate(100.0), &[100.0, 42.0, 99.5], Some(100.0));
        let lines = lines(&measured, &[100.0]);
        assert_eq!(lines[0].label, "at 100/s: % of the rate reached");
        assert_eq!(lines[0].of[&Arm::Classic].bracketed(1), "99.5 (42.0-100.0)");
    }

    #[test]
    fn a_hair_is_no_lead() {
        let mut measured = rounds(Arm::CreelAll, Kind::Maximum, &[1_000.0], None);
        measured.extend(rounds(Arm::Classic, Kind::Maximum, &[1_010.0], None));
        assert_eq!(lines(&measured, &[])[0].compare(Arm::CreelAll, Arm::Classic), Some(Ahead::Neither));
    }
}
