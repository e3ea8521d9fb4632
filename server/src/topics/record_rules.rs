//! What a topic's settings ask of the records of clients' batches.

use creel_engine::{self as engine, Compression, RecordRules, TimestampRules};

use crate::config::{CompressionType, TimestampType, TopicConfig};

/// See the file.
pub(super) fn record_rules(topic: &TopicConfig) -> RecordRules {
    let timestamps = TimestampRules {
        kind: timestamp_type(topic),
        before_max_ms: topic.message_timestamp_before_max_ms,
        after_max_ms: topic.message_timestamp_after_max_ms,
    };
    RecordRules::new(timestamps, topic.cleanup_policy.compact, compression(topic))
}

/// `None`: as the producer has compressed it.
fn compression(topic: &TopicConfig) -> Option<Compression> {
    match topic.compression_type {
        CompressionType::Producer => None,
        CompressionType::Uncompressed => Some(Compression::None),
        CompressionType::Gzip => Some(Compression::Gzip(topic.compression_gzip_level)),
        CompressionType::Snappy => Some(Compression::Snappy),
        CompressionType::Lz4 => Some(Compression::Lz4(topic.compression_lz4_level)),
        CompressionType::Zstd => Some(Compression::Zstd(topic.compression_zstd_level)),
    }
}

pub(super) fn timestamp_type(topic: &TopicConfig) -> engine::TimestampType {
    match topic.message_timestamp_type {
        TimestampType::CreateTime => engine::TimestampType::CreateTime,
        TimestampType::LogAppendTime => engine::TimestampType::LogAppendTime,
    }
}
