//! Short names for the kinds of settings, so that a row of a table is one line.

use super::value::{Kind, Unit};

pub(super) const I16: i64 = i16::MAX as i64;
pub(super) const I16_MIN: i64 = i16::MIN as i64;
pub(super) const I32: i64 = i32::MAX as i64;
pub(super) const I32_MIN: i64 = i32::MIN as i64;
pub(super) const I64: i64 = i64::MAX;
pub(super) const I64_MIN: i64 = i64::MIN;
pub(super) const LONG_MAX: &str = "9223372036854775807";

/// The values of `compression.type`.
pub(super) const COMPRESSION: Kind =
    Kind::Choice(&["uncompressed", "zstd", "lz4", "snappy", "gzip", "producer"]);

pub(super) const fn count(low: i64, high: i64) -> Kind {
    Kind::Int(low, high, Unit::Count)
}
pub(super) const fn bytes(low: i64) -> Kind {
    Kind::Int(low, I32, Unit::Bytes)
}
pub(super) const fn long_bytes(low: i64) -> Kind {
    Kind::Long(low, I64, Unit::Bytes)
}
pub(super) const fn millis(low: i64) -> Kind {
    Kind::Int(low, I32, Unit::Millis)
}
pub(super) const fn long_millis(low: i64) -> Kind {
    Kind::Long(low, I64, Unit::Millis)
}
