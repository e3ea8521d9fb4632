//! Kafka's primitive fields in both their forms: fixed lengths, and the "flexible" varint lengths.

use bytes::{BufMut, Bytes, BytesMut};

/// Bytes that are not what they should be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("malformed {0}")]
pub struct Malformed(pub &'static str);

/// A reader that cannot run past the end.
pub(super) struct Input {
    rest: Bytes,
    /// Lengths are varints, and structs end with tagged fields.
    flexible: bool,
    what: &'static str,
}

impl Input {
    pub(super) const fn new(rest: Bytes, what: &'static str) -> Self {
        Self { rest, flexible: false, what }
    }

    pub(super) fn set_flexible(&mut self, flexible: bool) {
        self.flexible = flexible;
    }

    const fn malformed(&self) -> Malformed {
        Malformed(self.what)
    }

    pub(super) fn take(&mut self, length: usize) -> Result<Bytes, Malformed> {
        if length > self.rest.len() {
            return Err(self.malformed());
        }
        Ok(self.rest.split_to(length))
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], Malformed> {
        let bytes = self.take(N)?;
        Ok(<[u8; N]>::try_from(&bytes[..]).expect("N bytes were taken"))
    }

    pub(super) fn i8(&mut self) -> Result<i8, Malformed> {
        self.array().map(i8::from_be_bytes)
    }
    pub(super) fn i16(&mut self) -> Result<i16, Malformed> {
        self.array().map(i16::from_be_bytes)
    }
    pub(super) fn i32(&mut self) -> Result<i32, Malformed> {
        self.array().map(i32::from_be_bytes)
    }
    pub(super) fn i64(&mut self) -> Result<i64, Malformed> {
        self.array().map(i64::from_be_bytes)
    }

    pub(super) fn unsigned_varint(&mut self) -> Result<u64, Malformed> {
        let mut value = 0_u64;
        for shift in (0..64).step_by(7) {
            let byte = self.array::<1>()?[0];
            value |= u64::from(byte & 0x7f) << shift;
            if byte & 0x80 == 0 {
                return Ok(value);
            }
        }
        Err(self.malformed())
    }

    /// A zigzag varint, as records use them.
    pub(super) fn varint(&mut self) -> Result<i64, Malformed> {
        let raw = self.unsigned_varint()?;
        Ok((raw >> 1) as i64 ^ ((raw & 1) as i64).wrapping_neg())
    }

    /// A length, of which `None` is Kafka's null.
    fn length(&mut self, fixed: i64) -> Result<Option<usize>, Malformed> {
        match fixed {
            -1 => Ok(None),
            fixed => usize::try_from(fixed).map(Some).map_err(|_| self.malformed()),
        }
    }

    fn flexible_length(&mut self) -> Result<i64, Malformed> {
        let raw = self.unsigned_varint()?;
        i64::try_from(raw).map(|raw| raw.saturating_sub(1)).map_err(|_| self.malformed())
    }

    pub(super) fn nullable_string(&mut self) -> Result<Option<String>, Malformed> {
        let length = if self.flexible { self.flexible_length()? } else { i64::from(self.i16()?) };
        let Some(length) = self.length(length)? else { return Ok(None) };
        let text = self.take(length)?;
        std::str::from_utf8(&text).map(|text| Some(text.to_owned())).map_err(|_| self.malformed())
    }

    pub(super) fn string(&mut self) -> Result<String, Malformed> {
        self.nullable_string()?.ok_or(self.malformed())
    }

    pub(super) fn bytes(&mut self) -> Result<Bytes, Malformed> {
        let length = if self.flexible { self.flexible_length()? } else { i64::from(self.i32()?) };
        let length = self.length(length)?.ok_or(self.malformed())?;
        // Copied: what is kept must not hold on to the whole read it came from.
        self.take(length).map(|bytes| Bytes::copy_from_slice(&bytes))
    }

    pub(super) fn array_length(&mut self) -> Result<usize, Malformed> {
        let length = if self.flexible { self.flexible_length()? } else { i64::from(self.i32()?) };
        self.length(length)?.ok_or(self.malformed())
    }

    /// Skips the tagged fields that end a flexible struct: newer brokers may have added some.
    pub(super) fn tagged_fields(&mut self) -> Result<(), Malformed> {
        if !self.flexible {
            return Ok(());
        }
        for _ in 0..self.unsigned_varint()? {
            let _tag = self.unsigned_varint()?;
            let length = self.unsigned_varint()?;
            self.take(usize::try_from(length).map_err(|_| self.malformed())?)?;
        }
        Ok(())
    }
}

pub(super) fn put_string(out: &mut BytesMut, text: &str) {
    let text = truncated(text);
    out.put_i16(text.len() as i16);
    out.put_slice(text.as_bytes());
}

pub(super) fn put_nullable_string(out: &mut BytesMut, text: Option<&str>) {
    match text {
        Some(text) => put_string(out, text),
        None => out.put_i16(-1),
    }
}

pub(super) fn put_bytes(out: &mut BytesMut, bytes: &[u8]) {
    out.put_i32(i32::try_from(bytes.len()).expect("an assignment came in a frame below 2 GiB"));
    out.put_slice(bytes);
}

/// A fixed string holds 32,767 bytes: flexible requests could carry longer names, which nothing else in
/// Kafka can; they are cut rather than written as something else.
fn truncated(text: &str) -> &str {
    if text.len() <= i16::MAX as usize {
        return text;
    }
    &text[..text.floor_char_boundary(i16::MAX as usize)]
}

pub(super) fn put_varint(out: &mut BytesMut, value: i64) {
    let mut raw = ((value << 1) ^ (value >> 63)) as u64;
    while raw >= 0x80 {
        out.put_u8(raw as u8 | 0x80);
        raw >>= 7;
    }
    out.put_u8(raw as u8);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn varints_come_back() {
        for value in [0, -1, 1, 63, 64, -64, -65, 300, i64::MAX, i64::MIN] {
            let mut out = BytesMut::new();
            put_varint(&mut out, value);
            let mut input = Input::new(out.freeze(), "varint");
            assert_eq!(input.varint(), Ok(value));
            assert!(input.i8().is_err());
        }
    }

    #[test]
    fn lengths_beyond_the_end_are_refused() {
        let mut input = Input::new(Bytes::from_static(&[0x7f, 0xff, 1]), "text");
        assert_eq!(input.string(), Err(Malformed("text")));
        let mut input = Input::new(Bytes::from_static(&[0x7f, 0xff, 0xff, 0xff]), "bytes");
        assert_eq!(input.bytes(), Err(Malformed("bytes")));
        let mut input = Input::new(Bytes::from_static(&[0xff; 12]), "varint");
        assert_eq!(input.varint(), Err(Malformed("varint")));
    }
}
