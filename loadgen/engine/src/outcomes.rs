//! What one producer knows of its records in one partition, by sequence.
//!
//! Requests go out in order and end in order. So every sequence below `upto` has an outcome: it is acked, unless its
//! request was in flight when a connection broke. Nobody knows the outcome of those: they may be in the log or not. A
//! request that was refused and is sent again has no outcome until it is acked. By then later requests may lie before
//! it in the log.

use std::ops::Range;

/// The outcomes of sequences `0..upto`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Outcomes {
    upto: u64,
    /// In order, none touching the next.
    unknown: Vec<Range<u64>>,
    /// Acked when they were sent again.
    late: Vec<Range<u64>>,
}

impl Outcomes {
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

    /// The next `records` were refused, and will be sent again. Gives which they are.
    pub fn refused(&mut self, records: u64) -> Range<u64> {
        let range = self.upto..self.upto + records;
        self.unknown(records);
        range
    }

    /// What was refused is acked now.
    pub fn acked_at_last(&mut self, range: Range<u64>) {
        let whole =
            self.unknown.iter().position(|whole| whole.start <= range.start && range.end <= whole.end);
        if let Some(at) = whole {
            let whole = self.unknown.remove(at);
            let rest = [whole.start..range.start, range.end..whole.end];
            self.unknown.splice(at..at, rest.into_iter().filter(|rest| !rest.is_empty()));
        }
        self.late.push(range);
    }

    /// How many of `range` were acked when they were sent again.
    pub fn late_in(&self, range: &Range<u64>) -> u64 {
        self.late.iter().map(|late| overlap(late, range)).sum()
    }

    /// The first sequence without an outcome: never sent.
    pub fn upto(&self) -> u64 {
        self.upto
    }

    /// How many have an unknown outcome.
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

    /// How many of `range` have an unknown outcome.
    pub fn unknown_in(&self, range: Range<u64>) -> u64 {
        self.unknown.iter().map(|unknown| overlap(unknown, &range)).sum()
    }
}

fn overlap(one: &Range<u64>, other: &Range<u64>) -> u64 {
    one.end.min(other.end).saturating_sub(one.start.max(other.start))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_in_flight_is_neither_acked_nor_lost() {
        let mut outcomes = Outcomes::default();
        outcomes.acked(10);
        outcomes.unknown(5);
        outcomes.unknown(1);
        outcomes.acked(4);
        outcomes.unknown(2);
        assert_eq!((outcomes.upto(), outcomes.unknown_records()), (22, 8));
        assert_eq!(outcomes.acked_in(0..100), [0..10, 16..20]);
        assert_eq!(outcomes.acked_in(12..18), vec![Range { start: 16, end: 18 }]);
        assert_eq!(outcomes.acked_in(11..15), []);
        assert_eq!(outcomes.acked_in(17..17), []);
        assert_eq!(
            (outcomes.unknown_in(0..100), outcomes.unknown_in(12..17), outcomes.unknown_in(16..20)),
            (8, 4, 0)
        );
    }

    #[test]
    fn what_was_refused_is_unknown_until_it_is_acked() {
        let mut outcomes = Outcomes::default();
        outcomes.acked(10);
        let refused = [outcomes.refused(5), outcomes.refused(2), outcomes.refused(3)];
        assert_eq!(refused, [10..15, 15..17, 17..20]);
        outcomes.acked(4);
        outcomes.acked_at_last(refused[1].clone());
        assert_eq!((outcomes.unknown_in(0..100), outcomes.late_in(&(0..16)), outcomes.upto()), (8, 1, 24));
        assert_eq!(outcomes.acked_in(0..100), [0..10, 15..17, 20..24]);
        outcomes.acked_at_last(refused[0].clone());
        outcomes.acked_at_last(refused[2].clone());
        assert_eq!((outcomes.unknown_records(), outcomes.late_in(&(0..100))), (0, 10));
        assert_eq!(outcomes.acked_in(0..100), vec![Range { start: 0, end: 24 }]);
    }
}
