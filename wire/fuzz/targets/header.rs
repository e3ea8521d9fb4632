//! Headers of requests, whatever they ask for.
#![no_main]

use creel_wire::{Bytes, Reader, RequestHeader};

libfuzzer_sys::fuzz_target!(|frame: &[u8]| {
    let _ = RequestHeader::decode(&mut Reader::new(Bytes::copy_from_slice(frame)));
});
