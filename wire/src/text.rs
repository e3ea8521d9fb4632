//! `Str`: UTF-8 text that shares the bytes of the frame it was read from.

use std::{borrow::Borrow, fmt, ops::Deref};

use bytes::Bytes;
use bytestring::ByteString;

use crate::error::{DecodeError, Fault};
use crate::field::{Field, Nullable};
use crate::shape::Shape;
use crate::varint::one_more;
use crate::{Reader, Writer, varint};

/// The length of Kafka's longest text, in either form of its length prefix.
pub const LONGEST: usize = i16::MAX as usize;

/// Text: a slice of a frame, a literal, or owned. Cloning it copies nothing.
#[derive(Clone, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Str(ByteString);

impl Str {
    /// A literal. Nothing is allocated.
    #[must_use]
    pub const fn from_static(text: &'static str) -> Self {
        Self(ByteString::from_static(text))
    }

    /// The text as `&str`.
    #[inline]
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The bytes it shares.
    #[must_use]
    pub fn as_bytes(&self) -> &Bytes {
        self.0.as_bytes()
    }

    /// A copy with bytes of its own, for text that outlives its request. A slice would keep the whole frame alive.
    #[must_use]
    pub fn detached(&self) -> Self {
        Self(ByteString::from(self.as_str()))
    }

    /// The text that is encoded. If it is longer than Kafka's limit, it is cut, so that the frame stays well formed.
    /// Only Creel's own texts can be that long.
    #[inline]
    fn sendable(&self) -> &str {
        &self[..self.floor_char_boundary(LONGEST)]
    }

    fn cut(reader: &mut Reader, length: usize) -> Result<Self, DecodeError> {
        if length == 0 {
            return Ok(Self::default());
        }
        if length > LONGEST {
            return Err(reader.fault(Fault::TextTooLong));
        }
        let bytes = reader.bytes(length)?;
        ByteString::try_from(bytes).map(Self).map_err(|_| reader.fault(Fault::NotUtf8))
    }
}

impl Deref for Str {
    type Target = str;

    #[inline]
    fn deref(&self) -> &str {
        &self.0
    }
}

// Allows a lookup by `&str` in a map with keys of type `Str`: `ByteString` compares and hashes as `str` does.
impl Borrow<str> for Str {
    fn borrow(&self) -> &str {
        self
    }
}

impl AsRef<str> for Str {
    fn as_ref(&self) -> &str {
        self
    }
}

impl From<&'static str> for Str {
    fn from(text: &'static str) -> Self {
        Self::from_static(text)
    }
}

impl From<String> for Str {
    fn from(text: String) -> Self {
        Self(ByteString::from(text))
    }
}

impl From<Str> for String {
    fn from(text: Str) -> Self {
        text.as_str().to_owned()
    }
}

impl TryFrom<Bytes> for Str {
    type Error = std::str::Utf8Error;

    fn try_from(bytes: Bytes) -> Result<Self, Self::Error> {
        ByteString::try_from(bytes).map(Self)
    }
}

impl PartialEq<str> for Str {
    fn eq(&self, other: &str) -> bool {
        self.as_str() == other
    }
}

impl PartialEq<&str> for Str {
    fn eq(&self, other: &&str) -> bool {
        self.as_str() == *other
    }
}

impl fmt::Display for Str {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self.as_str(), f)
    }
}

impl fmt::Debug for Str {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self.as_str(), f)
    }
}

/// The number of bytes of a text's length prefix.
#[inline]
pub(crate) fn length_size(length: Option<usize>, shape: Shape) -> usize {
    if shape.flexible { varint::unsigned_size(one_more(length)) } else { 2 }
}

impl Field for Str {
    #[inline]
    fn read(reader: &mut Reader, shape: Shape) -> Result<Self, DecodeError> {
        let length = reader.text_length(shape)?.ok_or_else(|| reader.fault(Fault::Null))?;
        Self::cut(reader, length)
    }

    #[inline]
    fn write(&self, writer: &mut Writer, shape: Shape) {
        let text = self.sendable();
        writer.text_length(Some(text.len()), shape);
        writer.raw(text.as_bytes());
    }

    #[inline]
    fn size(&self, shape: Shape) -> usize {
        let length = self.sendable().len();
        length_size(Some(length), shape).saturating_add(length)
    }

    #[inline]
    fn least(shape: Shape) -> usize {
        length_size(None, shape)
    }
}

impl Nullable for Str {
    #[inline]
    fn read_nullable(reader: &mut Reader, shape: Shape) -> Result<Option<Self>, DecodeError> {
        reader.text_length(shape)?.map(|length| Self::cut(reader, length)).transpose()
    }

    #[inline]
    fn write_nullable(value: Option<&Self>, writer: &mut Writer, shape: Shape) {
        match value {
            Some(text) => text.write(writer, shape),
            None => writer.text_length(None, shape),
        }
    }

    #[inline]
    fn nullable_size(value: Option<&Self>, shape: Shape) -> usize {
        value.map_or(length_size(None, shape), |text| text.size(shape))
    }

    #[inline]
    fn nullable_least(shape: Shape) -> usize {
        Self::least(shape)
    }
}
