//! Zigzag varints, as records use them.

/// The most bytes a 64-bit varint takes.
pub const VARINT_BYTES_MAX: usize = 10;

/// Writes `value` zigzag-encoded at the start of `out`; returns the bytes used.
#[inline]
pub fn put(out: &mut [u8], value: i64) -> usize {
    let mut left = ((value << 1) ^ (value >> 63)) as u64;
    let mut at = 0;
    while left >= 0x80 {
        out[at] = left as u8 | 0x80;
        left >>= 7;
        at += 1;
    }
    out[at] = left as u8;
    at + 1
}

/// Bytes that [`put`] uses for `value`.
#[inline]
pub fn len(value: i64) -> usize {
    let zigzag = ((value << 1) ^ (value >> 63)) as u64;
    (64 - (zigzag | 1).leading_zeros() as usize).div_ceil(7)
}

/// Reads one varint and moves `bytes` past it; `None` when it is cut or longer than 64 bits.
#[inline]
pub fn take(bytes: &mut &[u8]) -> Option<i64> {
    match **bytes {
        [one, ref rest @ ..] if one < 0x80 => {
            *bytes = rest;
            Some(unzigzag(u64::from(one)))
        }
        [one, two, ref rest @ ..] if two < 0x80 => {
            *bytes = rest;
            Some(unzigzag(u64::from(one & 0x7f) | u64::from(two) << 7))
        }
        _ => take_long(bytes),
    }
}

#[inline]
fn unzigzag(value: u64) -> i64 {
    (value >> 1) as i64 ^ -((value & 1) as i64)
}

fn take_long(bytes: &mut &[u8]) -> Option<i64> {
    let mut value = 0u64;
    for (i, &byte) in bytes.iter().take(VARINT_BYTES_MAX).enumerate() {
        value |= u64::from(byte & 0x7f) << (7 * i);
        if byte < 0x80 {
            *bytes = &bytes[i + 1..];
            return Some(unzigzag(value));
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_put_is_taken_and_has_the_stated_length() {
        for value in [0, 1, -1, 63, 64, -64, -65, 8191, 8192, i64::MAX, i64::MIN, 1 << 40] {
            let mut room = [0u8; VARINT_BYTES_MAX];
            let used = put(&mut room, value);
            assert_eq!(used, len(value), "{value}");
            let mut rest = &room[..used];
            assert_eq!(take(&mut rest), Some(value));
            assert!(rest.is_empty());
        }
    }

    #[test]
    fn cut_and_endless_varints_are_refused() {
        assert_eq!(take(&mut &[0x80u8][..]), None);
        assert_eq!(take(&mut &[0xffu8; 11][..]), None);
        assert_eq!(take(&mut &[][..]), None);
    }
}
