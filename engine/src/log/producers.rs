//! Idempotent producers: what each one last appended, so that a retry is recognised and a gap refused.
//!
//! Per producer id the last five batches are remembered (clients keep at most five requests in flight). A batch
//! that repeats one of them is answered with the original's offset; one that does not follow the last is refused.
//! A producer never seen before, or forgotten since, may begin with any sequence. Sequences wrap from 2^31-1 to 0.
//! Behaviour after Kafka's `ProducerAppendInfo` and `ProducerStateManager`; the file format is in
//! `format::snapshot`.

use std::collections::BTreeMap;

use crate::error::ProducerError;
use crate::format::batch::BatchHeader;
use crate::format::snapshot::{self, RememberedBatch, SnapshotEntry};
use crate::limits::PRODUCER_BATCHES;
use crate::offset::Offset;

/// Who appends, which decides what is checked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AppendOrigin {
    /// A produce request: sequences are checked, control batches refused.
    Client,
    /// The broker's own coordinators: offsets, groups, transaction markers. Only epochs are checked.
    Coordinator,
}

/// What to do with a batch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ProducerCheck {
    /// Append it.
    Append,
    /// It is here already, from `base` on.
    Duplicate(RememberedBatch),
}

/// One producer's state. Small and flat on purpose: it is copied to undo an append that could not be written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Producer {
    pub(crate) epoch: i16,
    pub(crate) coordinator_epoch: i32,
    pub(crate) last_timestamp: i64,
    pub(crate) transaction_start: Option<Offset>,
    batches: [RememberedBatch; PRODUCER_BATCHES],
    count: u8,
    /// The sequence of its first batch, which could not be written: what it sent behind that one must not go first.
    awaited: Option<i32>,
}

impl Producer {
    pub(crate) fn new(epoch: i16) -> Self {
        Self {
            epoch,
            coordinator_epoch: -1,
            last_timestamp: -1,
            transaction_start: None,
            batches: Default::default(),
            count: 0,
            awaited: None,
        }
    }

    /// What is left of a producer whose only batches are taken back.
    fn awaiting_its_first(&self) -> Option<Self> {
        let first = self.batches().first()?;
        Some(Self::awaiting(self.epoch, first.first_sequence(), self.last_timestamp))
    }

    fn awaiting(epoch: i16, sequence: i32, last_timestamp: i64) -> Self {
        Self { last_timestamp, awaited: Some(sequence), ..Self::new(epoch) }
    }

    /// Oldest first.
    pub(crate) fn batches(&self) -> &[RememberedBatch] {
        &self.batches[..usize::from(self.count)]
    }

    pub(crate) fn remember(&mut self, batch: RememberedBatch) {
        if usize::from(self.count) == PRODUCER_BATCHES {
            self.batches.rotate_left(1);
            self.count -= 1;
        }
        self.batches[usize::from(self.count)] = batch;
        self.count += 1;
        self.awaited = None;
        self.last_timestamp = batch.timestamp;
    }

    /// One for each batch, oldest first, and one without if there is none.
    fn snapshot_entries(&self, id: i64) -> impl Iterator<Item = SnapshotEntry> {
        let entry = move |batch| SnapshotEntry {
            id,
            epoch: self.epoch,
            coordinator_epoch: self.coordinator_epoch,
            last_timestamp: self.last_timestamp,
            transaction_start: self.transaction_start,
            batch,
        };
        let without = self.batches().is_empty().then(|| entry(None));
        self.batches().iter().map(move |batch| entry(Some(*batch))).chain(without)
    }

    fn begin_epoch(&mut self, epoch: i16) {
        if epoch != self.epoch {
            self.epoch = epoch;
            self.count = 0;
        }
    }

    fn duplicate_of(&self, header: &BatchHeader) -> Option<RememberedBatch> {
        let same = |known: &&RememberedBatch| {
            known.first_sequence() == header.base_sequence && known.last_sequence == header.last_sequence()
        };
        (self.epoch == header.producer_epoch).then(|| self.batches().iter().find(same).copied()).flatten()
    }

    fn check_sequence(&self, header: &BatchHeader) -> Result<(), ProducerError> {
        let got = header.base_sequence;
        let last = self.batches().last().map(|batch| batch.last_sequence);
        let follows = match last {
            _ if header.producer_epoch != self.epoch => got == 0,
            Some(last) => got == last.wrapping_add(1) & i32::MAX,
            None => self.awaited.is_none_or(|awaited| got == awaited),
        };
        let refusal = ProducerError::OutOfOrderSequence { got, last: last.unwrap_or(-1) };
        if follows { Ok(()) } else { Err(refusal) }
    }
}

fn remembered(header: &BatchHeader, base: Offset) -> RememberedBatch {
    RememberedBatch {
        last_sequence: header.last_sequence(),
        last_offset: base + i64::from(header.last_offset_delta),
        offset_delta: header.last_offset_delta,
        timestamp: header.max_timestamp,
    }
}

/// How to take back one [`Producers::record`].
#[derive(Clone, Copy, Debug)]
pub(crate) struct Undo {
    id: i64,
    before: Option<Producer>,
}

/// All producers of one partition.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Producers {
    by_id: BTreeMap<i64, Producer>,
    /// How many have a transaction open: mostly none, and then reads need not look.
    open_transactions: usize,
}

impl Producers {
    /// What a snapshot file says.
    pub(crate) fn from_snapshot(entries: Vec<SnapshotEntry>) -> Self {
        let mut producers = Self::default();
        for entry in entries {
            let mut producer = producers.get(entry.id).copied().unwrap_or_else(|| Producer::new(entry.epoch));
            producer.epoch = entry.epoch;
            producer.last_timestamp = entry.last_timestamp;
            producer.coordinator_epoch = entry.coordinator_epoch;
            producer.transaction_start = entry.transaction_start;
            if let Some(batch) = entry.batch {
                producer.remember(batch);
            }
            producers.replace(entry.id, Some(producer));
        }
        producers
    }

    /// A snapshot file's bytes.
    pub(crate) fn to_snapshot(&self) -> Vec<u8> {
        snapshot::encode(self.iter().flat_map(|(id, producer)| producer.snapshot_entries(*id)))
    }

    /// Decides about a batch before it gets its offset. Changes nothing.
    pub(crate) fn check(
        &self,
        header: &BatchHeader,
        origin: AppendOrigin,
    ) -> Result<ProducerCheck, ProducerError> {
        if !header.has_producer_id() {
            return Ok(ProducerCheck::Append);
        }
        let Some(producer) = self.by_id.get(&header.producer_id) else {
            return Ok(ProducerCheck::Append);
        };
        let (got, current) = (header.producer_epoch, producer.epoch);
        if let (AppendOrigin::Client, Some(original)) = (origin, producer.duplicate_of(header)) {
            return Ok(ProducerCheck::Duplicate(original));
        }
        if got < current {
            return Err(ProducerError::InvalidEpoch { got, current });
        }
        if origin == AppendOrigin::Client {
            producer.check_sequence(header)?;
            let transactional = header.attributes.is_transactional();
            if producer.transaction_start.is_some() && !transactional {
                return Err(ProducerError::InvalidTransactionState);
            }
        }
        Ok(ProducerCheck::Append)
    }

    /// Remembers a batch that was appended at `base`. Also replays the log after a start.
    pub(crate) fn record(&mut self, header: &BatchHeader, base: Offset) -> Option<Undo> {
        if !header.has_producer_id() {
            return None;
        }
        let id = header.producer_id;
        let before = self.by_id.get(&id).copied();
        let mut producer = before.unwrap_or_else(|| Producer::new(header.producer_epoch));
        producer.begin_epoch(header.producer_epoch);
        if header.attributes.is_control() {
            producer.transaction_start = None;
            producer.last_timestamp = header.max_timestamp;
        } else {
            // The coordinators' own batches carry no sequence: nothing to recognise them by.
            if header.base_sequence >= 0 {
                producer.remember(remembered(header, base));
            }
            if header.attributes.is_transactional() {
                producer.transaction_start.get_or_insert(base);
            }
        }
        self.replace(id, Some(producer));
        Some(Undo { id, before })
    }

    /// Takes appends back, newest first.
    pub(crate) fn undo(&mut self, undo: Undo) {
        let first = || self.get(undo.id).and_then(Producer::awaiting_its_first);
        let before = undo.before.or_else(first);
        self.replace(undo.id, before);
    }

    /// Notes a batch that there was no room for and that will be sent again.
    pub(crate) fn refuse(&mut self, header: &BatchHeader) {
        let is_sequenced = header.has_producer_id() && header.base_sequence >= 0;
        if is_sequenced && self.get(header.producer_id).is_none() {
            let BatchHeader { producer_epoch, base_sequence, max_timestamp, .. } = *header;
            let awaiting = Producer::awaiting(producer_epoch, base_sequence, max_timestamp);
            self.replace(header.producer_id, Some(awaiting));
        }
    }

    pub(crate) fn get(&self, id: i64) -> Option<&Producer> {
        self.by_id.get(&id)
    }

    /// Those that the log has batches of.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (&i64, &Producer)> {
        self.by_id.iter().filter(|(_, producer)| producer.awaited.is_none())
    }

    /// Puts a producer's state in place; the only way in, so that open transactions stay counted.
    pub(crate) fn replace(&mut self, id: i64, state: Option<Producer>) {
        let is_open = |producer: &Producer| producer.transaction_start.is_some();
        self.open_transactions += usize::from(state.as_ref().is_some_and(is_open));
        let before = match state {
            Some(producer) => self.by_id.insert(id, producer),
            None => self.by_id.remove(&id),
        };
        self.open_transactions -= usize::from(before.as_ref().is_some_and(is_open));
    }

    /// Producers of which it is not known when they were last seen were seen at `now_ms`.
    pub(crate) fn date(&mut self, now_ms: i64) {
        for producer in self.by_id.values_mut().filter(|producer| producer.last_timestamp < 0) {
            producer.last_timestamp = now_ms;
            if let Some(last) = producer.batches[..usize::from(producer.count)].last_mut() {
                last.timestamp = now_ms;
            }
        }
    }

    /// Forgets producers that were idle since `before_ms` and have no transaction open.
    pub(crate) fn expire(&mut self, before_ms: i64) {
        self.by_id.retain(|_, producer| {
            producer.transaction_start.is_some() || producer.last_timestamp > before_ms
        });
    }

    /// The first offset of a transaction that is still open.
    pub(crate) fn first_open_transaction(&self) -> Option<Offset> {
        if self.open_transactions == 0 {
            return None;
        }
        self.by_id.values().filter_map(|producer| producer.transaction_start).min()
    }

    /// Producers remembered.
    pub(crate) fn len(&self) -> usize {
        self.by_id.len()
    }
}

#[cfg(test)]
#[path = "producers_tests.rs"]
mod tests;
