//! A seeded source of numbers, and samples of the primitive types.

use bytes::Bytes;

use crate::field::{Field, Shape};
use crate::{ErrorCode, Message, Records, Str, Uuid};

/// A seeded stream of numbers (splitmix64): small, and the same everywhere.
#[derive(Clone, Debug)]
pub struct Source(u64);

impl Source {
    /// The stream of one seed.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// The next number.
    pub fn draw(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// A number below `bound`.
    pub fn below(&mut self, bound: usize) -> usize {
        (self.draw() % bound.max(1) as u64) as usize
    }

    /// A length. It is usually small, and sometimes so large that its varint takes another byte.
    fn length(&mut self) -> usize {
        match self.below(16) {
            0 => 127 + self.below(4),
            1 => 0,
            _ => self.below(12),
        }
    }

    /// A number whose size in bits is random too, so that extreme values occur.
    fn number(&mut self) -> i64 {
        let shift = self.below(64);
        (self.draw() as i64) >> shift
    }
}

/// A value that can be made from a source.
pub trait Sample: Sized {
    /// A value that is the same after it was encoded and decoded in this shape.
    fn sample(source: &mut Source, shape: Shape) -> Self;
}

/// A whole message of `version`.
pub fn sample<M: Message + Sample>(source: &mut Source, version: i16) -> M {
    M::sample(source, M::shape(version))
}

macro_rules! numbers {
    ($($kind:ty)*) => {$(
        impl Sample for $kind {
            fn sample(source: &mut Source, _: Shape) -> Self {
                source.number() as $kind
            }
        }
    )*};
}

numbers! { i8 i16 u16 i32 u32 i64 f64 }

impl Sample for bool {
    fn sample(source: &mut Source, _: Shape) -> Self {
        source.below(2) == 1
    }
}

impl Sample for ErrorCode {
    fn sample(source: &mut Source, _: Shape) -> Self {
        Self::ALL[source.below(Self::ALL.len())]
    }
}

impl Sample for Uuid {
    fn sample(source: &mut Source, _: Shape) -> Self {
        let (high, low) = (source.draw(), source.draw());
        Self(((u128::from(high) << 64) | u128::from(low)).to_be_bytes())
    }
}

impl Sample for Str {
    fn sample(source: &mut Source, _: Shape) -> Self {
        const LETTERS: [char; 8] = ['a', 'B', '7', '-', '.', '_', 'é', '🪵'];
        let length = source.length();
        Self::from((0..length).map(|_| LETTERS[source.below(LETTERS.len())]).collect::<String>())
    }
}

impl Sample for Bytes {
    fn sample(source: &mut Source, _: Shape) -> Self {
        (0..source.length()).map(|_| source.draw() as u8).collect()
    }
}

impl Sample for Records {
    fn sample(source: &mut Source, shape: Shape) -> Self {
        Self::Inline(Bytes::sample(source, shape))
    }
}

impl<T: Sample + Field> Sample for Vec<T> {
    fn sample(source: &mut Source, shape: Shape) -> Self {
        (0..source.below(4)).map(|_| T::sample(source, shape.never_null())).collect()
    }
}

impl<T: Sample> Sample for Option<T> {
    fn sample(source: &mut Source, shape: Shape) -> Self {
        (!shape.nullable || source.below(4) > 0).then(|| T::sample(source, shape.never_null()))
    }
}
