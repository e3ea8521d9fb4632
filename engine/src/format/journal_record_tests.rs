use super::*;

const ID: RecordId =
    RecordId { generation: Generation { number: 3, secret: 0x1234_5678_9abc }, sequence: 77 };

fn piece(topic: u8, partition: i32, base: i64, bytes: u32) -> PieceHeader {
    let (base, end) = (Offset::ZERO + base, Offset::ZERO + base + 3);
    PieceHeader { topic: TopicId([topic; 16]), partition, base, end, bytes }
}

fn fill_with(byte: u8) -> impl FnOnce(&mut [u8]) -> Result<(), ()> {
    move |bytes| {
        bytes.fill(byte);
        Ok(())
    }
}

/// Two pieces with batches and a cut between them, in memory that held something before.
fn sample() -> Vec<u8> {
    let mut builder = RecordBuilder::new(vec![0xee; 2 * JOURNAL_BLOCK_BYTES]);
    builder.push(&piece(1, 0, 10, 5000), fill_with(1)).unwrap();
    let cut = PieceHeader::cut(TopicId([2; 16]), 7, Offset::ZERO + 99);
    builder.push(&cut, fill_with(0)).unwrap();
    builder.push(&piece(1, 1, 0, 100), fill_with(2)).unwrap();
    let (memory, bytes) = builder.seal(ID);
    assert_eq!(bytes, memory.len());
    memory
}

fn header_of(record: &[u8]) -> RecordHeader {
    match RecordHeader::parse(record) {
        Beginning::Record(header) => header,
        other => panic!("{other:?}"),
    }
}

#[test]
fn what_was_put_in_comes_back() {
    let record = sample();
    let header = header_of(&record);
    assert_eq!(header.id, ID);
    assert_eq!(header.padded_bytes(), record.len());
    let pieces = header.pieces(&record).unwrap();
    let cut = PieceHeader::cut(TopicId([2; 16]), 7, Offset::ZERO + 99);
    let heads: Vec<_> = pieces.iter().map(|(piece, _)| *piece).collect();
    assert_eq!(heads, [piece(1, 0, 10, 5000), cut, piece(1, 1, 0, 100)]);
    assert!(!heads[0].is_cut() && heads[1].is_cut());
    let (last, at) = pieces[2];
    assert_eq!(record[at..at + last.bytes as usize], [2; 100]);
    assert_eq!(record[at + 100..], vec![0; record.len() - at - 100], "the rest of the block is zeros");
}

#[test]
fn an_empty_record_takes_one_block() {
    let builder = RecordBuilder::new(vec![0xee; 2 * JOURNAL_BLOCK_BYTES]);
    assert!(builder.is_empty());
    let (memory, bytes) = builder.seal(ID);
    assert_eq!(bytes, JOURNAL_BLOCK_BYTES);
    assert_eq!(header_of(&memory).pieces(&memory), Some(Vec::new()));
}

#[test]
fn a_piece_that_cannot_be_read_is_not_in_the_record() {
    let mut builder = RecordBuilder::new(vec![0; JOURNAL_BLOCK_BYTES]);
    assert_eq!(builder.push(&piece(1, 0, 10, 50), |_| Err("not in memory")), Err("not in memory"));
    assert!(builder.is_empty());
    builder.push(&piece(1, 1, 10, 50), fill_with(3)).unwrap();
    let (memory, _) = builder.seal(ID);
    let pieces = header_of(&memory).pieces(&memory).unwrap();
    assert_eq!(pieces.iter().map(|(piece, _)| piece.partition).collect::<Vec<_>>(), [1]);
}

#[test]
fn what_fits_is_what_memory_and_format_have_room_for() {
    let heads = RECORD_HEADER_BYTES + PIECE_HEADER_BYTES;
    for (memory, room) in
        [(JOURNAL_BLOCK_BYTES, JOURNAL_BLOCK_BYTES), (2 * JOURNAL_RECORD_BYTES_MAX, JOURNAL_RECORD_BYTES_MAX)]
    {
        let builder = RecordBuilder::new(vec![0; memory]);
        assert!(builder.fits(room - heads));
        assert!(!builder.fits(room - heads + 1));
    }
}

#[test]
fn any_flipped_bit_and_any_cut_is_seen() {
    let record = sample();
    let length = header_of(&record).length;
    let is_whole = |bytes: &[u8]| match RecordHeader::parse(bytes) {
        Beginning::Record(header) => header.pieces(bytes).is_some(),
        Beginning::OtherVersion(_) | Beginning::Nothing => false,
    };
    assert!(is_whole(&record[..length]));
    // Bytes in the middle of batches are alike: a few of them stand for all.
    let bits = (0..length * 8).filter(|bit| bit / 8 < 200 || bit / 8 > length - 250 || bit % 97 == 0);
    for bit in bits {
        let mut copy = record.clone();
        copy[bit / 8] ^= 1 << (bit % 8);
        assert!(!is_whole(&copy), "bit {bit}");
    }
    for cut in 0..length {
        assert!(!is_whole(&record[..cut]), "cut to {cut}");
    }
}

/// A record with a right checksum around `pieces`.
fn sealed(count: u32, pieces: &[u8]) -> Vec<u8> {
    let mut memory = vec![0; JOURNAL_BLOCK_BYTES];
    memory[RECORD_HEADER_BYTES..RECORD_HEADER_BYTES + pieces.len()].copy_from_slice(pieces);
    let length = RECORD_HEADER_BYTES + pieces.len();
    RecordBuilder { memory, length, pieces: count }.seal(ID).0
}

#[test]
fn pieces_that_contradict_themselves_are_refused_although_the_checksum_is_right() {
    let encoded = |piece: PieceHeader, batches: usize| {
        let mut bytes = vec![0; PIECE_HEADER_BYTES + batches];
        piece.encode(&mut bytes);
        bytes
    };
    let good = piece(1, 0, 10, 50);
    let whole = |count, bytes: &[u8]| {
        let record = sealed(count, bytes);
        header_of(&record).pieces(&record).is_some()
    };
    assert!(whole(1, &encoded(good, 50)));
    assert!(!whole(2, &encoded(good, 50)), "fewer pieces than it says");
    assert!(!whole(0, &encoded(good, 50)), "more pieces than it says");
    assert!(!whole(1, &encoded(good, 49)), "a piece that runs over the end");
    assert!(!whole(1, &encoded(PieceHeader { bytes: u32::MAX, ..good }, 50)));
    assert!(!whole(1, &encoded(PieceHeader { end: good.base, ..good }, 50)), "batches without offsets");
    assert!(!whole(1, &encoded(PieceHeader { bytes: 0, ..good }, 0)), "offsets without batches");
    assert!(!whole(1, &encoded(PieceHeader { partition: -1, ..good }, 50)));
    let mut negative = encoded(good, 50);
    negative[20] = 0x80;
    assert!(!whole(1, &negative), "an offset that is none");
}

#[test]
fn another_version_is_told_from_no_record() {
    let mut record = sample();
    assert_eq!(RecordHeader::parse(&vec![0; JOURNAL_BLOCK_BYTES]), Beginning::Nothing);
    assert_eq!(RecordHeader::parse(&record[..RECORD_HEADER_BYTES - 1]), Beginning::Nothing);
    record[15] = 2;
    assert_eq!(RecordHeader::parse(&record), Beginning::OtherVersion(2));
}
