//! What the codec lab is asked to do.

use loadgen_engine::codec::CodecSpec;
use loadgen_engine::payload::options::PayloadOptions;
use std::time::Duration;

/// Which codecs on which data, and for how long.
#[derive(Debug, Clone)]
pub struct LabOptions {
    /// The data.
    pub values: PayloadOptions,
    /// Seed of everything random.
    pub seed: u64,
    /// Codecs and levels.
    pub codecs: Vec<CodecSpec>,
    /// Batch sizes before compression.
    pub batch_bytes: Vec<usize>,
    /// At most so many bytes of the data, taken evenly from all of it.
    pub sample: usize,
    /// Passes over all cells.
    pub passes: usize,
    /// CPU time of each cell in each pass, at least, compressing and again decompressing.
    pub cell_time: Duration,
}
