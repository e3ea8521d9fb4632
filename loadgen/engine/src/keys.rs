//! Keys, and the partition of each, by Kafka's own default partitioner (murmur2). So keyed load spreads as it does
//! from stock Java clients.

/// Bytes of every key: `key-` and eight digits.
pub const KEY_BYTES: usize = 12;

/// All keys of a run with their partitions.
#[derive(Debug)]
pub struct KeySpace {
    partitions: Vec<u32>,
}

impl KeySpace {
    /// `count` keys over `partitions` partitions.
    pub fn new(count: u32, partitions: usize) -> KeySpace {
        let partition = |index| (murmur2(&KeySpace::key(index)) & 0x7fff_ffff) % partitions as u32;
        KeySpace { partitions: (0..count).map(partition).collect() }
    }

    /// How many keys.
    pub fn count(&self) -> u32 {
        self.partitions.len() as u32
    }

    /// Where the records of key `index` go.
    #[inline]
    pub fn partition(&self, index: u32) -> usize {
        self.partitions[index as usize] as usize
    }

    /// The bytes of key `index`.
    #[inline]
    pub fn key(index: u32) -> [u8; KEY_BYTES] {
        let (mut key, mut left) = (*b"key-00000000", index);
        for digit in key[4..].iter_mut().rev() {
            *digit = b'0' + (left % 10) as u8;
            left /= 10;
        }
        key
    }
}

/// Kafka's murmur2, 32 bits, seed 0x9747b28c.
pub fn murmur2(bytes: &[u8]) -> u32 {
    const M: u32 = 0x5bd1_e995;
    let mut hash = 0x9747_b28c ^ bytes.len() as u32;
    let (words, tail) = bytes.as_chunks::<4>();
    for word in words {
        let mut k = u32::from_le_bytes(*word).wrapping_mul(M);
        k = (k ^ (k >> 24)).wrapping_mul(M);
        hash = hash.wrapping_mul(M) ^ k;
    }
    if !tail.is_empty() {
        for (i, byte) in tail.iter().enumerate() {
            hash ^= u32::from(*byte) << (8 * i);
        }
        hash = hash.wrapping_mul(M);
    }
    hash = (hash ^ (hash >> 13)).wrapping_mul(M);
    hash ^ (hash >> 15)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The values of Kafka's own UtilsTest.
    #[test]
    fn murmur2_is_kafkas() {
        for (text, hash) in [
            ("21", -973_932_308i32),
            ("foobar", -790_332_482),
            ("a-little-bit-long-string", -985_981_536),
            ("a-little-bit-longer-string", -1_486_304_829),
            ("lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8", -58_897_971),
            ("abc", 479_470_107),
        ] {
            assert_eq!(murmur2(text.as_bytes()) as i32, hash, "{text}");
        }
    }

    #[test]
    fn keys_differ_and_spread() {
        assert_eq!(&KeySpace::key(42), b"key-00000042");
        let keys = KeySpace::new(10_000, 8);
        let mut counts = [0; 8];
        (0..keys.count()).for_each(|index| counts[keys.partition(index)] += 1);
        assert!(counts.iter().all(|count| (1_000..1_500).contains(count)), "{counts:?}");
    }
}
