//! Kafka's `.snapshot` file: the producers as they were before an offset.
//!
//! ```text
//! version 1  i16 | CRC-32C of what follows it  u32 | number of entries  i32 | entries, 46 bytes each:
//! producer id i64 | epoch i16 | last sequence i32 | last offset i64 | offset delta i32 | timestamp i64
//! | coordinator epoch i32 | first offset of the open transaction, or -1  i64
//! ```
//!
//! Kafka keeps one batch per producer. We write up to five entries for one id, oldest first: Kafka's reader lets the
//! last one win, ours remembers them all, so a retry across a restart is recognised as well as one before it.

use bytes::{Buf, BufMut};

use crate::format::batch::crc32c;
use crate::log::producers::{Producer, Producers, RememberedBatch};
use crate::offset::Offset;

const VERSION: i16 = 1;
const PREFIX_BYTES: usize = 6;
pub(crate) const ENTRY_BYTES: usize = 46;

/// The file's bytes.
pub(crate) fn encode(producers: &Producers) -> Vec<u8> {
    let mut entries = Vec::new();
    let mut count = 0_i32;
    for (id, producer) in producers.iter() {
        for batch in producer.batches() {
            put_entry(&mut entries, *id, producer, Some(batch));
        }
        if producer.batches().is_empty() {
            put_entry(&mut entries, *id, producer, None);
        }
        count += producer.batches().len().max(1) as i32;
    }
    seal(count, &entries)
}

/// A file around `count` entries.
pub(crate) fn seal(count: i32, entries: &[u8]) -> Vec<u8> {
    let mut body = count.to_be_bytes().to_vec();
    body.extend_from_slice(entries);
    let mut file = Vec::with_capacity(PREFIX_BYTES + body.len());
    file.put_i16(VERSION);
    file.put_u32(crc32c(&body));
    file.append(&mut body);
    file
}

fn put_entry(into: &mut Vec<u8>, id: i64, producer: &Producer, batch: Option<&RememberedBatch>) {
    into.put_i64(id);
    into.put_i16(producer.epoch);
    into.put_i32(batch.map_or(-1, |batch| batch.last_sequence));
    into.put_i64(batch.map_or(-1, |batch| batch.last_offset.0));
    into.put_i32(batch.map_or(0, |batch| batch.offset_delta));
    into.put_i64(batch.map_or(producer.last_timestamp, |batch| batch.timestamp));
    into.put_i32(producer.coordinator_epoch);
    into.put_i64(producer.transaction_start.map_or(-1, |start| start.0));
}

/// Reads a file's bytes; `None` if they are damaged.
pub(crate) fn decode(mut file: &[u8]) -> Option<Producers> {
    if file.len() < PREFIX_BYTES + 4 || file.get_i16() != VERSION || file.get_u32() != crc32c(file) {
        return None;
    }
    let count = usize::try_from(file.get_i32()).ok()?;
    if file.len() != count.checked_mul(ENTRY_BYTES)? {
        return None;
    }
    let mut producers = Producers::default();
    for entry in file.chunks(ENTRY_BYTES) {
        take_entry(entry, &mut producers);
    }
    Some(producers)
}

/// `entry` has exactly an entry's bytes: `decode` checked the whole.
fn take_entry(mut entry: &[u8], producers: &mut Producers) {
    let id = entry.get_i64();
    let epoch = entry.get_i16();
    let last_sequence = entry.get_i32();
    let last_offset = entry.get_i64();
    let offset_delta = entry.get_i32();
    let timestamp = entry.get_i64();
    let mut producer = producers.get(id).copied().unwrap_or_else(|| Producer::new(epoch));
    producer.epoch = epoch;
    producer.last_timestamp = timestamp;
    producer.coordinator_epoch = entry.get_i32();
    let transaction_start = entry.get_i64();
    producer.transaction_start = (transaction_start >= 0).then_some(Offset(transaction_start));
    if last_offset >= 0 && last_sequence >= 0 {
        let last_offset = Offset(last_offset);
        producer.remember(RememberedBatch { last_sequence, last_offset, offset_delta, timestamp });
    }
    producers.replace(id, Some(producer));
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::format::records::BatchBuilder;

    fn sample() -> Producers {
        let mut producers = Producers::default();
        for (at, (id, sequence)) in [(7, 0), (7, 1), (9, 40)].into_iter().enumerate() {
            let batch = BatchBuilder::new(5).producer(id, 2, sequence).record(5, None, None).build().unwrap();
            producers.record(batch.header(), Offset(at as i64));
        }
        producers
    }

    #[test]
    fn all_batches_come_back() {
        let file = encode(&sample());
        assert_eq!(file.len(), 10 + 3 * ENTRY_BYTES);
        assert_eq!(decode(&file), Some(sample()));
        assert_eq!(decode(&encode(&Producers::default())), Some(Producers::default()));
    }

    #[test]
    fn any_flipped_bit_and_any_cut_is_seen() {
        let file = encode(&sample());
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
