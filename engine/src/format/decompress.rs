//! Decompresses records, up to a limit. It is slow, so only small batches are decompressed on a data core, and only up to
//! a low limit (`log::record_rules`).
//!
//! Framing in record batch v2: gzip as RFC 1952; snappy raw or in xerial's chunks (Java writes those, librdkafka raw);
//! lz4 and zstd frames.

use std::io::Read;

use crate::format::batch::Codec;
use crate::limits::DECOMPRESSED_BYTES_MAX;

pub(crate) const XERIAL_MAGIC: &[u8] = b"\x82SNAPPY\0";
const XERIAL_HEADER_BYTES: usize = 16;

/// The decompressed records. `None` if they are damaged or larger than the limit.
pub(crate) fn decompress(codec: Codec, compressed: &[u8]) -> Option<Vec<u8>> {
    decompress_within(codec, compressed, DECOMPRESSED_BYTES_MAX)
}

/// The same with a limit of the caller's.
pub(crate) fn decompress_within(codec: Codec, compressed: &[u8], most: usize) -> Option<Vec<u8>> {
    match codec {
        Codec::None => (compressed.len() <= most).then(|| compressed.to_vec()),
        Codec::Gzip => read_bounded(flate2::read::MultiGzDecoder::new(compressed), most),
        Codec::Snappy if compressed.starts_with(XERIAL_MAGIC) => {
            xerial(compressed.get(XERIAL_HEADER_BYTES..)?, most)
        }
        Codec::Snappy => snappy(compressed, most),
        Codec::Lz4 => read_bounded(lz4_flex::frame::FrameDecoder::new(compressed), most),
        Codec::Zstd => read_bounded(zstd::stream::read::Decoder::new(compressed).ok()?, most),
    }
}

fn read_bounded(decoder: impl Read, most: usize) -> Option<Vec<u8>> {
    let mut plain = Vec::new();
    decoder.take(most as u64 + 1).read_to_end(&mut plain).ok()?;
    (plain.len() <= most).then_some(plain)
}

/// The size that a snappy block states is believed only up to the limit.
fn snappy(block: &[u8], most: usize) -> Option<Vec<u8>> {
    let claimed = snap::raw::decompress_len(block).ok()?;
    (claimed <= most).then(|| snap::raw::Decoder::new().decompress_vec(block).ok())?
}

/// Chunks, each of them a big-endian length and a raw block.
fn xerial(mut chunks: &[u8], most: usize) -> Option<Vec<u8>> {
    let mut plain = Vec::new();
    while let Some((length, rest)) = chunks.split_first_chunk::<4>() {
        let block = rest.get(..u32::from_be_bytes(*length) as usize)?;
        plain.extend(snappy(block, most - plain.len())?);
        chunks = &rest[block.len()..];
    }
    chunks.is_empty().then_some(plain)
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;
    use crate::format::compress::{Compression, compress};

    fn plain() -> Vec<u8> {
        (0..200_000_u32).flat_map(|at| (at / 7).to_be_bytes()).collect()
    }

    fn raw_snappy(bytes: &[u8]) -> Vec<u8> {
        snap::raw::Encoder::new().compress_vec(bytes).unwrap()
    }

    #[test]
    fn every_codec_gives_the_records_back() {
        let plain = plain();
        let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        gzip.write_all(&plain).unwrap();
        assert_eq!(decompress(Codec::Gzip, &gzip.finish().unwrap()).as_ref(), Some(&plain));
        let mut lz4 = lz4_flex::frame::FrameEncoder::new(Vec::new());
        lz4.write_all(&plain).unwrap();
        assert_eq!(decompress(Codec::Lz4, &lz4.finish().unwrap()).as_ref(), Some(&plain));
        let zstd = zstd::stream::encode_all(&plain[..], 1).unwrap();
        assert_eq!(decompress(Codec::Zstd, &zstd).as_ref(), Some(&plain));
        assert_eq!(decompress(Codec::Snappy, &raw_snappy(&plain)).as_ref(), Some(&plain));
        let mut xerial = [XERIAL_MAGIC, &[0, 0, 0, 1, 0, 0, 0, 1]].concat();
        for chunk in plain.chunks(32_768) {
            let block = raw_snappy(chunk);
            xerial.extend((block.len() as u32).to_be_bytes());
            xerial.extend(block);
        }
        assert_eq!(decompress(Codec::Snappy, &xerial).as_ref(), Some(&plain));
    }

    #[test]
    fn bombs_and_garbage_are_refused() {
        let zeros = vec![0; DECOMPRESSED_BYTES_MAX + 1];
        assert_eq!(decompress(Codec::Zstd, &zstd::stream::encode_all(&zeros[..], 1).unwrap()), None);
        assert_eq!(decompress(Codec::Snappy, &raw_snappy(&zeros)), None);
        // A block that states 4 GiB in five bytes.
        assert_eq!(decompress(Codec::Snappy, &[0xff, 0xff, 0xff, 0xff, 0x0f]), None);
        for codec in [Codec::Gzip, Codec::Snappy, Codec::Lz4, Codec::Zstd] {
            assert_eq!(decompress(codec, b"no such thing, really"), None, "{codec:?}");
        }
    }

    #[test]
    fn a_lower_limit_holds_for_every_codec() {
        let plain = vec![7; 5000];
        for how in [
            Compression::None,
            Compression::Gzip(-1),
            Compression::Snappy,
            Compression::Lz4(9),
            Compression::Zstd(3),
        ] {
            let compressed = compress(how, &plain).unwrap();
            let within = |most| decompress_within(how.codec(), &compressed, most);
            assert_eq!(within(5000).as_ref(), Some(&plain), "{how:?}");
            assert_eq!(within(4999), None, "{how:?}");
        }
        assert_eq!(decompress_within(Codec::Snappy, &raw_snappy(&plain), 4999), None);
    }
}
