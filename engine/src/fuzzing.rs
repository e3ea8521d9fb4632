//! What the fuzz targets (`fuzz/`) call inside this crate. Each file format is one function: it reads bytes and writes
//! what it read. It returns `None` where the bytes are refused.

use crate::format::batch::crc32c;
use crate::format::journal_record::{Beginning, RecordBuilder, RecordHeader};
use crate::format::{bad_ranges, checkpoint, epochs};
use crate::limits::{BATCH_HEADER_BYTES, BATCH_PREFIX_BYTES};
use crate::log::epochs::LeaderEpochs;
use crate::log::producers::Producers;
use crate::offset::{LeaderEpoch, Offset};
use crate::segment::side_files::snapshot;

/// `leader-epoch-checkpoint`.
pub fn leader_epochs(text: &str) -> Option<String> {
    epochs::decode(text).map(|starts| epochs::encode(&starts))
}

/// What remains of a `leader-epoch-checkpoint` when the log is cut at its start and at its end.
pub fn cut_leader_epochs(text: &str, start: Offset, end: Offset) -> Option<String> {
    let mut cut = LeaderEpochs::from(epochs::decode(text)?);
    cut.truncate_start(start);
    cut.truncate_end(end);
    let epoch = cut.epoch_of(start).unwrap_or(LeaderEpoch::ZERO);
    let _ = cut.end_of(epoch, end);
    Some(epochs::encode(cut.entries()))
}

/// `recovery-point-offset-checkpoint` and `log-start-offset-checkpoint`.
pub fn offsets_checkpoint(text: &str) -> Option<String> {
    checkpoint::decode(text).map(|offsets| checkpoint::join(&[&offsets.iter().collect()]))
}

/// `corrupt-ranges-checkpoint`.
pub fn corrupt_ranges(text: &str) -> Option<String> {
    bad_ranges::decode(text).map(|ranges| bad_ranges::encode(&ranges))
}

/// A producer snapshot.
pub fn producer_snapshot(bytes: &[u8]) -> Option<Vec<u8>> {
    snapshot::decode(bytes).map(|entries| Producers::from_snapshot(entries).to_snapshot())
}

/// A producer snapshot around `entries`, with the right version, checksum and count.
pub fn sealed_producer_snapshot(entries: &[u8]) -> Vec<u8> {
    snapshot::seal((entries.len() / snapshot::ENTRY_BYTES) as i32, entries)
}

/// A record of the journal.
pub fn journal_record(bytes: &[u8]) -> Option<Vec<u8>> {
    let Beginning::Record(header) = RecordHeader::parse(bytes) else { return None };
    let pieces = header.pieces(bytes)?;
    let mut builder = RecordBuilder::new(vec![0; header.padded_bytes()]);
    for (piece, at) in pieces {
        let filled = builder.push(&piece, |into| {
            into.copy_from_slice(bytes.get(at..at + into.len()).ok_or(())?);
            Ok::<(), ()>(())
        });
        filled.ok()?;
    }
    Some(builder.seal(header.id).0)
}

/// The same bytes with a length and a checksum that fit, where there is room for a record's header.
pub fn sealed_journal_record(bytes: &[u8]) -> Vec<u8> {
    let mut record = bytes.to_vec();
    let length = bytes.len();
    if let Some(header) = record.get_mut(..24) {
        header[..8].copy_from_slice(b"CREELJRN");
        header[12..16].copy_from_slice(&1_u32.to_be_bytes());
        header[16..20].copy_from_slice(&(length as u32).to_be_bytes());
        let crc = crc32c(&record[12..]);
        record[8..12].copy_from_slice(&crc.to_be_bytes());
    }
    record
}

/// Makes bytes look like a batch: writes the length, the format and the checksum.
pub fn seal_batch(batch: &mut [u8]) {
    if batch.len() < BATCH_HEADER_BYTES {
        return;
    }
    let length = (batch.len() - BATCH_PREFIX_BYTES) as i32;
    batch[8..12].copy_from_slice(&length.to_be_bytes());
    batch[16] = 2;
    let crc = crc32c(&batch[21..]);
    batch[17..21].copy_from_slice(&crc.to_be_bytes());
}
