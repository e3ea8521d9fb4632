//! Compresses records, as a topic's `compression.type` asks. It is slow, so it is not run on a data core.
//!
//! What is written can be read by every client: gzip is one member, snappy is in xerial's chunks as Java writes it, lz4 is
//! one frame of independent blocks of 64 KiB without checksums (the batch has its own), zstd is one frame.

use std::io::{self, Write};

use crate::format::batch::Codec;
use crate::format::decompress::XERIAL_MAGIC;

/// Two numbers behind xerial's magic: the version of the format, and the oldest version that reads it.
const XERIAL_VERSIONS: [u8; 8] = [0, 0, 0, 1, 0, 0, 0, 1];

/// How many bytes of records a chunk holds.
const XERIAL_CHUNK_BYTES: usize = 32 << 10;

/// Kafka's defaults. gzip's is the codec's own.
const GZIP_DEFAULT_LEVEL: i32 = -1;
const ZSTD_DEFAULT_LEVEL: i32 = 3;

/// Kafka's default, for which it takes lz4's fast compressor. Every other level is one of the slower, closer one.
const LZ4_FAST_LEVEL: i32 = 9;

/// The levels that lz4's closer compressor has. Kafka counts up to 17, and the library takes what is above for the last.
const LZ4_CLOSER_LEVELS: std::ops::RangeInclusive<i32> = 2..=12;

/// How records are to be compressed. A level is one of Kafka's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Compression {
    /// Not at all.
    None,
    /// 1 to 9, or -1 for the codec's own default.
    Gzip(i32),
    /// It has no levels.
    Snappy,
    /// 1 to 17.
    Lz4(i32),
    /// -131072 to 22.
    Zstd(i32),
}

impl Compression {
    /// A codec at Kafka's default level.
    pub const fn default_of(codec: Codec) -> Self {
        match codec {
            Codec::None => Self::None,
            Codec::Gzip => Self::Gzip(GZIP_DEFAULT_LEVEL),
            Codec::Snappy => Self::Snappy,
            Codec::Lz4 => Self::Lz4(LZ4_FAST_LEVEL),
            Codec::Zstd => Self::Zstd(ZSTD_DEFAULT_LEVEL),
        }
    }

    /// Its codec.
    pub const fn codec(self) -> Codec {
        match self {
            Self::None => Codec::None,
            Self::Gzip(_) => Codec::Gzip,
            Self::Snappy => Codec::Snappy,
            Self::Lz4(_) => Codec::Lz4,
            Self::Zstd(_) => Codec::Zstd,
        }
    }
}

/// The compressed records.
///
/// # Errors
/// The codec's own: there is no memory, or the level does not exist.
pub(crate) fn compress(how: Compression, records: &[u8]) -> io::Result<Vec<u8>> {
    match how {
        Compression::None => Ok(records.to_vec()),
        Compression::Gzip(level) => gzip(level, records),
        Compression::Snappy => xerial(records),
        Compression::Lz4(level) => lz4(level, records),
        Compression::Zstd(level) => zstd::bulk::compress(records, level),
    }
}

fn gzip(level: i32, records: &[u8]) -> io::Result<Vec<u8>> {
    let level =
        u32::try_from(level).map_or_else(|_| flate2::Compression::default(), flate2::Compression::new);
    let mut encoder = flate2::write::GzEncoder::new(Vec::with_capacity(records.len() / 2), level);
    encoder.write_all(records)?;
    encoder.finish()
}

fn lz4(level: i32, records: &[u8]) -> io::Result<Vec<u8>> {
    let level = match level {
        LZ4_FAST_LEVEL => 0,
        level => level.clamp(*LZ4_CLOSER_LEVELS.start(), *LZ4_CLOSER_LEVELS.end()),
    };
    let mut encoder = lz4::EncoderBuilder::new()
        .block_size(lz4::BlockSize::Max64KB)
        .block_mode(lz4::BlockMode::Independent)
        .block_checksum(lz4::liblz4::BlockChecksum::NoBlockChecksum)
        .checksum(lz4::ContentChecksum::NoChecksum)
        .level(level.unsigned_abs())
        .build(Vec::with_capacity(records.len() / 2))?;
    encoder.write_all(records)?;
    let (compressed, ended) = encoder.finish();
    ended.map(|()| compressed)
}

/// Chunks, each of them a big-endian length and a raw block.
fn xerial(records: &[u8]) -> io::Result<Vec<u8>> {
    let mut compressed = [XERIAL_MAGIC, &XERIAL_VERSIONS].concat();
    let mut encoder = snap::raw::Encoder::new();
    for chunk in records.chunks(XERIAL_CHUNK_BYTES) {
        let block = encoder.compress_vec(chunk)?;
        compressed.extend_from_slice(&(block.len() as u32).to_be_bytes());
        compressed.extend_from_slice(&block);
    }
    Ok(compressed)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::format::decompress::decompress;
    use crate::test_random::Random;

    fn all() -> Vec<Compression> {
        let gzip = [-1, 1, 6, 9].map(Compression::Gzip);
        let lz4 = [1, 2, 3, 9, 10, 12, 17].map(Compression::Lz4);
        let zstd = [-131_072, -5, 1, 3, 19, 22].map(Compression::Zstd);
        [&[Compression::None, Compression::Snappy][..], &gzip, &lz4, &zstd].concat()
    }

    #[test]
    fn every_codec_and_level_gives_the_records_back() {
        let mut random = Random::new(3);
        let words: Vec<u8> = (0..90_000).map(|at| (at / 17) as u8).collect();
        let noise: Vec<u8> = (0..70_000).map(|_| random.next() as u8).collect();
        for plain in [&b""[..], b"a", &words[..32 << 10], &words, &noise] {
            for how in all() {
                let compressed = compress(how, plain).unwrap();
                let back = decompress(how.codec(), &compressed);
                assert_eq!(back.as_deref(), Some(plain), "{how:?}, {} bytes", plain.len());
            }
        }
    }

    /// librdkafka and Java read blocks that do not refer to each other, and of a size that they know.
    #[test]
    fn an_lz4_frame_is_of_independent_blocks_of_64_kib_without_checksums() {
        for level in [9, 12] {
            let frame = compress(Compression::Lz4(level), &[7; 200_000]).unwrap();
            assert_eq!(frame[..4], 0x184D_2204_u32.to_le_bytes());
            let (flags, block) = (frame[4], frame[5]);
            assert_eq!(flags, 0b0110_0000, "version 1, independent, no checksums, no sizes");
            assert_eq!(block >> 4, 4, "64 KiB");
            assert_eq!(frame[frame.len() - 4..], [0; 4], "the end mark");
        }
    }

    #[test]
    fn snappy_is_written_in_chunks_as_java_writes_it() {
        let framed = compress(Compression::Snappy, &[7; 70_000]).unwrap();
        assert_eq!(framed[..16], *b"\x82SNAPPY\0\0\0\0\x01\0\0\0\x01");
        let mut rest = &framed[16..];
        let mut sizes = Vec::new();
        while let Some((length, more)) = rest.split_first_chunk::<4>() {
            let (block, more) = more.split_at(u32::from_be_bytes(*length) as usize);
            sizes.push(snap::raw::decompress_len(block).unwrap());
            rest = more;
        }
        assert_eq!(sizes, [32 << 10, 32 << 10, 70_000 - (64 << 10)]);
    }

    #[test]
    fn a_higher_level_compresses_closer() {
        let mut random = Random::new(4);
        let lines: String =
            (0..5000).map(|_| format!("{{\"order\":{},\"state\":\"paid\"}}\n", random.below(9000))).collect();
        let size = |how| compress(how, lines.as_bytes()).unwrap().len();
        assert!(size(Compression::Gzip(9)) < size(Compression::Gzip(1)));
        assert!(size(Compression::Lz4(12)) < size(Compression::Lz4(9)));
        assert!(size(Compression::Zstd(19)) < size(Compression::Zstd(1)));
    }
}
