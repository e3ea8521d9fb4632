//! Writes one frame. Its exact size is reserved beforehand, so there is one allocation, and no copy to a larger
//! buffer.

use bytes::Bytes;

use crate::encoded_frame::{Cut, EncodedFrame, FRAME_BYTES_MAX};
use crate::error::FrameTooLarge;
use crate::shape::Shape;
use crate::varint::one_more;

/// Collects the bytes of a frame, and the cuts where bytes that are held elsewhere must be inserted.
#[derive(Debug)]
pub struct Writer {
    out: Vec<u8>,
    cuts: Vec<Cut>,
}

macro_rules! integers {
    ($($(#[$doc:meta])* $name:ident: $kind:ty;)*) => {$(
        $(#[$doc])*
        #[inline]
        pub fn $name(&mut self, value: $kind) {
            self.out.extend_from_slice(&value.to_be_bytes());
        }
    )*};
}

impl Writer {
    /// A writer with space for `capacity` bytes, which `encoded_len` computes.
    #[must_use]
    pub fn with_capacity(capacity: usize) -> Self {
        Self { out: Vec::with_capacity(capacity), cuts: Vec::new() }
    }

    integers! {
        /// One signed byte.
        i8: i8;
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

    /// Writes bytes as they are, without a length.
    #[inline]
    pub fn raw(&mut self, bytes: &[u8]) {
        self.out.extend_from_slice(bytes);
    }

    /// Notes that `len` bytes that are held elsewhere belong here.
    pub fn external(&mut self, len: u32) {
        self.cuts.push(Cut { at: self.out.len(), len });
    }

    /// Writes an unsigned varint.
    #[inline]
    pub fn unsigned_varint(&mut self, mut value: u32) {
        while value >= 0x80 {
            self.out.push(value as u8 | 0x80);
            value >>= 7;
        }
        self.out.push(value as u8);
    }

    /// Writes the length of a text. `None` is null.
    #[inline]
    pub fn text_length(&mut self, length: Option<usize>, shape: Shape) {
        match (shape.flexible, length) {
            (true, length) => self.compact_length(length),
            (false, Some(length)) => self.i16(length as i16),
            (false, None) => self.i16(-1),
        }
    }

    /// Writes the length of bytes or records, or the count of an array. `None` is null.
    #[inline]
    pub fn long_length(&mut self, length: Option<usize>, shape: Shape) {
        match (shape.flexible, length) {
            (true, length) => self.compact_length(length),
            (false, Some(length)) => self.i32(length as i32),
            (false, None) => self.i32(-1),
        }
    }

    #[inline]
    fn compact_length(&mut self, length: Option<usize>) {
        self.unsigned_varint(one_more(length));
    }

    /// The number of bytes written so far, without those that are held elsewhere.
    #[inline]
    #[must_use]
    pub fn len(&self) -> usize {
        self.out.len()
    }

    /// Whether nothing was written yet.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.out.is_empty() && self.cuts.is_empty()
    }

    /// Writes the frame's size into its first four bytes: everything after these four, with the cuts.
    pub(crate) fn seal(mut self) -> Result<EncodedFrame, FrameTooLarge> {
        let external: usize = self.cuts.iter().map(|cut| cut.len as usize).sum();
        let bytes = self.out.len().saturating_add(external);
        let size = i32::try_from(bytes.saturating_sub(size_of::<i32>())).ok();
        let too_large = FrameTooLarge { bytes, bytes_max: FRAME_BYTES_MAX };
        let size = size.ok_or(too_large)?;
        if let Some(prefix) = self.out.first_chunk_mut() {
            *prefix = size.to_be_bytes();
        }
        Ok(self.finish())
    }

    /// The bytes written so far, as they are.
    #[must_use]
    pub fn finish(self) -> EncodedFrame {
        EncodedFrame { bytes: Bytes::from(self.out), cuts: self.cuts }
    }
}
