//! What the records hold: a user's lines, or order events, whole or cut to a size. Made before the run, so that the
//! run itself only copies; values repeat only after the whole pool was used.

use crate::orders::Orders;
use crate::records::stamp::content_hash;
use std::ops::Range;
use std::path::{Path, PathBuf};
use thiserror::Error;

/// Bytes of generated values: more than any codec's window in a batch, so repetition can't flatter the ratio.
const POOL_BYTES: usize = 16 << 20;

/// Where the values come from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PayloadSource {
    /// Order events as they come, some 300 bytes each.
    Orders,
    /// Pieces of exactly so many bytes from a stream of order events.
    Sized(usize),
    /// The lines of a file, without their line ends; empty lines are left out.
    Lines(PathBuf),
    /// The values of a file, each behind its length: 4 bytes, big-endian. Any bytes, line ends too; also none.
    LengthPrefixed(PathBuf),
}

/// How a file holds its values.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, clap::ValueEnum)]
pub enum PayloadFormat {
    /// One a line.
    #[default]
    Lines,
    /// Each behind its length: 4 bytes, big-endian.
    LengthPrefixed,
}

impl PayloadSource {
    /// What the options of a command name.
    pub fn of(file: Option<&Path>, format: PayloadFormat, record_size: Option<usize>) -> PayloadSource {
        match (file, format, record_size) {
            (Some(path), PayloadFormat::Lines, _) => PayloadSource::Lines(path.to_owned()),
            (Some(path), PayloadFormat::LengthPrefixed, _) => PayloadSource::LengthPrefixed(path.to_owned()),
            (None, _, Some(size)) => PayloadSource::Sized(size),
            (None, _, None) => PayloadSource::Orders,
        }
    }
}

/// The values of a run.
#[derive(Debug)]
pub struct Payload {
    bytes: Vec<u8>,
    ends: Vec<usize>,
    hashes: Vec<u64>,
    about: String,
}

/// Why there are no values.
#[derive(Debug, Error)]
pub enum PayloadError {
    /// Missing, or not readable.
    #[error("payload file {path}: {why}")]
    Unreadable {
        /// As given.
        path: PathBuf,
        /// The system's word.
        why: std::io::Error,
    },
    /// Nothing to send.
    #[error("payload file {0} has no value with anything in it")]
    Empty(PathBuf),
    /// The file ends within a value, or was never length-prefixed.
    #[error("payload file {path}: the value at byte {at} says it has {length} bytes, but {left} are left")]
    Cut {
        /// As given.
        path: PathBuf,
        /// Where the value's length is.
        at: usize,
        /// What it says.
        length: usize,
        /// Bytes behind it.
        left: usize,
    },
}

impl Payload {
    /// Reads or makes the values. With `hashed` each value's hash is computed now and not while the clock runs.
    pub fn load(source: &PayloadSource, seed: u64, hashed: bool) -> Result<Payload, PayloadError> {
        let mut payload = match source {
            PayloadSource::Orders => Payload::orders(seed),
            PayloadSource::Sized(size) => Payload::sized(*size, seed),
            PayloadSource::Lines(path) => Payload::lines(path)?,
            PayloadSource::LengthPrefixed(path) => Payload::length_prefixed(path)?,
        };
        if hashed {
            payload.hashes = (0..payload.count()).map(|i| content_hash(None, payload.value(i))).collect();
        }
        Ok(payload)
    }

    /// Values in the pool.
    pub fn count(&self) -> usize {
        self.ends.len()
    }

    /// The `index`-th value.
    #[inline]
    pub fn value(&self, index: usize) -> &[u8] {
        &self.bytes[self.range(index)]
    }

    /// Hash of the `index`-th value, when the payload was loaded with hashes.
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

    /// One line for the report.
    pub fn about(&self) -> &str {
        &self.about
    }

    fn range(&self, index: usize) -> Range<usize> {
        let start = if index == 0 { 0 } else { self.ends[index - 1] };
        start..self.ends[index]
    }

    fn new(bytes: Vec<u8>, ends: Vec<usize>) -> Payload {
        Payload { bytes, ends, hashes: Vec::new(), about: String::new() }
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

    fn lines(path: &Path) -> Result<Payload, PayloadError> {
        let unreadable = |why| PayloadError::Unreadable { path: path.to_owned(), why };
        let text = std::fs::read(path).map_err(unreadable)?;
        let (mut bytes, mut ends) = (Vec::with_capacity(text.len()), vec![]);
        for line in text.split(|byte| *byte == b'\n') {
            let line = line.strip_suffix(b"\r").unwrap_or(line);
            if !line.is_empty() {
                bytes.extend_from_slice(line);
                ends.push(bytes.len());
            }
        }
        Payload::of_file(path, bytes, ends, "lines")
    }

    fn length_prefixed(path: &Path) -> Result<Payload, PayloadError> {
        let unreadable = |why| PayloadError::Unreadable { path: path.to_owned(), why };
        let file = std::fs::read(path).map_err(unreadable)?;
        let (mut bytes, mut ends, mut rest) = (Vec::with_capacity(file.len()), vec![], &file[..]);
        while !rest.is_empty() {
            let at = file.len() - rest.len();
            let cut = |length, left| PayloadError::Cut { path: path.to_owned(), at, length, left };
            let (length, behind) = rest.split_first_chunk::<4>().ok_or_else(|| cut(4, rest.len()))?;
            let length = u32::from_be_bytes(*length) as usize;
            let (value, behind) = behind.split_at_checked(length).ok_or_else(|| cut(length, behind.len()))?;
            bytes.extend_from_slice(value);
            ends.push(bytes.len());
            rest = behind;
        }
        Payload::of_file(path, bytes, ends, "values")
    }

    fn of_file(path: &Path, bytes: Vec<u8>, ends: Vec<usize>, what: &str) -> Result<Payload, PayloadError> {
        if bytes.is_empty() {
            return Err(PayloadError::Empty(path.to_owned()));
        }
        let mut payload = Payload::new(bytes, ends);
        let (count, mean) = (payload.count(), payload.mean_bytes());
        payload.about = format!("{count} {what} of {}, {mean:.0} B on average", path.display());
        Ok(payload)
    }
}

#[cfg(test)]
mod tests {
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
        assert!(matches!(empty, PayloadError::Empty(_)));
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
        assert!(error.contains("at byte 5 says it has 9 bytes, but 1 are left"), "{error}");
        std::fs::write(file.path(), b"plain text\n").unwrap();
        assert!(matches!(Payload::load(&source, 0, false), Err(PayloadError::Cut { at: 0, .. })));
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
