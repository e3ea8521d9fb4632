//! The log's files, and the batches that producers send.

use bytes::Bytes;
use creel_engine::{
    BatchHeader, FilePosition, LogConfig, LoggedBatch, Offset, OffsetIndex, Records, TimeIndex,
    UncheckedBatch, fuzzing,
};

use crate::allocation::within;
use crate::target::Target;

pub const TARGETS: [Target; 12] = [
    Target { name: "batch", run: |input| batch(input.to_vec()) },
    Target { name: "sealed_batch", run: sealed_batch },
    Target { name: "offset_index", run: offset_index },
    Target { name: "time_index", run: time_index },
    Target { name: "leader_epochs", run: leader_epochs },
    Target { name: "offsets_checkpoint", run: |input| text(input, fuzzing::offsets_checkpoint) },
    Target { name: "corrupt_ranges", run: |input| text(input, fuzzing::corrupt_ranges) },
    Target { name: "producer_snapshot", run: producer_snapshot },
    Target {
        name: "sealed_producer_snapshot",
        run: |input| producer_snapshot(&fuzzing::sealed_producer_snapshot(input)),
    },
    Target { name: "directory_name", run: directory_name },
    Target { name: "journal_record", run: journal_record },
    Target {
        name: "sealed_journal_record",
        run: |input| journal_record(&fuzzing::sealed_journal_record(input)),
    },
];

/// The base offset of the segments whose indexes are read.
const BASE: Offset = match Offset::new(100) {
    Some(base) => base,
    None => Offset::ZERO,
};

/// What can be read is written, and that is read again as the same.
fn settles<T: PartialEq + std::fmt::Debug + AsRef<U>, U: ?Sized>(
    input: &U,
    rewritten: impl Fn(&U) -> Option<T>,
) {
    if let Some(first) = rewritten(input) {
        assert_eq!(rewritten(first.as_ref()).as_ref(), Some(&first));
    }
}

/// Text in proportion: lines become structures, and text again.
fn text(input: &[u8], rewritten: fn(&str) -> Option<String>) {
    let text = String::from_utf8_lossy(input).into_owned();
    within(256 * input.len() + 4096, || settles(&*text, rewritten));
}

/// With the length and checksum that its bytes have, so that the walk over the records is reached.
fn sealed_batch(input: &[u8]) {
    let mut bytes = input.to_vec();
    fuzzing::seal_batch(&mut bytes);
    batch(bytes);
}

/// Room for what decompressors keep: tables and windows that do not depend on the input.
const DECOMPRESSORS: usize = 16 << 20;

fn batch(bytes: Vec<u8>) {
    let length = bytes.len();
    logged_batch(Bytes::from(bytes.clone()));
    let Ok(batch) = UncheckedBatch::new(Bytes::from(bytes)).verify() else { return };
    let header: &BatchHeader = batch.header();
    assert_eq!(header.size_bytes, length);
    assert!(header.last_offset() <= header.end_offset());
    let _ = header.last_sequence();
    let most = 2 * creel_engine::DECOMPRESSED_BYTES_MAX + DECOMPRESSORS;
    within(most, || {
        let records = Records::of(&batch).or_else(|| Records::decompress(&batch));
        for record in records.into_iter().flatten().map_while(Result::ok) {
            assert!(record.headers.clone().count() <= record.headers.count());
        }
    });
    let rules = LogConfig::default().timestamp_rules();
    within(most, || {
        if let Ok(seen) = batch.look(&rules.into(), 1 << 40) {
            assert!(!rules.ask_for_records(&seen, 1 << 40));
            assert!(seen.header().max_timestamp >= -1);
        }
    });
}

/// The same bytes as a log that holds a batch, of which compaction may have taken records.
fn logged_batch(mut log: Bytes) {
    let length = log.len();
    let Ok(Some(batch)) = LoggedBatch::split_from(&mut log) else { return };
    assert_eq!(batch.header().size_bytes + log.len(), length);
    if let Ok(stamped) = batch.verify() {
        assert!(stamped.header().end_offset() > stamped.header().base_offset);
    }
    within(length + 64, || {
        for record in batch.records().into_iter().flatten().flatten().map_while(Result::ok) {
            let _ = record.control_type();
        }
    });
}

/// The nearest offset to a number.
fn offset(number: i64) -> Offset {
    Offset::ZERO + number
}

/// Input: the length of the log as eight bytes, then the file.
fn offset_index(input: &[u8]) {
    let Some((log_bytes, file)) = input.split_first_chunk() else { return };
    let log_bytes = u64::from_be_bytes(*log_bytes);
    let decode = |file: &[u8]| OffsetIndex::decode(BASE, file, log_bytes);
    within(8 * file.len() + 64, || settles(file, |file| decode(file).map(|index| index.encode())));
    let Some(mut index) = decode(file) else { return };
    for number in [0, 100, 1000, i64::MAX] {
        assert!(index.position_before(offset(number)).get() < log_bytes.max(1));
        assert!(index.boundary_before(FilePosition::new(number as u64)).get() < log_bytes.max(1));
    }
    index.push(offset(i64::MAX), FilePosition::new(u64::MAX));
    index.truncate(FilePosition::new(1000));
    assert!(index.last().is_none_or(|(_, position)| position.get() < 1000));
}

fn time_index(input: &[u8]) {
    let decode = |file: &[u8]| TimeIndex::decode(BASE, file);
    within(8 * input.len() + 64, || settles(input, |file| decode(file).map(|index| index.encode())));
    let Some(mut index) = decode(input) else { return };
    for timestamp in [i64::MIN, -1, 0, 1000, i64::MAX] {
        assert!(index.search_from(timestamp) >= BASE);
    }
    index.truncate(offset(1000));
    assert!(index.last().is_none_or(|last| last.last_offset < offset(1000)));
}

/// Input: where the log is cut, start and end as eight bytes each, then the file.
fn leader_epochs(input: &[u8]) {
    let Some((start, rest)) = input.split_first_chunk() else { return };
    let Some((end, file)) = rest.split_first_chunk() else { return };
    text(file, fuzzing::leader_epochs);
    let (start, end) = (offset(i64::from_be_bytes(*start)), offset(i64::from_be_bytes(*end)));
    if let Some(cut) = fuzzing::cut_leader_epochs(&String::from_utf8_lossy(file), start, end) {
        assert!(fuzzing::leader_epochs(&cut).is_some(), "what is left of it can't be read: {cut}");
    }
}

fn producer_snapshot(file: &[u8]) {
    within(64 * file.len() + 4096, || settles(file, fuzzing::producer_snapshot));
}

/// In proportion: each piece is remembered, and the record is written once more in whole blocks.
fn journal_record(file: &[u8]) {
    within(8 * file.len() + 16384, || settles(file, fuzzing::journal_record));
}

fn directory_name(input: &[u8]) {
    let Ok(name) = std::str::from_utf8(input) else { return };
    if let Some(partition) = creel_engine::TopicPartition::from_directory_name(name) {
        let again = creel_engine::TopicPartition::from_directory_name(&partition.directory_name());
        assert_eq!(again, Some(partition));
    }
}
