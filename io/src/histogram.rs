//! A log-linear histogram: it counts how long something took, many times over, on one core. It uses no locks, no
//! atomics and no allocation.
//!
//! Values below 64 ns have a bucket each. Above, every power of two is cut into 32 equal buckets, so a bucket is at
//! most 1/32 of its values wide. The 1,152 counters (9 KiB) reach to 18 minutes; a longer duration counts as that.

use std::cell::Cell;
use std::fmt;
use std::time::Duration;

/// Each power of two has two to this power of buckets.
const PRECISION_BITS: u32 = 5;
const LINEAR: u64 = 1 << PRECISION_BITS;
/// The last bucket ends at two to this power, in nanoseconds.
const RANGE_BITS: u32 = 40;
const BUCKETS: usize = ((RANGE_BITS - PRECISION_BITS + 1) as usize) << PRECISION_BITS;

/// Durations in nanoseconds, counted on the core that owns it. It may be moved or copied to another core.
#[derive(Clone)]
pub struct Histogram {
    counts: Box<[Cell<u64>; BUCKETS]>,
    sum_ns: Cell<u64>,
}

/// The values of one bucket.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bucket {
    /// The middle of the bucket, in nanoseconds.
    pub value_ns: u64,
    /// How many values fell into it.
    pub count: u64,
}

impl Default for Histogram {
    fn default() -> Histogram {
        Histogram { counts: Box::new([const { Cell::new(0) }; BUCKETS]), sum_ns: Cell::new(0) }
    }
}

impl Histogram {
    /// Counts one duration.
    #[inline]
    pub fn record(&self, duration: Duration) {
        // It overflows only after 584 years.
        self.record_nanos(duration.as_nanos() as u64);
    }

    /// The same for nanoseconds, which the difference of two moments gives directly.
    #[inline]
    pub fn record_nanos(&self, ns: u64) {
        let count = &self.counts[bucket_of(ns)];
        count.set(count.get() + 1);
        self.sum_ns.set(self.sum_ns.get().wrapping_add(ns));
    }

    /// How many durations were counted.
    #[must_use]
    pub fn count(&self) -> u64 {
        self.counts.iter().map(Cell::get).sum()
    }

    /// The exact sum of all durations.
    #[must_use]
    pub fn sum(&self) -> Duration {
        Duration::from_nanos(self.sum_ns.get())
    }

    /// The buckets that are not empty, by value.
    pub fn buckets(&self) -> impl Iterator<Item = Bucket> {
        let counts = self.counts.iter().map(Cell::get).enumerate();
        counts
            .filter(|(_, count)| *count > 0)
            .map(|(index, count)| Bucket { value_ns: middle_of(index), count })
    }
}

impl fmt::Debug for Histogram {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Histogram").field("count", &self.count()).field("sum", &self.sum()).finish()
    }
}

#[inline]
fn bucket_of(ns: u64) -> usize {
    let ns = ns.min((1 << RANGE_BITS) - 1);
    // The linear range counts as if it were a power of two of its own.
    let shift = (ns | LINEAR).ilog2() - PRECISION_BITS;
    ((u64::from(shift) << PRECISION_BITS) + (ns >> shift)) as usize
}

fn middle_of(index: usize) -> u64 {
    let index = index as u64;
    let shift = (index >> PRECISION_BITS).saturating_sub(1);
    let lowest = (index - (shift << PRECISION_BITS)) << shift;
    lowest + ((1 << shift) >> 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn recorded(values: &[u64]) -> Histogram {
        let histogram = Histogram::default();
        values.iter().for_each(|ns| histogram.record(Duration::from_nanos(*ns)));
        histogram
    }

    #[test]
    fn buckets_follow_one_another_without_gaps() {
        let mut last = 0;
        for ns in 0..200_000 {
            let bucket = bucket_of(ns);
            assert!(bucket == last || bucket == last + 1, "{ns} ns");
            last = bucket;
        }
    }

    #[test]
    fn a_value_is_known_to_the_thirty_second_part() {
        for bits in 0..RANGE_BITS {
            for ns in [1 << bits, (1 << bits) + (1 << bits) / 3, (2 << bits) - 1] {
                let shown = middle_of(bucket_of(ns));
                assert!(shown.abs_diff(ns) <= ns / 32, "{ns} ns are shown as {shown}");
            }
        }
    }

    #[test]
    fn small_values_are_exact() {
        for ns in 0..2 * LINEAR {
            assert_eq!(middle_of(bucket_of(ns)), ns);
        }
    }

    #[test]
    fn every_bucket_is_reached_and_none_is_left() {
        for index in 0..BUCKETS {
            assert_eq!(bucket_of(middle_of(index)), index);
        }
        assert_eq!(bucket_of(u64::MAX), BUCKETS - 1);
    }

    #[test]
    fn what_is_counted_is_told() {
        let histogram = recorded(&[7, 1_000_000, 7, 20]);
        assert_eq!((histogram.count(), histogram.sum()), (4, Duration::from_nanos(1_000_034)));
        let buckets: Vec<_> = histogram.buckets().map(|bucket| bucket.count).collect();
        assert_eq!(buckets, [2, 1, 1]);
        assert_eq!(histogram.buckets().next(), Some(Bucket { value_ns: 7, count: 2 }));
    }

    #[test]
    fn the_absurd_is_counted_in_the_last_bucket() {
        let histogram = recorded(&[u64::MAX]);
        assert_eq!((histogram.count(), histogram.buckets().count()), (1, 1));
    }
}
