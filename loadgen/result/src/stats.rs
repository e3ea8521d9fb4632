//! How certain a ratio is, whatever the noise looks like.
//!
//! A ratio is judged by its logarithm, so that twice as much and half as much are equally far from 1. The ratio of
//! many pairs is the median of the means of every two of them (J. L. Hodges, E. L. Lehmann, 1963). Its interval holds
//! what Wilcoxon's signed-rank test does not reject. If the noise is normal, both are nearly as sharp as mean and
//! Student's t. If it is not, they get no worse, unlike those: one run in ten that costs half as much again moves
//! them little. The interval is exact for any noise that does not prefer a side, and pairs in a drawn order ensure
//! that. (A bootstrap of the mean held the truth 91 to 94 times in a hundred with such runs, instead of 95.)

use serde::{Deserialize, Serialize};

/// With fewer pairs there is no interval of 95 %: five of them have the same sign once in sixteen times, by chance
/// alone.
pub const PAIRS_MIN: usize = 6;
/// Of both ends together.
const LEFT_OUT: f64 = 0.05;
/// From so many pairs on the sums of ranks are as good as normal, and counting them all would take long.
const NORMAL_FROM: usize = 50;

/// A ratio and where it is with 95 % confidence.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Interval {
    /// The middle of the pairs' ratios: every two of them are averaged (by their logarithms), and this is the median of that.
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

    /// All of it is further from 1 than `factor`, on one side.
    pub fn lies_beyond(&self, factor: f64) -> bool {
        self.low > factor || self.high < 1.0 / factor
    }
}

/// `exp` of the mean of `logs`; `None` of none.
pub fn geometric_mean(logs: &[f64]) -> Option<f64> {
    let mean = logs.iter().sum::<f64>() / logs.len() as f64;
    (!logs.is_empty()).then(|| mean.exp())
}

/// The middle one, or between the two in the middle; `None` of none.
pub fn median(values: &[f64]) -> Option<f64> {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let upper = *sorted.get(sorted.len() / 2)?;
    let lower = sorted[(sorted.len() - 1) / 2];
    Some((lower + upper) / 2.0)
}

/// From the logarithms of the pairs' ratios; `None` below [`PAIRS_MIN`].
pub fn interval(logs: &[f64]) -> Option<Interval> {
    if logs.len() < PAIRS_MIN {
        return None;
    }
    let mut means = means_of_two(logs);
    means.sort_by(f64::total_cmp);
    let outside = outside(logs.len());
    let ratio = median(&means)?.exp();
    Some(Interval { ratio, low: means[outside].exp(), high: means[means.len() - 1 - outside].exp() })
}

/// Of every two, and of each with itself.
fn means_of_two(values: &[f64]) -> Vec<f64> {
    let with_rest = |(i, first): (usize, &f64)| {
        let first = *first;
        values[i..].iter().map(move |second| (first + second) / 2.0)
    };
    values.iter().enumerate().flat_map(with_rest).collect()
}

/// How many of the sorted means of `count` values lie outside the interval at either end.
fn outside(count: usize) -> usize {
    let n = count as f64;
    if count >= NORMAL_FROM {
        let deviation = (n * (n + 1.0) * (2.0 * n + 1.0) / 24.0).sqrt();
        return (n * (n + 1.0) / 4.0 - 1.959_964 * deviation) as usize;
    }
    let mut below = 0.0;
    let rejected = rank_sums(count).into_iter().take_while(|share| {
        below += share;
        below <= LEFT_OUT / 2.0
    });
    rejected.count().saturating_sub(1)
}

/// How likely each sum of the ranks from 1 to `count` is, when every rank counts with a chance of one half.
fn rank_sums(count: usize) -> Vec<f64> {
    let mut shares = vec![0.0; count * (count + 1) / 2 + 1];
    shares[0] = 1.0;
    for rank in 1..=count {
        for sum in (0..shares.len()).rev() {
            let without = if sum >= rank { shares[sum - rank] } else { 0.0 };
            shares[sum] = (shares[sum] + without) / 2.0;
        }
    }
    shares
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rng::Rng;

    /// Close to normal: the sum of twelve uniforms.
    fn noise(rng: &mut Rng, deviation: f64) -> f64 {
        let unit = |rng: &mut Rng| (rng.next_u64() >> 11) as f64 / (1u64 << 53) as f64;
        ((0..12).map(|_| unit(rng)).sum::<f64>() - 6.0) * deviation
    }

    /// Wilcoxon's table for 5 % on both sides together.
    #[test]
    fn known_values_come_out() {
        for (count, critical) in [(6, 0), (7, 2), (8, 3), (10, 8), (12, 13), (15, 25), (20, 52), (25, 89)] {
            assert_eq!(outside(count), critical, "{count}");
        }
        assert!(outside(NORMAL_FROM).abs_diff(434) <= 1, "{}", outside(NORMAL_FROM));
        assert_eq!(median(&[3.0, 1.0, 2.0]), Some(2.0));
        assert_eq!(median(&[4.0, 1.0, 2.0, 3.0]), Some(2.5));
        assert_eq!((median(&[]), geometric_mean(&[])), (None, None));
        let mean = geometric_mean(&[2f64.ln(), 8f64.ln()]).unwrap();
        assert!((mean - 4.0).abs() < 1e-12, "{mean}");
    }

    #[test]
    fn equal_pairs_leave_no_doubt_and_few_pairs_no_interval() {
        let certain = interval(&[1.1f64.ln(); 6]).unwrap();
        assert!((certain.low - 1.1).abs() < 1e-9 && (certain.high - 1.1).abs() < 1e-9);
        assert!(certain.lies_beyond(1.09) && !certain.lies_beyond(1.11));
        assert_eq!(interval(&[0.1; PAIRS_MIN - 1]), None);
    }

    #[test]
    fn one_pair_of_twelve_does_not_move_it() {
        let mut logs: Vec<f64> = (0..12).map(|i| 0.1 + 0.001 * f64::from(i)).collect();
        let before = interval(&logs).unwrap();
        logs[11] = 3.0;
        let after = interval(&logs).unwrap();
        assert!((after.ratio / before.ratio - 1.0).abs() < 0.002, "{before:?}, {after:?}");
        assert!(after.high < 1.13, "{after:?}");
    }

    #[test]
    fn it_holds_the_truth_about_nineteen_times_in_twenty() {
        let mut rng = Rng::new(3);
        for pairs in [6, 8, 12, 20, 60] {
            let mut holds = || {
                let logs: Vec<f64> = (0..pairs).map(|_| 0.1 + noise(&mut rng, 0.05)).collect();
                let found = interval(&logs).unwrap();
                found.low.ln() <= 0.1 && 0.1 <= found.high.ln()
            };
            let held = (0..1_000).filter(|_| holds()).count();
            println!("{pairs} pairs: {held} of 1000");
            assert!((935..=985).contains(&held), "{pairs} pairs: {held} of 1000");
        }
    }
}
