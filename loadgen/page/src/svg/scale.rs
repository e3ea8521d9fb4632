//! From values to positions on an axis, and the positions of its ticks.

use crate::plot::{Axis, FARTHEST, Scale, Unit};
use crate::text::short;

/// An axis over what there is to show.
#[derive(Debug, Clone, Copy)]
pub(super) struct Ruler {
    is_log: bool,
    low: f64,
    high: f64,
}

impl Ruler {
    /// With room for ends that are round.
    pub(super) fn over(axis: Axis, (low, high): (f64, f64)) -> Ruler {
        let (low, high) = (low.clamp(-FARTHEST, FARTHEST), high.clamp(-FARTHEST, FARTHEST));
        match axis.scale {
            Scale::Tail => Ruler { is_log: true, low: 1.0, high: high.max(100.0) },
            Scale::Log => {
                let low = if low > 0.0 { low } else { high.max(1.0) / 1e3 };
                Ruler { is_log: true, low: round_down(low), high: round_up(high.max(low * 1.01)) }
            }
            Scale::Zero => Ruler { is_log: false, low: 0.0, high: next_step(high) },
            Scale::Linear => {
                Ruler { is_log: false, low, high: if high > low { high } else { low + low.abs().max(1.0) } }
            }
        }
    }

    /// From 0 to 1; what can't be shown lies at an end.
    pub(super) fn place(&self, value: f64) -> f64 {
        let map = |value: f64| if self.is_log { value.max(f64::MIN_POSITIVE).log10() } else { value };
        ((map(value) - map(self.low)) / (map(self.high) - map(self.low))).clamp(0.0, 1.0)
    }

    /// Values to be named, from low to high.
    pub(super) fn ticks(&self, axis: Axis) -> Vec<f64> {
        let mut ticks = self.all_ticks(axis.scale);
        ticks.retain(|tick| axis.unit != Unit::Whole || tick.fract() == 0.0);
        ticks
    }

    fn all_ticks(&self, scale: Scale) -> Vec<f64> {
        let within = |value: &f64| (self.low * 0.999..=self.high * 1.001).contains(value);
        match scale {
            Scale::Tail => tail_ticks().filter(within).collect(),
            Scale::Log => log_ticks(self.low, self.high),
            Scale::Zero | Scale::Linear => linear_ticks(self.low, self.high),
        }
    }
}

/// As the axis writes it.
pub(super) fn label(value: f64, unit: Unit) -> String {
    match unit {
        Unit::Plain | Unit::Whole => short(value),
        Unit::Ms if value >= 1e3 => format!("{} s", short(value / 1e3)),
        Unit::Ms if value >= 1.0 || value == 0.0 => format!("{} ms", short(value)),
        Unit::Ms => format!("{} µs", short(value * 1e3)),
        Unit::Percentile => percentile(value),
    }
}

fn percentile(value: f64) -> String {
    let share = 100.0 - 100.0 / value;
    let text = format!("{share:.6}");
    format!("p{}", text.trim_end_matches('0').trim_end_matches('.'))
}

fn tail_ticks() -> impl Iterator<Item = f64> {
    [2.0].into_iter().chain((1..=8).map(|power| 10f64.powi(power)))
}

fn log_ticks(low: f64, high: f64) -> Vec<f64> {
    let decades = (high / low).log10();
    let steps: &[f64] = if decades <= 2.2 { &[1.0, 2.0, 5.0] } else { &[1.0] };
    let powers = low.log10().floor() as i32..=high.log10().ceil() as i32;
    let every = (decades / 8.0).ceil().max(1.0) as i32;
    let powers = powers.filter(move |power| power.rem_euclid(every) == 0);
    let all = powers.flat_map(|power| steps.iter().map(move |step| step * 10f64.powi(power)));
    all.filter(|value| (low * 0.999..=high * 1.001).contains(value)).collect()
}

fn linear_ticks(low: f64, high: f64) -> Vec<f64> {
    let step = step(high - low);
    let first = (low / step).ceil() as i64;
    let last = ((high * (1.0 + 1e-9)) / step).floor() as i64;
    (first..=last.min(first.saturating_add(20))).map(|i| i as f64 * step).collect()
}

/// 1, 2 or 5 times a power of ten, about five of them in `range`.
fn step(range: f64) -> f64 {
    let rough = (range / 5.0).max(f64::MIN_POSITIVE);
    let power = 10f64.powf(rough.log10().floor());
    let factor = [1.0, 2.0, 5.0, 10.0].into_iter().find(|factor| factor * power >= rough * 0.999);
    factor.unwrap_or(10.0) * power
}

fn next_step(high: f64) -> f64 {
    if high <= 0.0 {
        return 1.0;
    }
    let step = step(high);
    (high / step).ceil() * step
}

fn round_down(value: f64) -> f64 {
    let power = 10f64.powf(value.log10().floor());
    [5.0, 2.0, 1.0]
        .into_iter()
        .map(|factor| factor * power)
        .find(|round| *round <= value * 1.001)
        .unwrap_or(power)
}

fn round_up(value: f64) -> f64 {
    let power = 10f64.powf(value.log10().floor());
    [1.0, 2.0, 5.0, 10.0]
        .into_iter()
        .map(|factor| factor * power)
        .find(|round| *round >= value * 0.999)
        .unwrap_or(power * 10.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    const MS: Axis = Axis { label: "", scale: Scale::Log, unit: Unit::Ms };

    #[test]
    fn ticks_are_round_and_few() {
        let ruler = Ruler::over(Axis { scale: Scale::Zero, ..MS }, (3.0, 970.0));
        assert_eq!(ruler.all_ticks(Scale::Zero), [0.0, 200.0, 400.0, 600.0, 800.0, 1000.0]);
        let ruler = Ruler::over(MS, (0.3, 7.0));
        assert_eq!(
            ruler
                .all_ticks(Scale::Log)
                .iter()
                .map(|tick| label(*tick, Unit::Ms))
                .collect::<Vec<_>>()
                .join(" "),
            "200 µs 500 µs 1 ms 2 ms 5 ms 10 ms"
        );
        assert_eq!(
            [2.0, 10.0, 1_000.0, 1e5].map(|value| label(value, Unit::Percentile)),
            ["p50", "p90", "p99.9", "p99.999"]
        );
    }

    #[test]
    fn whatever_the_values_there_is_an_axis() {
        for bounds in
            [(0.0, 0.0), (5.0, 5.0), (-3.0, -3.0), (1e-300, 1e300), (0.0, f64::MAX), (-1e308, 1e308)]
        {
            for scale in [Scale::Linear, Scale::Zero, Scale::Log, Scale::Tail] {
                let ruler = Ruler::over(Axis { scale, ..MS }, bounds);
                assert!(ruler.all_ticks(scale).len() < 50, "{bounds:?} {scale:?}");
                let place = ruler.place(bounds.1);
                assert!(place.is_nan() || (0.0..=1.0).contains(&place), "{bounds:?} {scale:?}");
            }
        }
    }
}
