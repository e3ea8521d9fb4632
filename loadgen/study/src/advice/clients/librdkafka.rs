//! librdkafka: its CONFIGURATION.md.

use super::{Measured, Settings};
use loadgen_engine::codec::Codec;

const DEFAULT_BATCH_MESSAGES: u64 = 10_000;
const BATCH_MESSAGES_MAX: u64 = 1_000_000;
const DEFAULT_QUEUE_MESSAGES: u64 = 100_000;
const DEFAULT_MESSAGE_BYTES: u64 = 1_000_000;
const LEVEL_MAX: i32 = 12;

pub(super) fn settings(measured: &Measured) -> Settings {
    let mut settings = Settings::default();
    settings.set("acks", measured.acks.clone());
    settings.set("batch.size", measured.batch_bytes);
    settings.set("linger.ms", measured.linger_ms);
    settings.set("compression.type", measured.codec.codec.to_string());
    level(measured, &mut settings);
    settings.set("max.in.flight.requests.per.connection", measured.in_flight);
    settings.set("enable.idempotence", measured.can_be_idempotent());
    if measured.records_per_batch > DEFAULT_BATCH_MESSAGES {
        settings.set("batch.num.messages", (2 * measured.records_per_batch).min(BATCH_MESSAGES_MAX));
    }
    let waiting = measured.records_waiting.max(measured.partitions * measured.records_per_batch);
    if 2 * waiting > DEFAULT_QUEUE_MESSAGES {
        settings.set("queue.buffering.max.messages", 2 * waiting);
    }
    if measured.batch_bytes >= DEFAULT_MESSAGE_BYTES {
        settings.set("message.max.bytes", measured.request_bytes());
        settings.note("batches of this size also need a larger max.message.bytes of the topic");
    }
    settings
}

/// -1 is the codec's default, so zstd's negative levels can't be said.
fn level(measured: &Measured, settings: &mut Settings) {
    match (measured.codec.codec, measured.codec.level) {
        (Codec::Gzip | Codec::Zstd, Some(level)) if (0..=LEVEL_MAX).contains(&level) => {
            settings.set("compression.level", level);
        }
        (Codec::Zstd, Some(level)) if level > LEVEL_MAX => {
            settings.set("compression.level", LEVEL_MAX);
            settings.note(format!("measured with level {level}: librdkafka takes levels up to {LEVEL_MAX}"));
        }
        (_, Some(level)) => {
            settings.note(format!("measured with level {level}: librdkafka takes no level below 0"))
        }
        (_, None) => {}
    }
}
