//! The durability mark behind the last batch of a file. It says which offsets were durable when that batch was written.
//!
//! ```text
//! | "CREELEND" | durable offset i64 | segment base i64 | own position u64 | CRC-32C u32 | 0xC7 |
//! ```
//!
//! The first byte tells a mark from a batch: no batch's offset begins with it. The last byte is not zero, so the end of
//! the written bytes can be found in front of zeros (from `preallocate`, or from a crash during a write).
//!
//! Every write ends with a mark, and the next write overwrites it. So a mark costs no write of its own and no sync.
//! After a crash it proves which batches had been synced: a hole below its durable offset is damage, never a torn end.
//! The mark lies behind the log's end, so no reader sees it, and a clean stop cuts it off.
//!
//! In a segment that may hold stale bytes, the mark must be found among them, and clients chose some of those bytes. So
//! the checksum of such a mark also covers a secret that no client has ever seen (`reuse_checkpoint`).

use std::num::NonZeroU64;

use crate::format::batch::crc32c;
use crate::offset::{FilePosition, Offset};

pub(crate) const MARK_BYTES: usize = 37;
pub(crate) const MAGIC: &[u8; 8] = b"CREELEND";
const LAST_BYTE: u8 = 0xc7;

// A batch is larger, so the next write leaves nothing of a mark behind.
const _: () = assert!(MARK_BYTES < crate::limits::BATCH_HEADER_BYTES);

/// A secret of this broker. It signs the marks of segments that may hold stale bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Secret(NonZeroU64);

impl Secret {
    /// `None` for zero, which is no secret.
    pub(crate) fn new(number: u64) -> Option<Self> {
        NonZeroU64::new(number).map(Self)
    }

    pub(crate) fn from_random(number: u64) -> Self {
        Self(NonZeroU64::MIN | number)
    }

    pub(crate) fn get(self) -> u64 {
        self.0.get()
    }
}

/// What a mark's checksum depends on: the segment, and the secret if it has one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Signer {
    pub(crate) segment: Offset,
    /// `None`: the segment can't hold stale bytes.
    pub(crate) secret: Option<Secret>,
}

impl Signer {
    fn sign(self, bytes: &[u8]) -> u32 {
        match self.secret {
            None => crc32c(bytes),
            Some(secret) => crc32c(&[bytes, &secret.get().to_be_bytes()].concat()),
        }
    }
}

/// The mark that lies at `position`.
pub(crate) fn encode(durable: Offset, signer: Signer, position: FilePosition) -> [u8; MARK_BYTES] {
    let mut mark = [0; MARK_BYTES];
    mark[..8].copy_from_slice(MAGIC);
    mark[8..16].copy_from_slice(&durable.get().to_be_bytes());
    mark[16..24].copy_from_slice(&signer.segment.get().to_be_bytes());
    mark[24..32].copy_from_slice(&position.get().to_be_bytes());
    let crc = signer.sign(&mark[..32]);
    mark[32..36].copy_from_slice(&crc.to_be_bytes());
    mark[36] = LAST_BYTE;
    mark
}

/// The durable offset, if the bytes are the mark at `position` that `signer` has signed.
pub(crate) fn decode(bytes: &[u8], signer: Signer, position: FilePosition) -> Option<Offset> {
    let durable = Offset::new(i64::from_be_bytes(*bytes.get(8..)?.first_chunk()?))?;
    (bytes == encode(durable, signer, position)).then_some(durable)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_right_mark_in_the_right_place_counts() {
        let signer = Signer { segment: Offset::of(10), secret: None };
        let mark = encode(Offset::of(77), signer, FilePosition::new(500));
        assert_eq!(decode(&mark, signer, FilePosition::new(500)), Some(Offset::of(77)));
        assert_eq!(decode(&mark, signer, FilePosition::new(501)), None);
        assert_eq!(decode(&mark, Signer { segment: Offset::of(11), ..signer }, FilePosition::new(500)), None);
        assert_eq!(decode(&mark, Signer { secret: Secret::new(7), ..signer }, FilePosition::new(500)), None);
        for bit in 0..MARK_BYTES * 8 {
            let mut copy = mark;
            copy[bit / 8] ^= 1 << (bit % 8);
            assert_eq!(decode(&copy, signer, FilePosition::new(500)), None, "bit {bit}");
        }
        assert_eq!(decode(&[], signer, FilePosition::new(500)), None);
    }
}
