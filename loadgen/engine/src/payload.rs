//! What the records hold: a user's lines, a topic's records, filled templates, or order events, whole or cut to a
//! size. All is made before the run, so that the run itself only copies. Values repeat only after the whole pool was
//! used.

pub mod error;
mod files;
pub mod options;
pub mod recorded;
pub mod sample;
mod synthetic;
pub mod template;
pub mod topic;

use crate::error::EngineError;
use crate::orders::Orders;
use crate::records::stamp::content_hash;
use options::Randomness;
use recorded::{Merged, Recorded};
use std::ops::Range;
use std::path::PathBuf;
use topic::TopicAddress;

/// Bytes of generated values: more than any codec's window in a batch, so that repetition does not improve the ratio.
const POOL_BYTES: usize = 16 << 20;

/// Where the values come from.
#[derive(Debug, Clone, PartialEq)]
pub enum PayloadSource {
    /// Order events as they come, some 300 bytes each.
    Orders,
    /// Pieces of exactly so many bytes from a stream of order events.
    Sized(usize),
    /// Exactly so many random bytes.
    Random {
        /// Of each value.
        size: usize,
        /// How random.
        randomness: Randomness,
    },
    /// Fillings of a template.
    Template {
        /// Its file.
        template: PathBuf,
        /// The file of the words.
        dictionary: Option<PathBuf>,
        /// How random.
        randomness: Randomness,
    },
    /// The lines of a file, without their line ends; empty lines are left out.
    Lines(PathBuf),
    /// The values of a file, each behind its length: 4 bytes, big-endian. A value may hold any bytes, line ends too,
    /// or none.
    LengthPrefixed(PathBuf),
    /// The records of a topic.
    Topic {
        /// Which.
        topic: TopicAddress,
        /// How many at most.
        records_max: usize,
    },
}

/// How a file holds its values.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum PayloadFormat {
    /// One a line.
    #[default]
    Lines,
    /// Each behind its length: 4 bytes, big-endian.
    LengthPrefixed,
}

/// The values of a run.
#[derive(Debug)]
pub struct Payload {
    bytes: Vec<u8>,
    ends: Vec<usize>,
    hashes: Vec<u64>,
    recorded: Option<Recorded>,
    about: String,
}

impl Payload {
    /// Reads or makes the values. With `hashed` each record's hash is computed now and not while the clock runs.
    pub fn load(source: &PayloadSource, seed: u64, hashed: bool) -> Result<Payload, EngineError> {
        Payload::load_until(source, seed, hashed, &|| false)
    }

    /// The same, given up once `interrupted`: reading a topic may take long.
    pub fn load_until(
        source: &PayloadSource,
        seed: u64,
        hashed: bool,
        interrupted: &dyn Fn() -> bool,
    ) -> Result<Payload, EngineError> {
        let mut payload = match source {
            PayloadSource::Orders => Payload::orders(seed),
            PayloadSource::Sized(size) => Payload::sized(*size, seed),
            PayloadSource::Random { size, randomness } => synthetic::random(*size, *randomness, seed)?,
            PayloadSource::Template { template, dictionary, randomness } => {
                synthetic::filled(template, dictionary.as_deref(), *randomness, seed)?
            }
            PayloadSource::Lines(path) => files::lines(path)?,
            PayloadSource::LengthPrefixed(path) => files::length_prefixed(path)?,
            PayloadSource::Topic { topic, records_max } => {
                Payload::recorded_as(topic::read(topic, *records_max, interrupted)?)
            }
        };
        if hashed {
            let hash = |index| content_hash(payload.key(index), payload.value(index));
            payload.hashes = (0..payload.count()).map(hash).collect();
        }
        Ok(payload)
    }

    /// Values in the pool.
    pub fn count(&self) -> usize {
        self.ends.len()
    }

    /// The `index`-th value; nothing where a record has none.
    #[inline]
    pub fn value(&self, index: usize) -> &[u8] {
        &self.bytes[self.range(index)]
    }

    /// The same as it is sent: a tombstone has no value.
    #[inline]
    pub fn sent(&self, index: usize) -> Option<&[u8]> {
        let has_value = self.recorded.as_ref().is_none_or(|recorded| recorded.has_value(index));
        has_value.then(|| self.value(index))
    }

    /// The key that the `index`-th record was recorded with.
    #[inline]
    pub fn key(&self, index: usize) -> Option<&[u8]> {
        self.recorded.as_ref()?.key(index)
    }

    /// Of records that were recorded: what they have besides values.
    pub fn recorded(&self) -> Option<&Recorded> {
        self.recorded.as_ref()
    }

    /// Hash of the `index`-th record as the payload has it, when it was loaded with hashes.
    #[inline]
    pub fn hash(&self, index: usize) -> Option<u64> {
        self.hashes.get(index).copied()
    }

    /// Bytes of all values together.
    pub fn bytes(&self) -> usize {
        self.bytes.len()
    }

    /// Bytes of a value on average.
    pub fn mean_bytes(&self) -> f64 {
        self.bytes.len() as f64 / self.count() as f64
    }

    /// One line for the report. Results with different lines are not comparable (`diff`): who changes the words here makes
    /// earlier results those of other data.
    pub fn about(&self) -> &str {
        &self.about
    }

    fn range(&self, index: usize) -> Range<usize> {
        let start = if index == 0 { 0 } else { self.ends[index - 1] };
        start..self.ends[index]
    }

    fn new(bytes: Vec<u8>, ends: Vec<usize>) -> Payload {
        Payload { bytes, ends, hashes: Vec::new(), recorded: None, about: String::new() }
    }

    fn recorded_as(merged: Merged) -> Payload {
        let Merged { bytes, ends, recorded, about, .. } = merged;
        Payload { bytes, ends, hashes: Vec::new(), recorded: Some(recorded), about }
    }

    fn orders(seed: u64) -> Payload {
        let (mut orders, mut text, mut ends) =
            (Orders::new(seed), String::with_capacity(POOL_BYTES + 4096), vec![]);
        while text.len() < POOL_BYTES {
            orders.write_next(&mut text);
            ends.push(text.len());
        }
        let mut payload = Payload::new(text.into_bytes(), ends);
        payload.about = format!(
            "{} order events made from seed {seed}, {:.0} B on average",
            payload.count(),
            payload.mean_bytes()
        );
        payload
    }

    fn sized(size: usize, seed: u64) -> Payload {
        let count = (POOL_BYTES / size.max(1)).clamp(1, 1 << 20);
        let mut stream = Payload::orders(seed).bytes;
        while stream.len() < count * size {
            stream.extend_from_within(..); // only for records larger than the pool
        }
        stream.truncate(count * size);
        let mut payload = Payload::new(stream, (1..=count).map(|i| i * size).collect());
        payload.about = format!("{count} pieces of {size} B of order events made from seed {seed}");
        payload
    }
}

#[cfg(test)]
mod tests {
    use super::error::PayloadError;
    use super::*;

    #[test]
    fn lines_stay_the_users_bytes() {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), b"one\n\ntwo\r\n\xff\xfe last").unwrap();
        let payload = Payload::load(&PayloadSource::Lines(file.path().to_owned()), 0, true).unwrap();
        let values: Vec<&[u8]> = (0..payload.count()).map(|i| payload.value(i)).collect();
        assert_eq!(values, [&b"one"[..], b"two", b"\xff\xfe last"]);
        assert_eq!(payload.hash(1), Some(content_hash(None, b"two")));
    }

    #[test]
    fn a_missing_or_empty_file_is_named() {
        let missing = Payload::load(&PayloadSource::Lines("/nowhere/x".into()), 0, false).unwrap_err();
        assert!(missing.to_string().contains("/nowhere/x"), "{missing}");
        let file = tempfile::NamedTempFile::new().unwrap();
        let empty = Payload::load(&PayloadSource::Lines(file.path().to_owned()), 0, false).unwrap_err();
        assert!(matches!(empty, EngineError::Payload(PayloadError::Empty(_))));
    }

    #[test]
    fn length_prefixed_values_may_hold_anything() {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), b"\0\0\0\x04a\nb\n\0\0\0\0\0\0\0\x01\xff").unwrap();
        let source = PayloadSource::LengthPrefixed(file.path().to_owned());
        let payload = Payload::load(&source, 0, false).unwrap();
        let values: Vec<&[u8]> = (0..payload.count()).map(|i| payload.value(i)).collect();
        assert_eq!(values, [&b"a\nb\n"[..], b"", b"\xff"]);
        std::fs::write(file.path(), b"\0\0\0\x01a\0\0\0\x09b").unwrap();
        let error = Payload::load(&source, 0, false).unwrap_err().to_string();
        assert!(error.contains("the length at byte 5 is 9, but 1 bytes are left"), "{error}");
        std::fs::write(file.path(), b"plain text\n").unwrap();
        assert!(matches!(
            Payload::load(&source, 0, false),
            Err(EngineError::Payload(PayloadError::Cut { at: 0, .. }))
        ));
    }

    #[test]
    fn sized_values_have_that_size_and_differ() {
        for size in [1, 100, 1_000_000, 20 << 20] {
            let payload = Payload::load(&PayloadSource::Sized(size), 5, false).unwrap();
            assert!((0..payload.count()).step_by(997).all(|i| payload.value(i).len() == size));
        }
        let payload = Payload::load(&PayloadSource::Sized(100), 5, false).unwrap();
        let distinct: std::collections::HashSet<&[u8]> =
            (0..payload.count()).map(|i| payload.value(i)).collect();
        assert!(distinct.len() > payload.count() * 9 / 10);
    }
}
