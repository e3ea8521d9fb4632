//! Latencies as HDR histograms: recorded in nanoseconds, three significant digits, merged over threads, never averaged.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use hdrhistogram::Histogram;
use hdrhistogram::serialization::{Deserializer, Serializer as _, V2DeflateSerializer};
use serde::{Deserialize, Serialize};

const LOWEST_NS: u64 = 1_000;
const HIGHEST_NS: u64 = 3_600 * 1_000_000_000;
const DIGITS: u8 = 3;

/// One distribution.
#[derive(Debug, Clone)]
pub struct Latency(Histogram<u64>);

/// What is printed of a distribution, in microseconds.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub struct Percentiles {
    /// Values recorded.
    pub count: u64,
    /// Mean.
    pub mean_us: f64,
    /// Half are below.
    pub p50_us: f64,
    /// 90 % are below.
    pub p90_us: f64,
    /// 99 % are below.
    pub p99_us: f64,
    /// 99.9 % are below.
    pub p999_us: f64,
    /// 99.99 % are below.
    pub p9999_us: f64,
    /// The largest.
    pub max_us: f64,
}

impl Default for Latency {
    fn default() -> Latency {
        let histogram = Histogram::new_with_bounds(LOWEST_NS, HIGHEST_NS, DIGITS);
        Latency(histogram.expect("the bounds are constants that fit"))
    }
}

impl Latency {
    /// Adds `count` equal values; what is over an hour counts as an hour.
    #[inline]
    pub fn record(&mut self, latency_ns: u64, count: u64) {
        // The smallest or largest value must be one that came: the histogram would take a count of 0 for one, too.
        if count > 0 {
            self.0.saturating_record_n(latency_ns, count);
        }
    }

    /// Adds all of `other`.
    pub fn merge(&mut self, other: &Latency) {
        self.0.add(&other.0).expect("all histograms have the same bounds");
    }

    /// Forgets everything.
    pub fn clear(&mut self) {
        if !self.0.is_empty() {
            self.0.reset();
        }
    }

    /// Values recorded.
    pub fn count(&self) -> u64 {
        self.0.len()
    }

    /// How many values are over `latency_ns`, to the histogram's precision.
    pub fn count_above(&self, latency_ns: u64) -> u64 {
        self.0.len() - self.0.count_between(0, latency_ns)
    }

    /// What was recorded, as a list.
    pub fn values(&self) -> Values {
        let recorded = self.0.iter_recorded();
        Values(recorded.map(|step| (step.value_iterated_to(), step.count_since_last_iteration())).collect())
    }

    /// The whole histogram in HdrHistogram's portable form: V2, deflated, base64. `None` while nothing is recorded.
    pub fn portable(&self) -> Option<String> {
        if self.0.is_empty() {
            return None;
        }
        let mut bytes = Vec::new();
        V2DeflateSerializer::new().serialize(&self.0, &mut bytes).expect("memory takes what is written");
        Some(BASE64.encode(bytes))
    }

    /// Reads back what [`Self::portable`] gave; `None` when it is something else.
    pub fn from_portable(text: &str) -> Option<Latency> {
        let bytes = BASE64.decode(text).ok()?;
        let mut latency = Latency::default();
        latency.0.add(Deserializer::new().deserialize::<u64, _>(&mut &bytes[..]).ok()?).ok()?;
        Some(latency)
    }

    /// The value that `quantile` of all are not above, in nanoseconds.
    pub fn at_quantile(&self, quantile: f64) -> u64 {
        self.0.value_at_quantile(quantile)
    }

    /// `None` while nothing is recorded.
    pub fn percentiles(&self) -> Option<Percentiles> {
        percentiles_of(&self.0)
    }
}

/// Of any histogram of nanoseconds; `None` while nothing is recorded.
pub fn percentiles_of(histogram: &Histogram<u64>) -> Option<Percentiles> {
    if histogram.is_empty() {
        return None;
    }
    let at = |quantile| histogram.value_at_quantile(quantile) as f64 / 1e3;
    Some(Percentiles {
        count: histogram.len(),
        mean_us: histogram.mean() / 1e3,
        p50_us: at(0.5),
        p90_us: at(0.9),
        p99_us: at(0.99),
        p999_us: at(0.999),
        p9999_us: at(0.9999),
        max_us: histogram.max() as f64 / 1e3,
    })
}

/// The distinct values of a distribution with their counts: small where a histogram is large.
#[derive(Debug, Clone, Default)]
pub struct Values(Vec<(u64, u64)>);

impl Values {
    /// Adds another thread's.
    pub fn append(&mut self, mut other: Values) {
        self.0.append(&mut other.0);
    }

    /// `None` when there are none.
    pub fn percentiles(&self) -> Option<Percentiles> {
        if self.0.is_empty() {
            return None;
        }
        let mut latency = Latency::default();
        self.0.iter().for_each(|(value, count)| latency.record(*value, *count));
        latency.percentiles()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn merged_percentiles_are_those_of_all_values_not_a_mean() {
        let (mut fast, mut slow) = (Latency::default(), Latency::default());
        fast.record(100_000, 990);
        slow.record(50_000_000, 10);
        fast.merge(&slow);
        let merged = fast.percentiles().unwrap();
        assert_eq!(merged.count, 1_000);
        assert!((99.0..101.0).contains(&merged.p99_us), "{merged:?}");
        assert!((49_900.0..50_100.0).contains(&merged.p999_us), "{merged:?}");
        assert!((49_900.0..50_100.0).contains(&merged.max_us));
    }

    #[test]
    fn nothing_recorded_is_nothing_and_the_absurd_is_kept() {
        assert!(Latency::default().percentiles().is_none());
        let mut latency = Latency::default();
        latency.record(u64::MAX, 1);
        assert_eq!(latency.count(), 1);
    }

    #[test]
    fn what_came_never_is_neither_the_largest_nor_the_smallest() {
        let mut latency = Latency::default();
        latency.record(9_000_000, 0);
        latency.record(2_000_000, 3);
        latency.record(1_000, 0);
        let percentiles = latency.percentiles().unwrap();
        assert_eq!(percentiles.count, 3);
        assert!((1_990.0..2_010.0).contains(&percentiles.max_us), "{percentiles:?}");
        assert!((1_990.0..2_010.0).contains(&percentiles.p50_us), "{percentiles:?}");
    }

    #[test]
    fn the_portable_form_is_read_by_others_unchanged() {
        let mut latency = Latency::default();
        assert_eq!(latency.portable(), None);
        (1..5_000u64).for_each(|i| latency.record(i * 7_919, i));
        assert_eq!(Latency::from_portable(&latency.portable().unwrap()).unwrap().0, latency.0);
        assert!(Latency::from_portable("AAAA").is_none() && Latency::from_portable("no base64").is_none());
    }

    #[test]
    fn a_list_of_values_has_the_same_percentiles() {
        let mut latency = Latency::default();
        (1..5_000u64).for_each(|i| latency.record(i * i, 3));
        assert_eq!(latency.values().percentiles(), latency.percentiles());
        assert_eq!(latency.count_above(4_000 * 4_000), 3 * 999, "to three digits");
    }
}
