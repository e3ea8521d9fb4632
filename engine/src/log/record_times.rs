//! The timestamps of a batch's records: what a topic requires of them, and when a header says enough about them.
//! `record_rules` makes the look at the records.
//!
//! A header states the largest timestamp of its records. Usually it is believed, so that Produce does not read single
//! records. It is not believed in these cases: it looks left out (clients are known to leave it at -1) or contradicts
//! itself; it is too late to be accepted; the topic's limits are not Kafka's defaults. Then every record is checked,
//! and the largest timestamp that is found is written into the header.
//!
//! -1 means "no timestamp". No limit applies to it, but the limits do apply to other times before 1970. If a batch has
//! no timestamp, or none later than 1970, its largest timestamp is -1, as in Kafka.

use crate::config::{LogConfig, TimestampType};
use crate::format::batch::{Batch, BatchHeader};
use crate::format::records::BadRecord;
use crate::format::skim::{take_record, take_varint};

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
    pub(crate) const fn allow(&self, timestamp: i64, now_ms: i64) -> bool {
        let is_early = now_ms.wrapping_sub(timestamp) > self.before_max_ms;
        let is_late = timestamp.wrapping_sub(now_ms) > self.after_max_ms;
        timestamp == NO_TIMESTAMP || !is_early && !is_late
    }
}

/// Calls `each` with each record's position and timestamp. There must be as many records as the header says, and
/// nothing else.
pub(crate) fn each_timestamp(
    header: &BatchHeader,
    mut records: &[u8],
    mut each: impl FnMut(i32, i64),
) -> Result<(), BadRecord> {
    for at in 0..header.record_count {
        let record = take_record(&mut records)?;
        // The delta follows one byte of attributes.
        let delta = take_varint(&mut record.get(1..).ok_or(BadRecord)?)?;
        // For a delta that is out of range the client gets what Kafka computes.
        each(at, header.base_timestamp.wrapping_add(delta));
    }
    if records.is_empty() { Ok(()) } else { Err(BadRecord) }
}

#[cfg(test)]
#[path = "record_times_tests.rs"]
mod tests;
