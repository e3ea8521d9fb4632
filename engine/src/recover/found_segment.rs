//! A segment's file as a start finds it. Its content is not known yet: it can be read, but not served.

use std::io;
use std::path::{Path, PathBuf};

use creel_io::fs::{self, Facts, File};

use crate::directory::log_path;
use crate::error::naming;
use crate::format::bad_ranges::BadRange;
use crate::offset::{FilePosition, Offset};
use crate::segment::Segment;
use crate::segment::active::ActiveSegment;
use crate::segment::scan::Scan;
use crate::segment::side_files::{last_indexed, read_indexes};

/// What lies at the end of a sealed segment.
#[derive(Clone, Copy, Debug)]
struct SegmentEnd {
    /// The offset after its last batch.
    end: Offset,
    /// Whether the file ends with its last batch.
    ends_with_batches: bool,
}

impl SegmentEnd {
    /// Whether the batches of `segment` lead up to the next segment, so that none is missing between the two.
    fn leads_to(self, segment: Offset, next: Offset, bad_ranges: &[BadRange]) -> bool {
        let is_known = bad_ranges.iter().any(|bad| bad.segment == segment && bad.start == self.end);
        is_known || (self.ends_with_batches && self.end == next)
    }
}

fn check_file(facts: Facts) -> io::Result<Facts> {
    if facts.is_file { Ok(facts) } else { Err(io::Error::other("it is no file")) }
}

#[derive(Debug)]
pub(crate) struct FoundSegment {
    directory: PathBuf,
    /// The segment, nothing of which was read. Its length is the file's.
    unread: Segment,
    facts: Facts,
    created_ms: i64,
    tail: Option<SegmentEnd>,
}

impl FoundSegment {
    pub(crate) fn open(directory: &Path, base: Offset, now_ms: i64) -> io::Result<Self> {
        let path = log_path(directory, base);
        let facts = fs::facts(&path).and_then(check_file).map_err(naming(&path))?;
        let unread = Segment::found(directory, base, now_ms, &facts);
        Ok(Self { directory: directory.to_path_buf(), unread, facts, created_ms: now_ms, tail: None })
    }

    pub(crate) fn base(&self) -> Offset {
        self.unread.base
    }

    /// The size of the file in bytes.
    pub(crate) fn length(&self) -> u64 {
        self.unread.length()
    }

    /// The number of the device that it lies on.
    pub(crate) fn device(&self) -> u64 {
        self.facts.device
    }

    /// Whether the file is what it should be if it holds `segment`, so that there is nothing to cut.
    pub(crate) fn is_as(&self, segment: &Segment) -> bool {
        let has_its_time = !segment.has_no_times() || self.facts.modified_ms == segment.appended_ms();
        self.facts.length == segment.length() && has_its_time
    }

    pub(crate) fn path(&self) -> &Path {
        self.unread.log.path()
    }

    pub(crate) fn file(&self) -> io::Result<File> {
        self.unread.log.get()
    }

    /// The segment as the last stop left it. It holds what its file and its indexes say.
    pub(crate) fn trusted(self) -> Segment {
        self.unread
    }

    /// The segment without any batches. The caller adds them again, from the first one on.
    pub(crate) fn emptied(&self) -> ActiveSegment {
        let segment = Segment::new(&self.directory, self.base(), self.created_ms);
        let mut segment = ActiveSegment::noting(segment);
        segment.note_append(self.unread.appended_ms());
        segment
    }

    /// The segment, for a lookup in its file.
    pub(crate) fn unread(&self) -> &Segment {
        &self.unread
    }

    /// Whether the batches of a sealed segment lead up to the next segment.
    pub(crate) async fn leads_to(&mut self, next: Offset, bad_ranges: &[BadRange]) -> io::Result<bool> {
        let tail = self.tail().await?;
        Ok(tail.leads_to(self.base(), next, bad_ranges))
    }

    /// Whether a sealed segment is as the stop left it: its indexes exist, its file ends with its batches, and they
    /// lead up to the next segment (which `bad_ranges` are needed to decide). The file may be longer although its
    /// batches are durable, because a crash can undo the cut at the file's end. That happens if nothing was appended
    /// since, or if retention dropped the segment before the next sync and the crash brought it back.
    pub(crate) async fn is_sound_before(
        &mut self,
        next: Offset,
        bad_ranges: Option<&[BadRange]>,
    ) -> io::Result<bool> {
        if read_indexes(&self.directory, &self.unread)?.is_none() {
            return Ok(false);
        }
        let tail = self.tail().await?;
        let leads_to = |bad_ranges| tail.leads_to(self.base(), next, bad_ranges);
        Ok(tail.ends_with_batches && bad_ranges.is_none_or(leads_to))
    }

    /// Walks over the batches behind the index's last entry, once.
    async fn tail(&mut self) -> io::Result<SegmentEnd> {
        if let Some(tail) = self.tail {
            return Ok(tail);
        }
        let from = last_indexed(&self.directory, self.base()).await.unwrap_or(FilePosition::START);
        let mut scan = Scan::new(self.file()?, from, self.length());
        let mut tail = SegmentEnd { end: self.base(), ends_with_batches: true };
        while let Some(header) = scan.header().await? {
            let Ok(header) = header else {
                tail.ends_with_batches = false;
                break;
            };
            tail.end = header.end_offset();
            scan.skip(header.size_bytes);
        }
        self.unread.log.close();
        self.tail = Some(tail);
        Ok(tail)
    }
}
