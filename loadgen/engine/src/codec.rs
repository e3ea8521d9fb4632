//! The codecs of record batches, written as Kafka's own clients write them: gzip (RFC 1952), snappy in xerial's
//! framing (raw is read too), lz4 frames of independent blocks, zstd frames.

use crate::records::UNCOMPRESSED_BYTES_MAX;
use std::fmt;
use std::io::{Read, Write};
use std::ops::RangeInclusive;
use std::str::FromStr;
use thiserror::Error;

/// Which codec, as the batch attributes number them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Codec {
    /// As it is.
    None,
    /// RFC 1952.
    Gzip,
    /// Xerial's framing.
    Snappy,
    /// The frame format.
    Lz4,
    /// Zstandard.
    Zstd,
}

/// A codec and its level, as `--codec` names them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CodecSpec {
    /// Which.
    pub codec: Codec,
    /// Only gzip and zstd have levels.
    pub level: Option<i32>,
}

/// What went wrong with compressed records.
#[derive(Debug, Clone, Error, PartialEq, Eq)]
pub enum CodecError {
    /// The attributes name none of the five.
    #[error("codec {0} is unknown")]
    Unknown(i16),
    /// The bytes are not what that codec writes.
    #[error("{codec} records can't be decompressed: {why}")]
    Broken {
        /// Which.
        codec: Codec,
        /// The library's words.
        why: String,
    },
    /// A bomb, or a mistake.
    #[error("{0} records decompress to more than {UNCOMPRESSED_BYTES_MAX} bytes")]
    TooLarge(Codec),
}

const NAMES: [(&str, Codec); 5] = [
    ("none", Codec::None),
    ("gzip", Codec::Gzip),
    ("snappy", Codec::Snappy),
    ("lz4", Codec::Lz4),
    ("zstd", Codec::Zstd),
];

impl Codec {
    /// The bits in a batch's attributes.
    pub fn attribute(self) -> i16 {
        self as i16
    }

    /// From a batch's attributes.
    pub fn from_attributes(attributes: i16) -> Result<Codec, CodecError> {
        let bits = attributes & 7;
        NAMES.get(bits as usize).map(|(_, codec)| *codec).ok_or(CodecError::Unknown(bits))
    }
}

impl fmt::Display for Codec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(NAMES[*self as usize].0)
    }
}

impl CodecSpec {
    /// No compression.
    pub const NONE: CodecSpec = CodecSpec { codec: Codec::None, level: None };

    /// Every codec at every level that it has.
    pub fn every() -> Vec<CodecSpec> {
        let at_levels = |(_, codec): &(&str, Codec)| match levels(*codec) {
            Some(levels) => levels.map(|level| CodecSpec { codec: *codec, level: Some(level) }).collect(),
            None => vec![CodecSpec { codec: *codec, level: None }],
        };
        NAMES[1..].iter().flat_map(at_levels).collect()
    }
}

impl fmt::Display for CodecSpec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.level {
            Some(level) => write!(f, "{}:{level}", self.codec),
            None => write!(f, "{}", self.codec),
        }
    }
}

impl FromStr for CodecSpec {
    type Err = String;

    fn from_str(text: &str) -> Result<CodecSpec, String> {
        let (name, level) = match text.split_once(':') {
            Some((name, level)) => (name, Some(level)),
            None => (text, None),
        };
        let codec = NAMES.iter().find(|(known, _)| *known == name).map(|(_, codec)| *codec);
        let codec =
            codec.ok_or_else(|| format!("unknown codec '{name}': none, gzip, snappy, lz4 or zstd"))?;
        let level = level.map(|level| parse_level(codec, level)).transpose()?;
        Ok(CodecSpec { codec, level })
    }
}

/// The levels of a codec that has any; zstd's below 1 trade more and more ratio for speed.
fn levels(codec: Codec) -> Option<RangeInclusive<i32>> {
    match codec {
        Codec::Gzip => Some(1..=9),
        Codec::Zstd => Some(-7..=22),
        Codec::None | Codec::Snappy | Codec::Lz4 => None,
    }
}

fn parse_level(codec: Codec, text: &str) -> Result<i32, String> {
    let levels = levels(codec).ok_or_else(|| format!("{codec} has no levels here"))?;
    let level = text.parse::<i32>().ok().filter(|level| levels.contains(level));
    level.ok_or_else(|| format!("{codec} takes a level from {} to {}", levels.start(), levels.end()))
}

/// Compresses records; keeps what a codec wants to keep between batches.
pub struct Encoder {
    spec: CodecSpec,
    snappy: snap::raw::Encoder,
    zstd: Option<zstd::bulk::Compressor<'static>>,
}

/// Xerial's header: its magic, version 1, compatible from version 1.
const XERIAL_HEADER: [u8; 16] = [0x82, b'S', b'N', b'A', b'P', b'P', b'Y', 0, 0, 0, 0, 1, 0, 0, 0, 1];
const XERIAL_BLOCK_BYTES: usize = 32 << 10;
const ZSTD_DEFAULT_LEVEL: i32 = 3;
const GZIP_DEFAULT_LEVEL: i32 = 6;

impl Encoder {
    /// An encoder for `spec`.
    pub fn new(spec: CodecSpec) -> Encoder {
        let zstd = (spec.codec == Codec::Zstd).then(|| {
            zstd::bulk::Compressor::new(spec.level.unwrap_or(ZSTD_DEFAULT_LEVEL)).expect("levels are checked")
        });
        Encoder { spec, snappy: snap::raw::Encoder::new(), zstd }
    }

    /// Which codec it writes.
    pub fn codec(&self) -> Codec {
        self.spec.codec
    }

    /// Appends `records`, compressed, to `out`.
    pub fn compress(&mut self, records: &[u8], out: &mut Vec<u8>) {
        const INTO_MEMORY: &str = "compressing into memory does not fail";
        match self.spec.codec {
            Codec::None => out.extend_from_slice(records),
            Codec::Gzip => {
                let level = self.spec.level.unwrap_or(GZIP_DEFAULT_LEVEL) as u32;
                let mut gzip = flate2::write::GzEncoder::new(out, flate2::Compression::new(level));
                gzip.write_all(records).and_then(|()| gzip.finish().map(drop)).expect(INTO_MEMORY);
            }
            Codec::Snappy => self.write_xerial(records, out),
            Codec::Lz4 => {
                use lz4_flex::frame::{BlockMode, BlockSize, FrameEncoder, FrameInfo};
                let info = FrameInfo::new().block_size(BlockSize::Max64KB).block_mode(BlockMode::Independent);
                let mut lz4 = FrameEncoder::with_frame_info(info, out);
                lz4.write_all(records).expect(INTO_MEMORY);
                lz4.finish().expect(INTO_MEMORY);
            }
            Codec::Zstd => {
                let (start, bound) = (out.len(), zstd::zstd_safe::compress_bound(records.len()));
                out.resize(start + bound, 0);
                let zstd = self.zstd.as_mut().expect("made in new");
                let used = zstd.compress_to_buffer(records, &mut out[start..]).expect("the bound is enough");
                out.truncate(start + used);
            }
        }
    }

    fn write_xerial(&mut self, records: &[u8], out: &mut Vec<u8>) {
        out.extend_from_slice(&XERIAL_HEADER);
        for block in records.chunks(XERIAL_BLOCK_BYTES) {
            let (start, bound) = (out.len(), snap::raw::max_compress_len(block.len()));
            out.resize(start + 4 + bound, 0);
            let used = self.snappy.compress(block, &mut out[start + 4..]).expect("the bound is enough");
            out[start..start + 4].copy_from_slice(&(used as u32).to_be_bytes());
            out.truncate(start + 4 + used);
        }
    }
}

/// Decompresses records into a buffer that it keeps.
#[derive(Default)]
pub struct Decoder {
    out: Vec<u8>,
}

impl Decoder {
    /// The records of `payload`: itself when it is not compressed, else the decoder's buffer.
    pub fn decompress<'a>(&'a mut self, codec: Codec, payload: &'a [u8]) -> Result<&'a [u8], CodecError> {
        if codec == Codec::None {
            return Ok(payload);
        }
        self.out.clear();
        match codec {
            Codec::None => {}
            Codec::Gzip => self.read_all(codec, flate2::read::MultiGzDecoder::new(payload))?,
            Codec::Snappy => self.read_snappy(payload)?,
            Codec::Lz4 => self.read_all(codec, lz4_flex::frame::FrameDecoder::new(payload))?,
            Codec::Zstd => {
                let reader =
                    zstd::stream::read::Decoder::with_buffer(payload).map_err(|e| broken(codec, e))?;
                self.read_all(codec, reader)?;
            }
        }
        Ok(&self.out)
    }

    fn read_all(&mut self, codec: Codec, reader: impl Read) -> Result<(), CodecError> {
        let mut bounded = reader.take(UNCOMPRESSED_BYTES_MAX as u64 + 1);
        bounded.read_to_end(&mut self.out).map_err(|e| broken(codec, e))?;
        if self.out.len() > UNCOMPRESSED_BYTES_MAX {
            return Err(CodecError::TooLarge(codec));
        }
        Ok(())
    }

    fn read_snappy(&mut self, payload: &[u8]) -> Result<(), CodecError> {
        let Some(mut blocks) = payload.strip_prefix(&XERIAL_HEADER[..8]).and_then(|rest| rest.get(8..))
        else {
            return self.read_snappy_block(payload);
        };
        while !blocks.is_empty() {
            let cut = || broken(Codec::Snappy, "a block is cut");
            let (length, rest) = blocks.split_first_chunk::<4>().ok_or_else(cut)?;
            let (block, rest) =
                rest.split_at_checked(u32::from_be_bytes(*length) as usize).ok_or_else(cut)?;
            self.read_snappy_block(block)?;
            blocks = rest;
        }
        Ok(())
    }

    fn read_snappy_block(&mut self, block: &[u8]) -> Result<(), CodecError> {
        let length = snap::raw::decompress_len(block).map_err(|e| broken(Codec::Snappy, e))?;
        let start = self.out.len();
        if start + length > UNCOMPRESSED_BYTES_MAX {
            return Err(CodecError::TooLarge(Codec::Snappy));
        }
        self.out.resize(start + length, 0);
        let done = snap::raw::Decoder::new().decompress(block, &mut self.out[start..]);
        done.map(drop).map_err(|e| broken(Codec::Snappy, e))
    }
}

fn broken(codec: Codec, why: impl fmt::Display) -> CodecError {
    CodecError::Broken { codec, why: why.to_string() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_levels_are_checked() {
        for good in ["none", "gzip", "gzip:1", "snappy", "lz4", "zstd", "zstd:-3", "zstd:22"] {
            assert_eq!(good.parse::<CodecSpec>().unwrap().to_string(), good);
        }
        for bad in ["", "brotli", "gzip:0", "gzip:10", "zstd:23", "lz4:3", "snappy:1", "none:1", "zstd:x"] {
            assert!(bad.parse::<CodecSpec>().is_err(), "{bad}");
        }
    }

    #[test]
    fn raw_snappy_is_read_too() {
        let raw = snap::raw::Encoder::new().compress_vec(b"librdkafka writes raw").unwrap();
        assert_eq!(Decoder::default().decompress(Codec::Snappy, &raw).unwrap(), b"librdkafka writes raw");
    }

    #[test]
    fn garbage_is_an_error_value() {
        for (_, codec) in &NAMES[1..] {
            for garbage in [&b""[..], b"\x82SNAPPY\0aaaaaaaaaaaaaaaa", &[0xff; 40], &XERIAL_HEADER[..12]] {
                let _ = Decoder::default().decompress(*codec, garbage);
            }
            assert!(Decoder::default().decompress(*codec, &[0xff; 40]).is_err());
        }
    }

    #[test]
    fn a_bomb_is_refused() {
        let zeros = vec![0u8; UNCOMPRESSED_BYTES_MAX + 1];
        let bomb = zstd::bulk::compress(&zeros, 1).unwrap();
        assert_eq!(Decoder::default().decompress(Codec::Zstd, &bomb), Err(CodecError::TooLarge(Codec::Zstd)));
    }
}
