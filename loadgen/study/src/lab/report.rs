//! What the lab found, as data.

use serde::{Deserialize, Serialize};

/// The whole lab.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct LabReport {
    /// loadgen's version.
    pub loadgen: String,
    /// What the records hold.
    pub payload: String,
    /// At most so many bytes were taken for each batch size.
    pub sample_bytes: usize,
    /// Passes over all cells.
    pub passes: usize,
    /// Ended by a signal, with fewer passes than asked for.
    pub interrupted: bool,
    /// Batch size by batch size, in the order of the codecs given.
    pub cells: Vec<CellReport>,
    /// Batch sizes that the data is too small for, and the like.
    pub notes: Vec<String>,
}

/// A codec at a level on batches of one size.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct CellReport {
    /// Codec and level, as `--codec` takes them.
    pub codec: String,
    /// Bytes of a batch before compression, at most.
    pub batch_bytes: usize,
    /// Batches in the sample.
    pub batches: usize,
    /// Records in each, on average.
    pub records_per_batch: f64,
    /// Records before compression over the same after it.
    pub ratio: f64,
    /// Of the whole batch, its header included.
    pub bytes_per_record: f64,
    /// Of records before compression.
    pub compress: Speed,
    /// Of records after decompression.
    pub decompress: Speed,
}

/// Millions of uncompressed bytes per CPU second of one core, over the passes.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Speed {
    /// Median.
    pub mb_per_s: f64,
    /// Slowest pass.
    pub min_mb_per_s: f64,
    /// Fastest pass.
    pub max_mb_per_s: f64,
}

impl Speed {
    /// Of the passes; `None` when there were none.
    pub fn of(passes: &[f64]) -> Option<Speed> {
        let mut sorted = passes.to_vec();
        sorted.sort_by(f64::total_cmp);
        let (min, max) = (*sorted.first()?, *sorted.last()?);
        let (low, high) = (sorted[(sorted.len() - 1) / 2], sorted[sorted.len() / 2]);
        Some(Speed { mb_per_s: f64::midpoint(low, high), min_mb_per_s: min, max_mb_per_s: max })
    }

    /// Half the distance of slowest and fastest pass, over the median.
    pub fn dispersion(&self) -> f64 {
        (self.max_mb_per_s - self.min_mb_per_s) / 2.0 / self.mb_per_s
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_median_is_of_the_middle_and_the_spread_of_the_ends() {
        assert_eq!(Speed::of(&[]), None);
        let speed = Speed::of(&[30.0, 10.0, 20.0, 40.0]).unwrap();
        assert_eq!((speed.mb_per_s, speed.min_mb_per_s, speed.max_mb_per_s), (25.0, 10.0, 40.0));
        assert_eq!(speed.dispersion(), 0.6);
    }
}
