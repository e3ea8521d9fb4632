//! The traits of a whole message.

use crate::shape::Shape;
use crate::{ApiKey, DecodeError, Reader, VersionRange, Writer};

/// Decodes a value.
pub trait Decode: Sized {
    /// Decodes the body of a message of `version`. Bytes after it are ignored, as in Kafka.
    fn decode(reader: &mut Reader, version: i16) -> Result<Self, DecodeError>;
}

/// Encodes a value.
pub trait Encode {
    /// The number of bytes that `encode` will write, without those of `Records::External`.
    fn encoded_len(&self, version: i16) -> usize;
    /// Writes exactly `encoded_len` bytes.
    fn encode(&self, writer: &mut Writer, version: i16);
}

/// The body of a request or response.
pub trait Message: Encode + Decode + Default + Clone + std::fmt::Debug + PartialEq {
    /// The first flexible version; `i16::MAX` if there is none.
    const FLEXIBLE_FROM: i16;

    /// The form of the whole message.
    #[inline]
    #[must_use]
    fn shape(version: i16) -> Shape {
        Shape { version, flexible: version >= Self::FLEXIBLE_FROM, nullable: false }
    }
}

/// A request of an API.
pub trait Request: Message {
    /// Its API.
    const API_KEY: ApiKey;
    /// The versions that Creel reads and answers.
    const VERSIONS: VersionRange;
    /// The versions that Creel lists in ApiVersions.
    const ADVERTISED: VersionRange = Self::VERSIONS;
    /// The type of the answer.
    type Response: Message;
}
