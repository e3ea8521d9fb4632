//! Every decoder in one table, so that the same input can be tried on each.

use creel_wire::sample::{Sample, Source, sample};
use creel_wire::{ApiKey, Bytes, DecodeError, Message, Reader, Request, VersionRange, Writer, each_request};

/// One half of an API.
pub(crate) struct Decoder {
    pub(crate) api: ApiKey,
    pub(crate) direction: Direction,
    pub(crate) versions: VersionRange,
    /// Reads a body and drops what it held.
    pub(crate) parse: fn(Bytes, i16) -> Result<(), DecodeError>,
    /// Reads a body and writes what it held.
    pub(crate) read: fn(Bytes, i16) -> Result<Read, DecodeError>,
    /// Reads a body, writes it and reads that: both readings must be equal.
    pub(crate) settle: fn(Bytes, i16) -> Result<(), DecodeError>,
    /// A generated body.
    pub(crate) sample: fn(u64, i16) -> Bytes,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Direction {
    Request,
    Response,
}

/// What came of reading a body.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Read {
    /// The value, written again.
    pub(crate) written: Bytes,
    /// Bytes after it.
    pub(crate) unread: usize,
}

pub(crate) fn written<M: Message>(message: &M, version: i16) -> Bytes {
    let mut writer = Writer::with_capacity(message.encoded_len(version));
    message.encode(&mut writer, version);
    assert_eq!(writer.len(), message.encoded_len(version), "foretold size, v{version} of {message:?}");
    writer.finish().bytes
}

fn parse<M: Message>(body: Bytes, version: i16) -> Result<(), DecodeError> {
    M::decode(&mut Reader::new(body), version).map(drop)
}

fn read<M: Message>(body: Bytes, version: i16) -> Result<Read, DecodeError> {
    let mut reader = Reader::new(body);
    let message = M::decode(&mut reader, version)?;
    Ok(Read { written: written(&message, version), unread: reader.remaining() })
}

fn settle<M: Message>(body: Bytes, version: i16) -> Result<(), DecodeError> {
    let first = M::decode(&mut Reader::new(body), version)?;
    let second = M::decode(&mut Reader::new(written(&first, version)), version);
    assert_eq!(second.as_ref(), Ok(&first), "v{version}");
    Ok(())
}

fn decoder<M: Message + Sample>(api: ApiKey, versions: VersionRange, direction: Direction) -> Decoder {
    let sampled = |seed, version| written(&sample::<M>(&mut Source::new(seed), version), version);
    let (parse, read, settle) = (parse::<M>, read::<M>, settle::<M>);
    Decoder { api, direction, versions, parse, read, settle, sample: sampled }
}

fn both<R: Request + Sample>() -> [Decoder; 2]
where
    R::Response: Sample,
{
    [
        decoder::<R>(R::API_KEY, R::VERSIONS, Direction::Request),
        decoder::<R::Response>(R::API_KEY, R::VERSIONS, Direction::Response),
    ]
}

macro_rules! all {
    ($($request:path,)*) => {
        /// All of them.
        pub(crate) fn all() -> Vec<Decoder> {
            [$(both::<$request>()),*].into_iter().flatten().collect()
        }
    };
}
each_request!(all);

/// The decoder of one half of an API.
pub(crate) fn of(api: ApiKey, direction: Direction) -> Decoder {
    let found = all().into_iter().find(|decoder| decoder.api == api && decoder.direction == direction);
    found.unwrap_or_else(|| panic!("{api} has no decoder"))
}
