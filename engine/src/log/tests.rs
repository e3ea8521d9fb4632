//! A random walk over everything that happens to a log, checked against a list of batches. No file, no task, no
//! simulator.

use std::path::Path;

use super::*;
use crate::config::LogConfig;
use crate::error::AppendAsIsError;
use crate::format::batch::{Batch, UncheckedBatch, stamp};
use crate::format::records::BatchBuilder;
use crate::offset::FilePosition;
use crate::segment::Placed;
use crate::test_random::Random;

const PRODUCER: i64 = 7;

fn segment(base: i64) -> ActiveSegment {
    ActiveSegment::noting(Segment::new(Path::new("/d"), Offset::of(base), 0))
}

/// A batch as the model remembers it.
#[derive(Clone, Debug)]
struct Known {
    base: i64,
    end: i64,
    epoch: i32,
    segment: i64,
    /// The sequence that follows it.
    next_sequence: i32,
    batch: Batch,
}

struct Walk {
    random: Random,
    log: Log,
    config: LogConfig,
    /// Everything that was staged and not undone. At both ends it may lack only whole segments.
    batches: Vec<Known>,
    segments: Vec<i64>,
    /// The sequence that follows the batches that have left the log at its start.
    sequence: i32,
    /// What the next batch is stamped with.
    epoch: i32,
    /// The same, if what is staged is undone.
    written_epoch: i32,
    log_start: i64,
    high_watermark: i64,
    durable: i64,
    written: i64,
    /// Where the sync that is in flight ends.
    syncing: Option<End>,
}

impl Walk {
    fn new(seed: u64) -> Self {
        let mut random = Random::new(seed);
        let may_have_gaps = random.below(2) == 0;
        let segment_bytes = 300 + random.below(600);
        let config = LogConfig { segment_bytes, may_have_gaps, ..LogConfig::default() };
        let active = segment(0);
        let log = Log::new(Opened {
            segments: vec![active.readable()],
            active,
            producers: Producers::default(),
            epochs: LeaderEpochs::default(),
            epoch: LeaderEpoch::ZERO,
            bad_ranges: Vec::new(),
            log_start: Offset::ZERO,
            end: Offset::ZERO,
            is_changed: false,
        });
        Self {
            random,
            log,
            config,
            batches: Vec::new(),
            segments: vec![0],
            sequence: 0,
            epoch: 0,
            written_epoch: 0,
            log_start: 0,
            high_watermark: 0,
            durable: 0,
            written: 0,
            syncing: None,
        }
    }

    fn next(&self) -> i64 {
        // A segment may begin behind a gap.
        let segment = *self.segments.last().unwrap();
        self.batches.last().map_or(segment, |last| last.end.max(segment))
    }

    fn moment(&self) -> Moment {
        Moment { now_ms: 1000, append_time_ms: None, staged_at: None }
    }

    fn new_batch(&mut self) -> Batch {
        let sequence = self.batches.last().map_or(self.sequence, |last| last.next_sequence);
        let mut builder = BatchBuilder::new(1000).producer(PRODUCER, 0, sequence);
        for _ in 0..=self.random.below(2) {
            builder = builder.record(1000, None, Some(&[1; 40]));
        }
        builder.build().unwrap()
    }

    fn stage(&mut self) {
        let batch = self.new_batch();
        assert_eq!(self.check_producer(&batch), ProducerCheck::Append);
        loop {
            let stage = self.log.stage(&batch, self.moment(), &self.config);
            if self.take(stage, self.next(), &batch, self.epoch) {
                return;
            }
        }
    }

    fn append_as_is(&mut self) {
        let epoch = self.epoch + self.random.below(2) as i32;
        let mut bytes = self.new_batch().bytes().to_vec();
        let mut at = |base, epoch| {
            stamp(&mut bytes, Offset::of(base), LeaderEpoch::new(epoch));
            UncheckedBatch::new(bytes.clone().into()).verify_stamped().unwrap()
        };
        let (next, latest) = (self.next(), self.log.epochs().latest());
        // Before offset 0 there is nothing to repeat.
        let (skips, repeats, older) = (at(next + 1, epoch), at((next - 1).max(0), epoch), at(next, -1));
        let may_skip = self.config.may_have_gaps;
        let gap = match self.random.below(8) {
            _ if !may_skip => 0,
            0 => i64::from(i32::MAX) - self.random.below(3) as i64,
            1 | 2 => self.random.below(9) as i64,
            _ => 0,
        };
        let base = next + gap;
        let batch = at(base, epoch);
        let wrong = [(!may_skip, next + 1, skips), (next > 0, next - 1, repeats)];
        for (_, base, wrong) in wrong.into_iter().filter(|(is_wrong, ..)| *is_wrong) {
            let refusal = self.log.append_as_is(&wrong, self.moment(), &self.config).unwrap_err();
            assert_eq!(
                refusal,
                AppendAsIsError::OutOfOrder { base: Offset::of(base), next: Offset::of(next) }
            );
        }
        if let Some(latest) = latest {
            let refusal = self.log.append_as_is(&older, self.moment(), &self.config).unwrap_err();
            assert_eq!(refusal, AppendAsIsError::OlderEpoch { epoch: None, latest });
        }
        loop {
            let stage = self.log.append_as_is(&batch, self.moment(), &self.config).unwrap();
            if self.take(stage, base, batch.as_batch(), epoch) {
                self.epoch = epoch;
                return;
            }
        }
    }

    /// Whether the batch was staged.
    fn take(&mut self, stage: Stage, base: i64, batch: &Batch, epoch: i32) -> bool {
        let staged = match stage {
            Stage::Staged(staged) => staged,
            Stage::Full => panic!("so much is never staged"),
            Stage::MustRoll(begins) => {
                self.write();
                let fits =
                    base + i64::from(batch.header().last_offset_delta) - self.next() <= i32::MAX.into();
                let expected = if fits { self.next() } else { base };
                assert_eq!(begins, Offset::of(expected));
                let sealed = self.log.rolled(segment(expected));
                assert_eq!(Some(&sealed.base.get()), self.segments.last());
                self.segments.push(expected);
                self.written = expected;
                return false;
            }
        };
        let end = base + i64::from(batch.header().record_count);
        assert_eq!((staged.base, staged.end), (Offset::of(base), Offset::of(end)));
        let segment = *self.segments.last().unwrap();
        assert!(end - 1 - segment <= i64::from(i32::MAX), "its indexes can hold the offsets");
        let next_sequence = batch.header().last_sequence() + 1;
        self.batches.push(Known { base, end, epoch, segment, next_sequence, batch: batch.clone() });
        true
    }

    fn write(&mut self) {
        match self.log.write_plan() {
            Some(plan) => drop(self.log.wrote(plan, 100)),
            None => assert_eq!(self.next(), self.written),
        }
        self.written = self.next();
        self.written_epoch = self.epoch;
    }

    fn undo(&mut self) {
        drop(self.log.undo());
        self.epoch = self.written_epoch;
        self.batches.retain(|known| known.end <= self.written);
    }

    fn sync(&mut self) {
        match self.syncing.take() {
            Some(end) => {
                self.log.synced(end);
                self.durable = self.durable.max(end.offset.get());
            }
            None => {
                let unsynced = self.log.take_unsynced();
                let first = self.batches.iter().find(|known| known.end > self.durable);
                let is_covered = |known: &Known| {
                    known.end > self.written
                        || unsynced.segments.iter().any(|segment| segment.base.get() == known.segment)
                };
                assert!(first.is_none_or(is_covered), "what is not durable is synced");
                self.syncing = Some(self.log.end());
            }
        }
    }

    fn raise_high_watermark(&mut self) {
        let segment = *self.segments.iter().rfind(|base| **base <= self.durable).unwrap();
        let place = Place { segment: Offset::of(segment), position: FilePosition::new(0) };
        let moves = self.log.raise_high_watermark(End { offset: Offset::of(self.durable), place });
        assert_eq!(moves, self.durable > self.high_watermark);
        self.high_watermark = self.high_watermark.max(self.durable);
    }

    fn truncate_front(&mut self) {
        let to = self.log_start + self.random.below(20) as i64;
        let gone = self.log.truncate_front(Offset::of(to));
        self.log_start = self.log_start.max(to.min(self.high_watermark));
        let keep = self.segments.iter().rposition(|base| *base <= self.log_start).unwrap();
        let expected: Vec<_> = self.segments.drain(..keep).collect();
        assert_eq!(gone.iter().map(|dropped| dropped.segment.base.get()).collect::<Vec<_>>(), expected);
        assert!(gone.iter().all(|dropped| dropped.segment.is_pending_delete()));
        assert!(gone.iter().all(|dropped| dropped.contents == Contents::Whole));
        let is_gone = |known: &mut Known| expected.contains(&known.segment);
        let dropped = self.batches.extract_if(.., is_gone).last();
        self.sequence = dropped.map_or(self.sequence, |last| last.next_sequence);
    }

    /// Truncates at a batch's start, once everything is durable, as a caller does after reading the files.
    fn cut(&mut self) {
        self.write();
        if self.syncing.is_some() {
            self.sync();
        }
        self.sync();
        self.sync();
        let starts: Vec<_> = self.batches.iter().filter(|known| known.base >= self.log_start).collect();
        if starts.is_empty() {
            return;
        }
        let known = starts[self.random.below(starts.len() as u64) as usize].clone();
        let (cut_at, base) = (known.base, known.segment);
        self.batches.retain(|known| known.base < cut_at);
        let before = self.batches.last().filter(|last| last.segment == base);
        let end = before.map_or(base, |last| last.end);
        let mut active = segment(base);
        let mut producers = Producers::default();
        for known in &self.batches {
            let header = known.batch.header();
            producers.record(header, Offset::of(known.base));
            if known.segment == base {
                let stamped = BatchHeader { base_offset: Offset::of(known.base), ..*header };
                active.note(&Placed::of(&stamped, active.end_position()), 100);
            }
        }
        let cut = Cut { end: Offset::of(end), active, producers };
        let (cuts, gone) = (self.log.cuts(), self.log.cut(cut));
        let expected: Vec<_> = self.segments.extract_if(.., |other| *other >= base).collect();
        assert_eq!(gone.iter().map(|segment| segment.base.get()).collect::<Vec<_>>(), expected);
        self.segments.push(base);
        assert!(self.log.holds(Offset::of(end), cuts) && !self.log.holds(Offset::of(end + 1), cuts));
        let last = self.batches.last().filter(|last| last.end > self.log_start);
        let last = last.map_or(LeaderEpoch::of(0), |known| LeaderEpoch::of(known.epoch));
        assert!((last..=LeaderEpoch::of(self.epoch)).contains(&self.log.epoch()), "only what is left counts");
        (self.epoch, self.written_epoch) = (self.log.epoch().get(), self.log.epoch().get());
        self.log_start = self.log_start.min(end);
        self.written = end;
        self.durable = self.durable.min(end);
        self.high_watermark = self.high_watermark.min(end);
    }

    /// Throws everything away, once it is durable.
    fn start_anew(&mut self) {
        self.write();
        for _ in 0..3 {
            self.sync();
        }
        self.syncing = None;
        let start = self.random.below(100) as i64;
        let cuts = self.log.cuts();
        let gone = self.log.start_at(segment(start));
        let gone: Vec<_> = gone.iter().map(|segment| segment.base.get()).collect();
        assert_eq!(gone, std::mem::replace(&mut self.segments, vec![start]));
        let ends = self.batches.drain(..).map(|known| known.end);
        assert!(!ends.into_iter().any(|end| self.log.holds(Offset::of(end), cuts)), "none of them is left");
        assert_eq!((self.log.epochs().latest(), self.log.producers().len()), (None, 0));
        assert!(self.log.epoch() <= LeaderEpoch::of(self.epoch));
        (self.epoch, self.written_epoch) = (self.log.epoch().get(), self.log.epoch().get());
        (self.log_start, self.high_watermark, self.durable, self.written) = (start, start, start, start);
    }

    fn check_producer(&self, batch: &Batch) -> ProducerCheck {
        self.log.check_producer(batch.header(), AppendOrigin::Client).unwrap()
    }

    fn step(&mut self) {
        match self.random.below(16) {
            0 => self.undo(),
            1 => self.truncate_front(),
            2 if self.random.below(4) == 0 => self.start_anew(),
            2 => self.cut(),
            3 => {
                self.epoch += 1;
                self.written_epoch = self.epoch;
                self.log.begin_epoch(LeaderEpoch::of(self.epoch));
            }
            4..6 => self.sync(),
            6 => self.raise_high_watermark(),
            7..10 => self.write(),
            10..12 => self.append_as_is(),
            _ => self.stage(),
        }
        self.check();
    }

    fn check(&self) {
        let log = &self.log;
        let Cursors { log_start, high_watermark, synced, durable, written, next, .. } = *log.cursors();
        let model = [self.log_start, self.high_watermark, self.durable, self.written, self.next()];
        assert_eq!([log_start, high_watermark, durable, written, next], model.map(Offset::of));
        assert_eq!(synced, durable);
        assert_eq!(log.last_stable(), high_watermark);
        assert_eq!(log.epoch(), LeaderEpoch::of(self.epoch), "what is undone has no epoch");
        let bases: Vec<_> = log.segments().iter().map(|segment| segment.base.get()).collect();
        assert_eq!(bases, self.segments);
        for known in self.batches.iter().filter(|known| known.base >= self.log_start) {
            assert_eq!(
                log.segment_of(Offset::of(known.base)).map(|segment| segment.base.get()),
                Some(known.segment)
            );
            assert_eq!(log.epochs().epoch_of(Offset::of(known.base)), Some(LeaderEpoch::of(known.epoch)));
        }
        if let Some(last) = self.batches.last() {
            let ProducerCheck::Duplicate(original) = self.check_producer(&last.batch) else {
                panic!("a retry of the last batch is recognised");
            };
            assert_eq!(original.base_offset(), Offset::of(last.base));
        }
        let written: u64 = self.batches.iter().filter(|known| known.end <= self.written).map(size).sum();
        assert_eq!(log.size_bytes(), written);
    }
}

fn size(known: &Known) -> u64 {
    known.batch.size_bytes() as u64
}

#[test]
fn a_log_is_what_was_staged_written_undone_and_cut() {
    for seed in 0..200 {
        let mut walk = Walk::new(seed);
        for _ in 0..300 {
            walk.step();
        }
    }
}

#[test]
fn a_damaged_segment_that_is_dropped_is_told_from_a_whole_one() {
    let active = segment(20);
    let sealed = [0, 10].map(|base| segment(base).seal());
    let bad = BadRange {
        start: Offset::of(12),
        end: Offset::of(14),
        segment: Offset::of(10),
        position: FilePosition::START,
        end_position: FilePosition::new(100),
    };
    let mut log = Log::new(Opened {
        segments: sealed.into_iter().chain([active.readable()]).collect(),
        active,
        producers: Producers::default(),
        epochs: LeaderEpochs::default(),
        epoch: LeaderEpoch::ZERO,
        bad_ranges: vec![bad],
        log_start: Offset::ZERO,
        end: Offset::of(20),
        is_changed: false,
    });
    let dropped = log.truncate_front(Offset::of(20));
    let found: Vec<_> = dropped.iter().map(|one| (one.segment.base.get(), one.contents)).collect();
    assert_eq!(found, [(0, Contents::Whole), (10, Contents::Damaged)]);
    assert!(log.bad_ranges().is_empty() && !log.active().is_pending_delete());
}
