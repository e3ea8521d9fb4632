//! What records are to hold, as it was asked for: from which source, and how random.

use super::template::Entropy;
use super::topic::TopicAddress;
use super::{PayloadFormat, PayloadSource};
use crate::codec::CodecSpec;
use crate::error::EngineError;
use loadgen_result::report::MISSED_RATIO;
use std::path::PathBuf;
use std::str::FromStr;

/// A ratio so near to the one asked for is that.
const RATIO_TOLERANCE: f64 = 0.1;
/// Batches that hold less than this of what they may are not full.
const FULL: f64 = 0.9;

/// What the records hold. By default order events made from the seed.
#[derive(Debug, Clone, PartialEq)]
pub struct PayloadOptions {
    /// Bytes of each value, cut from order events, or random with `entropy`.
    pub record_size: Option<usize>,
    /// A file with the values.
    pub payload: Option<PathBuf>,
    /// How that file holds its values.
    pub payload_format: PayloadFormat,
    /// A topic with the records: keys, values, order and partitions as they are there.
    pub payload_topic: Option<TopicAddress>,
    /// How many of that topic's records, from its beginning.
    pub payload_records: usize,
    /// A text with placeholders: each value is one filling of it.
    pub template: Option<PathBuf>,
    /// A file with the words of the template, one a line.
    pub dictionary: Option<PathBuf>,
    /// How often a placeholder is drawn anew instead of repeating what stood there in the value before.
    pub entropy: Option<Entropy>,
    /// The entropy is found at which batches become so many times smaller.
    pub target_ratio: Option<TargetRatio>,
}

impl Default for PayloadOptions {
    fn default() -> PayloadOptions {
        PayloadOptions {
            record_size: None,
            payload: None,
            payload_format: PayloadFormat::Lines,
            payload_topic: None,
            payload_records: 1_000_000,
            template: None,
            dictionary: None,
            entropy: None,
            target_ratio: None,
        }
    }
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

impl PayloadOptions {
    /// What the options name; `batches` are those that --target-ratio is about unless it names a codec.
    pub fn source(&self, batches: Batches) -> Result<PayloadSource, EngineError> {
        let randomness = self.randomness(batches)?;
        if let Some(path) = &self.template {
            let (template, dictionary) = (path.clone(), self.dictionary.clone());
            let randomness = randomness.unwrap_or_default();
            return Ok(PayloadSource::Template { template, dictionary, randomness });
        }
        if let Some(topic) = &self.payload_topic {
            return Ok(PayloadSource::Topic { topic: topic.clone(), records_max: self.payload_records });
        }
        Ok(match (&self.payload, self.payload_format, self.record_size, randomness) {
            (Some(path), PayloadFormat::Lines, ..) => PayloadSource::Lines(path.clone()),
            (Some(path), PayloadFormat::LengthPrefixed, ..) => PayloadSource::LengthPrefixed(path.clone()),
            (None, _, Some(size), Some(randomness)) => PayloadSource::Random { size, randomness },
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
                "the records were made for batches of {} B, but at this load batches hold some {batch_bytes:.0} B, and smaller \
                 batches compress differently; give --batch-bytes {batch_bytes:.0}, or a longer --linger-ms",
                batches.bytes
            )
        } else {
            "each record has a stamp for verification, which is compressed with it and counts more in small records"
                .to_owned()
        };
        Some(format!("{MISSED_RATIO}{ratio} came out as {is:.2}: {why}."))
    }

    fn randomness(&self, batches: Batches) -> Result<Option<Randomness>, EngineError> {
        let randomness = match (self.entropy, self.target_ratio) {
            (Some(entropy), _) => Randomness::Entropy(entropy),
            (None, Some(TargetRatio { ratio, codec })) => {
                let batches = Batches { codec: codec.unwrap_or(batches.codec), ..batches };
                if batches.codec == CodecSpec::NONE {
                    let missing =
                        format!("--target-ratio {ratio} needs a codec: --target-ratio {ratio}@zstd:3");
                    return Err(EngineError::Options(missing));
                }
                Randomness::Ratio { ratio, batches }
            }
            (None, None) => return Ok(None),
        };
        if self.template.is_none() && self.record_size.is_none() {
            let which = if self.entropy.is_some() { "--entropy" } else { "--target-ratio" };
            return Err(EngineError::Options(format!("{which} needs a --template or a --record-size")));
        }
        Ok(Some(randomness))
    }
}

/// How random made values are.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Randomness {
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

impl Default for Randomness {
    fn default() -> Randomness {
        Randomness::Entropy(Entropy::FULL)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_ratio_that_was_missed_is_told_with_its_reason() {
        let of = |target_ratio: Option<&str>, is, batch_bytes| {
            let codec: CodecSpec = "zstd:3".parse().unwrap();
            let target_ratio = target_ratio.map(|target| target.parse().unwrap());
            let options =
                PayloadOptions { record_size: Some(200), target_ratio, ..PayloadOptions::default() };
            options.missed_ratio(Batches { codec, bytes: 65_536 }, is, batch_bytes)
        };
        let small = of(Some("4"), 2.54, 3_310.0).unwrap();
        assert!(
            small.starts_with("--target-ratio 4 came out as 2.54: ") && small.contains("3310 B"),
            "{small}"
        );
        let full = of(Some("4@zstd:3"), 4.6, 64_000.0).unwrap();
        assert!(full.contains("stamp"), "{full}");
        for (target, is) in [(Some("4"), 3.7), (Some("4@lz4"), 2.0), (None, 2.0)] {
            assert_eq!(of(target, is, 3_310.0), None, "{target:?}");
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
