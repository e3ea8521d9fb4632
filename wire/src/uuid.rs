//! Kafka's UUIDs: topic ids, member ids and the like.

use std::{fmt, str::FromStr};

use crate::error::DecodeError;
use crate::field::{Field, Shape};
use crate::{Reader, Writer};

/// Sixteen bytes, shown in Kafka's form: URL-safe base64 without padding, 22 letters.
#[derive(Clone, Copy, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Uuid(pub [u8; 16]);

const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
const TEXT_LENGTH: usize = 22;

impl Uuid {
    /// The zero UUID, which stands for "no id".
    pub const ZERO: Self = Self([0; 16]);

    /// Whether this is the zero UUID.
    #[must_use]
    pub fn is_zero(&self) -> bool {
        *self == Self::ZERO
    }
}

impl fmt::Display for Uuid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut bits = u128::from_be_bytes(self.0);
        let text: String = (0..TEXT_LENGTH)
            .filter_map(|_| {
                // 22 letters hold 132 bits. The last letter ends with four zero bits that are not part of the number.
                let six = (bits >> 122) as usize;
                bits <<= 6;
                LETTERS.get(six).copied().map(char::from)
            })
            .collect();
        f.pad(&text)
    }
}

impl fmt::Debug for Uuid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// Text that is not a UUID in Kafka's form.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a UUID is 22 letters of URL-safe base64")]
pub struct NotUuid;

impl FromStr for Uuid {
    type Err = NotUuid;

    fn from_str(text: &str) -> Result<Self, NotUuid> {
        if text.len() != TEXT_LENGTH {
            return Err(NotUuid);
        }
        let mut bits = 0u128;
        for (index, letter) in text.bytes().enumerate() {
            let six = LETTERS.iter().position(|known| *known == letter).ok_or(NotUuid)? as u128;
            bits = if index == TEXT_LENGTH - 1 { (bits << 2) | (six >> 4) } else { (bits << 6) | six };
        }
        Ok(Self(bits.to_be_bytes()))
    }
}

impl Field for Uuid {
    #[inline]
    fn read(reader: &mut Reader, _: Shape) -> Result<Self, DecodeError> {
        reader.array().map(Self)
    }

    #[inline]
    fn write(&self, writer: &mut Writer, _: Shape) {
        writer.raw(&self.0);
    }

    #[inline]
    fn size(&self, _: Shape) -> usize {
        size_of::<Self>()
    }

    #[inline]
    fn least(_: Shape) -> usize {
        size_of::<Self>()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn text_and_back(bytes: [u8; 16]) {
            let id = Uuid(bytes);
            prop_assert_eq!(id.to_string().parse::<Uuid>(), Ok(id));
        }
    }

    #[test]
    fn shown_as_kafka_shows_it() {
        // What org.apache.kafka.common.Uuid.toString returns for the same bytes.
        assert_eq!(Uuid::ZERO.to_string(), "AAAAAAAAAAAAAAAAAAAAAA");
        assert_eq!(Uuid(*b"0123456789abcdef").to_string(), "MDEyMzQ1Njc4OWFiY2RlZg");
        assert_eq!(Uuid([0xff; 16]).to_string(), "_____________________w");
    }

    #[test]
    fn other_text_is_refused() {
        for text in ["", "AAAA", "AAAAAAAAAAAAAAAAAAAAA+", "ééééééééééé"] {
            assert_eq!(text.parse::<Uuid>(), Err(NotUuid), "{text}");
        }
    }
}
