//! Reads one frame: bounded, zero-copy, and unable to panic.
//!
//! Invariant: `at <= end <= frame.len()`. Every read first checks how many bytes are left, and believes no length
//! beyond that. A slice is taken only from bytes that exist. A list is allocated only if the bytes left could hold
//! its elements and the frame's `budget` allows their memory.

use bytes::Bytes;

use crate::budget;
use crate::error::{DecodeError, Fault};
use crate::shape::Shape;
use crate::varint::{self, Varint};

/// A cursor over one frame. The text, bytes and records that it returns are slices of the frame and keep it alive.
#[derive(Clone, Debug)]
pub struct Reader {
    frame: Bytes,
    at: usize,
    end: usize,
    /// The bytes of memory that lists may still take.
    room: usize,
}

/// The value of a length prefix.
type Length = Option<usize>;

macro_rules! integers {
    ($($(#[$doc:meta])* $name:ident: $kind:ty;)*) => {$(
        $(#[$doc])*
        #[inline]
        pub fn $name(&mut self) -> Result<$kind, DecodeError> {
            self.array().map(<$kind>::from_be_bytes)
        }
    )*};
}

impl Reader {
    /// A reader at the first byte of `frame`.
    #[must_use]
    pub fn new(frame: Bytes) -> Self {
        let end = frame.len();
        Self { frame, at: 0, end, room: budget::of(end) }
    }

    /// The number of bytes that are not read yet.
    #[inline]
    #[must_use]
    pub fn remaining(&self) -> usize {
        debug_assert!(self.at <= self.end);
        self.end.wrapping_sub(self.at)
    }

    /// Skips bytes that are known to exist. So nothing can overflow: both ends lie in one frame.
    #[inline]
    fn advance(&mut self, by: usize) {
        debug_assert!(by <= self.remaining());
        self.at = self.at.wrapping_add(by);
    }

    /// The bytes of memory that the lists read so far take.
    #[must_use]
    pub fn lists_bytes(&self) -> usize {
        budget::of(self.frame.len()).saturating_sub(self.room)
    }

    /// The same as [`Reader::new`], with at most this many bytes of memory for lists.
    #[must_use]
    pub fn with_lists(mut self, bytes: usize) -> Self {
        self.room = self.room.min(bytes);
        self
    }

    /// The number of bytes read so far.
    #[inline]
    #[must_use]
    pub fn position(&self) -> usize {
        self.at
    }

    /// An error at the current position.
    #[cold]
    #[must_use]
    pub fn fault(&self, fault: Fault) -> DecodeError {
        DecodeError { fault, at: self.at }
    }

    integers! {
        /// One signed byte.
        i8: i8;
        /// One byte.
        u8: u8;
        /// Big-endian, as all of these.
        i16: i16;
        /// Two bytes, unsigned.
        u16: u16;
        /// Four bytes.
        i32: i32;
        /// Four bytes, unsigned.
        u32: u32;
        /// Eight bytes.
        i64: i64;
        /// Eight bytes, IEEE 754.
        f64: f64;
    }

    /// The next `N` bytes, by value.
    #[inline]
    pub fn array<const N: usize>(&mut self) -> Result<[u8; N], DecodeError> {
        let chunk = self.rest().first_chunk::<N>().copied().ok_or_else(|| self.fault(Fault::Truncated))?;
        self.advance(N);
        Ok(chunk)
    }

    /// An unsigned varint of at most 32 bits.
    #[inline]
    pub fn unsigned_varint(&mut self) -> Result<u32, DecodeError> {
        match varint::unsigned(self.rest()) {
            Varint::Value(value, size) => {
                self.advance(size);
                Ok(value)
            }
            Varint::Truncated => Err(self.fault(Fault::Truncated)),
            Varint::TooLong => Err(self.fault(Fault::VarintTooLong)),
        }
    }

    /// The next `length` bytes as a slice of the frame.
    #[inline]
    pub fn bytes(&mut self, length: usize) -> Result<Bytes, DecodeError> {
        if length > self.remaining() {
            return Err(self.fault(Fault::Truncated));
        }
        let from = self.at;
        self.advance(length);
        Ok(self.frame.slice(from..self.at))
    }

    /// Skips `length` bytes.
    #[inline]
    pub fn skip(&mut self, length: usize) -> Result<(), DecodeError> {
        if length > self.remaining() {
            return Err(self.fault(Fault::Truncated));
        }
        self.advance(length);
        Ok(())
    }

    /// The length of a text: two bytes, or in flexible form a varint of the length plus one. `None` is null.
    #[inline]
    pub fn text_length(&mut self, shape: Shape) -> Result<Length, DecodeError> {
        if shape.flexible {
            self.compact_length()
        } else {
            self.i16().map(|length| usize::try_from(length).ok())
        }
    }

    /// The length of bytes or records, or the count of a list. `None` is null. Neither can be larger than the number
    /// of bytes left, because every element takes at least one byte.
    #[inline]
    pub fn long_length(&mut self, shape: Shape) -> Result<Length, DecodeError> {
        let length = if shape.flexible { self.compact_length()? } else { usize::try_from(self.i32()?).ok() };
        match length {
            Some(length) if length > self.remaining() => Err(self.fault(Fault::Truncated)),
            length => Ok(length),
        }
    }

    /// Reserves memory for a list of `count` elements. Each takes at least `least` bytes here, and `size` bytes in
    /// memory.
    #[inline]
    pub(crate) fn make_room(&mut self, count: usize, least: usize, size: usize) -> Result<(), DecodeError> {
        if count.saturating_mul(least) > self.remaining() {
            return Err(self.fault(Fault::Truncated));
        }
        let bytes = count.saturating_mul(size);
        self.room = self.room.checked_sub(bytes).ok_or_else(|| self.fault(Fault::Budget))?;
        Ok(())
    }

    #[inline]
    fn compact_length(&mut self) -> Result<Length, DecodeError> {
        self.unsigned_varint().map(|length| (length as usize).checked_sub(1))
    }

    /// Reads the tagged fields at the end of a flexible structure. `take` is called with each tag and a reader of its
    /// value only. It returns whether it knew the tag. Unknown fields are skipped, as in Kafka.
    pub fn tags(
        &mut self,
        mut take: impl FnMut(&mut Self, u32) -> Result<bool, DecodeError>,
    ) -> Result<(), DecodeError> {
        for _ in 0..self.unsigned_varint()? {
            let tag = self.unsigned_varint()?;
            let size = self.unsigned_varint()? as usize;
            if size > self.remaining() {
                return Err(self.fault(Fault::Truncated));
            }
            let outer = std::mem::replace(&mut self.end, self.at.wrapping_add(size));
            if !take(self, tag)? {
                self.at = self.end;
            }
            if self.at != self.end {
                return Err(self.fault(Fault::TagSize));
            }
            self.end = outer;
        }
        Ok(())
    }

    /// Skips the tagged fields of a structure that knows none.
    #[inline]
    pub fn skip_tags(&mut self) -> Result<(), DecodeError> {
        self.tags(|_, _| Ok(false))
    }

    #[inline]
    fn rest(&self) -> &[u8] {
        self.frame.get(self.at..self.end).unwrap_or_default()
    }
}
