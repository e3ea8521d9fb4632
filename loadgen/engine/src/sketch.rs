//! A distribution that one thread writes and another may read at any time. It is for display during a run, not for
//! results. A value has three digits, as many as the dashboard shows.

use std::sync::atomic::{AtomicU64, Ordering};

/// Buckets for each doubling: each is at most 0.8 % wide, and a value is told to half of that.
const PER_OCTAVE_BITS: u32 = 7;
const PER_OCTAVE: u64 = 1 << PER_OCTAVE_BITS;
/// Everything up to this many nanoseconds is in the first bucket.
const FIRST_BITS: u32 = 10;
/// Up to a minute or so; what is longer is in the last.
const OCTAVES: usize = 26;
const BUCKETS: usize = OCTAVES << PER_OCTAVE_BITS;

/// Counts by latency, growing.
#[derive(Debug)]
pub struct Sketch(Box<[AtomicU64]>);

impl Default for Sketch {
    fn default() -> Sketch {
        Sketch((0..BUCKETS).map(|_| AtomicU64::new(0)).collect())
    }
}

impl Sketch {
    /// Adds `count` equal values.
    #[inline]
    pub fn record(&self, latency_ns: u64, count: u64) {
        self.0[bucket(latency_ns)].fetch_add(count, Ordering::Relaxed);
    }

    /// Adds what is in it now to `counts`.
    pub fn add_to(&self, counts: &mut Counts) {
        let pairs = counts.0.iter_mut().zip(&*self.0);
        pairs.for_each(|(count, now)| *count += now.load(Ordering::Relaxed));
    }
}

#[inline]
fn bucket(latency_ns: u64) -> usize {
    let octave = (63 - (latency_ns | 1).leading_zeros()).max(FIRST_BITS);
    let within = (latency_ns >> (octave - PER_OCTAVE_BITS)) & (PER_OCTAVE - 1);
    let within = if latency_ns < 1 << FIRST_BITS { 0 } else { within };
    ((u64::from(octave - FIRST_BITS) * PER_OCTAVE + within) as usize).min(BUCKETS - 1)
}

/// Where bucket `index` begins, in nanoseconds.
fn start_ns(index: usize) -> f64 {
    if index == 0 { 0.0 } else { end_ns(index - 1) }
}

/// Where bucket `index` ends, in nanoseconds.
fn end_ns(index: usize) -> f64 {
    let (octave, within) = (index as u64 / PER_OCTAVE, index as u64 % PER_OCTAVE);
    (1u64 << (octave + u64::from(FIRST_BITS))) as f64 * (1.0 + (within + 1) as f64 / PER_OCTAVE as f64)
}

/// What sketches held at an instant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Counts(Box<[u64]>);

impl Default for Counts {
    fn default() -> Counts {
        Counts(vec![0; BUCKETS].into())
    }
}

impl Counts {
    /// What was added since `earlier`.
    pub fn since(&self, earlier: &Counts) -> Counts {
        let mut difference = self.clone();
        let pairs = difference.0.iter_mut().zip(&*earlier.0);
        pairs.for_each(|(now, before)| *now = now.saturating_sub(*before));
        difference
    }

    /// Milliseconds that about a share `quantile` of all values do not exceed; `None` while there are no values.
    pub fn at_quantile(&self, quantile: f64) -> Option<f64> {
        let total: u64 = self.0.iter().sum();
        let rank = ((total as f64 * quantile).ceil() as u64).clamp(1, total.max(1));
        let mut before = 0;
        for (index, count) in self.0.iter().enumerate() {
            if before + count >= rank {
                // Values lie anywhere in their bucket. So the result lies as far in as the rank does, and not at the
                // border.
                let within = ((rank - before) as f64 - 0.5) / *count as f64;
                return Some((start_ns(index) + (end_ns(index) - start_ns(index)) * within) / 1e6);
            }
            before += count;
        }
        None
    }

    /// At most `rows` bars from the smallest to the largest value: where each ends, in milliseconds, and how many are in it.
    /// They end at round values, which stay where they are while the distribution moves.
    pub fn bars(&self, rows: usize) -> Vec<(f64, u64)> {
        let filled = || self.0.iter().enumerate().filter(|(_, count)| **count > 0);
        let (Some((first, _)), Some((last, _))) = (filled().next(), filled().next_back()) else {
            return Vec::new();
        };
        let ends = bar_ends(middle_ms(first), middle_ms(last), rows.max(1));
        let mut bars: Vec<(f64, u64)> = ends.into_iter().map(|end| (end, 0)).collect();
        for (index, count) in filled() {
            let at = bars.partition_point(|(end, _)| *end < middle_ms(index));
            bars[at].1 += count;
        }
        bars
    }
}

fn middle_ms(index: usize) -> f64 {
    (start_ns(index) + end_ns(index)) / 2e6
}

/// Round values within a decade, the finest first.
const LADDERS: [&[f64]; 5] = [
    &[
        1.0, 1.1, 1.2, 1.3, 1.4, 1.6, 1.8, 2.0, 2.2, 2.5, 2.8, 3.2, 3.6, 4.0, 4.5, 5.0, 5.6, 6.3, 7.0, 8.0,
        9.0,
    ],
    &[1.0, 1.2, 1.5, 2.0, 2.5, 3.0, 4.0, 5.0, 6.0, 8.0],
    &[1.0, 1.5, 2.0, 3.0, 5.0, 7.0],
    &[1.0, 2.0, 5.0],
    &[1.0],
];

/// Where at most `most` bars end, of which the first holds `from` and the last `to`.
fn bar_ends(from: f64, to: f64, most: usize) -> Vec<f64> {
    let mut ends = Vec::new();
    for ladder in LADDERS {
        ends = ends_on(ladder, from, to);
        if ends.len() <= most {
            return ends;
        }
    }
    ends.split_off(ends.len() - most) // of the coarsest
}

fn ends_on(ladder: &[f64], from: f64, to: f64) -> Vec<f64> {
    let first = from.log10().floor() as i32;
    let decades = (first..).map(|decade| 10f64.powi(decade));
    let steps = decades.flat_map(|decade| ladder.iter().map(move |step| step * decade));
    let mut ends = Vec::new();
    for end in steps.filter(|end| *end >= from) {
        ends.push(end);
        if end >= to {
            break;
        }
    }
    ends
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_is_told_to_half_a_percent() {
        for ns in [2_000u64, 123_456, 1_000_000, 77_777_777, 60_000_000_000] {
            let sketch = Sketch::default();
            sketch.record(ns, 3);
            let mut counts = Counts::default();
            sketch.add_to(&mut counts);
            let ms = counts.at_quantile(0.5).unwrap();
            let truth = ns as f64 / 1e6;
            assert!((ms / truth - 1.0).abs() < 0.005, "{ns}: {ms}");
        }
    }

    #[test]
    fn equal_values_are_not_told_as_a_border_above_them() {
        let (sketch, mut counts) = (Sketch::default(), Counts::default());
        (0..1_000).for_each(|i| sketch.record(4_000_000 + i * 100, 1));
        sketch.add_to(&mut counts);
        for (quantile, truth) in [(0.1, 4.01), (0.5, 4.05), (0.99, 4.099), (1.0, 4.0999)] {
            let told = counts.at_quantile(quantile).unwrap();
            assert!((told / truth - 1.0).abs() < 0.005, "{quantile}: {told}, not {truth}");
        }
    }

    #[test]
    fn the_last_second_is_what_was_added() {
        let (sketch, mut before, mut after) = (Sketch::default(), Counts::default(), Counts::default());
        sketch.record(1_000_000, 100);
        sketch.add_to(&mut before);
        sketch.record(50_000_000, 10);
        sketch.add_to(&mut after);
        assert!(
            after.at_quantile(0.5).unwrap() < 1.2 && after.since(&before).at_quantile(0.5).unwrap() > 49.0
        );
        assert_eq!(after.bars(4).iter().map(|(_, count)| count).sum::<u64>(), 110);
    }

    #[test]
    fn bars_end_at_round_values_and_hold_all() {
        let (sketch, mut counts) = (Sketch::default(), Counts::default());
        (1..=400).for_each(|i| sketch.record(i * 100_000 - 40_000, i));
        sketch.add_to(&mut counts);
        let all = (1..=400).sum::<u64>();
        for rows in 1..40 {
            let bars = counts.bars(rows);
            assert!((1..=rows).contains(&bars.len()), "{rows}: {bars:?}");
            assert_eq!(bars.iter().map(|(_, count)| count).sum::<u64>(), all, "{rows}: {bars:?}");
            assert!(bars.windows(2).all(|pair| pair[0].0 < pair[1].0), "{rows}: {bars:?}");
        }
        let ends =
            |rows| counts.bars(rows).iter().map(|(end, _)| (end * 1e3).round() / 1e3).collect::<Vec<_>>();
        assert_eq!(ends(9), [0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0, 20.0, 50.0]);
        assert_eq!((ends(4), ends(2)), (vec![0.1, 1.0, 10.0, 100.0], vec![10.0, 100.0]));
        assert_eq!(counts.bars(9)[3], (1.0, (6..=10).sum()));
    }

    #[test]
    fn nothing_and_the_absurd_have_their_places() {
        assert_eq!(Counts::default().at_quantile(0.99), None);
        assert!(Counts::default().bars(10).is_empty());
        assert_eq!([0, 1_023, u64::MAX].map(bucket), [0, 0, BUCKETS - 1]);
        assert!(end_ns(BUCKETS - 1) > 60e9, "a minute has its own: {}", end_ns(BUCKETS - 1));
        for ns in (1_024..5_000_000).step_by(997) {
            let index = bucket(ns);
            assert!(start_ns(index) <= ns as f64 && (ns as f64) < end_ns(index), "{ns}");
        }
    }
}
