//! All figures with their spread over the rounds, each beside its goal if it has one.

use std::fmt::Write as _;

use creel_benches::dispersion::Dispersion;

/// What is measured, in the order of the table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Figure {
    EmptyListening,
    EmptyAck,
    IdleMemory,
    Making,
    PartitionMemory,
    BusyAlone,
    BusyBeside,
    BusyRatio,
    Stopping,
    StoppedListening,
    StoppedServing,
    KilledListening,
    KilledServing,
}

use Figure::{
    BusyAlone, BusyBeside, BusyRatio, EmptyAck, EmptyListening, IdleMemory, KilledListening, KilledServing,
    Making, PartitionMemory, StoppedListening, StoppedServing, Stopping,
};

const ORDER: [Figure; 13] = [
    EmptyListening,
    EmptyAck,
    IdleMemory,
    Making,
    PartitionMemory,
    Stopping,
    StoppedListening,
    StoppedServing,
    KilledListening,
    KilledServing,
    BusyAlone,
    BusyBeside,
    BusyRatio,
];

/// The goals of starts are set for so many partitions.
const GOAL_PARTITIONS: i32 = 100_000;

impl Figure {
    fn said(self) -> &'static str {
        match self {
            EmptyListening => "started with nothing: listening, ms",
            EmptyAck => "  a topic made and its first record durable, ms",
            IdleMemory => "memory idle, MiB",
            Making => "idle partitions made, ms",
            PartitionMemory => "memory for each of them, KiB",
            Stopping => "stopped, ms",
            StoppedListening => "started after a stop: listening, ms",
            StoppedServing => "  every partition serving, ms",
            KilledListening => "started after a kill: listening, ms",
            KilledServing => "  every partition serving, ms",
            BusyAlone => "p99 of busy partitions alone, ms",
            BusyBeside => "p99 of busy partitions beside the idle ones, ms",
            BusyRatio => "  that over alone",
        }
    }

    /// At most, with so many partitions.
    fn goal(self, partitions: i32) -> Option<f64> {
        match self {
            StoppedServing if partitions >= GOAL_PARTITIONS => Some(2000.0),
            KilledServing if partitions >= GOAL_PARTITIONS => Some(10_000.0),
            BusyRatio => Some(1.5),
            _ => None,
        }
    }
}

/// Rounds, with the name of the binary.
#[derive(Default)]
pub(crate) struct Table {
    rounds: Vec<(String, Vec<(Figure, f64)>)>,
}

impl Table {
    pub(crate) fn add(&mut self, name: &str, figures: Vec<(Figure, f64)>) {
        self.rounds.push((name.to_owned(), figures));
    }

    pub(crate) fn text(&self, partitions: i32) -> String {
        let mut names: Vec<&str> = self.rounds.iter().map(|(name, _)| name.as_str()).collect();
        names.sort_unstable();
        names.dedup();
        let mut text = format!("{:49} {:14} {:>26} {:>9}\n", "", "", "median (low-high)", "wanted");
        for figure in ORDER {
            for name in &names {
                text += &self.line(figure, name, partitions).unwrap_or_default();
            }
        }
        text
    }

    fn line(&self, figure: Figure, name: &str, partitions: i32) -> Option<String> {
        let own = self.rounds.iter().filter(|(of, _)| of == name).flat_map(|(_, figures)| figures);
        let figures: Vec<f64> = own.filter(|(of, _)| *of == figure).map(|(_, value)| *value).collect();
        let goal = figure.goal(partitions);
        let wanted = goal.map_or(String::new(), |goal| format!("<= {goal}"));
        let (kept, all) =
            (figures.iter().filter(|value| goal.is_some_and(|goal| **value <= goal)).count(), figures.len());
        let spread = Dispersion::of(figures)?;
        let mut line = format!("{:49} {name:14} {:>26} {wanted:>9}", figure.said(), spread.bracketed(2));
        if let Some(goal) = goal {
            let verdict = if spread.mid <= goal { "reached" } else { "missed" };
            let _ = write!(line, " {verdict} ({kept} of {all})");
        }
        Some(format!("{}\n", line.trim_end()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_goal_is_judged_by_the_median_of_its_own_binary() {
        let mut table = Table::default();
        for (name, ratio) in [("creel", 1.2), ("creel-before", 3.0), ("creel", 1.6), ("creel", 1.4)] {
            table.add(name, vec![(BusyRatio, ratio), (StoppedServing, 100.0)]);
        }
        let text = table.text(10);
        let lines: Vec<&str> = text.lines().collect();
        assert!(
            lines[3].contains("creel ") && lines[3].ends_with("1.40 (1.20-1.60)    <= 1.5 reached (2 of 3)"),
            "{text}"
        );
        assert!(lines[4].contains("creel-before") && lines[4].ends_with("missed (0 of 1)"), "{text}");
        assert!(lines[1].ends_with("100.00 (100.00-100.00)"), "of ten partitions nothing is wanted: {text}");
        assert!(table.text(GOAL_PARTITIONS).contains("<= 2000 reached (3 of 3)"));
        assert!(lines.iter().all(|line| line.len() <= 120));
    }

    #[test]
    fn every_figure_has_its_place_in_the_table() {
        assert!(ORDER.iter().enumerate().all(|(i, figure)| !ORDER[..i].contains(figure)));
        assert!(ORDER.iter().all(|figure| figure.said().len() <= 49));
    }
}
