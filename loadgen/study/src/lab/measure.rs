//! One cell of the lab: a codec at a level on batches of one size, timed.

use super::report::{CellReport, Speed};
use crate::error::StudyError;
use loadgen_engine::codec::{CodecSpec, Decoder, Encoder};
use loadgen_engine::payload::sample::Sample;
use loadgen_engine::records::BATCH_HEADER_BYTES;
use rustix::time::{ClockId, clock_gettime};
use std::fmt;
use std::time::Duration;

/// What is kept of a cell between passes.
pub(super) struct Cell<'a> {
    spec: CodecSpec,
    sample: &'a Sample,
    encoder: Encoder,
    decoder: Decoder,
    /// Every batch, compressed; made in the first pass.
    compressed: Vec<Vec<u8>>,
    /// Where the next pass goes on: slow codecs need several passes for the whole sample.
    next: [usize; 2],
    compress_mb_per_s: Vec<f64>,
    decompress_mb_per_s: Vec<f64>,
}

impl<'a> Cell<'a> {
    pub(super) fn new(spec: CodecSpec, sample: &'a Sample) -> Cell<'a> {
        Cell {
            spec,
            sample,
            encoder: Encoder::new(spec),
            decoder: Decoder::default(),
            compressed: Vec::new(),
            next: [0; 2],
            compress_mb_per_s: Vec::new(),
            decompress_mb_per_s: Vec::new(),
        }
    }

    /// One pass: batch after batch for at least `time`, in both directions.
    pub(super) fn pass(&mut self, time: Duration) -> Result<(), StudyError> {
        if self.compressed.is_empty() {
            self.compress_all()?;
        }
        let (sample, compressed, spec) = (self.sample, &self.compressed, self.spec);
        let (encoder, decoder) = (&mut self.encoder, &mut self.decoder);
        let mut out = Vec::new();
        let speed = mb_per_s(sample, &mut self.next[0], time, |index| {
            out.clear();
            encoder.compress(&sample.batches()[index], &mut out);
            true
        });
        self.compress_mb_per_s.extend(speed);
        let speed = mb_per_s(sample, &mut self.next[1], time, |index| {
            decoder.decompress(spec.codec, &compressed[index]).is_ok()
        });
        self.decompress_mb_per_s.extend(speed);
        Ok(())
    }

    /// Every batch there and back: what a codec can't give back must not be measured.
    fn compress_all(&mut self) -> Result<(), StudyError> {
        for batch in self.sample.batches() {
            let mut out = Vec::new();
            self.encoder.compress(batch, &mut out);
            let back = self.decoder.decompress(self.spec.codec, &out);
            if back != Ok(&batch[..]) {
                let why = back.err().map_or_else(|| "other bytes".to_owned(), |why| why.to_string());
                return Err(StudyError::Options(format!(
                    "{} does not give back what it took: {why}",
                    self.spec
                )));
            }
            self.compressed.push(out);
        }
        Ok(())
    }

    /// `None` before the first pass.
    pub(super) fn report(&self) -> Option<CellReport> {
        let compressed: usize = self.compressed.iter().map(Vec::len).sum();
        let with_headers = compressed + self.sample.count() * BATCH_HEADER_BYTES;
        Some(CellReport {
            codec: self.spec.to_string(),
            batch_bytes: self.sample.batch_bytes,
            batches: self.sample.count(),
            records_per_batch: self.sample.records as f64 / self.sample.count() as f64,
            ratio: self.sample.bytes as f64 / compressed as f64,
            bytes_per_record: with_headers as f64 / self.sample.records as f64,
            compress: Speed::of(&self.compress_mb_per_s)?,
            decompress: Speed::of(&self.decompress_mb_per_s)?,
        })
    }
}

impl fmt::Display for Cell<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}, batches of {} B", self.spec, self.sample.batch_bytes)
    }
}

/// Uncompressed bytes per CPU second of this thread, in millions. `None`: a step failed.
fn mb_per_s(
    sample: &Sample,
    next: &mut usize,
    time: Duration,
    mut step: impl FnMut(usize) -> bool,
) -> Option<f64> {
    let (start, mut bytes) = (cpu(), 0);
    loop {
        if !step(*next) {
            return None;
        }
        bytes += sample.batches()[*next].len();
        *next = (*next + 1) % sample.count();
        let spent = cpu() - start;
        if spent >= time && !spent.is_zero() {
            return Some(bytes as f64 / spent.as_secs_f64() / 1e6);
        }
    }
}

/// CPU time of this thread.
fn cpu() -> Duration {
    let time = clock_gettime(ClockId::ThreadCPUTime);
    Duration::new(time.tv_sec as u64, time.tv_nsec as u32)
}
