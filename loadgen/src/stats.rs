//! How sure a ratio is: the geometric mean of pairs, and an interval around it by the bootstrap.
//!
//! A ratio is judged by its logarithm, so that twice as much and half as much are equally far from 1. The plain
//! percentile interval of a bootstrap is too narrow for a handful of pairs; it is widened to what Student's t asks for
//! ("expanded percentile", T. Hesterberg, What Teachers Should Know about the Bootstrap, 2015, section 5.3).

use crate::rng::Rng;
use serde::{Deserialize, Serialize};

/// With fewer pairs there is no interval worth its name: five can be drawn in too few ways for 95 %.
pub const PAIRS_MIN: usize = 5;
const RESAMPLES: usize = 10_000;

/// A geometric mean and where it is with 95 % confidence.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Interval {
    /// The geometric mean of the pairs' ratios.
    pub ratio: f64,
    /// Lower end.
    pub low: f64,
    /// Upper end.
    pub high: f64,
}

impl Interval {
    /// How far from 1 the interval reaches, as a ratio of 1 or more.
    pub fn reach(&self) -> f64 {
        self.high.max(1.0 / self.low)
    }

    /// The far side of 1 is out of the interval.
    pub fn excludes_one(&self) -> bool {
        self.low > 1.0 || self.high < 1.0
    }
}

/// `exp` of the mean of `logs`; `None` of none.
pub fn geometric_mean(logs: &[f64]) -> Option<f64> {
    (!logs.is_empty()).then(|| mean(logs).exp())
}

/// From the logarithms of the pairs' ratios; the same `seed` gives the same interval. `None` below [`PAIRS_MIN`].
pub fn interval(logs: &[f64], seed: u64) -> Option<Interval> {
    if logs.len() < PAIRS_MIN {
        return None;
    }
    let mut rng = Rng::new(seed);
    let mut means: Vec<f64> = (0..RESAMPLES).map(|_| resampled_mean(logs, &mut rng)).collect();
    means.sort_by(f64::total_cmp);
    let tail = expanded_tail(logs.len());
    let at = |share: f64| means[((share * RESAMPLES as f64) as usize).min(RESAMPLES - 1)].exp();
    Some(Interval { ratio: mean(logs).exp(), low: at(tail), high: at(1.0 - tail) })
}

fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len() as f64
}

fn resampled_mean(values: &[f64], rng: &mut Rng) -> f64 {
    let count = values.len();
    (0..count).map(|_| values[rng.below(count as u64) as usize]).sum::<f64>() / count as f64
}

/// The share of resampled means to leave out at either end for 95 %.
fn expanded_tail(count: usize) -> f64 {
    let n = count as f64;
    normal_below(-t_97_5(count - 1) * (n / (n - 1.0)).sqrt())
}

/// The 97.5 % quantile of Student's t: a table where it bends, then Cornish and Fisher's expansion.
fn t_97_5(freedom: usize) -> f64 {
    const TABLE: [f64; 10] = [12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228];
    const Z: f64 = 1.959_964;
    TABLE.get(freedom.wrapping_sub(1)).copied().unwrap_or_else(|| {
        let v = freedom as f64;
        Z + (Z.powi(3) + Z) / (4.0 * v) + (5.0 * Z.powi(5) + 16.0 * Z.powi(3) + 3.0 * Z) / (96.0 * v * v)
    })
}

/// The standard normal distribution below `z`, for negative `z` (Abramowitz and Stegun 26.2.17: to 1e-7).
fn normal_below(z: f64) -> f64 {
    const B: [f64; 5] = [0.319_381_530, -0.356_563_782, 1.781_477_937, -1.821_255_978, 1.330_274_429];
    let t = 1.0 / (1.0 + 0.231_641_9 * z.abs());
    let polynomial = B.iter().rev().fold(0.0, |sum, b| (sum + b) * t);
    (-z * z / 2.0).exp() / std::f64::consts::TAU.sqrt() * polynomial
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Close to normal: the sum of twelve uniforms.
    fn noise(rng: &mut Rng, deviation: f64) -> f64 {
        let unit = |rng: &mut Rng| (rng.next_u64() >> 11) as f64 / (1u64 << 53) as f64;
        ((0..12).map(|_| unit(rng)).sum::<f64>() - 6.0) * deviation
    }

    #[test]
    fn known_values_come_out() {
        assert!((normal_below(-1.959_964) - 0.025).abs() < 1e-6);
        assert!((normal_below(-3.0) - 0.001_349_9).abs() < 1e-6);
        for (freedom, t) in [(4, 2.776), (10, 2.228), (11, 2.201), (19, 2.093), (30, 2.042), (120, 1.980)] {
            assert!((t_97_5(freedom) - t).abs() < 0.003, "{freedom}: {}", t_97_5(freedom));
        }
        let mean = geometric_mean(&[2f64.ln(), 8f64.ln()]).unwrap();
        assert!((mean - 4.0).abs() < 1e-12, "{mean}");
    }

    #[test]
    fn equal_pairs_leave_no_doubt_and_few_pairs_no_interval() {
        let certain = interval(&[1.1f64.ln(); 6], 1).unwrap();
        assert!(
            (certain.low - 1.1).abs() < 1e-9 && (certain.high - 1.1).abs() < 1e-9 && certain.excludes_one()
        );
        assert_eq!(interval(&[0.1; PAIRS_MIN - 1], 1), None);
        let logs = [0.1, -0.2, 0.05, 0.3, -0.1, 0.02];
        assert_eq!(interval(&logs, 7), interval(&logs, 7), "a seed repeats");
    }

    #[test]
    fn the_interval_is_about_the_one_of_students_t() {
        let logs = [0.12, 0.08, 0.10, 0.15, 0.05, 0.11, 0.09, 0.10];
        let centre = mean(&logs);
        let variance = logs.iter().map(|log| (log - centre).powi(2)).sum::<f64>() / 7.0;
        let half = t_97_5(7) * (variance / 8.0).sqrt();
        let found = interval(&logs, 1).unwrap();
        assert!(
            (found.low.ln() - (centre - half)).abs() < 0.25 * half,
            "{found:?} against {centre} +- {half}"
        );
        assert!(
            (found.high.ln() - (centre + half)).abs() < 0.25 * half,
            "{found:?} against {centre} +- {half}"
        );
    }

    #[test]
    fn it_holds_the_truth_about_nineteen_times_in_twenty() {
        let mut rng = Rng::new(3);
        for pairs in [6, 8, 12] {
            let holds = |seed| {
                let logs: Vec<f64> = (0..pairs).map(|_| 0.1 + noise(&mut rng, 0.05)).collect();
                let found = interval(&logs, seed).unwrap();
                found.low.ln() <= 0.1 && 0.1 <= found.high.ln()
            };
            let held = (0..100).map(holds).filter(|held| *held).count();
            assert!((88..=100).contains(&held), "{pairs} pairs: {held} of 100");
        }
    }
}
