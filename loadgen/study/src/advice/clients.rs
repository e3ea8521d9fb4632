//! A cell's settings in the words of three clients, ready to paste, with what was measured as comments.
//!
//! Names, units and limits come from each client's own documentation: Apache Kafka's producer configuration,
//! librdkafka's CONFIGURATION.md, kafka-python's KafkaProducer. If a client counts differently from loadgen, or can't
//! do what was measured, a note says so.

use super::caveats::sentences;
use super::point::Point;
use loadgen_engine::codec::{Codec, CodecSpec};
use loadgen_engine::records::BATCH_HEADER_BYTES;
use loadgen_result::text::thousands;
use serde_json::{Map, Value};

mod java;
mod kafka_python;
mod librdkafka;

/// Whose settings.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Client {
    /// Apache Kafka's own, as .properties.
    Java,
    /// librdkafka and what is built on it, as NAME=VALUE.
    Librdkafka,
    /// kafka-python, as arguments of KafkaProducer.
    KafkaPython,
}

/// What a client is to be told.
#[derive(Debug, Default)]
pub(super) struct Settings {
    /// In the order to print.
    values: Vec<(&'static str, Value)>,
    notes: Vec<String>,
}

/// Of Java's producer, and of kafka-python's.
const DEFAULT_MAX_REQUEST_SIZE: u64 = 1 << 20;

impl Settings {
    fn set(&mut self, name: &'static str, value: impl Into<Value>) {
        self.values.push((name, value.into()));
    }

    fn note(&mut self, note: impl Into<String>) {
        self.notes.push(note.into());
    }

    /// Name by name.
    pub(super) fn as_json(&self) -> Value {
        let values = self.values.iter().map(|(name, value)| ((*name).to_owned(), value.clone()));
        Value::Object(Map::from_iter(values))
    }
}

impl Client {
    pub(super) const ALL: [Client; 3] = [Client::Java, Client::Librdkafka, Client::KafkaPython];

    pub(super) fn name(self) -> &'static str {
        match self {
            Client::Java => "java",
            Client::Librdkafka => "librdkafka",
            Client::KafkaPython => "kafka-python",
        }
    }

    pub(super) fn settings(self, point: &Point) -> Settings {
        let measured = Measured::of(point);
        let mut settings = match self {
            Client::Java => java::settings(&measured),
            Client::Librdkafka => librdkafka::settings(&measured),
            Client::KafkaPython => kafka_python::settings(&measured),
        };
        if !point.broker_set.is_empty() {
            settings.note(format!("the broker was set to {}", point.broker_set.join(", ")));
        }
        settings
    }

    /// As text to paste.
    pub(super) fn config(self, point: &Point) -> String {
        let settings = self.settings(point);
        let title = match self {
            Client::Java => "# Java, producer.properties",
            Client::Librdkafka => "# librdkafka",
            Client::KafkaPython => "# kafka-python",
        };
        let mut lines = vec![title.to_owned()];
        lines.extend(comments(point).iter().chain(&settings.notes).map(|comment| format!("# {comment}")));
        match self {
            Client::Java | Client::Librdkafka => {
                lines.extend(settings.values.iter().map(|(name, value)| format!("{name}={}", plain(value))));
            }
            Client::KafkaPython => {
                lines.push("KafkaProducer(".to_owned());
                let python = |(name, value): &(&str, Value)| format!("    {name}={},", python(value));
                lines.extend(settings.values.iter().map(python));
                lines.push(")".to_owned());
            }
        }
        lines.join("\n") + "\n"
    }
}

fn plain(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

fn python(value: &Value) -> String {
    match value {
        Value::Bool(true) => "True".to_owned(),
        Value::Bool(false) => "False".to_owned(),
        Value::Null => "None".to_owned(),
        Value::String(text) => format!("'{text}'"),
        other => other.to_string(),
    }
}

fn comments(point: &Point) -> Vec<String> {
    let settings = &point.settings;
    let latency = |quantiles: &Option<[f64; 6]>| {
        quantiles.map_or_else(
            || "not measured".to_owned(),
            |[p50, _, p99, p999, ..]| format!("p50 {p50:.2} ms, p99 {p99:.2} ms, p99.9 {p999:.2} ms"),
        )
    };
    let optional = |value: Option<f64>, digits: usize| {
        value.map_or_else(|| "?".to_owned(), |value| format!("{value:.digits$}"))
    };
    let mut comments = vec![
        format!(
            "measured: {} records/s ({}), {} partitions, {} producers, batches of {} B before compression",
            thousands(point.records_per_s),
            point.load,
            settings.partitions,
            settings.connections,
            settings.batch_bytes
        ),
        format!("response: {}", latency(&point.response_ms)),
        format!("end to end: {}", latency(&point.end_to_end_ms)),
        format!(
            "bytes per record: {} on the wire, {} on the disk; CPU s per million records: broker {}, generator {}",
            optional(point.wire_bytes_per_record, 1),
            optional(point.disk_bytes_per_record, 1),
            optional(point.broker_cpu_s_per_million, 2),
            optional(point.generator_cpu_s_per_million, 2)
        ),
    ];
    comments.extend(sentences(point).iter().map(|doubt| format!("!! {doubt}")));
    comments
}

/// A point in the terms that clients need.
struct Measured {
    acks: String,
    codec: CodecSpec,
    batch_bytes: u64,
    /// Of a batch after compression, header included.
    compressed_batch_bytes: u64,
    linger_ms: f64,
    in_flight: u64,
    partitions: u64,
    records_per_batch: u64,
    /// Records made and not yet acked when it was slow.
    records_waiting: u64,
}

impl Measured {
    fn of(point: &Point) -> Measured {
        let settings = &point.settings;
        let codec = settings.codec.parse().unwrap_or(CodecSpec::NONE);
        let batch_bytes = settings.batch_bytes as u64;
        let ratio = point.compression_ratio.filter(|_| codec.codec != Codec::None).unwrap_or(1.0).max(1.0);
        let record_bytes = point.payload_bytes_per_record.max(1.0);
        let p99_s = point.response_ms.map_or(0.0, |quantiles| quantiles[2] / 1e3);
        Measured {
            acks: settings.acks.clone(),
            codec,
            batch_bytes,
            compressed_batch_bytes: BATCH_HEADER_BYTES as u64 + (settings.batch_bytes as f64 / ratio) as u64,
            linger_ms: settings.linger_ms,
            in_flight: settings.in_flight as u64,
            partitions: settings.partitions as u64,
            records_per_batch: (settings.batch_bytes as f64 / record_bytes).ceil() as u64,
            records_waiting: (point.records_per_s * p99_s) as u64,
        }
    }

    /// All three clients then keep order and write no duplicates; none allows it otherwise.
    fn can_be_idempotent(&self) -> bool {
        self.acks == "all" && self.in_flight <= 5
    }

    /// A batch and what a request puts around it.
    fn request_bytes(&self) -> u64 {
        self.batch_bytes + self.batch_bytes / 16
    }

    /// The setting `name`, where requests are larger than Java's and kafka-python's default of 1 MiB.
    fn allow_large_requests(&self, name: &'static str, settings: &mut Settings) {
        if self.request_bytes() > DEFAULT_MAX_REQUEST_SIZE {
            settings.set(name, self.request_bytes());
            settings.note("batches of this size also need a larger max.message.bytes of the topic");
        }
    }

    fn whole_linger_ms(&self, settings: &mut Settings) -> u64 {
        let whole = self.linger_ms.round() as u64;
        if whole as f64 != self.linger_ms {
            settings.note(format!(
                "measured with a linger of {} ms: this client takes whole milliseconds only",
                self.linger_ms
            ));
        }
        whole
    }
}

#[cfg(test)]
mod tests {
    use super::super::sample::point;
    use super::*;

    #[test]
    fn each_client_is_told_in_its_own_words() {
        let point = point(0, 100_000.0, 12.0, 40.0);
        let java = Client::Java.config(&point);
        for line in [
            "acks=all",
            "compression.zstd.level=3",
            "linger.ms=5",
            "enable.idempotence=true",
            "batch.size=8665",
        ] {
            assert!(java.lines().any(|had| had == line), "{line}\n{java}");
        }
        let librdkafka = Client::Librdkafka.config(&point);
        for line in ["batch.size=65536", "compression.type=zstd", "compression.level=3", "linger.ms=5.0"] {
            assert!(librdkafka.lines().any(|had| had == line), "{line}\n{librdkafka}");
        }
        let python = Client::KafkaPython.config(&point);
        for line in ["    acks='all',", "    compression_type='zstd',", "    batch_size=65536,"] {
            assert!(python.lines().any(|had| had == line), "{line}\n{python}");
        }
        assert!(python.contains("# response: p50 3.00 ms, p99 12.00 ms"), "{python}");
    }

    #[test]
    fn what_a_client_can_not_do_is_noted() {
        let mut point = point(0, 100_000.0, 12.0, 40.0);
        point.settings.codec = "zstd:19".into();
        point.settings.in_flight = 10;
        point.settings.linger_ms = 2.5;
        let librdkafka = Client::Librdkafka.config(&point);
        assert!(
            librdkafka.contains("compression.level=12") && librdkafka.contains("enable.idempotence=false")
        );
        assert!(librdkafka.contains("up to 12") && librdkafka.contains("linger.ms=2.5"), "{librdkafka}");
        let java = Client::Java.config(&point);
        assert!(java.contains("whole milliseconds") && java.contains("compression.zstd.level=19"), "{java}");
        assert!(Client::KafkaPython.config(&point).contains("no option for the level"));
    }

    #[test]
    fn limits_that_large_batches_meet_are_raised() {
        let mut point = point(0, 2_000_000.0, 200.0, 40.0);
        point.settings.codec = "none".into();
        point.settings.batch_bytes = 4 << 20;
        point.settings.partitions = 8;
        let java = Client::Java.settings(&point).as_json();
        assert!(java["max.request.size"].as_u64().unwrap() > 4 << 20, "{java}");
        assert!(java["buffer.memory"].as_u64().unwrap() >= 2 * 8 * (4 << 20), "{java}");
        let librdkafka = Client::Librdkafka.settings(&point).as_json();
        assert!(librdkafka["message.max.bytes"].as_u64().unwrap() > 4 << 20, "{librdkafka}");
        assert!(librdkafka["batch.num.messages"].as_u64().unwrap() > 10_000, "{librdkafka}");
        assert!(librdkafka["queue.buffering.max.messages"].as_u64().unwrap() > 400_000, "{librdkafka}");
    }
}
