//! The timestamps of a batch's records: what a topic asks of them, and looking into a batch for them.
//!
//! A header says what its records' largest timestamp is, and as a rule it is believed, so that Produce does not look into
//! records. It is not where it looks left out (clients are known to leave it at -1) or contradicts itself, where it is too
//! late to be accepted, and where the topic's limits are not Kafka's defaults: then every record is looked at, the largest timestamp is what is
//! found, and the batch's header says so from then on.
//!
//! -1 means "no timestamp". It is held against no limit; other times before 1970 are. The largest timestamp of a batch
//! with none, or with nothing later than 1970, is -1, as in Kafka.

use thiserror::Error;

use crate::config::{LogConfig, TimestampType};
use crate::error::AppendError;
use crate::format::batch::{Batch, BatchHeader, Codec};
use crate::format::decompress::decompress;
use crate::format::records::{BadRecord, read_varint};
use crate::limits::{BLAMED_RECORDS_MAX, LOOK_AT_ONCE_RECORDS};

/// A record without a timestamp, and the largest timestamp of a batch without any.
pub const NO_TIMESTAMP: i64 = -1;

/// Kafka's default of `message.timestamp.after.max.ms`.
const AFTER_MAX_DEFAULT_MS: i64 = 3_600_000;

/// What a topic asks of the timestamps that clients send.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TimestampRules {
    /// `message.timestamp.type`.
    pub kind: TimestampType,
    /// `message.timestamp.before.max.ms`; `i64::MAX` is unlimited.
    pub before_max_ms: i64,
    /// `message.timestamp.after.max.ms`; `i64::MAX` is unlimited.
    pub after_max_ms: i64,
}

/// Why a batch that was looked into may not be appended.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum LookError {
    /// The records are not what the header says, or too large when decompressed.
    #[error("the records do not decode, or take more than 64 MiB when decompressed")]
    Undecodable,
    /// The client says that the times are the broker's, where the broker sets them, or without saying any: that is wrong of
    /// all records, counted from 0; the first `BLAMED_RECORDS_MAX` of them.
    #[error("only the broker sets the append time")]
    AppendTime(Vec<i32>),
    /// Records further back than `message.timestamp.before.max.ms`, or further ahead than
    /// `message.timestamp.after.max.ms`: which ones, counted from 0; the first `BLAMED_RECORDS_MAX` of them.
    #[error("one or more records have been rejected due to invalid timestamp")]
    OutOfRange(Vec<i32>),
}

impl From<BadRecord> for LookError {
    fn from(_: BadRecord) -> Self {
        Self::Undecodable
    }
}

impl From<LookError> for AppendError {
    fn from(error: LookError) -> Self {
        match error {
            LookError::Undecodable => {
                Self::InvalidRecord("the records do not decode, or take more than 64 MiB when decompressed")
            }
            LookError::AppendTime(_) => Self::InvalidTimestamp("only the broker sets the append time"),
            LookError::OutOfRange(_) => Self::InvalidTimestamp(
                "further back than message.timestamp.before.max.ms, or further ahead than message.timestamp.after.max.ms",
            ),
        }
    }
}

impl LogConfig {
    /// What the topic asks of clients' timestamps.
    pub fn timestamp_rules(&self) -> TimestampRules {
        let limit = |ms: u64| i64::try_from(ms).unwrap_or(i64::MAX);
        TimestampRules {
            kind: self.message_timestamp_type,
            before_max_ms: limit(self.message_timestamp_before_max_ms),
            after_max_ms: limit(self.message_timestamp_after_max_ms),
        }
    }
}

impl TimestampRules {
    /// Whether the header of `batch` is not enough at `now_ms`, so that its records must be looked into.
    #[inline]
    pub fn ask_for_records(&self, batch: &Batch, now_ms: i64) -> bool {
        let header = batch.header();
        let max = header.max_timestamp;
        // The first record's timestamp is the base, as a rule: a maximum below it contradicts the header itself.
        // That of a single record is the base.
        let is_single_and_differs = header.record_count == 1 && max != header.base_timestamp;
        let is_doubtful = max <= 0 || max < header.base_timestamp || is_single_and_differs;
        // Where no limit ends it, what lies ahead further than usual may be no record's time at all.
        let is_ahead = max.saturating_sub(now_ms) > self.after_max_ms.min(AFTER_MAX_DEFAULT_MS);
        let claims_append_time = header.attributes.is_log_append_time();
        let asks = match self.kind {
            TimestampType::CreateTime => {
                is_doubtful || self.hold_each_record() || is_ahead || claims_append_time
            }
            TimestampType::LogAppendTime => claims_append_time,
        };
        asks && !batch.is_looked_into()
    }

    /// Whether there are limits that a header can't answer for. What it says of the latest record is enough for the
    /// default limits.
    const fn hold_each_record(&self) -> bool {
        let has_after = self.after_max_ms != AFTER_MAX_DEFAULT_MS && self.after_max_ms != i64::MAX;
        self.before_max_ms != i64::MAX || has_after
    }

    /// Differences wrap, as Kafka's do: a time so early that it has none to now is late.
    const fn allow(&self, timestamp: i64, now_ms: i64) -> bool {
        let is_early = now_ms.wrapping_sub(timestamp) > self.before_max_ms;
        let is_late = timestamp.wrapping_sub(now_ms) > self.after_max_ms;
        timestamp == NO_TIMESTAMP || !is_early && !is_late
    }
}

impl Batch {
    /// Looks into every record: each is within the topic's limits, or the batch is refused; and the batch's largest
    /// timestamp is theirs. Who says that the times are the broker's, where they are not, has said nothing (Kafka
    /// takes back what it says, too). Decompresses, and takes some nanoseconds a record.
    pub fn look(&self, rules: &TimestampRules, now_ms: i64) -> Result<Self, LookError> {
        let header = self.header();
        let is_append_time =
            rules.kind == TimestampType::LogAppendTime || header.max_timestamp == NO_TIMESTAMP;
        if header.attributes.is_log_append_time() && is_append_time {
            let blamed = (0..header.record_count).take(BLAMED_RECORDS_MAX).collect();
            return Err(LookError::AppendTime(blamed));
        }
        let body = self.body();
        let codec = self.codec();
        let mut seen = Seen { largest: NO_TIMESTAMP, blamed: Vec::new() };
        let each = |at, timestamp| seen.take(at, timestamp, rules.allow(timestamp, now_ms));
        match codec {
            Codec::None => each_timestamp(header, &body, each)?,
            codec => each_timestamp(header, &decompress(codec, &body).ok_or(BadRecord)?, each)?,
        }
        if seen.blamed.is_empty() {
            Ok(self.looked_into(seen.largest))
        } else {
            Err(LookError::OutOfRange(seen.blamed))
        }
    }

    /// The same without keeping a core from its work: what must be decompressed, or has more records than `at_once` has
    /// left, is looked into off the core.
    pub async fn look_in_turn(
        self,
        rules: TimestampRules,
        now_ms: i64,
        at_once: &mut LookBudget,
    ) -> Result<Self, LookError> {
        let is_plain = self.header().attributes.codec() == Some(Codec::None);
        if is_plain && at_once.take(self.header().record_count) {
            return self.look(&rules, now_ms);
        }
        creel_io::offload(move || self.look(&rules, now_ms)).await
    }
}

/// How many records may yet be looked at before others must have their turn.
#[derive(Clone, Copy, Debug)]
pub struct LookBudget(usize);

impl Default for LookBudget {
    fn default() -> Self {
        Self(LOOK_AT_ONCE_RECORDS)
    }
}

impl LookBudget {
    fn take(&mut self, records: i32) -> bool {
        let left = usize::try_from(records).ok().and_then(|records| self.0.checked_sub(records));
        self.0 = left.unwrap_or(self.0);
        left.is_some()
    }
}

/// What was found so far.
struct Seen {
    largest: i64,
    blamed: Vec<i32>,
}

impl Seen {
    fn take(&mut self, at: i32, timestamp: i64, is_allowed: bool) {
        self.largest = self.largest.max(timestamp);
        if !is_allowed && self.blamed.len() < BLAMED_RECORDS_MAX {
            self.blamed.push(at);
        }
    }
}

/// Hands each record's position and timestamp to `each`. The records must be as many as the header says, and nothing else.
fn each_timestamp(
    header: &BatchHeader,
    mut records: &[u8],
    mut each: impl FnMut(i32, i64),
) -> Result<(), BadRecord> {
    for at in 0..header.record_count {
        let length = usize::try_from(take_varint(&mut records)?).map_err(|_| BadRecord)?;
        let (record, rest) = records.split_at_checked(length).ok_or(BadRecord)?;
        records = rest;
        // Behind one byte of attributes.
        let delta = take_varint(&mut record.get(1..).ok_or(BadRecord)?)?;
        // Whoever makes up a delta that leaves the range gets what Kafka computes.
        each(at, header.base_timestamp.wrapping_add(delta));
    }
    if records.is_empty() { Ok(()) } else { Err(BadRecord) }
}

fn take_varint(bytes: &mut &[u8]) -> Result<i64, BadRecord> {
    let (value, length) = read_varint(bytes).ok_or(BadRecord)?;
    *bytes = bytes.get(length..).ok_or(BadRecord)?;
    Ok(value)
}

#[cfg(test)]
#[path = "record_times_tests.rs"]
mod tests;
