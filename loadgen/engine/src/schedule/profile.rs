//! A rate that changes over time, as pieces in which it is constant or changes evenly. One curve says both how many
//! records are due by an instant and when each is due.
//!
//! ```text
//! due(t) = before + from_rate * t + (to_rate - from_rate) * t^2 / (2 * seconds)      t counts from the piece's start
//! ```

/// Rates over time, in records per second of all producers together.
#[derive(Debug, Clone, PartialEq)]
pub struct Profile {
    pieces: Vec<Piece>,
}

#[derive(Debug, Clone, Copy, PartialEq)]
struct Piece {
    /// Seconds since the load's start.
    at_s: f64,
    seconds: f64,
    from_rate: f64,
    to_rate: f64,
    /// Records due before it.
    before: f64,
}

impl Profile {
    /// From (seconds, rate at the start, rate at the end), one for each piece; the last rate goes on.
    pub fn new(parts: impl IntoIterator<Item = (f64, f64, f64)>) -> Profile {
        let (mut at_s, mut before) = (0.0, 0.0);
        let piece = |(seconds, from_rate, to_rate): (f64, f64, f64)| {
            let piece = Piece { at_s, seconds, from_rate, to_rate, before };
            at_s += seconds;
            before += seconds * (from_rate + to_rate) / 2.0;
            piece
        };
        let parts = parts.into_iter().filter(|(seconds, ..)| *seconds > 0.0);
        let mut pieces: Vec<Piece> = parts.map(piece).collect();
        let last_rate = pieces.last().map_or(0.0, |piece| piece.to_rate);
        pieces.push(Piece { at_s, seconds: f64::INFINITY, from_rate: last_rate, to_rate: last_rate, before });
        Profile { pieces }
    }

    /// Records due before `at_s` seconds since the start.
    pub fn due_by(&self, at_s: f64) -> f64 {
        let piece = self.last_where(|piece| piece.at_s <= at_s);
        let since = at_s - piece.at_s;
        piece.before + piece.from_rate * since + piece.slope() * since * since / 2.0
    }

    /// Seconds since the start at which `records` were due before.
    #[inline]
    pub fn instant_of(&self, records: f64) -> f64 {
        let piece = self.last_where(|piece| piece.before <= records);
        let (more, rate) = (records - piece.before, piece.from_rate);
        // The root that stays exact when the slope is nothing.
        let root = (rate * rate + 2.0 * piece.slope() * more).max(0.0).sqrt();
        piece.at_s + 2.0 * more / (rate + root)
    }

    fn last_where(&self, has_begun: impl Fn(&Piece) -> bool) -> &Piece {
        let (first, later) = self.pieces.split_first().expect("the last rate always goes on");
        later.iter().rev().find(|piece| has_begun(piece)).unwrap_or(first)
    }
}

impl Piece {
    fn slope(&self) -> f64 {
        (self.to_rate - self.from_rate) / self.seconds
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn profile() -> Profile {
        Profile::new([(2.0, 100.0, 100.0), (10.0, 100.0, 500.0), (5.0, 50.0, 50.0)])
    }

    #[test]
    fn what_is_due_is_the_area_under_the_rate() {
        let at = [0.0, 2.0, 7.0, 12.0, 17.0, 18.0].map(|at_s| profile().due_by(at_s));
        assert_eq!(at, [0.0, 200.0, 200.0 + 1_000.0, 3_200.0, 3_450.0, 3_500.0]);
    }

    #[test]
    fn the_two_directions_agree_and_time_never_goes_back() {
        let mut last_s = -1.0;
        for record in 0..4_000 {
            let at_s = profile().instant_of(f64::from(record));
            assert!((profile().due_by(at_s) - f64::from(record)).abs() < 1e-6, "record {record}");
            assert!(at_s > last_s, "record {record}");
            last_s = at_s;
        }
    }
}
