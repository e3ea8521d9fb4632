//! A topic's settings as the log understands them.

use creel_engine as engine;
use creel_io::random_u64;

use super::image::Topic;
use super::record_rules::timestamp_type;
use crate::config::{BrokerConfig, CleanupPolicy, TopicConfig};

/// The log's settings. Kafka's -1 is `None`; numbers beyond what makes sense are clipped by the table of settings.
pub(crate) fn log_config(topic: &Topic, broker: &BrokerConfig) -> engine::LogConfig {
    let may_have_gaps = topic.is_adopted;
    let topic = &topic.config;
    // No policy at all, which Kafka allows, keeps every record.
    let goes_by_age_and_size = topic.cleanup_policy.delete;
    engine::LogConfig {
        may_have_gaps,
        segment_bytes: match topic.internal_segment_bytes {
            0 => natural(topic.segment_bytes.into()),
            bytes => natural(bytes.into()),
        },
        segment_ms: natural(topic.segment_ms) - jitter_ms(topic),
        segment_index_bytes: natural(topic.segment_index_bytes.into()),
        retention_bytes: limit(topic.retention_bytes).filter(|_| goes_by_age_and_size),
        retention_ms: limit(topic.retention_ms).filter(|_| goes_by_age_and_size),
        flush_messages: Some(natural(topic.flush_messages)),
        flush_ms: Some(natural(topic.flush_ms)),
        max_message_bytes: usize::try_from(topic.max_message_bytes).unwrap_or(0),
        index_interval_bytes: natural(topic.index_interval_bytes.into()),
        message_timestamp_type: timestamp_type(topic),
        message_timestamp_before_max_ms: natural(topic.message_timestamp_before_max_ms),
        message_timestamp_after_max_ms: natural(topic.message_timestamp_after_max_ms),
        cleanup_policy: match topic.cleanup_policy {
            CleanupPolicy { compact: true, delete: true } => engine::CleanupPolicy::CompactAndDelete,
            CleanupPolicy { compact: true, delete: false } => engine::CleanupPolicy::Compact,
            CleanupPolicy { compact: false, delete: true } => engine::CleanupPolicy::Delete,
            // An empty list, which keeps all. Nothing is compacted yet, so that this is the same.
            CleanupPolicy { compact: false, delete: false } => engine::CleanupPolicy::Compact,
        },
        preallocate: topic.preallocate,
        segment_reuse: broker.creel_segment_recycle,
        producer_id_expiration_ms: natural(broker.producer_id_expiration_ms.into()),
    }
}

/// By how much this partition's segments are shorter: a part of `segment.jitter.ms` that it draws now.
fn jitter_ms(topic: &TopicConfig) -> u64 {
    match natural(topic.segment_jitter_ms).min(natural(topic.segment_ms)) {
        0 => 0,
        most => random_u64() % most,
    }
}

fn natural(number: i64) -> u64 {
    u64::try_from(number).unwrap_or(0)
}

fn limit(number: i64) -> Option<u64> {
    u64::try_from(number).ok()
}
