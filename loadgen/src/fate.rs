//! What one producer knows of its records of one partition, by sequence.
//!
//! Requests go out in order and end in order, so every sequence below `upto` has a fate: acked, but for those of requests
//! that were in flight when a connection broke. Of these nobody knows; they may be in the log or not.

use std::ops::Range;

/// The fates of sequences `0..upto`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Fates {
    upto: u64,
    /// In order, none touching the next.
    unknown: Vec<Range<u64>>,
}

impl Fates {
    /// The next `records` were acked.
    #[inline]
    pub fn acked(&mut self, records: u64) {
        self.upto += records;
    }

    /// The next `records` were in flight when their connection broke.
    pub fn unknown(&mut self, records: u64) {
        let end = self.upto + records;
        match self.unknown.last_mut() {
            Some(last) if last.end == self.upto => last.end = end,
            _ => self.unknown.push(self.upto..end),
        }
        self.upto = end;
    }

    /// The first sequence without a fate: never sent.
    pub fn upto(&self) -> u64 {
        self.upto
    }

    /// How many have an unknown fate.
    pub fn unknown_records(&self) -> u64 {
        self.unknown.iter().map(|range| range.end - range.start).sum()
    }

    /// What of `range` was acked.
    pub fn acked_in(&self, range: Range<u64>) -> Vec<Range<u64>> {
        let (mut from, to) = (range.start, range.end.min(self.upto));
        let mut acked = Vec::new();
        let overlaps = |unknown: &&Range<u64>| unknown.end > range.start && unknown.start < to;
        for unknown in self.unknown.iter().filter(overlaps) {
            acked.push(from..unknown.start);
            from = unknown.end;
        }
        acked.push(from..to);
        acked.retain(|piece| piece.start < piece.end);
        acked
    }

    /// How many of `range` have an unknown fate.
    pub fn unknown_in(&self, range: Range<u64>) -> u64 {
        let overlap =
            |unknown: &Range<u64>| unknown.end.min(range.end).saturating_sub(unknown.start.max(range.start));
        self.unknown.iter().map(overlap).sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_in_flight_is_neither_acked_nor_lost() {
        let mut fates = Fates::default();
        fates.acked(10);
        fates.unknown(5);
        fates.unknown(1);
        fates.acked(4);
        fates.unknown(2);
        assert_eq!((fates.upto(), fates.unknown_records()), (22, 8));
        assert_eq!(fates.acked_in(0..100), [0..10, 16..20]);
        assert_eq!(fates.acked_in(12..18), vec![Range { start: 16, end: 18 }]);
        assert_eq!(fates.acked_in(11..15), []);
        assert_eq!(fates.acked_in(17..17), []);
        assert_eq!((fates.unknown_in(0..100), fates.unknown_in(12..17), fates.unknown_in(16..20)), (8, 4, 0));
    }
}
