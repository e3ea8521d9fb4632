//! How far Kafka's metadata log is known to have reached, by the files beside its records.
//!
//! A log that was cut short looks like one that ends there, or like one whose end a crash tore. But Kafka names the
//! log's offsets in other files too, and each of them only once the records before it are written:
//!
//! ```text
//! leader-epoch-checkpoint          where each epoch of its leader begins
//! 00000000000000001500.snapshot    its producers as of that offset: where a segment begins, and where a clean stop ended
//! 00000000000000000000.index       the last offsets of some of a segment's batches, one every 4 KiB or so
//! ```

use std::io;
use std::path::Path;

use creel_engine::LeaderEpochs;
use creel_io::fs::{self, File, OpenOptions};

use super::error::NotUnderstood;

/// Bytes of an index that are read at a time. While Kafka runs an index is large, and mostly empty.
const PIECE_BYTES: usize = 16 << 10;
/// An offset, as the difference to the segment's first, and a position; 4 bytes each.
const ENTRY_BYTES: usize = 8;

/// What the files say.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct KnownEnd {
    /// The log held all records below it at least.
    pub(super) offset: i64,
    /// The name of the file that says so.
    by: String,
    /// The highest offset at which a snapshot of the producers was written.
    producers_at: Option<i64>,
}

impl KnownEnd {
    /// Looks beside the last segment, which has this base.
    pub(super) async fn of(directory: &Path, last: i64) -> Result<Self, NotUnderstood> {
        let mut known = Self::default();
        let epochs = LeaderEpochs::read(directory).map_err(NotUnderstood::io(directory))?;
        if let Some(start) = epochs.and_then(|epochs| epochs.latest_start()) {
            known.note(start.get(), "leader-epoch-checkpoint");
        }
        for name in fs::read_dir(directory).map_err(NotUnderstood::io(directory))? {
            let Some(name) = name.to_str() else { continue };
            let Some(at) = name.strip_suffix(".snapshot").and_then(|digits| number(digits, 20)) else {
                continue;
            };
            known.note(at, name);
            known.producers_at = known.producers_at.max(Some(at));
        }
        let index = format!("{last:020}.index");
        let path = directory.join(&index);
        if fs::exists(&path)
            && let Some(offset) = last_indexed(&path).await.map_err(NotUnderstood::io(&path))?
        {
            known.note(last.saturating_add(i64::from(offset)).saturating_add(1), &index);
        }
        Ok(known)
    }

    fn note(&mut self, offset: i64, by: &str) {
        if offset > self.offset {
            (self.offset, self.by) = (offset, by.to_owned());
        }
    }

    /// Refuses a log that ends before what it has reached.
    pub(super) fn check_end(&self, segment: &Path, end: i64) -> Result<(), NotUnderstood> {
        if end >= self.offset {
            return Ok(());
        }
        let Self { offset, by, .. } = self;
        Err(NotUnderstood::new(
            segment,
            format!(
                "the log ends with offset {end}, but {by} shows that it went on to {offset}: the missing records may change what is \
                 deleted. Restore the whole file, or let Kafka recover it (start Kafka on this directory, and stop it); Kafka \
                 then goes on without the missing records"
            ),
        ))
    }

    /// Whether nothing behind this end can be missing: a clean stop has written down that it is the end. The base of
    /// a segment proves nothing, because it is written down when the segment begins.
    pub(super) fn proves_end(&self, end: i64, last: i64) -> bool {
        self.producers_at == Some(end) && end > last
    }
}

/// A number of exactly so many digits, as names of files have them.
pub(super) fn number(digits: &str, length: usize) -> Option<i64> {
    let fits = digits.len() == length && digits.bytes().all(|byte| byte.is_ascii_digit());
    fits.then(|| digits.parse().ok())?
}

/// The last offset in an index, relative to its segment's base. Behind the last entry an index that was in use has zeros.
async fn last_indexed(path: &Path) -> io::Result<Option<u32>> {
    let file = File::open(path, OpenOptions::read())?;
    let length = file.len()?;
    let (mut at, mut last) = (0, None);
    while at < length {
        let piece = usize::try_from(length - at).unwrap_or(usize::MAX).min(PIECE_BYTES);
        let bytes = file.read_exact_at(at, piece).await?;
        for entry in bytes.chunks_exact(ENTRY_BYTES) {
            let offset = entry.first_chunk().copied().map_or(0, u32::from_be_bytes);
            if offset <= last.unwrap_or(0) {
                return Ok(last);
            }
            last = Some(offset);
        }
        at += piece as u64;
    }
    Ok(last)
}
