//! The stamp that each record carries in its header `creel`, so that the values stay the user's own bytes.
//!
//! ```text
//! header count = 1 | key length = 5 | "creel" | value length | run u16 | producer u16 | sequence u48 | intended u48 [| hash u64]
//! ```
//! `intended` counts nanoseconds from the start of the process (78 hours fit); `sequence` counts per producer and
//! partition. The hash is there under `--verify full` only. All of it has a fixed size: 24 bytes a record, or 32.

/// The header's key.
pub const HEADER_KEY: &[u8; 5] = b"creel";
const PLAIN_VALUE_BYTES: usize = 16;
const HASHED_VALUE_BYTES: usize = 24;
const VALUE_AT: usize = 8;
/// Bytes of the encoded headers without a hash.
pub const PLAIN_BYTES: usize = VALUE_AT + PLAIN_VALUE_BYTES;
/// Bytes of the encoded headers with a hash.
pub const HASHED_BYTES: usize = VALUE_AT + HASHED_VALUE_BYTES;
/// Header count, key length, key and value length are always these bytes (lengths in zigzag).
const PLAIN_HEAD: [u8; VALUE_AT] = *b"\x02\x0acreel\x20";
const HASHED_HEAD: [u8; VALUE_AT] = *b"\x02\x0acreel\x30";
const U48_MAX: u64 = (1 << 48) - 1;

/// Who wrote a record, which one of theirs it is, and when it was meant to be sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stamp {
    /// Tells this run's records from those of another run on the same topic.
    pub run: u16,
    /// The producer's number within the run.
    pub producer: u16,
    /// Counts from 0 per producer and partition.
    pub sequence: u64,
    /// Nanoseconds on the process's clock.
    pub intended_ns: u64,
    /// Of key and value, under `--verify full`.
    pub hash: Option<u64>,
}

/// Bytes the stamp adds to each record.
pub fn encoded_bytes(hashed: bool) -> usize {
    if hashed { HASHED_BYTES } else { PLAIN_BYTES }
}

/// The hash that `--verify full` compares: CRC-64/NVME over the value, mixed with that over the key.
pub fn content_hash(key: Option<&[u8]>, value: &[u8]) -> u64 {
    let of_key = key.map_or(0, |key| crc_fast::crc64_nvme(key).wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1);
    crc_fast::crc64_nvme(value) ^ of_key
}

impl Stamp {
    /// Writes header count, key and value at the start of `out`; returns the bytes used.
    #[inline]
    pub fn encode(&self, out: &mut [u8]) -> usize {
        let value_bytes = if self.hash.is_some() { HASHED_VALUE_BYTES } else { PLAIN_VALUE_BYTES };
        out[..VALUE_AT].copy_from_slice(if self.hash.is_some() { &HASHED_HEAD } else { &PLAIN_HEAD });
        let value = &mut out[VALUE_AT..];
        value[0..2].copy_from_slice(&self.run.to_le_bytes());
        value[2..4].copy_from_slice(&self.producer.to_le_bytes());
        value[4..10].copy_from_slice(&self.sequence.to_le_bytes()[..6]);
        value[10..16].copy_from_slice(&self.intended_ns.to_le_bytes()[..6]);
        if let Some(hash) = self.hash {
            value[16..24].copy_from_slice(&hash.to_le_bytes());
        }
        VALUE_AT + value_bytes
    }

    /// Reads the headers of a record that loadgen wrote; `None` when they are others, and have to be walked.
    #[inline]
    pub fn decode_headers(headers: &[u8]) -> Option<Stamp> {
        let (head, value) = headers.split_first_chunk::<VALUE_AT>()?;
        (*head == PLAIN_HEAD || *head == HASHED_HEAD).then(|| Stamp::decode(value)).flatten()
    }

    /// Reads a header's value back; `None` when it has no stamp's length.
    #[inline]
    pub fn decode(value: &[u8]) -> Option<Stamp> {
        let hash = match value.len() {
            PLAIN_VALUE_BYTES => None,
            HASHED_VALUE_BYTES => Some(u64::from_le_bytes(value[16..24].try_into().ok()?)),
            _ => return None,
        };
        Some(Stamp {
            run: u16::from_le_bytes(value[0..2].try_into().ok()?),
            producer: u16::from_le_bytes(value[2..4].try_into().ok()?),
            sequence: u64::from_le_bytes(value[4..12].try_into().ok()?) & U48_MAX,
            intended_ns: u64::from_le_bytes(value[8..16].try_into().ok()?) >> 16,
            hash,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stamp_reads_back() {
        for hash in [None, Some(0xdead_beef_0bad_cafe)] {
            let stamp = Stamp { run: 7, producer: 513, sequence: U48_MAX - 1, intended_ns: 1 << 47, hash };
            let mut room = [0u8; HASHED_BYTES];
            let used = stamp.encode(&mut room);
            assert_eq!(used, encoded_bytes(hash.is_some()));
            assert_eq!(Stamp::decode(&room[VALUE_AT..used]), Some(stamp));
            assert_eq!(Stamp::decode_headers(&room[..used]), Some(stamp));
            assert_eq!(Stamp::decode_headers(&room[..used - 1]), None);
        }
        assert_eq!(Stamp::decode(b"short"), None);
    }

    #[test]
    fn the_hash_tells_key_from_value() {
        assert_ne!(content_hash(Some(b"a"), b"b"), content_hash(Some(b"b"), b"a"));
        assert_ne!(content_hash(None, b"b"), content_hash(Some(b""), b"b"));
    }
}
