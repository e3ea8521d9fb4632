//! Idempotent producers: what each one last appended. So a retry is recognised, and a gap is refused.
//!
//! The last five batches of each producer id are remembered, because clients keep at most five requests in flight. A
//! batch that repeats one of them is answered with the offset of the original. A batch whose sequence does not follow
//! the last one is refused. A producer that was never seen, or was forgotten, may begin with any sequence. Sequences
//! wrap from 2^31-1 to 0.
//!
//! The behaviour follows Kafka's `ProducerAppendInfo` and `ProducerStateManager`. The file format is in
//! `segment::side_files::snapshot`.

use std::collections::BTreeMap;

use crate::error::ProducerError;
use crate::format::batch::BatchHeader;
use crate::limits::PRODUCER_BATCHES;
use crate::offset::Offset;
use crate::segment::side_files::snapshot::{self, RememberedBatch, SnapshotEntry};

/// Who appends. This decides what is checked.
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
    /// The log has it already, from `base` on.
    Duplicate(RememberedBatch),
}

/// One producer's state. It is small and flat, because it is copied to undo an append that could not be written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Producer {
    pub(crate) epoch: i16,
    pub(crate) coordinator_epoch: i32,
    pub(crate) last_timestamp: i64,
    pub(crate) transaction_start: Option<Offset>,
    batches: [RememberedBatch; PRODUCER_BATCHES],
    count: u8,
    /// The sequence of its first batch, if that could not be written. The batches that it sent behind it must not be
    /// appended first.
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

    /// What is left of a producer all of whose batches are undone.
    fn awaiting_its_first(&self) -> Option<Self> {
        let first = self.batches().first()?;
        Some(Self::awaiting(self.epoch, first.first_sequence(), self.last_timestamp))
    }

    fn awaiting(epoch: i16, sequence: i32, last_timestamp: i64) -> Self {
        Self { last_timestamp, awaited: Some(sequence), ..Self::new(epoch) }
    }

    /// The remembered batches, oldest first.
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

    /// Its entries in a snapshot: one for each batch, oldest first. A producer without a batch has one entry without a
    /// batch.
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

/// How to undo one [`Producers::record`].
#[derive(Clone, Copy, Debug)]
pub(crate) struct Undo {
    id: i64,
    before: Option<Producer>,
}

/// All producers of one partition.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Producers {
    by_id: BTreeMap<i64, Producer>,
    /// How many producers have a transaction open. Usually that is none, and then reads need not look for one.
    open_transactions: usize,
}

impl Producers {
    /// The producers in a snapshot file.
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

    /// Decides about a batch before it gets its offset, and changes nothing.
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

    /// Remembers a batch that was appended at `base`. It is also called for every batch that is replayed at a start.
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
            // The coordinators' own batches carry no sequence, so a retry can't be recognised.
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

    /// Undoes appends, newest first.
    pub(crate) fn undo(&mut self, undo: Undo) {
        let first = || self.get(undo.id).and_then(Producer::awaiting_its_first);
        let before = undo.before.or_else(first);
        self.replace(undo.id, before);
    }

    /// Notes a batch that was refused for lack of disk space. Its producer will send it again.
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

    /// The producers that have batches in the log.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (&i64, &Producer)> {
        self.by_id.iter().filter(|(_, producer)| producer.awaited.is_none())
    }

    /// Replaces a producer's state. All changes go through here, so open transactions stay counted.
    pub(crate) fn replace(&mut self, id: i64, state: Option<Producer>) {
        let is_open = |producer: &Producer| producer.transaction_start.is_some();
        self.open_transactions += usize::from(state.as_ref().is_some_and(is_open));
        let before = match state {
            Some(producer) => self.by_id.insert(id, producer),
            None => self.by_id.remove(&id),
        };
        self.open_transactions -= usize::from(before.as_ref().is_some_and(is_open));
    }

    /// Sets `now_ms` as the time at which a producer was last seen, where that time is unknown.
    pub(crate) fn date(&mut self, now_ms: i64) {
        for producer in self.by_id.values_mut().filter(|producer| producer.last_timestamp < 0) {
            producer.last_timestamp = now_ms;
            if let Some(last) = producer.batches[..usize::from(producer.count)].last_mut() {
                last.timestamp = now_ms;
            }
        }
    }

    /// Removes producers that were idle since `before_ms` and have no transaction open.
    pub(crate) fn expire(&mut self, before_ms: i64) {
        self.by_id.retain(|_, producer| {
            producer.transaction_start.is_some() || producer.last_timestamp > before_ms
        });
    }

    /// The first offset of the oldest open transaction.
    pub(crate) fn first_open_transaction(&self) -> Option<Offset> {
        if self.open_transactions == 0 {
            return None;
        }
        self.by_id.values().filter_map(|producer| producer.transaction_start).min()
    }

    /// The number of remembered producers.
    pub(crate) fn len(&self) -> usize {
        self.by_id.len()
    }
}

/// The header by which a producer is remembered. If the batch has no timestamp, its time is when it was appended.
pub(crate) fn dated(header: &BatchHeader, max_timestamp: i64, appended_ms: i64) -> BatchHeader {
    let max_timestamp = if max_timestamp < 0 { appended_ms } else { max_timestamp };
    BatchHeader { max_timestamp, ..*header }
}

#[cfg(test)]
#[path = "producers_tests.rs"]
mod tests;
