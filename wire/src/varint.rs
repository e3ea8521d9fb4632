//! Unsigned varints: seven bits per byte, lowest first. The top bit says that another byte follows. At most five
//! bytes.
//!
//! Signed (zigzag) varints occur only inside records, which are opaque here.

/// The largest number of bytes of a `u32`.
pub const LONGEST: usize = 5;

/// The number of bytes of `value`.
#[inline]
#[must_use]
pub const fn unsigned_size(value: u32) -> usize {
    // 32 - leading_zeros bits, at least one, seven to a byte.
    let bits = u32::BITS.saturating_sub((value | 1).leading_zeros());
    bits.div_ceil(7) as usize
}

/// The form of a length in flexible versions: the length plus one, because 0 is null.
#[inline]
pub(crate) fn one_more(length: Option<usize>) -> u32 {
    length.map_or(0, |length| (length as u32).saturating_add(1))
}

/// The result of reading a varint from the start of bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Varint {
    /// A value, and the number of bytes it took.
    Value(u32, usize),
    /// The bytes end inside the varint.
    Truncated,
    /// The varint has more than 32 bits.
    TooLong,
}

/// Reads a varint from the start of `bytes`.
#[inline]
#[must_use]
pub fn unsigned(bytes: &[u8]) -> Varint {
    // One byte is by far the most common form: lengths of names, counts of tags.
    if let [first @ 0..=0x7f, ..] = bytes {
        return Varint::Value(u32::from(*first), 1);
    }
    let (mut value, mut shift) = (0u32, 0u32);
    for (index, byte) in bytes.iter().take(LONGEST).enumerate() {
        if index == LONGEST - 1 && *byte > 0x0f {
            return Varint::TooLong;
        }
        value |= u32::from(byte & 0x7f).wrapping_shl(shift);
        if byte & 0x80 == 0 {
            return Varint::Value(value, index.saturating_add(1));
        }
        shift = shift.wrapping_add(7);
    }
    Varint::Truncated
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Writer;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn what_is_written_is_read_back_and_takes_its_size(value: u32) {
            let mut writer = Writer::with_capacity(LONGEST);
            writer.unsigned_varint(value);
            let bytes = writer.finish().bytes;
            prop_assert_eq!(bytes.len(), unsigned_size(value));
            prop_assert_eq!(unsigned(&bytes), Varint::Value(value, bytes.len()));
            for cut in 0..bytes.len() {
                prop_assert_eq!(unsigned(&bytes[..cut]), Varint::Truncated);
            }
        }
    }

    #[test]
    fn sizes_change_at_each_seventh_bit() {
        for (value, size) in
            [(0, 1), (127, 1), (128, 2), (16_383, 2), (16_384, 3), (1 << 28, 5), (u32::MAX, 5)]
        {
            assert_eq!(unsigned_size(value), size, "{value}");
        }
    }

    #[test]
    fn more_than_32_bits_is_refused() {
        assert_eq!(unsigned(&[0xff; 16]), Varint::TooLong);
        assert_eq!(unsigned(&[0x80, 0x80, 0x80, 0x80, 0x10]), Varint::TooLong);
        assert_eq!(unsigned(&[0xff, 0xff, 0xff, 0xff, 0x0f]), Varint::Value(u32::MAX, 5));
    }
}
