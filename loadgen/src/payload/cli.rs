//! The options that say what records hold, of every command that takes records.

use super::template::Entropy;
use super::topic::TopicAddress;
use super::{PayloadFormat, PayloadSource};
use crate::cli::{parse_bytes, parse_rate};
use crate::codec::CodecSpec;
use crate::error::LoadError;
use clap::Args;
use std::path::PathBuf;
use std::str::FromStr;

/// Keys, partitions and times are held in memory beside the values.
const RECORDS_MAX: f64 = 100_000_000.0;

/// How [`PayloadArgs::missed_ratio`] begins.
pub(crate) const MISSED_RATIO: &str = "--target-ratio ";
/// A ratio so near to the one asked for is that.
const RATIO_TOLERANCE: f64 = 0.1;
/// Batches that hold less than this of what they may are not full.
const FULL: f64 = 0.9;

/// What the records hold.
#[derive(Debug, Clone, Args)]
pub struct PayloadArgs {
    /// Bytes of each value, such as 100 or 1k: cut from order events, or random with --entropy
    #[arg(long, value_name = "BYTES", value_parser = parse_bytes, conflicts_with = "payload", help_heading = "Records")]
    pub record_size: Option<usize>,
    /// A file with the values, one a line [default: order events made from the seed]
    #[arg(long, value_name = "FILE", help_heading = "Records")]
    pub payload: Option<PathBuf>,
    /// How that file holds its values: one a line, or each behind its length in 4 bytes, big-endian
    #[arg(long, value_enum, default_value = "lines", requires = "payload", help_heading = "Records")]
    pub payload_format: PayloadFormat,
    /// A topic with the records: keys, values, order and partitions as they are there
    #[arg(long, value_name = "HOST:PORT/TOPIC", conflicts_with_all = ["record_size", "payload", "template"], help_heading = "Records")]
    pub payload_topic: Option<TopicAddress>,
    /// How many of that topic's records, from its beginning; also never more than 1 GiB of them
    #[arg(long, value_name = "COUNT", default_value = "1M", value_parser = parse_records, requires = "payload_topic", help_heading = "Records")]
    pub payload_records: usize,
    /// A text with placeholders such as {{int 1 1000}}, {{word}}, {{uuid}}: each value is one filling of it
    #[arg(long, value_name = "FILE", conflicts_with_all = ["record_size", "payload"], help_heading = "Records")]
    pub template: Option<PathBuf>,
    /// A file with the words for {{word}}, one a line [default: a few dozen]
    #[arg(long, value_name = "FILE", requires = "template", help_heading = "Records")]
    pub dictionary: Option<PathBuf>,
    /// How often a placeholder is drawn anew instead of repeating what stood there in the value before, 0 to 1
    #[arg(long, value_name = "SHARE", help_heading = "Records")]
    pub entropy: Option<Entropy>,
    /// Find the entropy at which batches become so many times smaller, such as 4, or 4@zstd:3 to name the codec
    #[arg(long, value_name = "RATIO[@CODEC]", conflicts_with = "entropy", help_heading = "Records")]
    pub target_ratio: Option<TargetRatio>,
}

/// How many times smaller a codec is to make the records.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct TargetRatio {
    /// Bytes before by bytes after.
    pub ratio: f64,
    /// [default: that of the run].
    pub codec: Option<CodecSpec>,
}

/// In which batches records are to be compressed.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Batches {
    /// How.
    pub codec: CodecSpec,
    /// Bytes of a batch before compression.
    pub bytes: usize,
}

impl FromStr for TargetRatio {
    type Err = String;

    fn from_str(text: &str) -> Result<TargetRatio, String> {
        let (ratio, codec) = text.split_once('@').map_or((text, None), |(ratio, codec)| (ratio, Some(codec)));
        let ratio = ratio.parse().ok().filter(|ratio| (1.0..=10_000.0).contains(ratio));
        let ratio = ratio.ok_or("a ratio from 1 to 10000, such as 4, or 4@zstd:3")?;
        Ok(TargetRatio { ratio, codec: codec.map(str::parse).transpose()? })
    }
}

impl PayloadArgs {
    /// What the options name; `batches` are those that --target-ratio is about unless it names a codec.
    pub fn source(&self, batches: Batches) -> Result<PayloadSource, LoadError> {
        let freedom = self.freedom(batches)?;
        if let Some(path) = &self.template {
            let (template, dictionary) = (path.clone(), self.dictionary.clone());
            let freedom = freedom.unwrap_or_default();
            return Ok(PayloadSource::Template { template, dictionary, freedom });
        }
        if let Some(topic) = &self.payload_topic {
            return Ok(PayloadSource::Topic { topic: topic.clone(), records_max: self.payload_records });
        }
        Ok(match (&self.payload, self.payload_format, self.record_size, freedom) {
            (Some(path), PayloadFormat::Lines, ..) => PayloadSource::Lines(path.clone()),
            (Some(path), PayloadFormat::LengthPrefixed, ..) => PayloadSource::LengthPrefixed(path.clone()),
            (None, _, Some(size), Some(freedom)) => PayloadSource::Random { size, freedom },
            (None, _, Some(size), None) => PayloadSource::Sized(size),
            (None, _, None, _) => PayloadSource::Orders,
        })
    }

    /// What to say where `batches` of a run became `is` times smaller and --target-ratio asked for something else;
    /// `batch_bytes` were in each of them.
    pub fn missed_ratio(&self, batches: Batches, is: f64, batch_bytes: f64) -> Option<String> {
        let TargetRatio { ratio, codec } = self.target_ratio?;
        // The ratio of another codec was not asked for.
        let is_asked = codec.is_none_or(|codec| codec == batches.codec);
        if !is_asked || (is / ratio - 1.0).abs() <= RATIO_TOLERANCE {
            return None;
        }
        let why = if batch_bytes < FULL * batches.bytes as f64 {
            format!(
                "at this load batches are sent with some {batch_bytes:.0} B in them, not the {} B for which the records were \
                 made, and small batches compress differently: give --batch-bytes {batch_bytes:.0}, or a longer --linger-ms",
                batches.bytes
            )
        } else {
            "the stamp that each record has for verification is compressed with it, and weighs more the smaller records are"
                .to_owned()
        };
        Some(format!("{MISSED_RATIO}{ratio} came out as {is:.2}: {why}."))
    }

    fn freedom(&self, batches: Batches) -> Result<Option<Freedom>, LoadError> {
        let freedom = match (self.entropy, self.target_ratio) {
            (Some(entropy), _) => Freedom::Entropy(entropy),
            (None, Some(TargetRatio { ratio, codec })) => {
                let batches = Batches { codec: codec.unwrap_or(batches.codec), ..batches };
                if batches.codec == CodecSpec::NONE {
                    let missing =
                        format!("--target-ratio {ratio} needs a codec: --target-ratio {ratio}@zstd:3");
                    return Err(LoadError::Options(missing));
                }
                Freedom::Ratio { ratio, batches }
            }
            (None, None) => return Ok(None),
        };
        if self.template.is_none() && self.record_size.is_none() {
            let which = if self.entropy.is_some() { "--entropy" } else { "--target-ratio" };
            return Err(LoadError::Options(format!("{which} is for a --template or a --record-size")));
        }
        Ok(Some(freedom))
    }
}

/// How random made values are.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Freedom {
    /// So much.
    Entropy(Entropy),
    /// As much as makes batches so many times smaller.
    Ratio {
        /// Bytes before by bytes after.
        ratio: f64,
        /// Which batches.
        batches: Batches,
    },
}

impl Default for Freedom {
    fn default() -> Freedom {
        Freedom::Entropy(Entropy::FULL)
    }
}

fn parse_records(text: &str) -> Result<usize, String> {
    let count = parse_rate(text).ok().filter(|count| (1.0..=RECORDS_MAX).contains(count));
    count.map(|count| count as usize).ok_or_else(|| "from 1 to 100M records".into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_ratio_that_was_missed_is_told_with_its_reason() {
        use crate::cli::{Cli, Command};
        use clap::Parser;
        let of = |option: &str, is, batch_bytes| {
            let codec: CodecSpec = "zstd:3".parse().unwrap();
            let line = ["loadgen", "run", "--record-size", "200", option];
            let Command::Run(args) = Cli::parse_from(line).command else { panic!("a run") };
            args.run.values.missed_ratio(Batches { codec, bytes: 65_536 }, is, batch_bytes)
        };
        let small = of("--target-ratio=4", 2.54, 3_310.0).unwrap();
        assert!(
            small.starts_with("--target-ratio 4 came out as 2.54: ") && small.contains("3310 B"),
            "{small}"
        );
        let full = of("--target-ratio=4@zstd:3", 4.6, 64_000.0).unwrap();
        assert!(full.contains("stamp"), "{full}");
        for (option, is) in [("--target-ratio=4", 3.7), ("--target-ratio=4@lz4", 2.0), ("--entropy=0.5", 2.0)]
        {
            assert_eq!(of(option, is, 3_310.0), None, "{option}");
        }
    }

    #[test]
    fn a_target_names_a_ratio_and_perhaps_a_codec() {
        let zstd = "zstd:3".parse().unwrap();
        assert_eq!("4".parse(), Ok(TargetRatio { ratio: 4.0, codec: None }));
        assert_eq!("2.5@zstd:3".parse(), Ok(TargetRatio { ratio: 2.5, codec: Some(zstd) }));
        for bad in ["", "0.5", "nan", "4@brotli", "x@zstd", "1e9"] {
            assert!(bad.parse::<TargetRatio>().is_err(), "{bad}");
        }
    }
}
