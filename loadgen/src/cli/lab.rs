//! The options of `loadgen lab`.

use super::payload::PayloadArgs;
use clap::Args;
use loadgen_engine::codec::CodecSpec;
use loadgen_engine::units::{parse_bytes, parse_duration};
use loadgen_study::lab::options::LabOptions;
use std::path::PathBuf;
use std::time::Duration;

/// What is measured unless `--codecs` says otherwise: levels whose neighbours are much like them are left out.
const USUAL: &str = "gzip:1,gzip:6,gzip:9,snappy,lz4,zstd:-5,zstd:1,zstd:3,zstd:6,zstd:9,zstd:19";

/// Options of `loadgen lab`.
#[derive(Debug, Clone, Args)]
pub(crate) struct LabArgs {
    /// The data
    #[command(flatten)]
    pub(crate) values: PayloadArgs,
    /// Seed of all random data
    #[arg(long, default_value_t = 1, help_heading = "Records")]
    pub(crate) seed: u64,

    /// Codecs and levels to measure, such as lz4,zstd:1,zstd:3, or all for every level of every codec
    #[arg(long, value_name = "LIST", default_value = USUAL, help_heading = "Cells")]
    codecs: Codecs,
    /// Sizes of a batch before compression, bytes. Each codec and level with each size is a cell
    #[arg(long, value_name = "LIST", value_delimiter = ',', value_parser = parse_bytes, default_value = "4k,16k,64k,256k,1M", help_heading = "Cells")]
    pub(crate) batch_bytes: Vec<usize>,

    /// How many bytes of the data to use at most. They are taken evenly from all of it
    #[arg(long, value_name = "BYTES", value_parser = parse_bytes, default_value = "4M", help_heading = "Time")]
    pub(crate) sample: usize,
    /// Number of passes over all cells. Speeds are medians of the passes
    #[arg(long, default_value_t = 5, value_parser = passes, help_heading = "Time")]
    pub(crate) passes: usize,
    /// Least CPU time of each cell in each pass: once to compress, and once more to decompress
    #[arg(long, value_name = "TIME", value_parser = parse_duration, default_value = "50ms", help_heading = "Time")]
    pub(crate) cell_time: Duration,

    /// Write the result as JSON
    #[arg(long, value_name = "FILE", help_heading = "Result")]
    pub(crate) json: Option<PathBuf>,
}

/// A list of codecs.
#[derive(Debug, Clone)]
struct Codecs(Vec<CodecSpec>);

impl std::str::FromStr for Codecs {
    type Err = String;

    fn from_str(text: &str) -> Result<Codecs, String> {
        if text == "all" {
            return Ok(Codecs(CodecSpec::every()));
        }
        text.split(',').map(|spec| spec.trim().parse()).collect::<Result<_, _>>().map(Codecs)
    }
}

impl LabArgs {
    /// What they ask for.
    pub(crate) fn options(&self) -> LabOptions {
        LabOptions {
            values: self.values.options(),
            seed: self.seed,
            codecs: self.codecs.0.clone(),
            batch_bytes: self.batch_bytes.clone(),
            sample: self.sample,
            passes: self.passes,
            cell_time: self.cell_time,
        }
    }
}

fn passes(text: &str) -> Result<usize, String> {
    text.parse().ok().filter(|passes| (1..=1_000).contains(passes)).ok_or_else(|| "from 1 to 1000".into())
}
