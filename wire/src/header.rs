//! The headers that precede each body.
//!
//! ```text
//! request   api_key 2 | api_version 2 | correlation_id 4 | client_id: length 2, -1 for null, text    (v1)
//!           then, where the API's version is flexible, tagged fields                                 (v2)
//! response  correlation_id 4                                                                         (v0)
//!           then, where the API's version is flexible, tagged fields                                 (v1)
//! ```
//!
//! `client_id` keeps its two-byte length even in v2, because a broker must be able to read it before it knows the
//! version (KIP-482). The answer to ApiVersions always has a v0 header, because the client does not know yet which
//! versions the broker speaks (KIP-511).

use crate::field::{Field, Shape};
use crate::{ApiKey, DecodeError, Reader, Str, Writer, versions};

/// The header of a request. `api_key` and `api_version` are as received, so they may be unknown.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RequestHeader {
    /// The key of the API.
    pub api_key: i16,
    /// The version of the request.
    pub api_version: i16,
    /// A number that the response repeats.
    pub correlation_id: i32,
    /// The client's name for itself.
    pub client_id: Option<Str>,
}

/// Text in a header has the old form, in v2 too.
const CLIENT_ID: Shape = Shape { version: 1, flexible: false, nullable: true };

impl RequestHeader {
    /// Decodes a header. If the key is unknown, it is decoded as v1, so that its fields can be reported.
    pub fn decode(reader: &mut Reader) -> Result<Self, DecodeError> {
        let header = Self {
            api_key: reader.i16()?,
            api_version: reader.i16()?,
            correlation_id: reader.i32()?,
            client_id: Field::read(reader, CLIENT_ID)?,
        };
        if header.is_flexible() {
            reader.skip_tags()?;
        }
        Ok(header)
    }

    /// The API. `None` if Kafka knows no such key.
    #[must_use]
    pub fn api(&self) -> Option<ApiKey> {
        ApiKey::from_code(self.api_key)
    }

    fn is_flexible(&self) -> bool {
        self.api().and_then(versions::known_api).is_some_and(|entry| self.api_version >= entry.flexible_from)
    }

    pub(crate) fn size(&self, flexible: bool) -> usize {
        const NUMBERS: usize = 2 + 2 + 4;
        NUMBERS.saturating_add(self.client_id.size(CLIENT_ID)).saturating_add(usize::from(flexible))
    }

    pub(crate) fn encode(&self, writer: &mut Writer, flexible: bool) {
        writer.i16(self.api_key);
        writer.i16(self.api_version);
        writer.i32(self.correlation_id);
        self.client_id.write(writer, CLIENT_ID);
        if flexible {
            writer.unsigned_varint(0);
        }
    }
}

/// The header of a response.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ResponseHeader {
    /// The number from the request.
    pub correlation_id: i32,
}

impl ResponseHeader {
    /// Whether tagged fields follow the correlation id.
    pub(crate) fn has_tags(api: ApiKey, version: i16, flexible_from: i16) -> bool {
        version >= flexible_from && api != ApiKey::ApiVersions
    }

    /// Decodes a header.
    pub fn decode(reader: &mut Reader, has_tags: bool) -> Result<Self, DecodeError> {
        let header = Self { correlation_id: reader.i32()? };
        if has_tags {
            reader.skip_tags()?;
        }
        Ok(header)
    }

    pub(crate) fn size(has_tags: bool) -> usize {
        if has_tags { 5 } else { 4 }
    }

    pub(crate) fn encode(self, writer: &mut Writer, has_tags: bool) {
        writer.i32(self.correlation_id);
        if has_tags {
            writer.unsigned_varint(0);
        }
    }
}
