//! kafka-python: the arguments of `kafka.KafkaProducer`.

use super::{Measured, Settings};
use loadgen_engine::codec::Codec;
use serde_json::Value;

pub(super) fn settings(measured: &Measured) -> Settings {
    let mut settings = Settings::default();
    let acks = measured.acks.parse::<u8>().map_or_else(|_| Value::from("all"), Value::from);
    settings.set("acks", acks);
    settings.set("batch_size", measured.batch_bytes);
    let linger_ms = measured.whole_linger_ms(&mut settings);
    settings.set("linger_ms", linger_ms);
    let codec = (measured.codec.codec != Codec::None).then(|| measured.codec.codec.to_string());
    settings.set("compression_type", codec.map_or(Value::Null, Value::from));
    if let Some(level) = measured.codec.level {
        settings.note(format!("measured with level {level}: kafka-python has no option for the level"));
    }
    settings.set("max_in_flight_requests_per_connection", measured.in_flight);
    settings.set("enable_idempotence", measured.can_be_idempotent());
    measured.allow_large_requests("max_request_size", &mut settings);
    settings
}
