//! The records of Produce and Fetch. They are opaque here, and are not copied when they are received.

use bytes::Bytes;

use crate::error::DecodeError;
use crate::field::{Field, Nullable, Shape, long_length_size};
use crate::{Reader, Writer};

/// Record batches: either bytes in memory, or a placeholder for bytes that are held elsewhere (a slice of a segment
/// file).
///
/// Null decodes as empty, and empty is never encoded as null, because a null in a fetch response breaks librdkafka
/// (KAFKA-18646).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Records {
    /// Bytes in memory.
    Inline(Bytes),
    /// `len` bytes that the sender inserts at the frame's `Cut`. They are never decoded, only encoded.
    External {
        /// The number of bytes.
        len: u32,
    },
}

impl Records {
    /// No records.
    pub const EMPTY: Self = Self::Inline(Bytes::new());

    /// The number of bytes that they take on the wire.
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

    /// The bytes in memory. Empty if they are held elsewhere.
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
