//! Apache Kafka's producer: `org.apache.kafka.clients.producer.ProducerConfig`.

use super::{Measured, Settings};
use loadgen_engine::codec::Codec;

/// Its estimate of a compressed batch is the ratio it saw, and a little more.
const ESTIMATE_PERCENT: u64 = 105;
const DEFAULT_BUFFER_MEMORY: u64 = 32 << 20;

pub(super) fn settings(measured: &Measured) -> Settings {
    let mut settings = Settings::default();
    settings.set("acks", measured.acks.clone());
    let batch_size = batch_size(measured, &mut settings);
    settings.set("batch.size", batch_size);
    let linger_ms = measured.whole_linger_ms(&mut settings);
    settings.set("linger.ms", linger_ms);
    settings.set("compression.type", measured.codec.codec.to_string());
    let level_name = match measured.codec.codec {
        Codec::Gzip => Some("compression.gzip.level"),
        Codec::Zstd => Some("compression.zstd.level"),
        Codec::None | Codec::Snappy | Codec::Lz4 => None,
    };
    if let (Some(name), Some(level)) = (level_name, measured.codec.level) {
        settings.set(name, level);
        settings.note(format!("{name} is known since Kafka 3.8"));
    }
    settings.set("max.in.flight.requests.per.connection", measured.in_flight);
    settings.set("enable.idempotence", measured.can_be_idempotent());
    measured.allow_large_requests("max.request.size", &mut settings);
    let buffered = 2 * measured.partitions * batch_size.max(measured.batch_bytes);
    if buffered > DEFAULT_BUFFER_MEMORY {
        settings.set("buffer.memory", buffered);
    }
    settings
}

fn batch_size(measured: &Measured, settings: &mut Settings) -> u64 {
    if measured.codec.codec == Codec::None {
        return measured.batch_bytes;
    }
    settings.note("batch.size counts bytes after compression, as the client estimates them");
    measured.compressed_batch_bytes * ESTIMATE_PERCENT / 100
}
