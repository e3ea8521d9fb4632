//! The options of `loadgen advice`.

use clap::{Args, ValueEnum};
use loadgen_study::advice::AdviceOptions;
use loadgen_study::advice::clients;
use loadgen_study::advice::criterion::Criterion;
use loadgen_study::advice::slo::Slo;
use std::path::PathBuf;

/// Options of `loadgen advice`.
#[derive(Debug, Clone, Args)]
pub(crate) struct AdviceArgs {
    /// Directory of a sweep (its --out), finished or not
    pub(crate) dir: PathBuf,
    /// The service level: conditions that must all hold, such as 'p99<20ms,acks=all'. Figures are p50 to p99.99, max, e2e-p99,
    /// records/s, wire-bytes and disk-bytes (per record), cpu, broker-cpu and generator-cpu (seconds per million records).
    /// Settings are acks, codec, batch-bytes, linger-ms, in-flight, connections and partitions
    #[arg(long, value_name = "CONDITIONS")]
    pub(crate) slo: Option<Slo>,
    /// Figures that decide which cell is best. The next one decides among cells that are equal in those before it. Equal means
    /// within 1 % of rate or bytes, 5 % of CPU, 10 % of latency. A cell that reached 99 % of its rate counts with all of it
    #[arg(
        long,
        value_name = "METRICS",
        value_delimiter = ',',
        default_value = "records/s,wire-bytes,disk-bytes,cpu,p99"
    )]
    pub(crate) prefer: Vec<Criterion>,
    /// Print the settings of this client only [default: of all]
    #[arg(long, value_enum)]
    client: Option<Client>,
    /// Write the measured points, the Pareto front and the settings as JSON
    #[arg(long, value_name = "FILE")]
    pub(crate) json: Option<PathBuf>,
}

/// Whose settings.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Client {
    /// Apache Kafka's Java client, as .properties.
    Java,
    /// librdkafka and clients that are built on it, as NAME=VALUE.
    Librdkafka,
    /// kafka-python, as arguments of KafkaProducer.
    KafkaPython,
}

impl AdviceArgs {
    /// What they ask for.
    pub(crate) fn options(&self) -> AdviceOptions {
        AdviceOptions {
            dir: self.dir.clone(),
            slo: self.slo.clone().unwrap_or_default(),
            prefer: self.prefer.clone(),
            client: self.client.map(|client| match client {
                Client::Java => clients::Client::Java,
                Client::Librdkafka => clients::Client::Librdkafka,
                Client::KafkaPython => clients::Client::KafkaPython,
            }),
        }
    }
}
