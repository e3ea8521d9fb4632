//! The settings of a topic that its logs act on, with Kafka's defaults.

use core::time::Duration;

use crate::limits::{BATCH_BYTES_MAX, SEGMENT_BYTES_MAX};

/// `message.timestamp.type`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum TimestampType {
    /// The timestamp that the producer set.
    #[default]
    CreateTime,
    /// The time at which the broker appends the batch.
    LogAppendTime,
}

/// `cleanup.policy`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum CleanupPolicy {
    /// Old segments are deleted by age and size.
    #[default]
    Delete,
    /// A record is deleted once a newer one has its key. (Compaction does not exist yet, so every record is kept.)
    Compact,
    /// Both: `Delete` and `Compact`.
    CompactAndDelete,
}

/// One topic's settings. `None` stands for Kafka's "unlimited" or "not set".
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogConfig {
    /// `segment.bytes`: the log rolls before a segment would grow beyond this.
    pub segment_bytes: u64,
    /// `segment.ms`: the log rolls when the first record of a segment is older than this.
    pub segment_ms: u64,
    /// `segment.index.bytes`: the log rolls when the index of a segment is full.
    pub segment_index_bytes: u64,
    /// `retention.bytes`: when the log is larger than this, its oldest segments are deleted.
    pub retention_bytes: Option<u64>,
    /// `retention.ms`: a segment is deleted when its newest record is older than this.
    pub retention_ms: Option<u64>,
    /// `flush.messages`: sync after this many records. Acks and the high watermark do not wait for that sync.
    pub flush_messages: Option<u64>,
    /// `flush.ms`: sync after this time. Acks and the high watermark do not wait for that sync.
    pub flush_ms: Option<u64>,
    /// `max.message.bytes`: the size of the largest batch that is accepted.
    pub max_message_bytes: usize,
    /// `index.interval.bytes`: the distance between two index entries.
    pub index_interval_bytes: u64,
    /// `message.timestamp.type`.
    pub message_timestamp_type: TimestampType,
    /// `message.timestamp.before.max.ms`: how far a producer's timestamp may lie before the broker's clock.
    pub message_timestamp_before_max_ms: u64,
    /// `message.timestamp.after.max.ms`: how far a producer's timestamp may lie after the broker's clock.
    pub message_timestamp_after_max_ms: u64,
    /// `cleanup.policy`.
    pub cleanup_policy: CleanupPolicy,
    /// Whether offsets may be missing although nothing compacts the log now: another broker may have compacted it.
    pub may_have_gaps: bool,
    /// `preallocate`: all of a segment's disk space is allocated before its first write.
    pub preallocate: bool,
    /// `creel.segment.recycle`: when retention drops a segment, its file becomes that of the next segment, where that
    /// saves work.
    pub segment_reuse: bool,
    /// `producer.id.expiration.ms`: an idempotent producer that was idle for longer than this is forgotten.
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
            segment_reuse: false,
            producer_id_expiration_ms: 24 * 3_600_000,
        }
    }
}

/// When appended bytes are synced, which decides what an acknowledgement means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Durability {
    /// After every write. One sync covers everything that was written before it. The high watermark follows the sync.
    GroupCommit,
    /// After this many records or this much time. The high watermark follows the write.
    Relaxed { records: Option<u64>, after: Option<Duration> },
}

impl LogConfig {
    /// Whether a batch may begin behind the end of the one before it.
    pub(crate) fn may_skip_offsets(&self) -> bool {
        self.may_have_gaps || self.cleanup_policy != CleanupPolicy::Delete
    }

    /// What `flush.messages` and `flush.ms` ask for. Kafka's default for both, 2^63-1, means "not set". Group commit
    /// does what a sync after every record does, at a lower cost, so it is used for that too.
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

    /// `segment.bytes`, limited to what the file format can hold.
    pub(crate) fn segment_limit(&self) -> u64 {
        self.segment_bytes.min(SEGMENT_BYTES_MAX)
    }

    /// How much disk space is allocated for a segment before its first write. `None`: nothing is allocated.
    pub(crate) fn preallocate_limit(&self) -> Option<u64> {
        self.preallocate.then(|| self.segment_limit())
    }

    /// `max.message.bytes`, limited to what the file format can hold.
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
