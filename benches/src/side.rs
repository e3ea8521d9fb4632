//! Who answers in a round, and what is asked of them beyond their defaults.

use serde::Serialize;

use crate::shape::Acks;

/// Who answers. The order is that of tables.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, clap::ValueEnum)]
#[serde(rename_all = "kebab-case")]
pub enum Side {
    /// The minimal loop. It writes to a file that grows.
    Floor,
    /// The minimal loop. It writes durably into a file that was written before.
    FloorWritten,
    /// The broker.
    Creel,
    /// The broker; its topics do not wait for the disk (`flush.ms`), as Kafka's do not.
    CreelRelaxed,
    /// Another binary of the broker: how it was before a change.
    CreelBefore,
    /// That binary, with topics that do not wait for the disk.
    CreelRelaxedBefore,
    /// The broker, with every segment in a new file.
    CreelNewFiles,
    /// The broker, beside thousands of other connections.
    CreelIdlePeers,
    /// The broker with one shard, held to one CPU.
    Shards1,
    /// The broker with two shards, both on that CPU.
    Shards2,
    /// The broker with four shards, all on that CPU.
    Shards4,
    /// The broker with eight shards, all on that CPU.
    Shards8,
    /// Apache Kafka; where a durable ack is asked, with `flush.messages=1`.
    Kafka,
    /// Apache Kafka as it is shipped: acks=all does not wait for the disk.
    KafkaShipped,
    /// Apache Kafka with `flush.messages=1`, whatever ack is asked.
    KafkaFlush,
}

/// A setting of a topic and its value.
type TopicConfig = (&'static str, &'static str);

/// Longer than any round, so that no sync falls into one. Kafka's own default for `flush.ms` means "not set" to the
/// broker.
const RELAXED: &[TopicConfig] = &[("flush.ms", "600000")];
const SYNC_BEFORE_ACK: &[TopicConfig] = &[("flush.messages", "1")];

impl Side {
    /// The name in reports.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Side::Floor => "floor",
            Side::FloorWritten => "floor-written",
            Side::Creel => "creel",
            Side::CreelRelaxed => "creel-relaxed",
            Side::CreelBefore => "creel-before",
            Side::CreelRelaxedBefore => "creel-relaxed-before",
            Side::CreelNewFiles => "creel-new",
            Side::CreelIdlePeers => "creel-idle-peers",
            Side::Shards1 => "shards-1",
            Side::Shards2 => "shards-2",
            Side::Shards4 => "shards-4",
            Side::Shards8 => "shards-8",
            Side::Kafka => "kafka",
            Side::KafkaShipped => "kafka-shipped",
            Side::KafkaFlush => "kafka-flush",
        }
    }

    /// Whether Apache Kafka answers.
    #[must_use]
    pub fn is_kafka(self) -> bool {
        matches!(self, Side::Kafka | Side::KafkaFlush | Side::KafkaShipped)
    }

    /// Whether the minimal loop answers.
    #[must_use]
    pub fn is_floor(self) -> bool {
        matches!(self, Side::Floor | Side::FloorWritten)
    }

    /// Whether the other binary of the broker answers.
    #[must_use]
    pub fn is_before(self) -> bool {
        matches!(self, Side::CreelBefore | Side::CreelRelaxedBefore)
    }

    /// How many shards share one CPU, where that is what is measured.
    #[must_use]
    pub fn shards(self) -> Option<usize> {
        match self {
            Side::Shards1 => Some(1),
            Side::Shards2 => Some(2),
            Side::Shards4 => Some(4),
            Side::Shards8 => Some(8),
            _ => None,
        }
    }

    /// Settings of this side's topics.
    #[must_use]
    pub fn topic_configs(self, acks: Acks) -> &'static [TopicConfig] {
        match self {
            Side::CreelRelaxed | Side::CreelRelaxedBefore => RELAXED,
            Side::KafkaFlush => SYNC_BEFORE_ACK,
            Side::Kafka if acks == Acks::Durable => SYNC_BEFORE_ACK,
            _ => &[],
        }
    }

    /// Whether this side can give this kind of ack.
    #[must_use]
    pub fn takes_part(self, acks: Acks) -> bool {
        self != Side::FloorWritten || acks == Acks::Durable
    }
}
