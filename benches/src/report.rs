//! The table of the rounds: a line for each side, then the ratios, each beside its goal if it has one.

use std::fmt::Write as _;

use crate::dispersion::Dispersion;
use crate::goals::{MEMORY, NOT_WORSE, goal};
use crate::round::Round;
use crate::shape::Acks;
use crate::side::Side;

/// The columns' names.
#[must_use]
pub fn heading() -> String {
    format!(
        "{:15} {:8} {:>16} {:>24} {:>10} {:>22} {:>7} {:>8} {:>8} {:>8} {:>7}",
        "shape",
        "acks",
        "side",
        "requests/s",
        "records/s",
        "CPU us/request",
        "s/GB",
        "p50 us",
        "p99 us",
        "p99.9",
        "MiB"
    )
}

/// All sides of one shape: medians, lowest and highest in brackets.
#[must_use]
pub fn section(rounds: &[Round], acks: Acks) -> String {
    let mut text = String::new();
    let mut sides: Vec<Side> = Vec::new();
    for round in rounds {
        if !sides.contains(&round.side) {
            sides.push(round.side);
        }
    }
    sides.sort_by_key(|side| *side as u8);
    for side in &sides {
        line(&mut text, &of_side(rounds, *side));
    }
    ratios(&mut text, rounds, acks);
    text
}

fn of_side(rounds: &[Round], side: Side) -> Vec<&Round> {
    rounds.iter().filter(|round| round.side == side).collect()
}

fn line(text: &mut String, rounds: &[&Round]) {
    let [first, ..] = rounds else { return };
    let figure = |digits: usize, f: fn(&Round) -> f64| match dispersion(rounds, f) {
        Some(dispersion) => dispersion.bracketed(digits),
        None => String::new(),
    };
    let mid = |f: fn(&Round) -> f64| dispersion(rounds, f).map_or(0.0, |dispersion| dispersion.mid);
    // Writing to a String cannot fail.
    let _ = writeln!(
        text,
        "{:15} {:8} {:>16} {:>24} {:>10.0} {:>22} {:>7.3} {:>8.0} {:>8.0} {:>8.0} {:>7.0}",
        first.shape,
        first.acks,
        first.side.name(),
        figure(0, |r| r.requests_per_second),
        mid(|r| r.records_per_second),
        figure(2, |r| r.cpu_us_per_request),
        mid(|r| r.cpu_seconds_per_gb),
        mid(|r| f64::from(r.p50_us)),
        mid(|r| f64::from(r.p99_us)),
        mid(|r| f64::from(r.p999_us)),
        mid(|r| r.peak_memory_mib),
    );
}

fn ratios(text: &mut String, rounds: &[Round], acks: Acks) {
    let creel = of_side(rounds, Side::Creel);
    let [first, ..] = creel[..] else { return };
    let goal = goal(first.shape, acks);
    let cpu = |r: &Round| r.cpu_us_per_request;
    let tail = |r: &Round| f64::from(r.p999_us);
    let mut say = |name: &str, over: &[&Round], under: &[&Round], of: fn(&Round) -> f64, bound: Bound| {
        if let (Some(over), Some(under)) = (dispersion(over, of), dispersion(under, of)) {
            let (ratio, lowest) = (over.mid / under.mid, over.low / under.low);
            let verdict = bound.verdict(ratio);
            let _ = writeln!(text, "{name:>40} = {ratio:.2}, lowest over lowest {lowest:.2}{verdict}");
        }
    };
    let floor = of_side(rounds, Side::Floor);
    say("CPU creel / floor", &creel, &floor, cpu, Bound::AtMost(goal.over_floor));
    let written = of_side(rounds, Side::FloorWritten);
    say("CPU creel / floor-written", &creel, &written, cpu, Bound::AtMost(None));
    let before = of_side(rounds, Side::CreelBefore);
    say("CPU creel / creel-before", &creel, &before, cpu, Bound::AtMost(Some(NOT_WORSE)));
    say("p99.9 creel / creel-before", &creel, &before, tail, Bound::AtMost(None));
    let relaxed = of_side(rounds, Side::CreelRelaxed);
    say("CPU creel-relaxed / creel", &relaxed, &creel, cpu, Bound::AtMost(None));
    say("p99.9 creel-relaxed / creel", &relaxed, &creel, tail, Bound::AtMost(None));
    let new_files = of_side(rounds, Side::CreelNewFiles);
    say("CPU creel / creel-new", &creel, &new_files, cpu, Bound::AtMost(None));
    let idle_peers = of_side(rounds, Side::CreelIdlePeers);
    say("p99 creel-idle-peers / creel", &idle_peers, &creel, |r| f64::from(r.p99_us), Bound::AtMost(None));
    say("p99.9 creel-idle-peers / creel", &idle_peers, &creel, tail, Bound::AtMost(None));
    for side in [Side::Kafka, Side::KafkaShipped] {
        let kafka = of_side(rounds, side);
        let is_judge = side == Side::Kafka;
        let bound = |wanted: Option<f64>| Bound::AtLeast(wanted.filter(|_| is_judge));
        say(&format!("CPU {} / creel", side.name()), &kafka, &creel, cpu, bound(goal.under_kafka));
        say(&format!("p99.9 {} / creel", side.name()), &kafka, &creel, tail, bound(goal.tail));
        if is_judge {
            // No broker on these system calls gets further.
            say("CPU kafka / floor", &kafka, &floor, cpu, bound(None));
            say("memory kafka / creel", &kafka, &creel, |r| r.peak_memory_mib, bound(Some(MEMORY)));
        }
    }
}

#[derive(Clone, Copy)]
enum Bound {
    AtMost(Option<f64>),
    AtLeast(Option<f64>),
}

impl Bound {
    fn verdict(self, ratio: f64) -> String {
        let (sign, wanted, reached) = match self {
            Bound::AtMost(Some(wanted)) => ("<=", wanted, ratio <= wanted),
            Bound::AtLeast(Some(wanted)) => (">=", wanted, ratio >= wanted),
            Bound::AtMost(None) | Bound::AtLeast(None) => return String::new(),
        };
        format!("   goal {sign} {wanted}: {}", if reached { "reached" } else { "missed" })
    }
}

/// A figure over these rounds.
pub(crate) fn dispersion(rounds: &[&Round], of: impl Fn(&Round) -> f64) -> Option<Dispersion> {
    Dispersion::of(rounds.iter().map(|round| of(round)))
}
