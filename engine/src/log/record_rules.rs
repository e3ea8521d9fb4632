//! What a topic requires of the records of clients' batches: their timestamps, keys where the topic is compacted, and the
//! codec where it has one of its own (`compression.type`).
//!
//! Most batches pass by their header alone ([`RecordRules::ask_for_records`]). For the others there is one look, which
//! checks every record and, where the topic asks for another codec, compresses them anew. Small looks are made at once,
//! all others off the core. Whoever looks keeps the order: nothing that came behind the batch may be appended before it.

use thiserror::Error;

use crate::config::TimestampType;
use crate::error::AppendError;
use crate::format::batch::{Batch, Codec};
use crate::format::compress::{Compression, compress};
use crate::format::decompress::decompress_within;
use crate::format::records::BadRecord;
use crate::format::skim::skim;
use crate::limits::{
    BLAMED_RECORDS_MAX, DECOMPRESSED_BYTES_MAX, LOOK_AT_ONCE_BYTES, LOOK_AT_ONCE_DECOMPRESSION,
    LOOK_AT_ONCE_PLAIN_BYTES, LOOK_AT_ONCE_RECORDS,
};
use crate::log::record_times::{NO_TIMESTAMP, TimestampRules, each_timestamp};

/// See the module.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RecordRules {
    timestamps: TimestampRules,
    needs_keys: bool,
    compression: Option<Compression>,
    /// Whether it requires more than timestamps.
    concerns_more: bool,
}

impl From<TimestampRules> for RecordRules {
    fn from(timestamps: TimestampRules) -> Self {
        Self::new(timestamps, false, None)
    }
}

/// Why a batch may not be appended after its records were checked. Records are counted from 0; the first
/// `BLAMED_RECORDS_MAX` of them are named.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum LookError {
    /// The records are not what the header says, or they are too large when decompressed.
    #[error("the records do not decode, do not count up from 0, or take more than 64 MiB when decompressed")]
    Undecodable,
    /// Records without a key, in a topic that is compacted by keys.
    #[error("Compacted topic cannot accept message without key")]
    Keyless(Vec<i32>),
    /// The client's header says append time. That is refused where the broker does set the times, and where the header
    /// gives no time. All records of the batch are then wrong.
    #[error("only the broker sets the append time")]
    AppendTime(Vec<i32>),
    /// Records whose timestamps lie further back than `message.timestamp.before.max.ms`, or further ahead than
    /// `message.timestamp.after.max.ms`.
    #[error("one or more records have been rejected due to invalid timestamp")]
    OutOfRange(Vec<i32>),
    /// The topic's codec failed.
    #[error("the records could not be compressed as the topic asks")]
    Incompressible,
}

impl From<BadRecord> for LookError {
    fn from(_: BadRecord) -> Self {
        Self::Undecodable
    }
}

impl From<LookError> for AppendError {
    fn from(error: LookError) -> Self {
        match error {
            LookError::Undecodable => Self::InvalidRecord(
                "the records do not decode, do not count up from 0, or take more than 64 MiB when decompressed",
            ),
            LookError::Keyless(_) => Self::InvalidRecord("a record without a key in a compacted topic"),
            LookError::AppendTime(_) => Self::InvalidTimestamp("only the broker sets the append time"),
            LookError::OutOfRange(_) => Self::InvalidTimestamp(
                "further back than message.timestamp.before.max.ms, or further ahead than message.timestamp.after.max.ms",
            ),
            LookError::Incompressible => {
                Self::InvalidRecord("the records could not be compressed as the topic asks")
            }
        }
    }
}

impl RecordRules {
    /// `needs_keys`: the topic is compacted. Without a `compression`, batches stay as their producers have compressed them.
    pub fn new(timestamps: TimestampRules, needs_keys: bool, compression: Option<Compression>) -> Self {
        let concerns_more = needs_keys || compression.is_some();
        Self { timestamps, needs_keys, compression, concerns_more }
    }

    /// Whether the records of `batch` must be looked at, because its header does not say enough at `now_ms`, or its codec
    /// is not the topic's.
    #[inline]
    pub fn ask_for_records(&self, batch: &Batch, now_ms: i64) -> bool {
        self.concerns_more && self.ask_for_more_than_times(batch)
            || self.timestamps.ask_for_records(batch, now_ms)
    }

    fn ask_for_more_than_times(&self, batch: &Batch) -> bool {
        !batch.is_looked_into() && (self.needs_keys || self.recompress(batch))
    }

    /// Whether the batch is stored in another codec than it has now. Its level does not matter.
    pub fn recompress(&self, batch: &Batch) -> bool {
        self.another_codec(batch).is_some()
    }

    fn another_codec(&self, batch: &Batch) -> Option<Compression> {
        self.compression.filter(|compression| compression.codec() != batch.codec())
    }

    /// Looks at the records if that is little work. `None`: it is not, so it must be done off the core
    /// ([`look_off_core`](Self::look_off_core)).
    pub fn look_now(
        &self,
        batch: &Batch,
        now_ms: i64,
        at_once: &mut LookBudget,
    ) -> Option<Result<Batch, LookError>> {
        let records = usize::try_from(batch.header().record_count).ok()?;
        match batch.codec() {
            _ if self.recompress(batch) => None,
            Codec::None => at_once.take(records).then(|| batch.look(self, now_ms)),
            _ if batch.body().len() > LOOK_AT_ONCE_BYTES => None,
            _ if !at_once.take(records.saturating_add(LOOK_AT_ONCE_DECOMPRESSION)) => None,
            // If it does not decompress it may be larger than what is done at once.
            _ => match batch.look_within(self, now_ms, LOOK_AT_ONCE_PLAIN_BYTES) {
                Err(LookError::Undecodable) => None,
                seen => Some(seen),
            },
        }
    }

    /// The same however much work it is, without holding up the core.
    pub async fn look_off_core(self, batch: Batch, now_ms: i64) -> Result<Batch, LookError> {
        creel_io::offload(move || batch.look(&self, now_ms)).await
    }
}

impl Batch {
    /// Checks every record. The batch is refused unless each one keeps the topic's rules. The batch's largest timestamp is
    /// then that of the records. If the client's header says append time although the client sets the times, that is
    /// cleared, as in Kafka. If the topic has another codec, the records are compressed anew, byte for byte the same.
    /// Decompresses if need be, and takes some nanoseconds per record.
    pub fn look(&self, rules: &RecordRules, now_ms: i64) -> Result<Self, LookError> {
        self.look_within(rules, now_ms, DECOMPRESSED_BYTES_MAX)
    }

    /// The same with no more than so many bytes of records.
    fn look_within(&self, rules: &RecordRules, now_ms: i64, most: usize) -> Result<Self, LookError> {
        self.check_append_time(rules)?;
        let (body, codec) = (self.body(), self.codec());
        let decompressed;
        let records = match codec {
            Codec::None => &body[..],
            codec => {
                decompressed = decompress_within(codec, &body, most).ok_or(BadRecord)?;
                &decompressed[..]
            }
        };
        let max_timestamp = self.check_records(rules, now_ms, records)?;
        match rules.another_codec(self) {
            None => Ok(self.looked_into(max_timestamp)),
            Some(compression) => {
                let records = compress(compression, records).map_err(|_| LookError::Incompressible)?;
                Ok(self.recompressed(compression.codec(), &records, max_timestamp))
            }
        }
    }

    fn check_append_time(&self, rules: &RecordRules) -> Result<(), LookError> {
        let header = self.header();
        let sets_none = header.max_timestamp == NO_TIMESTAMP;
        let is_the_brokers = rules.timestamps.kind == TimestampType::LogAppendTime;
        match header.attributes.is_log_append_time() && (is_the_brokers || sets_none) {
            true => {
                let blamed = (0..header.record_count).take(BLAMED_RECORDS_MAX).collect();
                Err(LookError::AppendTime(blamed))
            }
            false => Ok(()),
        }
    }

    /// Returns the largest timestamp.
    fn check_records(&self, rules: &RecordRules, now_ms: i64, records: &[u8]) -> Result<i64, LookError> {
        let header = self.header();
        let mut seen = Seen { largest: NO_TIMESTAMP, keyless: Vec::new(), out_of_range: Vec::new() };
        if !rules.concerns_more {
            each_timestamp(header, records, |at, timestamp| seen.time(rules, now_ms, at, timestamp))?;
        } else {
            let mut counts_up = true;
            skim(header.record_count, records, |at, record| {
                // For a delta that is out of range the client gets what Kafka computes.
                let timestamp = header.base_timestamp.wrapping_add(record.timestamp_delta);
                seen.time(rules, now_ms, at, timestamp);
                seen.key(rules, at, record.has_key);
                counts_up &= record.offset_delta == i64::from(at);
            })?;
            if !counts_up {
                return Err(LookError::Undecodable);
            }
        }
        match seen {
            Seen { keyless, .. } if !keyless.is_empty() => Err(LookError::Keyless(keyless)),
            Seen { out_of_range, .. } if !out_of_range.is_empty() => Err(LookError::OutOfRange(out_of_range)),
            // The broker's clock replaces them all.
            _ if rules.timestamps.kind == TimestampType::LogAppendTime => Ok(header.max_timestamp),
            Seen { largest, .. } => Ok(largest),
        }
    }
}

/// What was found so far.
struct Seen {
    largest: i64,
    keyless: Vec<i32>,
    out_of_range: Vec<i32>,
}

impl Seen {
    fn time(&mut self, rules: &RecordRules, now_ms: i64, at: i32, timestamp: i64) {
        self.largest = self.largest.max(timestamp);
        let is_checked = rules.timestamps.kind == TimestampType::CreateTime;
        if is_checked && !rules.timestamps.allow(timestamp, now_ms) {
            blame(&mut self.out_of_range, at);
        }
    }

    fn key(&mut self, rules: &RecordRules, at: i32, has_key: bool) {
        if rules.needs_keys && !has_key {
            blame(&mut self.keyless, at);
        }
    }
}

fn blame(records: &mut Vec<i32>, at: i32) {
    if records.len() < BLAMED_RECORDS_MAX {
        records.push(at);
    }
}

/// How many records may still be checked before other tasks must have their turn.
#[derive(Clone, Copy, Debug)]
pub struct LookBudget(usize);

impl Default for LookBudget {
    fn default() -> Self {
        Self(LOOK_AT_ONCE_RECORDS)
    }
}

impl LookBudget {
    fn take(&mut self, records: usize) -> bool {
        let left = self.0.checked_sub(records);
        self.0 = left.unwrap_or(self.0);
        left.is_some()
    }
}

#[cfg(test)]
#[path = "record_rules_tests.rs"]
mod tests;
