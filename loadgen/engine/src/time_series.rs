//! A run over time: equal pieces of time, and what one thread measured in each.
//!
//! Acks come in the order of time, so a thread fills one piece after the other. It holds one histogram. When a piece
//! is over, what was recorded in it is kept as a list of its values. A record costs one increment, a piece some
//! kilobytes, and nothing is allocated per record.

use crate::schedule::Span;
use crate::window::Window;
use loadgen_result::latency::{Latency, Values};
use std::collections::BTreeMap;

/// Records and bytes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Volume {
    /// Records.
    pub records: u64,
    /// Bytes of their keys and values.
    pub bytes: u64,
}

impl Volume {
    /// Adds to both.
    pub fn add(&mut self, records: u64, bytes: u64) {
        self.records += records;
        self.bytes += bytes;
    }
}

/// Never more pieces than this, warm-up included.
const PIECES_MAX: u64 = 200;
const MILLISECOND_NS: u64 = 1_000_000;
/// Lengths that read well, in milliseconds; the shortest that is long enough is taken.
const LENGTHS_MS: [u64; 11] = [50, 100, 200, 500, 1_000, 2_000, 5_000, 10_000, 30_000, 60_000, 300_000];

/// Pieces of a run, from its first record to the end of its window. One of them begins where the window begins; the
/// first may be shorter than the others, and the last.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Grid {
    start_ns: u64,
    window: Window,
    piece_ns: u64,
    /// Pieces before the window.
    before: u64,
}

impl Grid {
    /// Pieces between `start_ns`, where the warm-up begins, and the end of `window`.
    pub fn new(start_ns: u64, window: Window) -> Grid {
        let whole_ns = window.to_ns.saturating_sub(start_ns);
        let is_enough = |length_ms: &u64| whole_ns / (length_ms * MILLISECOND_NS) < PIECES_MAX;
        let length_ms = LENGTHS_MS.into_iter().find(is_enough);
        let piece_ns = length_ms.map_or(whole_ns / (PIECES_MAX - 1), |ms| ms * MILLISECOND_NS);
        let before = window.from_ns.saturating_sub(start_ns).div_ceil(piece_ns);
        Grid { start_ns, window, piece_ns, before }
    }

    /// When the load begins, and what is measured of it, as planned.
    pub fn span(&self) -> Span {
        Span { start_ns: self.start_ns, window: self.window }
    }

    /// The piece of an instant; what is after the window is all one piece.
    #[inline]
    pub fn index(&self, at_ns: u64) -> usize {
        let at_ns = at_ns.min(self.window.to_ns);
        let index = match at_ns.checked_sub(self.window.from_ns) {
            Some(since) if at_ns == self.window.to_ns => self.before + since.div_ceil(self.piece_ns),
            Some(since) => self.before + since / self.piece_ns,
            None => self.before.saturating_sub((self.window.from_ns - at_ns).div_ceil(self.piece_ns)),
        };
        index as usize
    }

    /// All pieces up to `to_ns`: the window's end, or an earlier one if the run was interrupted.
    pub fn pieces(&self, to_ns: u64) -> Vec<Window> {
        let to_ns = to_ns.min(self.window.to_ns);
        let pieces = (0..).map(|at| Window { from_ns: self.edge(at), to_ns: self.edge(at + 1).min(to_ns) });
        pieces.take_while(|piece| piece.from_ns < to_ns).collect()
    }

    /// Where piece `index` begins.
    fn edge(&self, index: u64) -> u64 {
        let edge = (self.window.from_ns + index * self.piece_ns).saturating_sub(self.before * self.piece_ns);
        edge.max(self.start_ns)
    }
}

/// What was measured in one piece.
#[derive(Debug, Clone, Default)]
pub struct Piece {
    /// Records and bytes.
    pub volume: Volume,
    /// Their latencies.
    pub latency: Values,
}

/// One kind of latency over a run: whole, and piece by piece.
#[derive(Debug, Clone, Default)]
pub struct TimeSeries {
    index: usize,
    volume: Volume,
    /// Of the piece that is being filled: records intended in the window, and others.
    inside: Latency,
    outside: Latency,
    whole: Latency,
    pieces: BTreeMap<usize, Piece>,
}

impl TimeSeries {
    /// What comes next belongs to piece `index`; pieces only go forward.
    #[inline]
    pub fn go_to(&mut self, index: usize) {
        if index != self.index {
            self.close_piece();
            self.index = index;
        }
    }

    /// So many records and bytes.
    #[inline]
    pub fn add(&mut self, records: u64, bytes: u64) {
        self.volume.add(records, bytes);
    }

    /// `count` records with this latency; those not intended in the window count for their piece only.
    #[inline]
    pub fn record(&mut self, latency_ns: u64, count: u64, in_window: bool) {
        if in_window { &mut self.inside } else { &mut self.outside }.record(latency_ns, count);
    }

    /// Records that never came to their end: they count in the whole, and in no piece.
    pub fn record_never(&mut self, latency_ns: u64, count: u64) {
        self.whole.record(latency_ns, count);
    }

    /// Adds another thread's.
    pub fn merge(&mut self, mut other: TimeSeries) {
        self.close_piece();
        other.close_piece();
        self.whole.merge(&other.whole);
        for (index, piece) in other.pieces {
            let own = self.pieces.entry(index).or_default();
            own.volume.add(piece.volume.records, piece.volume.bytes);
            own.latency.append(piece.latency);
        }
    }

    /// The whole distribution of records intended in the window. Complete once merged.
    pub fn whole(&self) -> &Latency {
        &self.whole
    }

    /// A piece, if anything happened in it. Complete once merged.
    pub fn piece(&self, index: usize) -> Option<&Piece> {
        self.pieces.get(&index)
    }

    fn close_piece(&mut self) {
        self.whole.merge(&self.inside);
        self.inside.merge(&self.outside);
        let piece = self.pieces.entry(self.index).or_default();
        piece.volume.add(self.volume.records, self.volume.bytes);
        piece.latency.append(self.inside.values());
        self.volume = Volume::default();
        self.inside.clear();
        self.outside.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: u64 = 1_000_000_000;

    #[test]
    fn pieces_cover_the_run_without_gaps_and_one_begins_with_the_window() {
        for (warmup, duration) in [
            (0, 1),
            (SECOND / 3, 2 * SECOND),
            (7 * SECOND, 10 * SECOND + 1),
            (0, 700 * SECOND),
            (1, 90_000 * SECOND),
        ] {
            let start_ns = 5 * SECOND;
            let window = Window { from_ns: start_ns + warmup, to_ns: start_ns + warmup + duration };
            let grid = Grid::new(start_ns, window);
            let pieces = grid.pieces(window.to_ns);
            assert!(pieces.len() <= PIECES_MAX as usize + 1, "{}", pieces.len());
            assert_eq!((pieces[0].from_ns, pieces[pieces.len() - 1].to_ns), (start_ns, window.to_ns));
            assert!(pieces.windows(2).all(|pair| pair[0].to_ns == pair[1].from_ns));
            assert!(pieces.iter().any(|piece| piece.from_ns == window.from_ns));
            for (index, piece) in pieces.iter().enumerate() {
                assert_eq!((grid.index(piece.from_ns), grid.index(piece.to_ns - 1)), (index, index));
            }
            assert_eq!(grid.index(window.to_ns), pieces.len());
            assert_eq!(grid.index(u64::MAX), pieces.len(), "all of what comes later is one piece");
        }
    }

    #[test]
    fn an_interrupted_run_has_the_pieces_up_to_there() {
        let grid = Grid::new(0, Window { from_ns: SECOND, to_ns: 11 * SECOND });
        let pieces = grid.pieces(2 * SECOND + 30_000_000);
        assert_eq!(pieces.last(), Some(&Window { from_ns: 2 * SECOND, to_ns: 2 * SECOND + 30_000_000 }));
        assert!(grid.pieces(0).is_empty());
    }

    #[test]
    fn threads_merge_piece_by_piece_and_the_warm_up_stays_out_of_the_whole() {
        let (mut one, mut other) = (TimeSeries::default(), TimeSeries::default());
        one.go_to(1);
        one.record(1_000_000, 4, false);
        one.add(4, 400);
        one.go_to(3);
        one.record(2_000_000, 6, true);
        other.go_to(3);
        other.record(8_000_000, 1, true);
        other.add(1, 100);
        other.record_never(9_000_000, 5);
        let mut merged = TimeSeries::default();
        merged.merge(one);
        merged.merge(other);
        assert_eq!(merged.whole().count(), 6 + 1 + 5);
        assert_eq!(merged.piece(1).unwrap().volume, Volume { records: 4, bytes: 400 });
        assert_eq!(merged.piece(1).unwrap().latency.percentiles().unwrap().count, 4);
        let third = merged.piece(3).unwrap().latency.percentiles().unwrap();
        assert_eq!(third.count, 7);
        assert!((7_900.0..8_100.0).contains(&third.max_us) && (1_990.0..2_010.0).contains(&third.p50_us));
        assert!(merged.piece(2).is_none());
    }
}
