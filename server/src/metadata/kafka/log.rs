//! Reading the files of Kafka's metadata log: its latest snapshot, then the records behind it, in order.
//!
//! ```text
//! __cluster_metadata-0/00000000000000000000.log                    batches from offset 0 on
//! __cluster_metadata-0/00000000000000001500-0000000003.checkpoint  what those before offset 1500 add up to
//! ```
//!
//! Nothing is written here. A broken batch counts as a torn end only under three conditions: nothing whole lies
//! behind it, no other file says that the log went on (`known_end`), and the last stop was not clean. Anything else
//! that does not read as Kafka writes it is refused.

use std::path::Path;

use bytes::{Bytes, BytesMut};
use creel_engine::{
    BATCH_HEADER_BYTES, Batch, BatchError, BatchHeader, LastStop, Record, Records, UncheckedBatch,
};
use creel_io::fs::{self, File, OpenOptions};

use super::error::NotUnderstood;
use super::image::Image;
use super::known_end::{KnownEnd, number};
use super::record::{Control, MetadataRecord};

/// Bytes that are read at a time.
const PIECE_BYTES: usize = 1 << 20;
/// Bytes behind a broken batch that are looked through for a whole one. Kafka's own batches have 8 MiB at most.
const TORN_BYTES_MAX: u64 = 64 << 20;
const MAGIC_AT: usize = 16;

/// How far the log was there: it grows whenever Kafka runs.
#[derive(Clone, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub(crate) struct LogEnd {
    /// The name of the last segment.
    pub(crate) segment: String,
    /// Its length in bytes.
    pub(crate) length: u64,
}

/// What the log says.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct FoundLog {
    pub(super) image: Image,
    pub(super) end: LogEnd,
    /// The offset that the next record would have had.
    pub(super) end_offset: i64,
    /// Whether it is sure that nothing behind it is missing.
    pub(super) is_whole: bool,
}

/// The files of the log.
struct LogFiles {
    /// By offset and epoch: the name.
    snapshots: Vec<((i64, i32), String)>,
    /// By base offset: the name.
    segments: Vec<(i64, String)>,
}

impl LogFiles {
    fn of(directory: &Path) -> Result<Self, NotUnderstood> {
        let mut files = Self { snapshots: Vec::new(), segments: Vec::new() };
        for name in fs::read_dir(directory).map_err(NotUnderstood::io(directory))? {
            let Some(name) = name.to_str() else { continue };
            if let Some(id) = name.strip_suffix(".checkpoint").and_then(snapshot_id) {
                files.snapshots.push((id, name.to_owned()));
            } else if let Some(base) = name.strip_suffix(".log").and_then(|digits| number(digits, 20)) {
                files.segments.push((base, name.to_owned()));
            }
        }
        files.snapshots.sort();
        files.segments.sort();
        Ok(files)
    }
}

fn snapshot_id(stem: &str) -> Option<(i64, i32)> {
    let (offset, epoch) = stem.split_once('-')?;
    Some((number(offset, 20)?, i32::try_from(number(epoch, 10)?).ok()?))
}

/// Where the log ends, by the names and lengths of its files.
pub(crate) fn end(directory: &Path) -> Result<LogEnd, NotUnderstood> {
    let Some((_, segment)) = LogFiles::of(directory)?.segments.pop() else {
        return Ok(LogEnd::default());
    };
    let path = directory.join(&segment);
    let length = File::open(&path, OpenOptions::read()).and_then(|file| file.len());
    Ok(LogEnd { segment, length: length.map_err(NotUnderstood::io(&path))? })
}

/// Reads all of the log. `None` where it holds nothing.
pub(super) async fn read(directory: &Path, last_stop: LastStop) -> Result<Option<FoundLog>, NotUnderstood> {
    let LogFiles { mut snapshots, segments } = LogFiles::of(directory)?;
    let snapshot = snapshots.pop();
    if snapshot.is_none() && segments.is_empty() {
        return Ok(None);
    }
    let mut image = Image::default();
    let mut from = 0;
    if let Some(((offset, _), name)) = snapshot {
        read_snapshot(&directory.join(name), &mut image).await?;
        from = offset;
    }
    let end_offset = read_segments(directory, &segments, from, last_stop, &mut image).await?;
    let last = segments.last().map_or(0, |(base, _)| *base);
    let known = KnownEnd::of(directory, last).await?;
    let end = end(directory)?;
    known.check_end(&directory.join(&end.segment), end_offset)?;
    let is_whole = known.proves_end(end_offset, last);
    Ok(Some(FoundLog { image, end, end_offset, is_whole }))
}

async fn read_snapshot(path: &Path, image: &mut Image) -> Result<(), NotUnderstood> {
    let mut batches = Batches::open(path)?;
    let mut at = 0;
    let (mut has_header, mut has_footer) = (false, false);
    loop {
        let batch = match batches.next().await? {
            NextBatch::Batch(batch) => batch,
            NextBatch::End if has_footer => return Ok(()),
            NextBatch::End => {
                return Err(NotUnderstood::new(path, "the snapshot is cut short: its footer is missing"));
            }
            NextBatch::Broken(error) => return Err(batches.broken(error)),
        };
        if batch.header().base_offset.get() != at || has_footer {
            return Err(batches.misplaced(&batch, at));
        }
        at = batch.header().end_offset().get();
        for record in batches.records(&batch)? {
            match replay(image, &batch, &record).map_err(|reason| batches.record_error(&record, &reason))? {
                Some(Control::SnapshotHeader) => has_header = true,
                Some(Control::SnapshotFooter) => has_footer = true,
                _ if !has_header => return Err(NotUnderstood::new(path, "the snapshot's header is missing")),
                _ => {}
            }
        }
    }
}

async fn read_segments(
    directory: &Path,
    segments: &[(i64, String)],
    from: i64,
    last_stop: LastStop,
    image: &mut Image,
) -> Result<i64, NotUnderstood> {
    let first = segments.partition_point(|(base, _)| *base <= from).saturating_sub(1);
    let mut at = segments.first().map_or(from, |_| segments[first].0);
    if at > from {
        return Err(NotUnderstood::new(
            directory,
            format!("the records from offset {from} to {at} are missing"),
        ));
    }
    for (index, (base, name)) in segments.iter().enumerate().skip(first) {
        let path = directory.join(name);
        if *base != at {
            let reason = format!("it begins with offset {base}, but the records before it end with {at}");
            return Err(NotUnderstood::new(&path, reason));
        }
        let may_be_torn = index + 1 == segments.len() && last_stop == LastStop::Unclean;
        at = read_segment(&path, at, from, may_be_torn, image).await?;
    }
    if at < from {
        // A snapshot holds what is committed, and what is committed is in the log.
        return Err(NotUnderstood::new(
            directory,
            format!("the log ends with {at}, before its snapshot ({from})"),
        ));
    }
    Ok(at)
}

/// Replays the records of a segment from an offset on. Where it ends.
async fn read_segment(
    path: &Path,
    base: i64,
    from: i64,
    may_be_torn: bool,
    image: &mut Image,
) -> Result<i64, NotUnderstood> {
    let mut batches = Batches::open(path)?;
    let mut at = base;
    loop {
        let batch = match batches.next().await? {
            NextBatch::Batch(batch) => batch,
            NextBatch::End => return Ok(at),
            NextBatch::Broken(error) if may_be_torn && !batches.is_whole_behind(at).await? => {
                tracing::warn!(
                    file = %path.display(), offset = at, %error,
                    "the torn end of Kafka's metadata log is ignored: it was never committed"
                );
                return Ok(at);
            }
            NextBatch::Broken(error) => return Err(batches.broken(error)),
        };
        if batch.header().base_offset.get() != at {
            return Err(batches.misplaced(&batch, at));
        }
        at = batch.header().end_offset().get();
        for record in &batches.records(&batch)? {
            if record.offset.get() >= from {
                replay(image, &batch, record).map_err(|reason| batches.record_error(record, &reason))?;
            } else if let Ok(MetadataRecord::RemoveTopic(removed)) = MetadataRecord::read(record) {
                // The snapshot says nothing of it, but its directories may still be there.
                image.removed.insert(removed.topic_id);
            }
        }
    }
}

fn replay(image: &mut Image, batch: &Batch, record: &Record) -> Result<Option<Control>, String> {
    if batch.header().attributes.is_control() {
        let control = Control::read(record).map_err(|error| error.to_string())?;
        image.replay_control(&control);
        return Ok(Some(control));
    }
    let said = MetadataRecord::read(record).map_err(|error| error.to_string())?;
    image.replay(said).map_err(|error| error.to_string())?;
    Ok(None)
}

/// The batches of a file, one after the other.
struct Batches<'a> {
    path: &'a Path,
    file: File,
    length: u64,
    /// What was read and not yet given out.
    ahead: BytesMut,
    /// Where that begins.
    position: u64,
    /// Where the last batch began.
    last: u64,
}

enum NextBatch {
    Batch(Batch),
    End,
    /// What comes next is no whole batch.
    Broken(BatchError),
}

impl<'a> Batches<'a> {
    fn open(path: &'a Path) -> Result<Self, NotUnderstood> {
        let file = File::open(path, OpenOptions::read()).map_err(NotUnderstood::io(path))?;
        let length = file.len().map_err(NotUnderstood::io(path))?;
        Ok(Self { path, file, length, ahead: BytesMut::new(), position: 0, last: 0 })
    }

    async fn next(&mut self) -> Result<NextBatch, NotUnderstood> {
        self.last = self.position;
        self.fill(BATCH_HEADER_BYTES).await?;
        if self.ahead.is_empty() {
            return Ok(NextBatch::End);
        }
        let size = match BatchHeader::parse(&self.ahead) {
            Ok(header) => header.size_bytes,
            Err(error) => return Ok(NextBatch::Broken(error)),
        };
        let have = usize::try_from(self.length.saturating_sub(self.position)).unwrap_or(usize::MAX);
        if size > have {
            return Ok(NextBatch::Broken(BatchError::Short { have, need: size }));
        }
        self.fill(size).await?;
        match UncheckedBatch::new(Bytes::copy_from_slice(&self.ahead[..size])).verify() {
            Ok(batch) => {
                let _ = self.ahead.split_to(size);
                self.position += size as u64;
                Ok(NextBatch::Batch(batch))
            }
            Err(error) => Ok(NextBatch::Broken(error)),
        }
    }

    /// Reads until so many bytes are at hand, or the file has no more.
    async fn fill(&mut self, want: usize) -> Result<(), NotUnderstood> {
        let left = usize::try_from(self.length.saturating_sub(self.position)).unwrap_or(usize::MAX);
        let want = want.min(left);
        if self.ahead.len() >= want {
            return Ok(());
        }
        let from = self.position + self.ahead.len() as u64;
        let length = (want.max(PIECE_BYTES).min(left)) - self.ahead.len();
        let piece = self.file.read_exact_at(from, length).await.map_err(NotUnderstood::io(self.path))?;
        self.ahead.unsplit(piece);
        Ok(())
    }

    /// Whether a whole batch of later records lies behind a broken one.
    async fn is_whole_behind(&mut self, at: i64) -> Result<bool, NotUnderstood> {
        let rest = self.length.saturating_sub(self.position);
        if rest > TORN_BYTES_MAX {
            return Ok(true);
        }
        self.fill(usize::try_from(rest).unwrap_or(usize::MAX)).await?;
        let bytes = self.ahead.clone().freeze();
        let is_batch = |from: usize| {
            let tail = bytes.slice(from..);
            let header = (tail.get(MAGIC_AT) == Some(&2)).then(|| BatchHeader::parse(&tail).ok()).flatten();
            let header =
                header.filter(|header| header.base_offset.get() >= at && header.size_bytes <= tail.len());
            header.is_some_and(|header| UncheckedBatch::new(tail.slice(..header.size_bytes)).verify().is_ok())
        };
        Ok((1..bytes.len()).any(is_batch))
    }

    fn records(&self, batch: &Batch) -> Result<Vec<Record>, NotUnderstood> {
        let records = Records::decompress(batch).and_then(|records| records.collect::<Result<_, _>>().ok());
        records.ok_or_else(|| self.wrong("its records do not decode"))
    }

    fn broken(&self, error: BatchError) -> NotUnderstood {
        self.wrong(&error.to_string())
    }

    fn misplaced(&self, batch: &Batch, expected: i64) -> NotUnderstood {
        let offset = batch.header().base_offset.get();
        self.wrong(&format!("it begins with offset {offset} instead of {expected}"))
    }

    fn wrong(&self, reason: &str) -> NotUnderstood {
        NotUnderstood::new(self.path, format!("the batch at byte {}: {reason}", self.last))
    }

    fn record_error(&self, record: &Record, reason: &str) -> NotUnderstood {
        NotUnderstood::new(self.path, format!("the record at offset {}: {reason}", record.offset.get()))
    }
}
