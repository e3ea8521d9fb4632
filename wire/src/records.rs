//! The records of Produce and Fetch: opaque here, and never copied on the way in.

use bytes::Bytes;

use crate::error::DecodeError;
use crate::field::{Field, Nullable, Shape, long_length_size};
use crate::{Reader, Writer};

/// Record batches, as bytes at hand or as the promise of bytes held elsewhere (a slice of a segment file).
///
/// Null reads as empty, and empty is never written as null: a null in a fetch response breaks librdkafka
/// (KAFKA-18646).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Records {
    /// Bytes at hand.
    Inline(Bytes),
    /// `len` bytes that the sender puts in at the frame's `Cut`. Never read, only written.
    External {
        /// How many bytes.
        len: u32,
    },
}

impl Records {
    /// No records.
    pub const EMPTY: Self = Self::Inline(Bytes::new());

    /// Bytes they take on the wire.
    #[must_use]
    pub fn len(&self) -> usize {
        match self {
            Self::Inline(bytes) => bytes.len(),
            Self::External { len } => *len as usize,
        }
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The bytes at hand; none of those held elsewhere.
    #[must_use]
    pub fn inline(&self) -> &Bytes {
        static NONE: Bytes = Bytes::new();
        match self {
            Self::Inline(bytes) => bytes,
            Self::External { .. } => &NONE,
        }
    }
}

impl Default for Records {
    fn default() -> Self {
        Self::EMPTY
    }
}

impl From<Bytes> for Records {
    fn from(bytes: Bytes) -> Self {
        Self::Inline(bytes)
    }
}

impl Field for Records {
    #[inline]
    fn read(reader: &mut Reader, shape: Shape) -> Result<Self, DecodeError> {
        Ok(Self::Inline(Bytes::read_nullable(reader, shape)?.unwrap_or_default()))
    }

    #[inline]
    fn write(&self, writer: &mut Writer, shape: Shape) {
        match self {
            Self::Inline(bytes) => bytes.write(writer, shape),
            Self::External { len } => {
                writer.long_length(Some(*len as usize), shape);
                writer.external(*len);
            }
        }
    }

    #[inline]
    fn size(&self, shape: Shape) -> usize {
        long_length_size(Some(self.len()), shape).saturating_add(self.inline().len())
    }

    #[inline]
    fn least(shape: Shape) -> usize {
        long_length_size(None, shape)
    }
}
