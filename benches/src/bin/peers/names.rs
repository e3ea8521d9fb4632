//! What sides, cores and acks are called in the result, on the page and in the pictures.

use creel_benches::shape::Acks;
use creel_benches::side::Side;

use crate::figures::Cores;

/// In the order of columns and legends.
pub(crate) const SIDES: [Side; 12] = [
    Side::Floor,
    Side::FloorWritten,
    Side::Creel,
    Side::CreelRelaxed,
    Side::CreelBefore,
    Side::CreelRelaxedBefore,
    Side::KafkaShipped,
    Side::KafkaFlush,
    Side::Shards1,
    Side::Shards2,
    Side::Shards4,
    Side::Shards8,
];

/// A side's name.
pub(crate) fn shown(side: Side) -> &'static str {
    match side {
        Side::FloorWritten => "written floor",
        Side::Creel => "Creel",
        Side::CreelRelaxed => "Creel relaxed",
        Side::CreelBefore => "Creel before",
        Side::CreelRelaxedBefore => "Creel relaxed before",
        Side::KafkaShipped => "Kafka as shipped",
        Side::KafkaFlush => "Kafka flush",
        Side::Shards1 => "1 shard",
        Side::Shards2 => "2 shards",
        Side::Shards4 => "4 shards",
        Side::Shards8 => "8 shards",
        other => other.name(),
    }
}

/// In words.
pub(crate) fn said(cores: Cores) -> &'static str {
    match cores {
        Cores::OneEach => "one core each",
        Cores::All => "all cores",
    }
}

/// As Kafka's clients write it.
pub(crate) fn wire(acks: Acks) -> &'static str {
    match acks {
        Acks::Written => "1",
        Acks::Durable => "all",
    }
}
