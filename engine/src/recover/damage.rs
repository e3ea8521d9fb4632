//! What it means that a place holds no sound batch: it is the end of the log, an end torn by a crash, or damage.
//!
//! Two things say what was synced: the checkpoint's recovery point and the mark of the last write (`durability_mark`).
//! A hole below that is damage, whatever it looks like. Above it the bytes decide. A crash loses sectors that were
//! written but not synced. Such a sector reads as it did before the write: as zeros, because a file grows with zeros,
//! or as the mark of the write before. So a torn end shows a lost sector, or it ends with the file. Damage shows
//! neither.
//!
//! In a segment that may be a reused file (`reuse_checkpoint`) a lost sector reads as anything. There, a place above
//! the offset that is known to have been synced is a torn end, whatever it looks like. So the last mark is kept up to
//! date: it is written again when the log comes to rest. One case remains: damage to batches of the last moments before
//! a crash, which were synced while no later mark reached the file. It is taken for a torn end.

use std::io;

use crate::fault_points::{self, Bug};
use crate::format::batch::BatchError;
use crate::format::durability_mark::{MAGIC, MARK_BYTES, Signer};
use crate::limits::SECTOR_BYTES;
use crate::offset::{FilePosition, Offset};
use crate::recover::checkpoint_files::LastStop;
use crate::segment::scan::Scan;

/// What a gap in the batches is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Damage {
    /// The log ends here; only zeros follow.
    End,
    /// The log ends here; what follows was never durable.
    Torn {
        /// The number of bytes that are not preallocated zeros.
        bytes: u64,
        /// The number of sound batches among them.
        batches: u64,
    },
    /// Durable data is lost. The log goes on at `position` with offset `resume`.
    Bad { resume: Offset, position: FilePosition },
}

/// A place where a batch should begin and none does.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Gap {
    /// The segment, and what signs its marks.
    pub(crate) signer: Signer,
    /// The offset that should come next.
    pub(crate) expected: Offset,
    /// The base offset of the next segment.
    pub(crate) next: Option<Offset>,
}

/// Decides what the gap at the position of `scan` is. After a clean stop nothing can be torn.
pub(crate) async fn judge(
    scan: &mut Scan,
    gap: Gap,
    safe_below: Offset,
    last_stop: LastStop,
) -> io::Result<Damage> {
    let start = scan.position();
    let safe_below = safe_below.max(scan.mark_here(gap.signer).await?.unwrap_or(Offset::ZERO));
    let may_be_torn = gap.expected >= safe_below && last_stop == LastStop::Unclean;
    let mut judge = Judge { scan, gap, start, safe_below, may_be_torn };
    if gap.signer.secret.is_some() && may_be_torn {
        return judge.among_stale_bytes().await;
    }
    judge.judge().await
}

struct Judge<'a> {
    scan: &'a mut Scan,
    gap: Gap,
    start: FilePosition,
    safe_below: Offset,
    may_be_torn: bool,
}

impl Judge<'_> {
    async fn judge(&mut self) -> io::Result<Damage> {
        let Gap { signer, expected, next } = self.gap;
        let start = self.start;
        let written_end = self.written_end().await?;
        let limit = next.unwrap_or(signer.segment + i64::from(i32::MAX)).max(expected);
        self.scan.go_to(start + 1);
        let sound = self.scan.find_sound(expected, limit).await?;
        let sound_at = self.scan.position();
        let end = if sound.is_some() { sound_at } else { self.scan.end() };
        let is_torn = self.may_be_torn && self.shows_loss(end).await?;
        let was_safe = expected < self.safe_below;
        let torn_bytes = written_end.get().saturating_sub(start.get());
        match (sound, next) {
            (Some(_), _) if is_torn || fault_points::has(Bug::TruncateAtBadBatch) => {
                Ok(Damage::Torn { bytes: torn_bytes, batches: self.count_batches(sound_at).await? })
            }
            (Some(header), _) => Ok(Damage::Bad { resume: header.base_offset, position: sound_at }),
            (None, Some(next)) if !is_torn && (!self.may_be_torn || !self.runs_out(written_end).await?) => {
                Ok(Damage::Bad { resume: next, position: self.scan.end() })
            }
            (None, None) if was_safe => {
                Ok(Damage::Bad { resume: self.safe_below, position: self.scan.end() })
            }
            (None, _) if torn_bytes == 0 => Ok(Damage::End),
            (None, _) => Ok(Damage::Torn { bytes: torn_bytes, batches: 0 }),
        }
    }

    async fn count_batches(&mut self, from: FilePosition) -> io::Result<u64> {
        let mut batches = 0;
        self.scan.go_to(from);
        while let Some(Ok(header)) = self.scan.verified().await? {
            batches += 1;
            self.scan.skip(header.size_bytes);
        }
        Ok(batches)
    }

    /// The end of a log among stale bytes. Only a header that continues the log shows that a write was torn.
    async fn among_stale_bytes(&mut self) -> io::Result<Damage> {
        Ok(match self.scan.header().await? {
            Some(Ok(header)) if header.base_offset == self.gap.expected => {
                Damage::Torn { bytes: header.size_bytes as u64, batches: 0 }
            }
            _ => Damage::End,
        })
    }

    /// The end of the last write, at or behind this position, as far as the bytes show it.
    async fn written_end(&mut self) -> io::Result<FilePosition> {
        let last = self.scan.last_nonzero().await?;
        let mark = self.scan.mark_at_end(self.gap.signer).await?.map_or(0, |_| MARK_BYTES as u64);
        Ok(FilePosition::new(last.get() - mark))
    }

    /// Whether a write that began here did not reach the medium as a whole.
    async fn shows_loss(&mut self, end: FilePosition) -> io::Result<bool> {
        self.scan.go_to(self.start);
        let is_marked = self.scan.mark_here(self.gap.signer).await?.is_some();
        Ok(is_marked || self.shows_lost_sector(end).await?)
    }

    /// Whether the file ends before the batch here does, or goes on with zeros behind it. In the second case the crash
    /// undid a cut of the file, so nothing was synced since the batch was written.
    async fn runs_out(&mut self, written_end: FilePosition) -> io::Result<bool> {
        self.scan.go_to(self.start);
        Ok(match self.scan.header().await? {
            None | Some(Err(BatchError::Short { .. })) => true,
            Some(Ok(header)) => {
                let end = self.start + header.size_bytes as u64;
                written_end <= end && end < self.scan.end()
            }
            Some(Err(_)) => false,
        })
    }

    /// Whether a sector reads as it did before the write that began in it: as zeros, behind the mark of the write
    /// before. The sector is the rest of the one that the gap begins in, or a whole one that begins before `end`. The
    /// sound batch at `end` may begin in a lost sector, because the high bytes of its offset are zeros too.
    async fn shows_lost_sector(&mut self, end: FilePosition) -> io::Result<bool> {
        let (start, scan) = (self.start, &mut *self.scan);
        let sector = SECTOR_BYTES as u64;
        let boundary = FilePosition::new(start.get().next_multiple_of(sector).min(scan.end().get()));
        scan.go_to(start);
        if is_old_head(scan.bytes((boundary.get() - start.get()) as usize).await?, self.gap.expected) {
            return Ok(true);
        }
        scan.go_to(boundary);
        let mark_end = (start + MARK_BYTES as u64).get();
        while scan.position() < end {
            let position = scan.position();
            let length = sector.min(scan.end().get() - position.get());
            let marked = mark_end.saturating_sub(position.get()) as usize;
            if scan.bytes(length as usize).await?.iter().skip(marked).all(|byte| *byte == 0) {
                return Ok(true);
            }
            scan.skip(length as usize);
        }
        Ok(false)
    }
}

/// Whether the rest of a sector was never written, where a batch with offset `expected` should begin. It was not if a
/// mark begins there, or zeros that the batch would not have. A batch also begins with zeros (the high bytes of its
/// offset). So the zeros must cover its magic byte, or a byte of the offset that can't be zero.
fn is_old_head(head: &[u8], expected: Offset) -> bool {
    const MAGIC_AT: usize = 16;
    let magic = head.len().min(MAGIC.len());
    let rest_is_zero = head.iter().skip(MARK_BYTES).all(|byte| *byte == 0);
    if magic > 0 && head[..magic] == MAGIC[..magic] {
        return rest_is_zero;
    }
    let offset_bytes = expected.get().to_be_bytes();
    let telling = head.len() > MAGIC_AT || offset_bytes.iter().take(head.len()).any(|byte| *byte != 0);
    telling && head.iter().all(|byte| *byte == 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_few_zeros_prove_nothing() {
        assert!(!is_old_head(&[], Offset::of(5)));
        assert!(!is_old_head(&[0; 7], Offset::of(5)), "offset 5 begins with seven zeros");
        assert!(is_old_head(&[0; 8], Offset::of(5)));
        assert!(!is_old_head(&[0; 16], Offset::ZERO));
        assert!(is_old_head(&[0; 17], Offset::ZERO));
        assert!(is_old_head(b"CR", Offset::of(5)));
        assert!(!is_old_head(b"CX", Offset::of(5)));
    }
}
