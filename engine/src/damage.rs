//! What a place that holds no sound batch means: the end of the log, an end torn by a crash, or damage.
//!
//! What was synced is known from the checkpoint's recovery point and from the last write's `mark`: a hole below that is
//! damage, whatever it looks like. Above it the bytes decide. A crash loses sectors that were written but not synced;
//! they read as they did before the write: zeros, because segments are claimed as zeros and never reused, or the mark
//! of the write before. So a torn place shows a lost sector, or ends with the file; damage shows neither.

use std::io;

use crate::limits::SECTOR_BYTES;
use crate::mark::MARK_BYTES;
use crate::offset::{FilePosition, Offset};
use crate::scan::Scan;

/// The verdict on a place without a sound batch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Damage {
    /// The log ends here; behind it are only zeros.
    End,
    /// The log ends here; what follows was never safe.
    Torn {
        /// Bytes that are not zeros claimed ahead.
        bytes: u64,
        /// Sound batches among them.
        batches: u64,
    },
    /// Safe data is gone; the log goes on at `position` with offset `resume`.
    Bad { resume: Offset, position: FilePosition },
}

/// Judges the place where `scan` stands, which should hold `expected`. `next` is the next segment's base.
pub(crate) async fn judge(
    scan: &mut Scan,
    expected: Offset,
    segment: Offset,
    safe_below: Offset,
    next: Option<Offset>,
) -> io::Result<Damage> {
    let start = scan.position();
    let written_end = scan.written_end(segment).await?;
    let safe_below = safe_below.max(scan.mark_here(segment).await?.unwrap_or(Offset::ZERO));
    let was_safe = expected < safe_below;
    let limit = next.unwrap_or(segment + i64::from(i32::MAX)).max(expected);
    scan.go_to(start + 1);
    let sound = scan.find_sound(expected, limit).await?;
    let sound_at = scan.position();
    match (sound, next) {
        (Some(header), _) if was_safe || !scan.shows_loss(start, sound_at, segment, expected).await? => {
            Ok(Damage::Bad { resume: header.base_offset, position: sound_at })
        }
        (Some(_), _) => {
            let batches = count_batches(scan, sound_at).await?;
            Ok(Damage::Torn { bytes: written_end.0 - start.0, batches })
        }
        (None, Some(next)) if was_safe || !scan.shows_loss(start, scan.end(), segment, expected).await? => {
            Ok(Damage::Bad { resume: next, position: scan.end() })
        }
        (None, None) if was_safe => Ok(Damage::Bad { resume: safe_below, position: scan.end() }),
        (None, _) if written_end <= start => Ok(Damage::End),
        (None, _) => Ok(Damage::Torn { bytes: written_end.0 - start.0, batches: 0 }),
    }
}

async fn count_batches(scan: &mut Scan, from: FilePosition) -> io::Result<u64> {
    let mut batches = 0;
    scan.go_to(from);
    while let Some(Ok(header)) = scan.verified().await? {
        batches += 1;
        scan.skip(header.size_bytes);
    }
    Ok(batches)
}

impl Scan {
    /// Where the last write ended, as far as it can be seen, at or behind here.
    async fn written_end(&mut self, segment: Offset) -> io::Result<FilePosition> {
        let last = self.last_nonzero().await?;
        let mark = self.mark_at_end(segment).await?.map_or(0, |_| MARK_BYTES as u64);
        Ok(FilePosition(last.0 - mark))
    }

    /// Whether a write that began at `start` did not reach the medium whole.
    async fn shows_loss(
        &mut self,
        start: FilePosition,
        end: FilePosition,
        segment: Offset,
        expected: Offset,
    ) -> io::Result<bool> {
        self.go_to(start);
        Ok(self.mark_here(segment).await?.is_some() || self.shows_lost_sector(start, end, expected).await?)
    }

    /// The position behind the last byte that is not zero, at or behind here. Leaves the walk where it was.
    pub(crate) async fn last_nonzero(&mut self) -> io::Result<FilePosition> {
        let start = self.position();
        let mut last = start;
        while self.position() < self.end() {
            let bytes = self.chunk().await?;
            let (length, nonzero) = (bytes.len(), bytes.iter().rposition(|byte| *byte != 0));
            if let Some(at) = nonzero {
                last = self.position() + at as u64 + 1;
            }
            self.skip(length);
        }
        self.go_to(start);
        Ok(last)
    }

    /// Whether a whole sector between `start` and `end`, or the rest of the one that `start` lies in, reads as
    /// zeros, or the file ends inside.
    async fn shows_lost_sector(
        &mut self,
        start: FilePosition,
        end: FilePosition,
        expected: Offset,
    ) -> io::Result<bool> {
        let sector = SECTOR_BYTES as u64;
        let boundary = FilePosition(start.0.next_multiple_of(sector).min(end.0));
        self.go_to(start);
        if boundary > start && self.is_zero((boundary.0 - start.0) as usize).await? {
            return Ok(is_telling(boundary.0 - start.0, expected));
        }
        self.go_to(boundary);
        while self.position().0 + sector <= end.0 {
            if self.is_zero(SECTOR_BYTES).await? {
                return Ok(true);
            }
            self.skip(SECTOR_BYTES);
        }
        // Zeros to the very end of the file count as lost, however few.
        let rest = end.0 - self.position().0;
        Ok(end == self.end() && (rest == 0 || self.is_zero(rest as usize).await?))
    }

    async fn is_zero(&mut self, length: usize) -> io::Result<bool> {
        Ok(self.bytes(length).await?.iter().all(|byte| *byte == 0))
    }
}

/// A batch begins with zeros anyway (the high bytes of its offset), so a few of them prove nothing: they must cover
/// the magic byte, or a byte of the offset that can't be zero.
fn is_telling(zeros: u64, expected: Offset) -> bool {
    const MAGIC_AT: u64 = 16;
    let offset_bytes = expected.0.to_be_bytes();
    zeros > MAGIC_AT || offset_bytes.iter().take(zeros as usize).any(|byte| *byte != 0)
}
