//! What a whole message is.

use crate::shape::Shape;
use crate::{ApiKey, DecodeError, Reader, VersionRange, Writer};

/// Bytes to a value.
pub trait Decode: Sized {
    /// Reads the body of a message of `version`. Bytes after it are left alone, as Kafka leaves them.
    fn decode(reader: &mut Reader, version: i16) -> Result<Self, DecodeError>;
}

/// A value to bytes.
pub trait Encode {
    /// Bytes that `encode` will write (those of `Records::External` not counted).
    fn encoded_len(&self, version: i16) -> usize;
    /// Writes exactly `encoded_len` bytes.
    fn encode(&self, writer: &mut Writer, version: i16);
}

/// The body of a request or response.
pub trait Message: Encode + Decode + Default + Clone + std::fmt::Debug + PartialEq {
    /// The first flexible version; `i16::MAX` for none.
    const FLEXIBLE_FROM: i16;

    /// The shape of the whole message.
    #[inline]
    #[must_use]
    fn shape(version: i16) -> Shape {
        Shape { version, flexible: version >= Self::FLEXIBLE_FROM, nullable: false }
    }
}

/// A request, and what belongs to its API.
pub trait Request: Message {
    /// Its API.
    const API_KEY: ApiKey;
    /// The versions that Creel reads and answers.
    const VERSIONS: VersionRange;
    /// The versions that Creel lists in ApiVersions.
    const ADVERTISED: VersionRange = Self::VERSIONS;
    /// What answers it.
    type Response: Message;
}
