//! Kafka's `.snapshot` file: the state of all producers just before an offset.
//!
//! ```text
//! version 1  i16 | CRC-32C of what follows it  u32 | number of entries  i32 | entries, 46 bytes each:
//! producer id i64 | epoch i16 | last sequence i32 | last offset i64 | offset delta i32 | timestamp i64
//! | coordinator epoch i32 | first offset of the open transaction, or -1  i64
//! ```
//!
//! Kafka keeps one batch per producer. We write up to five entries for one id, oldest first. Kafka's reader keeps only
//! the last of them; ours keeps them all, so it recognises a retry across a restart as well as one before it.

use bytes::{Buf, BufMut};

use crate::format::batch::crc32c;
use crate::offset::Offset;
use crate::segment::side_files::kind::Kind;

/// It belongs to the offset before which the producers had that state: the base of a segment, or the log's end.
pub(crate) const KIND: Kind = Kind::named("snapshot");
const VERSION: i16 = 1;
const PREFIX_BYTES: usize = 6;
pub(crate) const ENTRY_BYTES: usize = 46;

/// One appended batch of a producer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct RememberedBatch {
    /// Sequence of its last record.
    pub last_sequence: i32,
    /// Offset of its last record.
    pub last_offset: Offset,
    /// The number of records after the first.
    pub offset_delta: i32,
    /// Its largest timestamp. If it has none: when it was appended.
    pub timestamp: i64,
}

impl RememberedBatch {
    /// Offset of its first record.
    pub(crate) fn base_offset(&self) -> Offset {
        self.last_offset + -i64::from(self.offset_delta)
    }

    /// Sequence of its first record; sequences wrap from 2^31-1 to 0.
    pub(crate) fn first_sequence(&self) -> i32 {
        self.last_sequence.wrapping_sub(self.offset_delta) & i32::MAX
    }
}

/// One entry of the file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct SnapshotEntry {
    pub(crate) id: i64,
    pub(crate) epoch: i16,
    pub(crate) coordinator_epoch: i32,
    /// Only for an entry without a batch. For an entry with one, the file holds the batch's timestamp instead.
    pub(crate) last_timestamp: i64,
    pub(crate) transaction_start: Option<Offset>,
    pub(crate) batch: Option<RememberedBatch>,
}

/// The file's bytes.
pub(crate) fn encode(entries: impl Iterator<Item = SnapshotEntry>) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut count = 0_i32;
    for entry in entries {
        put_entry(&mut bytes, &entry);
        count += 1;
    }
    seal(count, &bytes)
}

/// The bytes of a file with `count` entries: version and checksum are added.
pub(crate) fn seal(count: i32, entries: &[u8]) -> Vec<u8> {
    let mut body = count.to_be_bytes().to_vec();
    body.extend_from_slice(entries);
    let mut file = Vec::with_capacity(PREFIX_BYTES + body.len());
    file.put_i16(VERSION);
    file.put_u32(crc32c(&body));
    file.append(&mut body);
    file
}

fn put_entry(into: &mut Vec<u8>, entry: &SnapshotEntry) {
    let batch = entry.batch.as_ref();
    into.put_i64(entry.id);
    into.put_i16(entry.epoch);
    into.put_i32(batch.map_or(-1, |batch| batch.last_sequence));
    into.put_i64(batch.map_or(-1, |batch| batch.last_offset.get()));
    into.put_i32(batch.map_or(0, |batch| batch.offset_delta));
    into.put_i64(batch.map_or(entry.last_timestamp, |batch| batch.timestamp));
    into.put_i32(entry.coordinator_epoch);
    into.put_i64(entry.transaction_start.map_or(-1, |start| start.get()));
}

/// Reads a file's bytes; `None` if they are damaged.
pub(crate) fn decode(mut file: &[u8]) -> Option<Vec<SnapshotEntry>> {
    if file.len() < PREFIX_BYTES + 4 || file.get_i16() != VERSION || file.get_u32() != crc32c(file) {
        return None;
    }
    let count = usize::try_from(file.get_i32()).ok()?;
    if file.len() != count.checked_mul(ENTRY_BYTES)? {
        return None;
    }
    Some(file.chunks(ENTRY_BYTES).map(take_entry).collect())
}

/// `entry` has exactly the length of an entry: `decode` has checked the length of the whole.
fn take_entry(mut entry: &[u8]) -> SnapshotEntry {
    let id = entry.get_i64();
    let epoch = entry.get_i16();
    let last_sequence = entry.get_i32();
    let last_offset = entry.get_i64();
    let offset_delta = entry.get_i32();
    let timestamp = entry.get_i64();
    let last_offset = Offset::new(last_offset).filter(|_| last_sequence >= 0);
    let batch = |last_offset| RememberedBatch { last_sequence, last_offset, offset_delta, timestamp };
    SnapshotEntry {
        id,
        epoch,
        coordinator_epoch: entry.get_i32(),
        last_timestamp: timestamp,
        transaction_start: Offset::new(entry.get_i64()),
        batch: last_offset.map(batch),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample() -> Vec<SnapshotEntry> {
        let batch = |last_sequence, last_offset| {
            let last_offset = Offset::of(last_offset);
            Some(RememberedBatch { last_sequence, last_offset, offset_delta: 0, timestamp: 5 })
        };
        let entry = |id, batch| SnapshotEntry {
            id,
            epoch: 2,
            coordinator_epoch: -1,
            last_timestamp: 5,
            transaction_start: None,
            batch,
        };
        let open = SnapshotEntry { transaction_start: Some(Offset::of(2)), ..entry(9, batch(40, 2)) };
        vec![entry(7, batch(0, 0)), entry(7, batch(1, 1)), open, entry(11, None)]
    }

    #[test]
    fn all_entries_come_back() {
        let file = encode(sample().into_iter());
        assert_eq!(file.len(), 10 + 4 * ENTRY_BYTES);
        assert_eq!(decode(&file), Some(sample()));
        assert_eq!(decode(&encode([].into_iter())), Some(Vec::new()));
    }

    #[test]
    fn any_flipped_bit_and_any_cut_is_seen() {
        let file = encode(sample().into_iter());
        for bit in 0..file.len() * 8 {
            let mut copy = file.clone();
            copy[bit / 8] ^= 1 << (bit % 8);
            assert_eq!(decode(&copy), None, "bit {bit}");
        }
        for length in 0..file.len() {
            assert_eq!(decode(&file[..length]), None, "length {length}");
        }
    }
}
