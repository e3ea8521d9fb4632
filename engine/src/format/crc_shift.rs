//! How a checksum changes where only the beginning of what it covers changes, without reading the rest.
//!
//! CRC-32C is linear: if two texts of one length differ, their checksums differ by that of the difference. A difference
//! that is followed by n equal bytes is multiplied by x^(8n), in polynomials over the two-element field, modulo the CRC's
//! own. The bits of a checksum are its coefficients, that of x^0 first (reflected).

/// CRC-32C's polynomial without x^32, reflected.
const POLYNOMIAL: u32 = 0x82f6_3b78;
/// x^0, and x^8.
const ONE: u32 = 1 << 31;
const X_8: u32 = 1 << 23;

/// For a hexadecimal digit d at place p: x^(8d * 16^p). So the shift by any number of bytes is a product of at most eight.
static POWERS: [[u32; 16]; DIGITS] = powers();
const DIGITS: usize = 8;

const fn powers() -> [[u32; 16]; DIGITS] {
    let mut table = [[ONE; 16]; DIGITS];
    let mut base = X_8;
    let mut place = 0;
    while place < DIGITS {
        let mut digit = 1;
        while digit < 16 {
            table[place][digit] = product(table[place][digit - 1], base);
            digit += 1;
        }
        base = product(table[place][15], base);
        place += 1;
    }
    table
}

/// The product of two polynomials, modulo the CRC's.
const fn product(one: u32, mut other: u32) -> u32 {
    let mut sum = 0;
    let mut bit = 32;
    while bit > 0 {
        bit -= 1;
        // All ones if the coefficient is 1, else 0.
        sum ^= other & ((one >> bit) & 1).wrapping_neg();
        other = (other >> 1) ^ (POLYNOMIAL & (other & 1).wrapping_neg());
    }
    sum
}

/// What the difference of two checksums becomes if so many equal bytes follow, fewer than 2^32.
pub(crate) fn shifted(difference: u32, bytes: usize) -> u32 {
    let shift = |difference, place: usize| match (bytes >> (4 * place)) & 15 {
        0 => difference,
        digit => product(difference, POWERS[place][digit]),
    };
    (0..DIGITS).fold(difference, shift)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::format::batch::crc32c;
    use crate::test_random::Random;

    #[test]
    fn a_checksum_changes_as_if_it_were_computed_again() {
        let mut random = Random::new(5);
        let body: Vec<u8> = (0..70_000).map(|_| random.next() as u8).collect();
        for bytes in (0..300).chain([4095, 4096, 4097, 65_535, 65_536, 65_537, 70_000]) {
            let [old, new] =
                [(); 2].map(|()| [random.next().to_be_bytes(), random.next().to_be_bytes()].concat());
            let whole = |head: &[u8]| crc32c(&[head, &body[..bytes]].concat());
            let changed = whole(&old) ^ shifted(crc32c(&old) ^ crc32c(&new), bytes);
            assert_eq!(changed, whole(&new), "{bytes} bytes");
        }
    }

    #[test]
    fn shifts_add_up() {
        let mut random = Random::new(6);
        for _ in 0..1000 {
            let (crc, one, other) =
                (random.next() as u32, random.below(1 << 30) as usize, random.below(1 << 30) as usize);
            assert_eq!(shifted(shifted(crc, one), other), shifted(crc, one + other));
        }
        assert_eq!(shifted(0, 12_345), 0);
        assert_eq!(shifted(77, 0), 77);
    }
}
