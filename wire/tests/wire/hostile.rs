//! Input made to hurt: cut short, with lengths that lie, with numbers that never end. Nothing panics, and
//! nothing is allocated beyond a fixed multiple of the frame. (`budget` bounds large frames further.)

use creel_wire::{Bytes, DecodeError, Fault, Reader, RequestHeader, frame};

use crate::decoders::{self, Decoder};
use crate::golden;

/// An empty name takes one byte on the wire and `size_of::<Str>()` (32) in memory, and nothing alone is worse than a
/// group of OffsetFetch v8 (three bytes, 96). Lists in lists may each claim what the rest of the frame could hold.
const BYTES_PER_BYTE: u64 = 64;
/// The reference count that the first share of a frame makes, and texts of errors.
const BYTES_AT_ONCE: u64 = 64;

fn bound(body: &Bytes) -> u64 {
    BYTES_PER_BYTE * body.len() as u64 + BYTES_AT_ONCE
}

/// Reads `body`, and fails if that takes more memory than it may.
fn within_bounds(decoder: &Decoder, body: &Bytes, version: i16) -> Result<(), DecodeError> {
    let mut result = Ok(());
    let used = allocation_counter::measure(|| result = (decoder.parse)(body.clone(), version));
    assert!(
        used.bytes_max <= bound(body),
        "{} v{version} {:?}: {} bytes for a body of {}",
        decoder.api,
        decoder.direction,
        used.bytes_max,
        body.len()
    );
    result
}

/// Longer bodies teach nothing more, and each is read once per byte and lie.
const LONGEST: usize = 400;

/// A body for every decoder and version, and the recorded ones.
fn bodies() -> Vec<(Decoder, i16, Bytes)> {
    let generated = decoders::all().into_iter().flat_map(|decoder| {
        let (api, direction) = (decoder.api, decoder.direction);
        decoder.versions.each().map(move |version| {
            let decoder = decoders::of(api, direction);
            let body = (decoder.sample)(version as u64, version);
            (decoder, version, body)
        })
    });
    let recorded = golden::all()
        .into_iter()
        .map(|golden| (decoders::of(golden.api, golden.direction), golden.version, golden.body()));
    generated.chain(recorded).filter(|(_, _, body)| body.len() <= LONGEST).collect()
}

#[test]
fn a_body_cut_short_anywhere_is_an_error() {
    for (decoder, version, body) in bodies() {
        for end in 0..body.len() {
            let read = within_bounds(&decoder, &body.slice(..end), version);
            assert!(read.is_err(), "{} v{version} {:?}, cut at {end}", decoder.api, decoder.direction);
        }
    }
}

#[test]
fn lying_lengths_and_endless_numbers_neither_panic_nor_allocate() {
    const LIES: [&[u8]; 8] = [
        &[0x7f, 0xff, 0xff, 0xff],
        &[0xff, 0xff, 0xff, 0xff],
        &[0x80, 0, 0, 0],
        &[0, 0, 0, 0],
        &[0x7f, 0xff],
        &[0xff, 0xff, 0xff, 0xff, 0x0f],
        &[0xff; 12],
        &[0x80, 0x80, 0x80, 0x80, 0x00],
    ];
    for (decoder, version, body) in bodies() {
        for at in 0..body.len() {
            for lie in LIES {
                let mut told = body.to_vec();
                let end = (at + lie.len()).min(told.len());
                told[at..end].copy_from_slice(&lie[..end - at]);
                // Some lies make another good body: only the bound and the lack of a panic count.
                let _ = within_bounds(&decoder, &told.into(), version);
            }
        }
    }
}

#[test]
fn a_count_beyond_the_frame_is_refused_before_anything_is_made() {
    for decoder in decoders::all() {
        for version in decoder.versions.each() {
            for count in [&[0x7f, 0xff, 0xff, 0xff][..], &[0xff, 0xff, 0xff, 0xff, 0x07]] {
                let told = Bytes::from([count, &[0; 8]].concat());
                let _ = within_bounds(&decoder, &told, version);
            }
        }
    }
}

#[test]
fn headers_cut_short_anywhere_are_an_error() {
    for golden in golden::all() {
        let header_size = golden.frame.len() - golden.body().len();
        if golden.direction == decoders::Direction::Request {
            for end in 0..header_size {
                let read = RequestHeader::decode(&mut Reader::new(golden.frame.slice(..end)));
                assert!(read.is_err(), "{}: {} v{}, cut at {end}", golden.client, golden.api, golden.version);
            }
        }
    }
}

#[test]
fn size_prefixes_are_bounded() {
    const LIMIT: usize = 100;
    let refused = Err(DecodeError { fault: Fault::FrameSize, at: 0 });
    assert_eq!(frame::size(0i32.to_be_bytes(), LIMIT), Ok(0));
    assert_eq!(frame::size(100i32.to_be_bytes(), LIMIT), Ok(100));
    for size in [101, i32::MAX, -1, i32::MIN] {
        assert_eq!(frame::size(size.to_be_bytes(), LIMIT), refused, "{size}");
    }
}

#[test]
fn unknown_keys_and_versions_leave_a_header_to_report() {
    for (key, version) in [(999, 0), (-1, -1), (18, 99), (0, 99), (7, 0)] {
        let mut told = Vec::new();
        told.extend_from_slice(&i16::to_be_bytes(key));
        told.extend_from_slice(&i16::to_be_bytes(version));
        told.extend_from_slice(&[0, 0, 0, 9, 0, 1, b'c', 0]);
        let header = RequestHeader::decode(&mut Reader::new(told.into())).expect("a header");
        assert_eq!((header.api_key, header.api_version, header.correlation_id), (key, version, 9));
        assert_eq!(header.client_id.as_deref(), Some("c"));
    }
}
