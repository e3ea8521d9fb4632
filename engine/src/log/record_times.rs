//! The timestamps of a batch's records: what a topic requires of them, and the check of the records for it.
//!
//! A header states the largest timestamp of its records. Usually it is believed, so that Produce does not read single
//! records. It is not believed in these cases: it looks left out (clients are known to leave it at -1) or contradicts
//! itself; it is too late to be accepted; the topic's limits are not Kafka's defaults. Then every record is checked,
//! and the largest timestamp that is found is written into the header.
//!
//! -1 means "no timestamp". No limit applies to it, but the limits do apply to other times before 1970. If a batch has
//! no timestamp, or none later than 1970, its largest timestamp is -1, as in Kafka.

use thiserror::Error;

use crate::config::{LogConfig, TimestampType};
use crate::error::AppendError;
use crate::format::batch::{Batch, BatchHeader, Codec};
use crate::format::decompress::decompress;
use crate::format::records::{BadRecord, read_varint};
use crate::limits::{BLAMED_RECORDS_MAX, LOOK_AT_ONCE_RECORDS};

/// A record without a timestamp. Also the largest timestamp of a batch without any.
pub const NO_TIMESTAMP: i64 = -1;

/// Kafka's default of `message.timestamp.after.max.ms`.
const AFTER_MAX_DEFAULT_MS: i64 = 3_600_000;

/// What a topic requires of the timestamps that clients set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TimestampRules {
    /// `message.timestamp.type`.
    pub kind: TimestampType,
    /// `message.timestamp.before.max.ms`; `i64::MAX` is unlimited.
    pub before_max_ms: i64,
    /// `message.timestamp.after.max.ms`; `i64::MAX` is unlimited.
    pub after_max_ms: i64,
}

/// Why a batch may not be appended after its records were checked.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum LookError {
    /// The records are not what the header says, or they are too large when decompressed.
    #[error("the records do not decode, or take more than 64 MiB when decompressed")]
    Undecodable,
    /// The client's header says append time. That is refused where the broker does set the times, and where the header
    /// gives no time. All records of the batch are then wrong. Holds the first `BLAMED_RECORDS_MAX` of them, counted
    /// from 0.
    #[error("only the broker sets the append time")]
    AppendTime(Vec<i32>),
    /// Records whose timestamps lie further back than `message.timestamp.before.max.ms`, or further ahead than
    /// `message.timestamp.after.max.ms`. Holds the first `BLAMED_RECORDS_MAX` of them, counted from 0.
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
    /// What the topic requires of clients' timestamps.
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
    /// Whether the records of `batch` must be checked, because its header does not say enough at `now_ms`.
    #[inline]
    pub fn ask_for_records(&self, batch: &Batch, now_ms: i64) -> bool {
        let header = batch.header();
        let max = header.max_timestamp;
        // Usually the base timestamp is that of the first record. A maximum below it contradicts the header itself. If
        // there is only one record, its timestamp is the base.
        let is_single_and_differs = header.record_count == 1 && max != header.base_timestamp;
        let is_doubtful = max <= 0 || max < header.base_timestamp || is_single_and_differs;
        // Without a limit, a timestamp that lies unusually far ahead may not be the time of any record.
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

    /// Whether the topic has limits that a header can't answer for. For the default limits, the header's largest
    /// timestamp is enough.
    const fn hold_each_record(&self) -> bool {
        let has_after = self.after_max_ms != AFTER_MAX_DEFAULT_MS && self.after_max_ms != i64::MAX;
        self.before_max_ms != i64::MAX || has_after
    }

    /// Differences wrap, as Kafka's do. So a timestamp that is too early for the difference to now counts as too late.
    const fn allow(&self, timestamp: i64, now_ms: i64) -> bool {
        let is_early = now_ms.wrapping_sub(timestamp) > self.before_max_ms;
        let is_late = timestamp.wrapping_sub(now_ms) > self.after_max_ms;
        timestamp == NO_TIMESTAMP || !is_early && !is_late
    }
}

impl Batch {
    /// Checks every record. The batch is refused unless each one is within the topic's limits. The batch's largest
    /// timestamp is then that of the records. If the client's header says append time although the client sets the
    /// times, that is cleared, as in Kafka. Decompresses if need be, and takes some nanoseconds per record.
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
        let mut seen = TimestampsSeen { largest: NO_TIMESTAMP, blamed: Vec::new() };
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

    /// The same without holding up the core. A batch that must be decompressed, or has more records than `at_once` has
    /// left, is checked off the core.
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

/// How many records may still be checked before other tasks must have their turn.
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
struct TimestampsSeen {
    largest: i64,
    blamed: Vec<i32>,
}

impl TimestampsSeen {
    fn take(&mut self, at: i32, timestamp: i64, is_allowed: bool) {
        self.largest = self.largest.max(timestamp);
        if !is_allowed && self.blamed.len() < BLAMED_RECORDS_MAX {
            self.blamed.push(at);
        }
    }
}

/// Calls `each` with each record's position and timestamp. There must be as many records as the header says, and
/// nothing else.
fn each_timestamp(
    header: &BatchHeader,
    mut records: &[u8],
    mut each: impl FnMut(i32, i64),
) -> Result<(), BadRecord> {
    for at in 0..header.record_count {
        let length = usize::try_from(take_varint(&mut records)?).map_err(|_| BadRecord)?;
        let (record, rest) = records.split_at_checked(length).ok_or(BadRecord)?;
        records = rest;
        // The delta follows one byte of attributes.
        let delta = take_varint(&mut record.get(1..).ok_or(BadRecord)?)?;
        // For a delta that is out of range the client gets what Kafka computes.
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
