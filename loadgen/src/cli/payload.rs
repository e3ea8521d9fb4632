//! The options that say what records hold, of every command that takes records.

use clap::{Args, ValueEnum};
use loadgen_engine::payload::PayloadFormat;
use loadgen_engine::payload::options::{PayloadOptions, TargetRatio};
use loadgen_engine::payload::template::Entropy;
use loadgen_engine::payload::topic::TopicAddress;
use loadgen_engine::units::{parse_bytes, parse_rate};
use std::path::PathBuf;

/// Keys, partitions and times are held in memory beside the values.
const RECORDS_MAX: f64 = 100_000_000.0;

/// What the records hold.
#[derive(Debug, Clone, Args)]
pub(crate) struct PayloadArgs {
    /// Size of each value in bytes, such as 100 or 1k. Values are cut from made-up order events. With --entropy or
    /// --target-ratio they are random bytes
    #[arg(long, value_name = "BYTES", value_parser = parse_bytes, conflicts_with = "payload", help_heading = "Records")]
    pub(crate) record_size: Option<usize>,
    /// A file with the values, one a line [default: made-up order events of some 300 bytes]
    #[arg(long, value_name = "FILE", help_heading = "Records")]
    pub(crate) payload: Option<PathBuf>,
    /// How the file of --payload holds its values
    #[arg(long, value_enum, default_value = "lines", requires = "payload", help_heading = "Records")]
    pub(crate) payload_format: Format,
    /// Send the records of this topic, with their keys, values, order and partitions. They are read before the run
    #[arg(long, value_name = "HOST:PORT/TOPIC", conflicts_with_all = ["record_size", "payload", "template"], help_heading = "Records")]
    pub(crate) payload_topic: Option<TopicAddress>,
    /// Take at most this many records from the beginning of --payload-topic, and at most 1 GiB of keys and values
    #[arg(long, value_name = "COUNT", default_value = "1M", value_parser = parse_records, requires = "payload_topic", help_heading = "Records")]
    pub(crate) payload_records: usize,
    /// A text file with placeholders such as {{int 1 1000}}, {{word}} or {{uuid}}. Each value is this text with the placeholders
    /// filled in
    #[arg(long, value_name = "FILE", conflicts_with_all = ["record_size", "payload"], help_heading = "Records")]
    pub(crate) template: Option<PathBuf>,
    /// A file with the words for {{word}}, one a line [default: a built-in list of some 60 words]
    #[arg(long, value_name = "FILE", requires = "template", help_heading = "Records")]
    pub(crate) dictionary: Option<PathBuf>,
    /// Chance, from 0 to 1, that a placeholder gets a new random value instead of the one in the value before. With --record-size
    /// this goes for each 8 bytes [default with --template: 1]
    #[arg(long, value_name = "SHARE", help_heading = "Records")]
    pub(crate) entropy: Option<Entropy>,
    /// Choose the entropy so that --codec makes batches this many times smaller, such as 4. 4@zstd:3 names another codec. For
    /// --template and --record-size
    #[arg(long, value_name = "RATIO[@CODEC]", conflicts_with = "entropy", help_heading = "Records")]
    pub(crate) target_ratio: Option<TargetRatio>,
}

/// How a file holds its values.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// One a line; empty lines are left out.
    Lines,
    /// Each after its length in bytes: 4 bytes, big-endian.
    LengthPrefixed,
}

impl PayloadArgs {
    /// What they ask for.
    pub(crate) fn options(&self) -> PayloadOptions {
        PayloadOptions {
            record_size: self.record_size,
            payload: self.payload.clone(),
            payload_format: match self.payload_format {
                Format::Lines => PayloadFormat::Lines,
                Format::LengthPrefixed => PayloadFormat::LengthPrefixed,
            },
            payload_topic: self.payload_topic.clone(),
            payload_records: self.payload_records,
            template: self.template.clone(),
            dictionary: self.dictionary.clone(),
            entropy: self.entropy,
            target_ratio: self.target_ratio,
        }
    }
}

fn parse_records(text: &str) -> Result<usize, String> {
    let count = parse_rate(text).ok().filter(|count| (1.0..=RECORDS_MAX).contains(count));
    count.map(|count| count as usize).ok_or_else(|| "from 1 to 100M records".into())
}
