//! The mark behind the last batch of a file: what was durable when that batch was written.
//!
//! ```text
//! | "CREELEND" | durable offset i64 | segment base i64 | own position u64 | CRC-32C u32 | 0xC7 |
//! ```
//!
//! The first byte tells it from a batch, whose offset never begins so; the last one is not zero, so that the end of
//! what was written can be found in front of the zeros claimed ahead.
//!
//! Every write ends with one and the next write begins over it, so it costs no write of its own and no sync. After a
//! crash it proves which batches had been synced: a hole below its durable offset is damage, never a torn end. It
//! lies behind the log's end: nobody reads it, and a clean stop cuts it off.

use std::io;

use crate::batch::crc32c;
use crate::offset::{FilePosition, Offset};
use crate::scan::Scan;

pub(crate) const MARK_BYTES: usize = 37;
pub(crate) const MAGIC: &[u8; 8] = b"CREELEND";
const LAST_BYTE: u8 = 0xc7;

// A batch is larger, so the next write leaves nothing of a mark behind.
const _: () = assert!(MARK_BYTES < crate::limits::BATCH_HEADER_BYTES);

/// The mark that lies at `position`.
pub(crate) fn encode(durable: Offset, segment: Offset, position: FilePosition) -> [u8; MARK_BYTES] {
    let mut mark = [0; MARK_BYTES];
    mark[..8].copy_from_slice(MAGIC);
    mark[8..16].copy_from_slice(&durable.0.to_be_bytes());
    mark[16..24].copy_from_slice(&segment.0.to_be_bytes());
    mark[24..32].copy_from_slice(&position.0.to_be_bytes());
    let crc = crc32c(&mark[..32]);
    mark[32..36].copy_from_slice(&crc.to_be_bytes());
    mark[36] = LAST_BYTE;
    mark
}

/// The durable offset, if the bytes are the mark of `segment` at `position`.
fn decode(bytes: &[u8], segment: Offset, position: FilePosition) -> Option<Offset> {
    let durable = Offset(i64::from_be_bytes(*bytes.get(8..)?.first_chunk()?));
    (bytes == encode(durable, segment, position)).then_some(durable)
}

impl Scan {
    /// What the mark here, if there is one, says was durable. Leaves the walk where it was.
    pub(crate) async fn mark_here(&mut self, segment: Offset) -> io::Result<Option<Offset>> {
        let position = self.position();
        if self.end().0.saturating_sub(position.0) < MARK_BYTES as u64 {
            return Ok(None);
        }
        Ok(decode(self.bytes(MARK_BYTES).await?, segment, position))
    }

    /// The same for the mark that ends at the last byte of the file that is not zero.
    pub(crate) async fn mark_at_end(&mut self, segment: Offset) -> io::Result<Option<Offset>> {
        let from = self.position();
        let last = self.last_nonzero().await?;
        let Some(start) = last.0.checked_sub(MARK_BYTES as u64).filter(|start| *start >= from.0) else {
            return Ok(None);
        };
        self.go_to(FilePosition(start));
        let mark = self.mark_here(segment).await;
        self.go_to(from);
        mark
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_right_mark_in_the_right_place_counts() {
        let mark = encode(Offset(77), Offset(10), FilePosition(500));
        assert_eq!(decode(&mark, Offset(10), FilePosition(500)), Some(Offset(77)));
        assert_eq!(decode(&mark, Offset(10), FilePosition(501)), None);
        assert_eq!(decode(&mark, Offset(11), FilePosition(500)), None);
        for bit in 0..MARK_BYTES * 8 {
            let mut copy = mark;
            copy[bit / 8] ^= 1 << (bit % 8);
            assert_eq!(decode(&copy, Offset(10), FilePosition(500)), None, "bit {bit}");
        }
        assert_eq!(decode(&[], Offset(10), FilePosition(500)), None);
    }
}
