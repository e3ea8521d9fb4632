//! The mark behind the last batch of a file: what was durable when that batch was written.
//!
//! ```text
//! | "CREELEND" | durable offset i64 | segment base i64 | own position u64 | CRC-32C u32 | 0xC7 |
//! ```
//!
//! The first byte tells it from a batch, whose offset never begins so; the last one is not zero, so that the end of
//! what was written can be found in front of zeros (`preallocate`, or what a crash left of a write).
//!
//! Every write ends with one and the next write begins over it, so it costs no write of its own and no sync. After a
//! crash it proves which batches had been synced: a hole below its durable offset is damage, never a torn end. It
//! lies behind the log's end: nobody reads it, and a clean stop cuts it off.
//!
//! In a segment that may hold stale bytes a mark must be found among them, and bytes that clients sent lie there too. So
//! its checksum also covers a secret that no client has ever seen (`recycled`).

use std::io;

use crate::format::batch::crc32c;
use crate::limits::RECOVERY_READ_BYTES;
use crate::offset::{FilePosition, Offset};
use crate::segment::scan::Scan;

pub(crate) const MARK_BYTES: usize = 37;
pub(crate) const MAGIC: &[u8; 8] = b"CREELEND";
const LAST_BYTE: u8 = 0xc7;

// A batch is larger, so the next write leaves nothing of a mark behind.
const _: () = assert!(MARK_BYTES < crate::limits::BATCH_HEADER_BYTES);

/// What only this broker puts into marks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Secret(pub(crate) u64);

impl Secret {
    /// Of segments that can't hold stale bytes.
    pub(crate) const NONE: Self = Self(0);
}

/// Whose marks are meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Signer {
    pub(crate) segment: Offset,
    pub(crate) secret: Secret,
}

impl Signer {
    fn sign(self, bytes: &[u8]) -> u32 {
        match self.secret {
            Secret::NONE => crc32c(bytes),
            Secret(secret) => crc32c(&[bytes, &secret.to_be_bytes()].concat()),
        }
    }
}

/// The mark that lies at `position`.
pub(crate) fn encode(durable: Offset, signer: Signer, position: FilePosition) -> [u8; MARK_BYTES] {
    let mut mark = [0; MARK_BYTES];
    mark[..8].copy_from_slice(MAGIC);
    mark[8..16].copy_from_slice(&durable.0.to_be_bytes());
    mark[16..24].copy_from_slice(&signer.segment.0.to_be_bytes());
    mark[24..32].copy_from_slice(&position.0.to_be_bytes());
    let crc = signer.sign(&mark[..32]);
    mark[32..36].copy_from_slice(&crc.to_be_bytes());
    mark[36] = LAST_BYTE;
    mark
}

/// The durable offset, if the bytes are the mark of `signer` at `position`.
fn decode(bytes: &[u8], signer: Signer, position: FilePosition) -> Option<Offset> {
    let durable = Offset(i64::from_be_bytes(*bytes.get(8..)?.first_chunk()?));
    (bytes == encode(durable, signer, position)).then_some(durable)
}

impl Scan {
    /// What the mark here, if there is one, says was durable. Leaves the walk where it was.
    pub(crate) async fn mark_here(&mut self, signer: Signer) -> io::Result<Option<Offset>> {
        let position = self.position();
        if self.end().0.saturating_sub(position.0) < MARK_BYTES as u64 {
            return Ok(None);
        }
        Ok(decode(self.bytes(MARK_BYTES).await?, signer, position))
    }

    /// The same for the mark that ends at the last byte of the file that is not zero.
    pub(crate) async fn mark_at_end(&mut self, signer: Signer) -> io::Result<Option<Offset>> {
        let from = self.position();
        let last = self.last_nonzero().await?;
        let Some(start) = last.0.checked_sub(MARK_BYTES as u64).filter(|start| *start >= from.0) else {
            return Ok(None);
        };
        self.go_to(FilePosition(start));
        let mark = self.mark_here(signer).await;
        self.go_to(from);
        mark
    }

    /// The most that any mark at or behind here says was durable. Leaves the walk at the data's end.
    pub(crate) async fn best_mark(&mut self, signer: Signer) -> io::Result<Option<Offset>> {
        let mut best = None;
        while self.data_end().0.saturating_sub(self.position().0) >= MARK_BYTES as u64 {
            let position = self.position();
            let left = self.data_end().0 - position.0;
            let bytes = self.bytes(left.min(RECOVERY_READ_BYTES as u64) as usize).await?;
            let step = bytes.len() - MARK_BYTES + 1;
            let starts = (0..step).filter(|at| bytes[*at] == MAGIC[0] && bytes[*at..].starts_with(MAGIC));
            let marks =
                starts.filter_map(|at| decode(&bytes[at..at + MARK_BYTES], signer, position + at as u64));
            best = best.max(marks.max());
            self.skip(step);
        }
        Ok(best)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_right_mark_in_the_right_place_counts() {
        let signer = Signer { segment: Offset(10), secret: Secret::NONE };
        let mark = encode(Offset(77), signer, FilePosition(500));
        assert_eq!(decode(&mark, signer, FilePosition(500)), Some(Offset(77)));
        assert_eq!(decode(&mark, signer, FilePosition(501)), None);
        assert_eq!(decode(&mark, Signer { segment: Offset(11), ..signer }, FilePosition(500)), None);
        assert_eq!(decode(&mark, Signer { secret: Secret(7), ..signer }, FilePosition(500)), None);
        for bit in 0..MARK_BYTES * 8 {
            let mut copy = mark;
            copy[bit / 8] ^= 1 << (bit % 8);
            assert_eq!(decode(&copy, signer, FilePosition(500)), None, "bit {bit}");
        }
        assert_eq!(decode(&[], signer, FilePosition(500)), None);
    }
}
