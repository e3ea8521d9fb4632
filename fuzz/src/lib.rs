//! What every target does with its input.

use creel_wire::{Bytes, Message, Reader, Request, Writer};

/// Input: one byte for direction (its lowest bit, 1 for the response) and version, then a body.
pub fn body<R: Request>(input: &[u8]) {
    let Some((choice, body)) = input.split_first() else { return };
    let span = R::VERSIONS.max - R::VERSIONS.min + 1;
    let version = R::VERSIONS.min + i16::from(choice >> 1) % span;
    if choice & 1 == 0 { settle::<R>(body, version) } else { settle::<R::Response>(body, version) }
}

/// What can be read is written in its foretold size and read again as the same.
fn settle<M: Message>(body: &[u8], version: i16) {
    let Ok(first) = M::decode(&mut Reader::new(Bytes::copy_from_slice(body)), version) else { return };
    let mut writer = Writer::with_capacity(first.encoded_len(version));
    first.encode(&mut writer, version);
    assert_eq!(writer.len(), first.encoded_len(version));
    let second = M::decode(&mut Reader::new(writer.finish().bytes), version);
    assert_eq!(second, Ok(first));
}

/// The byte that `body` takes for a direction and version.
#[must_use]
pub fn choice<R: Request>(response: bool, version: i16) -> u8 {
    (((version - R::VERSIONS.min) as u8) << 1) | u8::from(response)
}

/// A whole target.
#[macro_export]
macro_rules! target {
    ($request:path) => {
        libfuzzer_sys::fuzz_target!(|input: &[u8]| $crate::body::<$request>(input));
    };
}
