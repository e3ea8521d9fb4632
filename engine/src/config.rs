//! What a topic's configuration means to its logs, with Kafka's defaults.

use core::time::Duration;

use crate::limits::{BATCH_BYTES_MAX, SEGMENT_BYTES_MAX};

/// `message.timestamp.type`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum TimestampType {
    /// As the producer says.
    #[default]
    CreateTime,
    /// When the broker appends.
    LogAppendTime,
}

/// `cleanup.policy`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum CleanupPolicy {
    /// Old segments go by time and size.
    #[default]
    Delete,
    /// Old records go when a newer one has their key. (Until compaction exists, everything is kept.)
    Compact,
    /// Both.
    CompactAndDelete,
}

/// One topic's settings. `None` is Kafka's "unlimited" or "not set".
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogConfig {
    /// `segment.bytes`: a segment that would grow beyond this is closed and a new one begun.
    pub segment_bytes: u64,
    /// `segment.ms`: so is one whose first record is older than this.
    pub segment_ms: u64,
    /// `segment.index.bytes`: so is one whose index is full.
    pub segment_index_bytes: u64,
    /// `retention.bytes`: beyond this the oldest segments go.
    pub retention_bytes: Option<u64>,
    /// `retention.ms`: so do segments whose newest record is older than this.
    pub retention_ms: Option<u64>,
    /// `flush.messages`: sync after this many records, and do not hold acks or the high watermark back for it.
    pub flush_messages: Option<u64>,
    /// `flush.ms`: sync after this time, likewise.
    pub flush_ms: Option<u64>,
    /// `max.message.bytes`: the largest batch.
    pub max_message_bytes: usize,
    /// `index.interval.bytes`: how far index entries are apart.
    pub index_interval_bytes: u64,
    /// `message.timestamp.type`.
    pub message_timestamp_type: TimestampType,
    /// `message.timestamp.before.max.ms`: how far back a producer's timestamp may lie.
    pub message_timestamp_before_max_ms: u64,
    /// `message.timestamp.after.max.ms`: how far ahead of the broker's clock it may lie.
    pub message_timestamp_after_max_ms: u64,
    /// `cleanup.policy`.
    pub cleanup_policy: CleanupPolicy,
    /// Whether offsets may be missing although nothing compacts the log now: another broker may have done so.
    pub may_have_gaps: bool,
    /// `preallocate`: a segment's disk is allocated whole before its first write.
    pub preallocate: bool,
    /// `creel.segment.recycle`: a segment that retention drops becomes the file of the next one, where that saves work.
    pub segment_recycle: bool,
    /// `producer.id.expiration.ms`: an idempotent producer idle for longer is forgotten.
    pub producer_id_expiration_ms: u64,
}

impl Default for LogConfig {
    fn default() -> Self {
        Self {
            segment_bytes: 1 << 30,
            segment_ms: 7 * 24 * 3_600_000,
            segment_index_bytes: 10 << 20,
            retention_bytes: None,
            retention_ms: Some(7 * 24 * 3_600_000),
            flush_messages: None,
            flush_ms: None,
            max_message_bytes: 1_048_588,
            index_interval_bytes: 4096,
            message_timestamp_type: TimestampType::CreateTime,
            message_timestamp_before_max_ms: u64::MAX >> 1,
            message_timestamp_after_max_ms: 3_600_000,
            cleanup_policy: CleanupPolicy::Delete,
            may_have_gaps: false,
            preallocate: false,
            segment_recycle: false,
            producer_id_expiration_ms: 24 * 3_600_000,
        }
    }
}

/// When appended bytes are synced, and what an acknowledgement therefore means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Durability {
    /// After every write, one sync for all that was written before it. The high watermark follows the sync.
    GroupCommit,
    /// After so many records or so much time. The high watermark follows the write.
    Relaxed { records: Option<u64>, after: Option<Duration> },
}

impl LogConfig {
    /// What `flush.messages` and `flush.ms` ask for. Kafka's default for both, 2^63-1, means "not set";
    /// a sync after every record is what group commit does, only better.
    pub(crate) fn durability(&self) -> Durability {
        let unset = i64::MAX as u64;
        let records = self.flush_messages.filter(|records| *records < unset);
        let after = self.flush_ms.filter(|ms| *ms < unset).map(Duration::from_millis);
        match (records, after) {
            (None, None) => Durability::GroupCommit,
            (Some(0 | 1), _) | (_, Some(Duration::ZERO)) => Durability::GroupCommit,
            (records, after) => Durability::Relaxed { records, after },
        }
    }

    /// `segment.bytes` within what the file format can hold.
    pub(crate) fn segment_limit(&self) -> u64 {
        self.segment_bytes.min(SEGMENT_BYTES_MAX)
    }

    /// How much disk is allocated for a segment before it is written to; `None`: none.
    pub(crate) fn preallocate_limit(&self) -> Option<u64> {
        self.preallocate.then(|| self.segment_limit())
    }

    /// `max.message.bytes` within what the file format can hold.
    pub(crate) fn batch_limit(&self) -> usize {
        self.max_message_bytes.min(BATCH_BYTES_MAX)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn durability(flush_messages: Option<u64>, flush_ms: Option<u64>) -> Durability {
        LogConfig { flush_messages, flush_ms, ..LogConfig::default() }.durability()
    }

    #[test]
    fn only_a_looser_setting_relaxes_durability() {
        assert_eq!(durability(None, None), Durability::GroupCommit);
        assert_eq!(durability(Some(1), None), Durability::GroupCommit);
        assert_eq!(durability(Some(i64::MAX as u64), Some(i64::MAX as u64)), Durability::GroupCommit);
        let relaxed = Durability::Relaxed { records: Some(1000), after: None };
        assert_eq!(durability(Some(1000), None), relaxed);
        let relaxed = Durability::Relaxed { records: None, after: Some(Duration::from_secs(1)) };
        assert_eq!(durability(None, Some(1000)), relaxed);
    }
}
