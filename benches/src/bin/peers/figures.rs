//! All rounds of one side in one form, as figures: medians with their spread, and percentiles of all responses
//! together.

use creel_benches::client::percentile;
use creel_benches::dispersion::Dispersion;
use creel_benches::round::Round;
use creel_benches::shape::Acks;
use creel_benches::side::Side;
use serde::Serialize;

/// Which CPUs brokers and driver have.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, clap::ValueEnum)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Cores {
    /// One CPU for the broker, one for the driver.
    OneEach,
    /// All CPUs for both.
    All,
}

/// One round of one side.
#[derive(Serialize)]
pub(crate) struct Measured {
    pub(crate) cores: Cores,
    pub(crate) round: usize,
    #[serde(flatten)]
    pub(crate) figures: Round,
}

/// A form under one kind of ack, on these CPUs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Cell {
    pub(crate) cores: Cores,
    pub(crate) form: &'static str,
    pub(crate) acks: Acks,
}

/// Rounds of one side in a cell, in order.
pub(crate) struct Rounds<'a>(pub(crate) Vec<&'a Measured>);

/// Below this a rate was not held: the wait for the last answers counts, some hundredths of a short round.
const HELD: f64 = 0.98;
/// A percentile needs so many responses above it.
const RESPONSES_ABOVE: f64 = 1.0;

impl<'a> Rounds<'a> {
    pub(crate) fn of(all: &'a [Measured], cell: Cell, side: Side) -> Rounds<'a> {
        let is_meant = |measured: &&Measured| {
            let figures = &measured.figures;
            measured.cores == cell.cores
                && figures.side == side
                && figures.shape == cell.form
                && figures.acks == cell.acks.name()
        };
        Rounds(all.iter().filter(is_meant).collect())
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(crate) fn dispersion(&self, of: fn(&Round) -> f64) -> Option<Dispersion> {
        Dispersion::of(self.0.iter().map(|measured| of(&measured.figures)))
    }

    /// Of all rounds' responses together, in milliseconds; `None` where there were too few to tell.
    pub(crate) fn percentile_ms(&self, quantile: f64) -> Option<f64> {
        let rounds = self.0.iter().flat_map(|measured| &measured.figures.latencies_us);
        let mut merged: Vec<u32> = rounds.copied().collect();
        merged.sort_unstable();
        let is_enough = merged.len() as f64 * (1.0 - quantile) >= RESPONSES_ABOVE;
        is_enough.then(|| f64::from(percentile(&merged, quantile)) / 1e3)
    }

    /// What of its rate was reached, where the form has one.
    pub(crate) fn achieved(&self) -> Option<f64> {
        Dispersion::of(self.0.iter().filter_map(|measured| measured.figures.achieved))
            .map(|dispersion| dispersion.mid)
    }

    /// True also where no rate was asked for.
    pub(crate) fn is_held(&self) -> bool {
        self.achieved().is_none_or(|achieved| achieved >= HELD)
    }

    /// Round by round, over those that were measured beside them.
    pub(crate) fn over(&self, other: &Rounds<'_>, of: fn(&Round) -> f64) -> Option<Dispersion> {
        Dispersion::of(self.ratios(other, of))
    }

    /// A ratio for each round that both have.
    pub(crate) fn ratios(&self, other: &Rounds<'_>, of: fn(&Round) -> f64) -> Vec<f64> {
        let beside =
            |measured: &&Measured| other.0.iter().find(|there| there.round == measured.round).copied();
        let ratios = self.0.iter().filter_map(|here| {
            let there = beside(here)?;
            let (here, there) = (of(&here.figures), of(&there.figures));
            (here > 0.0 && there > 0.0).then(|| here / there)
        });
        ratios.collect()
    }

    /// Responses in the round that had least.
    pub(crate) fn responses(&self) -> usize {
        self.0.iter().map(|measured| measured.figures.latencies_us.len()).min().unwrap_or(0)
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    pub(crate) fn measured(side: Side, acks: Acks, round: usize, figure: f64) -> Measured {
        let figures = Round {
            side,
            shape: "flood",
            acks: acks.name(),
            writes: None,
            requests_per_second: figure,
            records_per_second: figure,
            achieved: None,
            unsent: 0,
            mb_per_second: figure,
            driver_busy: 0.5,
            cpu_us_per_request: 1.0 / figure,
            cpu_seconds_per_million: 1.0 / figure,
            cpu_seconds_per_gb: 1.0 / figure,
            p50_us: 1000,
            p99_us: 1000,
            p999_us: 1000,
            p9999_us: 1000,
            latencies_us: (0..1000).collect(),
            peak_memory_mib: 10.0,
        };
        Measured { cores: Cores::OneEach, round, figures }
    }

    pub(crate) const CELL: Cell = Cell { cores: Cores::OneEach, form: "flood", acks: Acks::Written };

    #[test]
    fn rounds_are_set_against_those_measured_beside_them() {
        let all = [
            measured(Side::Creel, Acks::Written, 1, 30.0),
            measured(Side::Creel, Acks::Written, 2, 80.0),
            measured(Side::KafkaShipped, Acks::Written, 2, 20.0),
            measured(Side::KafkaShipped, Acks::Written, 1, 10.0),
        ];
        let (creel, kafka) =
            (Rounds::of(&all, CELL, Side::Creel), Rounds::of(&all, CELL, Side::KafkaShipped));
        let ratio = creel.over(&kafka, |round| round.records_per_second);
        assert_eq!(ratio, Some(Dispersion { low: 3.0, mid: 4.0, high: 4.0 }));
    }

    #[test]
    fn percentiles_are_of_all_responses_and_not_told_of_too_few() {
        let all =
            [measured(Side::Creel, Acks::Written, 1, 1.0), measured(Side::Creel, Acks::Written, 2, 1.0)];
        let rounds = Rounds::of(&all, CELL, Side::Creel);
        assert_eq!(rounds.percentile_ms(0.5), Some(0.5));
        assert_eq!(rounds.percentile_ms(0.9999), None, "2,000 responses");
    }
}
