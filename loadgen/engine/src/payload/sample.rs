//! The user's records as batches of one size.

use crate::codec::{CodecSpec, Encoder};
use crate::payload::Payload;
use crate::records::build::{OpenBatch, record_bytes_max};

/// How many of the values have the same millisecond: as many as a producer of 100,000 records a second makes.
const RECORDS_PER_MS: usize = 100;
/// Any moment does: only the differences within a batch are encoded.
const FIRST_MS: i64 = 1_767_225_600_000;
/// A record without headers says so in one byte.
const NO_HEADERS_BYTES: usize = 1;

/// The records sections of whole batches, not compressed.
#[derive(Debug)]
pub struct Sample {
    /// Bytes of a batch before compression, as asked for.
    pub batch_bytes: usize,
    batches: Vec<Vec<u8>>,
    /// Records in all batches.
    pub records: usize,
    /// Bytes of all batches.
    pub bytes: usize,
}

impl Sample {
    /// Cuts the payload into batches of `batch_bytes`, filled as a producer fills them: a record that does not fit
    /// begins the next one. What is left at the end is no whole batch and is not used. Of more than `sample_bytes`
    /// batches are left out evenly; at least four are kept where there are so many.
    pub fn cut(payload: &Payload, batch_bytes: usize, sample_bytes: usize) -> Sample {
        let mut whole = Vec::new();
        let mut open = OpenBatch::new(Vec::new(), batch_bytes);
        for index in 0..payload.count() {
            let (key, value) = (payload.key(index), payload.value(index));
            let next = record_bytes_max(key.map_or(0, <[u8]>::len), value.len(), NO_HEADERS_BYTES);
            if open.records() > 0 && open.records_bytes() + next > batch_bytes {
                whole.push(closed(std::mem::replace(&mut open, OpenBatch::new(Vec::new(), batch_bytes))));
            }
            let made_ms = FIRST_MS + (index / RECORDS_PER_MS) as i64;
            let at_ms = payload.recorded().map_or(made_ms, |recorded| recorded.at_ms(index));
            open.push_plain(key, payload.sent(index), at_ms);
        }
        if open.records_bytes() >= batch_bytes {
            whole.push(closed(open)); // one record larger than a batch goes alone
        }
        Sample::thinned(whole, batch_bytes, sample_bytes)
    }

    fn thinned(whole: Vec<(usize, Vec<u8>)>, batch_bytes: usize, sample_bytes: usize) -> Sample {
        let total: usize = whole.iter().map(|(_, bytes)| bytes.len()).sum();
        let mean = (total / whole.len().max(1)).max(1);
        let keep = (sample_bytes / mean).max(4).min(whole.len()).max(1);
        let count = whole.len();
        let is_kept = |index: usize| (index + 1) * keep / count > index * keep / count;
        let kept: Vec<_> =
            whole.into_iter().enumerate().filter(|(i, _)| is_kept(*i)).map(|(_, kept)| kept).collect();
        Sample {
            batch_bytes,
            records: kept.iter().map(|(records, _)| records).sum(),
            bytes: kept.iter().map(|(_, bytes)| bytes.len()).sum(),
            batches: kept.into_iter().map(|(_, bytes)| bytes).collect(),
        }
    }

    /// How many batches.
    pub fn count(&self) -> usize {
        self.batches.len()
    }

    /// The records section of each batch.
    pub fn batches(&self) -> &[Vec<u8>] {
        &self.batches
    }
}

fn closed(open: OpenBatch) -> (usize, Vec<u8>) {
    let (built, _) = open.finish(&mut Encoder::new(CodecSpec::NONE), Vec::new());
    (built.records as usize, built.records_bytes().to_vec())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::payload::PayloadSource;

    #[test]
    fn batches_are_as_full_as_records_allow_and_hold_their_overhead() {
        let payload = Payload::load(&PayloadSource::Sized(100), 1, false).unwrap();
        let sample = Sample::cut(&payload, 16 << 10, 1 << 20);
        assert!(sample.count() >= 60 && sample.bytes <= 1 << 20, "{} batches", sample.count());
        for batch in sample.batches() {
            assert!((16_000..=16 << 10).contains(&batch.len()), "{}", batch.len());
        }
        let overhead = sample.bytes as f64 / sample.records as f64 - 100.0;
        assert!((9.0..=10.0).contains(&overhead), "lengths, deltas and attributes: {overhead} B a record");
    }

    #[test]
    fn too_little_data_makes_no_batch() {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), "a few lines\n".repeat(10)).unwrap();
        let payload = Payload::load(&PayloadSource::Lines(file.path().to_owned()), 0, false).unwrap();
        assert_eq!(Sample::cut(&payload, 4_096, 1 << 20).count(), 0);
        assert!(Sample::cut(&payload, 50, 1 << 20).count() >= 3);
    }

    #[test]
    fn the_sample_comes_from_the_whole_file() {
        let file = tempfile::NamedTempFile::new().unwrap();
        let lines: Vec<String> = (0..100_000).map(|i| format!("{i:06} {}", "x".repeat(90))).collect();
        std::fs::write(file.path(), lines.join("\n")).unwrap();
        let payload = Payload::load(&PayloadSource::Lines(file.path().to_owned()), 0, false).unwrap();
        let sample = Sample::cut(&payload, 10_000, 100_000);
        let all = sample.batches().concat();
        let has = |prefix: &[u8]| all.windows(prefix.len()).any(|window| window == prefix);
        assert!((0..10).all(|tenth| has(format!("{tenth:02}").as_bytes())) && sample.count() == 10);
    }
}
