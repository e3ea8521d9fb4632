//! Compares what came back with what was sent: loss, duplicates, reordering per producer and partition, and under
//! `full` the content of every record.
//!
//! The common case, the next sequence of the same producer, costs one comparison. A hole is remembered as a range
//! until a late record fills it (reordering) or the run ends (loss).

use crate::outcomes::Outcomes;
use crate::read_history::TakenBack;
use crate::records::stamp::{Stamp, content_hash};
use loadgen_result::report::verification::{Fault, Findings, Level};
use std::collections::BTreeMap;
use std::fmt;
use std::ops::Range;

/// One producer's records within one partition.
#[derive(Debug, Default)]
struct Stream {
    expected: u64,
    /// Holes: start -> end (exclusive).
    missing: BTreeMap<u64, u64>,
    /// What came after later ones, in runs, and at which offset each began.
    late: Vec<(Range<u64>, i64)>,
}

/// Where a sequence stands in its stream.
enum Arrival {
    Next,
    Ahead,
    Late,
    Again,
}

impl Stream {
    fn late_records(&self) -> u64 {
        self.late.iter().map(|(range, _)| range.end - range.start).sum()
    }

    /// Notes a late record. Only the end tells whether it is a fault: what the broker had refused comes late, and
    /// that is none.
    fn note_late(&mut self, sequence: u64, offset: i64) {
        match self.late.last_mut() {
            Some((range, _)) if range.end == sequence => range.end += 1,
            _ => self.late.push((sequence..sequence + 1, offset)),
        }
    }

    fn arrive(&mut self, sequence: u64) -> Arrival {
        if sequence >= self.expected {
            let arrival = if sequence == self.expected { Arrival::Next } else { Arrival::Ahead };
            if sequence > self.expected {
                self.missing.insert(self.expected, sequence);
            }
            self.expected = sequence + 1;
            return arrival;
        }
        let hole = self.missing.range(..=sequence).next_back().map(|(start, end)| (*start, *end));
        match hole {
            Some((start, end)) if sequence < end => {
                self.missing.remove(&start);
                if start < sequence {
                    self.missing.insert(start, sequence);
                }
                if sequence + 1 < end {
                    self.missing.insert(sequence + 1, end);
                }
                Arrival::Late
            }
            _ => Arrival::Again,
        }
    }
}

/// Checks one partition, as its one consumer reads it in offset order.
#[derive(Debug)]
pub struct PartitionVerifier {
    level: Level,
    run: u16,
    partition: i32,
    next_offset: Option<i64>,
    streams: Vec<Stream>,
    findings: Findings,
}

impl PartitionVerifier {
    /// A verifier for the records of `run`, of producers `0..producers`.
    pub fn new(level: Level, run: u16, partition: i32, producers: usize) -> PartitionVerifier {
        let streams = (0..producers).map(|_| Stream::default()).collect();
        PartitionVerifier { level, run, partition, next_offset: None, streams, findings: Findings::default() }
    }

    /// One record, in the order read. Returns whether it is one of this run's.
    #[inline]
    pub fn record(
        &mut self,
        offset: i64,
        key: Option<&[u8]>,
        value: Option<&[u8]>,
        stamp: Option<Stamp>,
    ) -> bool {
        let Some(stamp) = stamp.filter(|stamp| stamp.run == self.run) else {
            self.findings.foreign += 1;
            return false;
        };
        self.findings.records += 1;
        if self.level == Level::Off {
            return true;
        }
        self.check_offset(offset);
        match self.streams.get_mut(usize::from(stamp.producer)) {
            Some(stream) => match stream.arrive(stamp.sequence) {
                Arrival::Next | Arrival::Ahead => {}
                Arrival::Late => stream.note_late(stamp.sequence, offset),
                Arrival::Again => self.note(Fault::Duplicate, offset, &stamp),
            },
            None => self.note(Fault::Corruption, offset, &stamp),
        }
        if self.level == Level::Full && stamp.hash != Some(content_hash(key, value.unwrap_or_default())) {
            self.note(Fault::Corruption, offset, &stamp);
        }
        true
    }

    /// Offsets only grow within a partition, whoever wrote the records.
    fn check_offset(&mut self, offset: i64) {
        if let Some(next) = self.next_offset.filter(|next| offset < *next) {
            let partition = self.partition;
            let example =
                || format!("partition {partition}: offset {offset} came after offset {}:", next - 1);
            self.findings.note(Fault::Reorder, 1, example);
        }
        self.next_offset = Some(offset + 1);
    }

    /// A batch that could not be read at all.
    pub fn corrupt_batch(&mut self, why: &dyn fmt::Display) {
        let partition = self.partition;
        self.findings.note(Fault::Corruption, 1, || format!("partition {partition}: {why}:"));
    }

    fn note(&mut self, fault: Fault, offset: i64, stamp: &Stamp) {
        let partition = self.partition;
        let (producer, sequence) = (stamp.producer, stamp.sequence);
        let example =
            || format!("record {sequence} of producer {producer}, partition {partition}, offset {offset}:");
        self.findings.note(fault, 1, example);
    }

    /// A verifier for another reading of the same records, from their beginning.
    pub fn anew(&self) -> PartitionVerifier {
        PartitionVerifier::new(self.level, self.run, self.partition, self.streams.len())
    }

    /// Adds an earlier reading of the same records. What was wrong in it is wrong. What was in both readings counts
    /// once.
    pub fn absorb(&mut self, earlier: PartitionVerifier, taken_back: Option<TakenBack>) {
        let (own, other) = (&mut self.findings, earlier.findings);
        own.duplicated = own.duplicated.max(other.duplicated);
        own.reordered = own.reordered.max(other.reordered);
        for (own, other) in self.streams.iter_mut().zip(earlier.streams) {
            if other.late_records() > own.late_records() {
                own.late = other.late;
            }
        }
        own.corrupt = own.corrupt.max(other.corrupt);
        own.first_example = own.first_example.take().or(other.first_example);
        if let Some(TakenBack { records, first_offset }) = taken_back {
            let example = || format!("the record at offset {first_offset} of partition {}:", self.partition);
            own.note(Fault::TakenBack, records, example);
        }
    }

    /// The end: so it went with each producer's records for this partition.
    pub fn finish<'a>(mut self, outcomes: impl Fn(usize) -> Option<&'a Outcomes>) -> Findings {
        if self.level == Level::Off {
            return self.findings;
        }
        for (producer, stream) in self.streams.iter().enumerate() {
            let (partition, outcomes) = (self.partition, outcomes(producer));
            for (range, offset) in &stream.late {
                let excused = outcomes.map_or(0, |outcomes| outcomes.late_in(range));
                let example = || {
                    format!(
                        "record {} of producer {producer}, partition {partition}, offset {offset}:",
                        range.start
                    )
                };
                let count = (range.end - range.start).saturating_sub(excused);
                if count > 0 {
                    self.findings.note(Fault::Reorder, count, example);
                }
            }
            let Some(outcomes) = outcomes else { continue };
            let tail = (stream.expected < outcomes.upto()).then_some((stream.expected, outcomes.upto()));
            self.findings.appeared += outcomes.unknown_records();
            for (start, end) in stream.missing.iter().map(|(start, end)| (*start, *end)).chain(tail) {
                self.findings.appeared -= outcomes.unknown_in(start..end);
                for lost in outcomes.acked_in(start..end) {
                    let (start, count) = (lost.start, lost.end - lost.start);
                    let example = || format!("record {start} of producer {producer}, partition {partition}:");
                    self.findings.note(Fault::Loss, count, example);
                }
            }
        }
        self.findings
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const VALUE: &[u8] = b"value";

    fn all_acked(records: u64) -> Outcomes {
        let mut outcomes = Outcomes::default();
        outcomes.acked(records);
        outcomes
    }

    fn judge(level: Level, sequences: &[u64], acked: u64) -> Findings {
        let mut verifier = PartitionVerifier::new(level, 1, 0, 2);
        for (offset, sequence) in sequences.iter().enumerate() {
            let hash = Some(content_hash(None, VALUE));
            let stamp = Stamp { run: 1, producer: 1, sequence: *sequence, intended_ns: 0, hash };
            assert!(verifier.record(offset as i64, None, Some(VALUE), Some(stamp)));
        }
        let outcomes = all_acked(acked);
        verifier.finish(|producer| (producer == 1).then_some(&outcomes))
    }

    #[test]
    fn a_perfect_stream_passes() {
        let findings = judge(Level::Full, &[0, 1, 2, 3], 4);
        assert!(findings.passed() && findings.records == 4 && findings.first_example.is_none());
    }

    #[test]
    fn planted_loss_is_found_in_the_middle_and_at_the_end() {
        let findings = judge(Level::Seq, &[0, 1, 4, 5], 8);
        assert_eq!((findings.lost, findings.duplicated, findings.reordered), (4, 0, 0));
        let example = findings.first_example.unwrap();
        assert_eq!(example, "record 2 of producer 1, partition 0: lost");
    }

    #[test]
    fn records_never_acked_may_be_missing() {
        assert!(judge(Level::Seq, &[0, 1, 5], 2).passed());
    }

    #[test]
    fn planted_duplicates_and_reordering_are_told_apart() {
        let findings = judge(Level::Seq, &[0, 1, 1, 3, 2, 4, 0], 5);
        assert_eq!((findings.lost, findings.duplicated, findings.reordered), (0, 2, 1));
        assert_eq!(
            findings.first_example.unwrap(),
            "record 1 of producer 1, partition 0, offset 2: seen twice"
        );
    }

    #[test]
    fn what_was_refused_may_come_late_and_nothing_else() {
        let judge = |late: Range<u64>| {
            let mut verifier = PartitionVerifier::new(Level::Seq, 1, 0, 1);
            for (offset, sequence) in [0, 1, 4, 5, 2, 3, 6].into_iter().enumerate() {
                let stamp = Stamp { run: 1, producer: 0, sequence, intended_ns: 0, hash: None };
                verifier.record(offset as i64, None, Some(VALUE), Some(stamp));
            }
            let mut outcomes = Outcomes::default();
            outcomes.acked(late.start);
            let refused = outcomes.refused(late.end - late.start);
            outcomes.acked(7 - late.end);
            outcomes.acked_at_last(refused);
            verifier.finish(|_| Some(&outcomes))
        };
        assert!(judge(2..4).passed());
        let findings = judge(3..4);
        assert_eq!((findings.lost, findings.reordered), (0, 1));
        assert_eq!(
            findings.first_example.unwrap(),
            "record 2 of producer 0, partition 0, offset 4: out of order"
        );
    }

    #[test]
    fn holes_are_filled_from_either_side() {
        let findings = judge(Level::Seq, &[9, 0, 8, 4, 5, 3], 10);
        assert_eq!((findings.lost, findings.duplicated, findings.reordered), (4, 0, 5));
    }

    #[test]
    fn planted_corruption_is_found_by_full_only() {
        for (level, corrupt) in [(Level::Full, 1), (Level::Seq, 0), (Level::Off, 0)] {
            let mut verifier = PartitionVerifier::new(level, 1, 0, 1);
            let hash = Some(content_hash(None, b"another"));
            let stamp = Stamp { run: 1, producer: 0, sequence: 0, intended_ns: 0, hash };
            verifier.record(0, None, Some(VALUE), Some(stamp));
            let outcomes = all_acked(1);
            assert_eq!(verifier.finish(|_| Some(&outcomes)).corrupt, corrupt, "{level:?}");
        }
    }

    #[test]
    fn other_runs_records_are_foreign_and_unknown_producers_are_corrupt() {
        let mut verifier = PartitionVerifier::new(Level::Seq, 1, 0, 1);
        let stamp = |run, producer| Some(Stamp { run, producer, sequence: 0, intended_ns: 0, hash: None });
        assert!(!verifier.record(0, None, None, None));
        assert!(!verifier.record(1, None, None, stamp(2, 0)));
        assert!(verifier.record(2, None, None, stamp(1, 9)));
        let findings = verifier.finish(|_| None);
        assert_eq!((findings.foreign, findings.corrupt), (2, 1));
    }

    #[test]
    fn offsets_that_go_back_are_reordering() {
        let mut verifier = PartitionVerifier::new(Level::Seq, 1, 0, 1);
        for (sequence, offset) in [(0, 5), (1, 5)] {
            let stamp = Stamp { run: 1, producer: 0, sequence, intended_ns: 0, hash: None };
            verifier.record(offset, None, None, Some(stamp));
        }
        assert_eq!(verifier.finish(|_| None).reordered, 1);
    }

    #[test]
    fn what_was_in_flight_at_a_crash_may_be_there_or_not_and_what_was_acked_must_be() {
        let mut outcomes = all_acked(3);
        outcomes.unknown(4); // 3..7
        outcomes.acked(3); // 7..10
        outcomes.unknown(2); // 10..12
        let mut verifier = PartitionVerifier::new(Level::Seq, 1, 0, 1);
        for (offset, sequence) in [0, 1, 3, 4, 8, 9, 11].into_iter().enumerate() {
            let stamp = Stamp { run: 1, producer: 0, sequence, intended_ns: 0, hash: None };
            verifier.record(offset as i64, None, None, Some(stamp));
        }
        let findings = verifier.finish(|_| Some(&outcomes));
        assert_eq!((findings.lost, findings.appeared), (2, 3), "2 and 7 were acked; 3, 4 and 11 were not");
        assert_eq!(findings.first_example.unwrap(), "record 2 of producer 0, partition 0: lost");
    }

    #[test]
    fn two_readings_count_what_both_found_once() {
        let wrong = |sequences: &[u64]| {
            let mut verifier = PartitionVerifier::new(Level::Seq, 1, 0, 1);
            for (offset, sequence) in sequences.iter().enumerate() {
                let stamp = Stamp { run: 1, producer: 0, sequence: *sequence, intended_ns: 0, hash: None };
                verifier.record(offset as i64, None, None, Some(stamp));
            }
            verifier
        };
        let earlier = wrong(&[0, 1, 1, 2]);
        let mut later = earlier.anew();
        assert_eq!(later.findings, Findings::default());
        later.absorb(wrong(&[0, 1, 1, 2]), Some(TakenBack { records: 7, first_offset: 9 }));
        let findings = later.finish(|_| None);
        assert_eq!((findings.duplicated, findings.taken_back, findings.passed()), (1, 7, false));
    }
}
