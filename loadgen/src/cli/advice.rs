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
    /// The --out of a sweep, finished or not
    pub(crate) dir: PathBuf,
    /// What must hold, such as 'p99<20ms,acks=all'; also p99.9, e2e-p99, records/s>100k, disk-bytes<50, cpu<2
    #[arg(long, value_name = "CONDITIONS")]
    pub(crate) slo: Option<Slo>,
    /// What makes a cell the best, the first first: the next decides among those that are as good in it. All that held a rate
    /// have that rate; 1 % of rate or bytes, 5 % of CPU and 10 % of a latency count as equal
    #[arg(
        long,
        value_name = "METRICS",
        value_delimiter = ',',
        default_value = "records/s,wire-bytes,disk-bytes,cpu,p99"
    )]
    pub(crate) prefer: Vec<Criterion>,
    /// Print the settings for this client only
    #[arg(long, value_enum)]
    client: Option<Client>,
    /// Write points, front and settings as JSON
    #[arg(long, value_name = "FILE")]
    pub(crate) json: Option<PathBuf>,
}

/// Whose settings.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Client {
    /// Apache Kafka's own, as .properties.
    Java,
    /// librdkafka and what is built on it, as NAME=VALUE.
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
