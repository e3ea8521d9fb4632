//! What sides, cores and acks are called in the result, on the page and in the pictures.

use creel_benches::round::Side;
use creel_benches::shape::Acks;

use crate::figures::Cores;

/// In the order of columns and legends.
pub(crate) const SIDES: [Side; 4] = [Side::Floor, Side::Creel, Side::KafkaShipped, Side::KafkaFlush];

/// A side's name.
pub(crate) fn shown(side: Side) -> &'static str {
    match side {
        Side::Creel => "Creel",
        Side::KafkaShipped => "Kafka as shipped",
        Side::KafkaFlush => "Kafka flush",
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
