//! The goals of speed: each is a ratio of two figures that are measured in the same run, in rounds that alternate.

use creel_benches::dispersion::Dispersion;
use creel_benches::goals::NOT_WORSE;
use creel_benches::round::Round;
use creel_benches::shape::Acks;
use creel_benches::side::Side;

use crate::figures::{Cell, Cores, Measured, Rounds};
use crate::form::{FORMS, Field, Form};
use crate::names::shown;
use crate::ratios::{METRICS, Metric, P50, P99, P999};

/// Names by which goals are chosen, and what each is about.
pub(crate) const NAMES: [(&str, &str); 7] = [
    (
        "durable-partitions",
        "durable small batches: 16 and 100 partitions against 1, and each against the written floor",
    ),
    ("eight-producers", "8 closed-loop producers, durable, against Kafka that does not wait for the disk"),
    ("tail", "p99.9 at acks=1 against Kafka as shipped, in every form that has no fixed rate"),
    ("fixed-rate-tail", "p99.9 at acks=1 against Kafka as shipped, at fixed rates"),
    ("relaxed", "relaxed topics against Kafka as shipped, acks=1: the worst figure of each form"),
    ("sharding", "several shards on one CPU against one shard there"),
    ("not-worse", "against the binary of before: CPU per GB and p99.9 in every form"),
];

/// What a ratio has to be.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Bound {
    AtMost(f64),
    AtLeast(f64),
    /// It is told, and no goal is set.
    None,
}

impl Bound {
    pub(crate) fn holds(self, ratio: f64) -> bool {
        match self {
            Bound::AtMost(bound) => ratio <= bound,
            Bound::AtLeast(bound) => ratio >= bound,
            Bound::None => true,
        }
    }

    /// How far a ratio is on the right side of it: 1 is at the bound, less is beyond it.
    fn margin(self, ratio: f64) -> f64 {
        match self {
            Bound::AtMost(bound) => bound / ratio,
            Bound::AtLeast(bound) => ratio / bound,
            Bound::None => f64::INFINITY,
        }
    }

    pub(crate) fn said(self) -> String {
        match self {
            Bound::AtMost(bound) => format!("<= {bound}"),
            Bound::AtLeast(bound) => format!(">= {bound}"),
            Bound::None => String::new(),
        }
    }
}

/// One side in one form.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Point {
    pub(crate) form: &'static str,
    pub(crate) side: Side,
}

/// A ratio, and what it has to be.
#[derive(Clone)]
pub(crate) struct Goal {
    /// One of [`NAMES`].
    pub(crate) name: &'static str,
    pub(crate) cores: Cores,
    pub(crate) acks: Acks,
    pub(crate) over: Point,
    pub(crate) under: Point,
    pub(crate) figure: Figure,
    pub(crate) bound: Bound,
}

/// What a ratio is of.
#[derive(Clone, Copy)]
pub(crate) struct Figure {
    pub(crate) name: &'static str,
    pub(crate) of: fn(&Round) -> f64,
    pub(crate) is_latency: bool,
    /// Fewer responses than this in a round do not tell it.
    pub(crate) responses_min: usize,
}

impl Figure {
    const fn of_metric(metric: &Metric) -> Figure {
        Figure {
            name: metric.name,
            of: metric.of,
            is_latency: metric.is_latency,
            responses_min: metric.responses_min,
        }
    }
}

const CPU: Figure =
    Figure { name: "CPU/request", of: |round| round.cpu_us_per_request, is_latency: false, responses_min: 0 };
const RECORDS: Figure = Figure::of_metric(&METRICS[0]);
const CPU_PER_GB: Figure = Figure::of_metric(&METRICS[1]);
const MEDIAN: Figure = Figure::of_metric(&P50);
const HIGH: Figure = Figure::of_metric(&P99);
const TAIL: Figure = Figure::of_metric(&P999);

/// All of them.
pub(crate) fn goals() -> Vec<Goal> {
    let on_both = |of: fn(Cores, &mut Vec<Goal>), all: &mut Vec<Goal>| {
        of(Cores::OneEach, all);
        of(Cores::All, all);
    };
    let mut all = Vec::new();
    on_both(durable_partitions, &mut all);
    on_both(eight_producers, &mut all);
    on_both(tails, &mut all);
    on_both(relaxed, &mut all);
    sharding(&mut all);
    on_both(not_worse, &mut all);
    all
}

const fn at(form: &'static str, side: Side) -> Point {
    Point { form, side }
}

fn durable_partitions(cores: Cores, all: &mut Vec<Goal>) {
    let goal = |over, under, figure, bound| Goal {
        name: "durable-partitions",
        cores,
        acks: Acks::Durable,
        over,
        under,
        figure,
        bound,
    };
    for side in [Side::Creel, Side::KafkaFlush] {
        let bound = if side == Side::Creel { Bound::AtMost(1.2) } else { Bound::None };
        for form in ["durable-16", "durable-100"] {
            let against_one = |figure, bound| goal(at(form, side), at("durable-1", side), figure, bound);
            all.extend([against_one(CPU, bound), against_one(MEDIAN, bound)]);
            all.extend([against_one(HIGH, Bound::None), against_one(TAIL, Bound::None)]);
        }
    }
    for form in ["durable-1", "durable-16", "durable-100"] {
        let floor = at(form, Side::FloorWritten);
        all.push(goal(at(form, Side::Creel), floor, CPU, Bound::AtMost(1.25)));
        all.push(goal(at(form, Side::Creel), floor, MEDIAN, Bound::None));
    }
}

fn eight_producers(cores: Cores, all: &mut Vec<Goal>) {
    let bound = if cores == Cores::OneEach { 1.0 } else { 0.9 };
    all.push(Goal {
        name: "eight-producers",
        cores,
        acks: Acks::Durable,
        over: at("8-producers", Side::Creel),
        under: at("8-producers", Side::KafkaShipped),
        figure: RECORDS,
        bound: Bound::AtLeast(bound),
    });
}

/// Forms in which peers are compared under this ack.
fn forms_of_peers(cores: Cores, acks: Acks) -> impl Iterator<Item = &'static Form> {
    FORMS.iter().filter(move |form| form.field == Field::Peers && form.admits(cores, acks))
}

fn tails(cores: Cores, all: &mut Vec<Goal>) {
    for form in forms_of_peers(cores, Acks::Written) {
        let (name, bound) = if form.is_paced() { ("fixed-rate-tail", 0.5) } else { ("tail", 1.0) };
        all.push(Goal {
            name,
            cores,
            acks: Acks::Written,
            over: at(form.name(), Side::Creel),
            under: at(form.name(), Side::KafkaShipped),
            figure: TAIL,
            bound: Bound::AtMost(bound),
        });
    }
}

fn relaxed(cores: Cores, all: &mut Vec<Goal>) {
    for form in forms_of_peers(cores, Acks::Written) {
        let (ours, kafkas) = (at(form.name(), Side::CreelRelaxed), at(form.name(), Side::KafkaShipped));
        for metric in &METRICS {
            if metric.more_is_better && form.is_paced() {
                continue;
            }
            let (over, under) = if metric.more_is_better { (ours, kafkas) } else { (kafkas, ours) };
            all.push(Goal {
                name: "relaxed",
                cores,
                acks: Acks::Written,
                over,
                under,
                figure: Figure::of_metric(metric),
                bound: Bound::AtLeast(1.0),
            });
        }
    }
}

fn sharding(all: &mut Vec<Goal>) {
    let one = at("shards", Side::Shards1);
    for acks in [Acks::Written, Acks::Durable] {
        for (side, bound) in [
            (Side::Shards2, Bound::AtMost(1.15)),
            (Side::Shards4, Bound::None),
            (Side::Shards8, Bound::AtMost(1.35)),
        ] {
            let over = at("shards", side);
            all.push(Goal {
                name: "sharding",
                cores: Cores::OneEach,
                acks,
                over,
                under: one,
                figure: CPU,
                bound,
            });
        }
    }
}

fn not_worse(cores: Cores, all: &mut Vec<Goal>) {
    for acks in [Acks::Written, Acks::Durable] {
        for form in forms_of_peers(cores, acks) {
            let goal = |figure, bound| Goal {
                name: "not-worse",
                cores,
                acks,
                over: at(form.name(), Side::Creel),
                under: at(form.name(), Side::CreelBefore),
                figure,
                bound,
            };
            all.extend([goal(CPU_PER_GB, Bound::AtMost(NOT_WORSE)), goal(TAIL, Bound::None)]);
        }
    }
}

/// What the rounds say of a goal.
pub(crate) struct Outcome {
    pub(crate) goal: Goal,
    pub(crate) ratio: Ratio,
}

pub(crate) enum Ratio {
    /// With its spread; of so many rounds, in how many the bound was kept.
    Measured { of: Dispersion, rounds: usize, kept: usize },
    /// Why there is none.
    Absent(String),
}

impl Goal {
    /// What is set against what.
    pub(crate) fn what(&self) -> String {
        let (over, under) = (self.over, self.under);
        let figure = self.figure.name;
        if over.form == under.form {
            let side = |side: Side| shown(side);
            return format!("{figure}, {}: {} / {}", over.form, side(over.side), side(under.side));
        }
        format!("{figure}, {}: {} / {}", shown(over.side), over.form, under.form)
    }

    /// Whether it needs this side in this form.
    pub(crate) fn needs(&self, cell: Cell, side: Side) -> bool {
        let point = at(cell.form, side);
        (self.cores, self.acks) == (cell.cores, cell.acks) && (self.over == point || self.under == point)
    }

    fn rounds<'a>(&self, all: &'a [Measured], point: Point) -> Rounds<'a> {
        let cell = Cell { cores: self.cores, form: point.form, acks: self.acks };
        Rounds::of(all, cell, point.side)
    }

    /// `None` where one of the two was not measured at all.
    fn outcome(&self, all: &[Measured]) -> Option<Outcome> {
        let (over, under) = (self.rounds(all, self.over), self.rounds(all, self.under));
        if over.is_empty() || under.is_empty() {
            return None;
        }
        let ratio = self.hindrance(&over, &under).map_or_else(|| self.ratio(&over, &under), Ratio::Absent);
        Some(Outcome { goal: self.clone(), ratio })
    }

    fn hindrance(&self, over: &Rounds<'_>, under: &Rounds<'_>) -> Option<String> {
        if !self.figure.is_latency {
            return None;
        }
        for (point, rounds) in [(self.over, over), (self.under, under)] {
            if !rounds.is_held() {
                return Some(format!("{} did not hold the rate", shown(point.side)));
            }
            if rounds.responses() < self.figure.responses_min {
                return Some("too few responses".to_owned());
            }
        }
        None
    }

    fn ratio(&self, over: &Rounds<'_>, under: &Rounds<'_>) -> Ratio {
        let ratios = over.ratios(under, self.figure.of);
        let kept = ratios.iter().filter(|ratio| self.bound.holds(**ratio)).count();
        let rounds = ratios.len();
        Dispersion::of(ratios).map_or_else(
            || Ratio::Absent("no round has both".to_owned()),
            |of| Ratio::Measured { of, rounds, kept },
        )
    }
}

impl Outcome {
    /// The median decides.
    pub(crate) fn verdict(&self) -> String {
        match &self.ratio {
            Ratio::Absent(why) => why.clone(),
            Ratio::Measured { .. } if self.goal.bound == Bound::None => String::new(),
            Ratio::Measured { of, rounds, kept } => {
                let word = if self.goal.bound.holds(of.mid) { "reached" } else { "missed" };
                format!("{word} ({kept} of {rounds})")
            }
        }
    }

    fn margin(&self) -> f64 {
        match &self.ratio {
            Ratio::Measured { of, .. } => self.goal.bound.margin(of.mid),
            Ratio::Absent(_) => f64::INFINITY,
        }
    }
}

/// Of the goals whose sides were measured, in the order of [`NAMES`]. Of "relaxed" only the worst figure of each form.
pub(crate) fn outcomes(all: &[Measured]) -> Vec<Outcome> {
    let mut kept: Vec<Outcome> = Vec::new();
    for outcome in goals().iter().filter_map(|goal| goal.outcome(all)) {
        let is_same = |before: &&mut Outcome| {
            let (here, there) = (&outcome.goal, &before.goal);
            here.name == "relaxed"
                && there.name == "relaxed"
                && (here.over.form, here.cores) == (there.over.form, there.cores)
        };
        match kept.iter_mut().find(is_same) {
            Some(before) if outcome.margin() < before.margin() => *before = outcome,
            Some(_) => {}
            None => kept.push(outcome),
        }
    }
    kept.sort_by_key(|outcome| NAMES.iter().position(|(name, _)| *name == outcome.goal.name));
    kept
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::figures::tests::measured;

    fn round(form: &'static str, side: Side, acks: Acks, round: usize, cpu: f64) -> Measured {
        let mut measured = measured(side, acks, round, 100.0);
        (measured.figures.shape, measured.figures.cpu_us_per_request) = (form, cpu);
        measured
    }

    #[test]
    fn every_goal_has_a_name_and_forms_that_are_there() {
        for goal in goals() {
            assert!(NAMES.iter().any(|(name, _)| *name == goal.name), "{}", goal.name);
            for point in [goal.over, goal.under] {
                let form = FORMS.iter().find(|form| form.name() == point.form);
                let form = form.unwrap_or_else(|| panic!("{} names {}", goal.name, point.form));
                assert!(form.admits(goal.cores, goal.acks), "{}: {}", goal.name, point.form);
                assert!(point.side.takes_part(goal.acks), "{}: {:?}", goal.name, point.side);
            }
        }
        for (name, _) in NAMES {
            assert!(goals().iter().any(|goal| goal.name == name), "{name}");
        }
    }

    #[test]
    fn forms_are_set_against_each_other_round_by_round() {
        let all = [
            round("durable-1", Side::Creel, Acks::Durable, 1, 10.0),
            round("durable-1", Side::Creel, Acks::Durable, 2, 20.0),
            round("durable-1", Side::Creel, Acks::Durable, 3, 10.0),
            round("durable-16", Side::Creel, Acks::Durable, 1, 11.0),
            round("durable-16", Side::Creel, Acks::Durable, 2, 23.0),
            round("durable-16", Side::Creel, Acks::Durable, 3, 13.0),
        ];
        let outcomes = outcomes(&all);
        let cpu = outcomes.iter().find(|outcome| outcome.goal.figure.name == CPU.name);
        let cpu = cpu.expect("16 partitions against one");
        let Ratio::Measured { of, .. } = cpu.ratio else { panic!("it was measured") };
        assert_eq!(of.bracketed(2), "1.15 (1.10-1.30)");
        assert_eq!(cpu.verdict(), "reached (2 of 3)");
        assert_eq!(cpu.goal.what(), "CPU/request, Creel: durable-16 / durable-1");
    }

    #[test]
    fn a_tail_of_a_rate_that_was_not_held_is_no_tail() {
        let mut slow = round("curve-5k", Side::KafkaShipped, Acks::Written, 1, 1.0);
        slow.figures.achieved = Some(0.5);
        let all = [round("curve-5k", Side::Creel, Acks::Written, 1, 1.0), slow];
        let outcomes = outcomes(&all);
        assert_eq!(outcomes.len(), 1, "the tail");
        assert_eq!(outcomes[0].verdict(), "Kafka as shipped did not hold the rate");
    }

    #[test]
    fn the_median_decides_and_too_few_responses_do_not_tell() {
        let mut few = round("flood", Side::Creel, Acks::Written, 1, 1.0);
        few.figures.latencies_us.truncate(900);
        let mut slow = round("flood", Side::Creel, Acks::Written, 2, 1.0);
        slow.figures.p999_us = 1100;
        let kafka = |number| round("flood", Side::KafkaShipped, Acks::Written, number, 1.0);
        let verdict = |all: &[Measured]| outcomes(all)[0].verdict();
        assert_eq!(verdict(&[few, kafka(1)]), "too few responses");
        assert_eq!(verdict(&[slow, kafka(2)]), "missed (0 of 1)");
    }

    #[test]
    fn of_relaxed_topics_the_worst_figure_is_told() {
        let mut ours = round("flood", Side::CreelRelaxed, Acks::Written, 1, 1.0);
        (ours.figures.p50_us, ours.figures.peak_memory_mib) = (500, 20.0);
        let all = [ours, round("flood", Side::KafkaShipped, Acks::Written, 1, 1.0)];
        let outcomes = outcomes(&all);
        assert_eq!(outcomes.len(), 1);
        assert_eq!(outcomes[0].goal.figure.name, "peak memory");
        assert_eq!(outcomes[0].verdict(), "missed (0 of 1)");
    }
}
