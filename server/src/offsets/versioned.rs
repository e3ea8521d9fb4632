//! How keys and values become bytes: Kafka's own messages, each behind its version.

use bytes::Bytes;
use creel_wire::{Decode, Encode, Reader, Writer};

use super::error::Malformed;

/// The bytes of a message of a version, and of its version before it.
pub(super) fn encode(message: &impl Encode, version: i16) -> Bytes {
    let version_bytes = size_of_val(&version);
    let mut writer = Writer::with_capacity(message.encoded_len(version).saturating_add(version_bytes));
    writer.i16(version);
    message.encode(&mut writer, version);
    writer.finish().bytes
}

/// The version that bytes begin with, and a reader of what follows. `what` names the bytes if they are malformed.
pub(super) fn version(bytes: &Bytes, what: &'static str) -> Result<(i16, Reader), Malformed> {
    let mut reader = Reader::new(bytes.clone());
    let version = reader.i16().map_err(|_| Malformed(what))?;
    Ok((version, reader))
}

/// A message of a version. Text and bytes in it are slices of what it is read from.
pub(super) fn message<M: Decode>(
    mut reader: Reader,
    version: i16,
    what: &'static str,
) -> Result<M, Malformed> {
    M::decode(&mut reader, version).map_err(|_| Malformed(what))
}
