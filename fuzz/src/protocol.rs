//! Kafka's protocol: a target per API, and one for headers.

use creel_wire::{Bytes, DecodeError, Message, Reader, Request, RequestHeader, Writer, budget, each_request};

use crate::allocation::within;
use crate::target::Target;

macro_rules! table {
    ($($request:path,)*) => {
        /// One per API, named as its module is.
        pub fn targets() -> Vec<Target> {
            vec![
                Target { name: "header", run: header },
                $(Target { name: module(stringify!($request)), run: body::<$request> },)*
            ]
        }
    };
}
each_request!(table);

/// The last but one part of a request's path.
pub fn module(request: &'static str) -> &'static str {
    request.rsplit("::").nth(1).unwrap_or(request).trim()
}

fn header(input: &[u8]) {
    let frame = Bytes::copy_from_slice(input);
    let _ = within(64, || RequestHeader::decode(&mut Reader::new(frame)));
}

/// Input: one byte for direction (its lowest bit, 1 for the response) and version, then a body.
fn body<R: Request>(input: &[u8]) {
    let Some((choice, body)) = input.split_first() else { return };
    let span = R::VERSIONS.max - R::VERSIONS.min + 1;
    let version = R::VERSIONS.min + i16::from(choice >> 1) % span;
    if choice & 1 == 0 { settle::<R>(body, version) } else { settle::<R::Response>(body, version) }
}

/// The byte that `body` takes for a direction and version.
pub fn choice<R: Request>(response: bool, version: i16) -> u8 {
    (((version - R::VERSIONS.min) as u8) << 1) | u8::from(response)
}

/// What can be read is written in its foretold size and read again as the same.
fn settle<M: Message>(body: &[u8], version: i16) {
    let frame = Bytes::copy_from_slice(body);
    // See `wire/tests/wire/hostile.rs`.
    let most = budget::of(body.len()).min(64 * body.len()) + 64;
    let Ok(first) = within(most, || decoded::<M>(frame, version)) else { return };
    let mut writer = Writer::with_capacity(first.encoded_len(version));
    first.encode(&mut writer, version);
    assert_eq!(writer.len(), first.encoded_len(version));
    assert_eq!(decoded(writer.finish().bytes, version), Ok(first));
}

fn decoded<M: Message>(frame: Bytes, version: i16) -> Result<M, DecodeError> {
    M::decode(&mut Reader::new(frame), version)
}
