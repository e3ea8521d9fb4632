//! How much memory the lists of one frame may take once they are read.
//!
//! Text, bytes and records are slices of the frame, so lists are all that decoding allocates. Two rules bound them:
//!
//! - A count is believed only as far as the bytes left could hold that many of the smallest element
//!   (`Field::least`). So no list takes more than about 32 times the bytes it is read from, an empty name's ratio.
//! - All lists of a frame together take no more than `of` allows. What is left of it is the reader's `room`.
//!
//! The figures come from what is legitimate. 440 recorded frames of real clients take up to 10 times their size, those
//! of more than 50 bytes up to 4 times. Large ones: an answer with 100,000 partitions 3 to 4 times, requests that list
//! names of eight letters 4 to 5 times. Shorter names take more, up to 24 times for OffsetFetch of groups with one
//! letter each, but the shorter the names the fewer there are, and that is what `BASE` is for: with it tens of
//! thousands of names of one letter pass. `tests/wire/budget.rs` holds all this to be true.

/// What every frame may take, however small.
pub const BASE: usize = 1 << 20;

/// What each byte of a frame adds.
pub const FACTOR: usize = 8;

/// Bytes of a frame beyond these add nothing: frames are larger only for their records, which take no memory.
pub const FRAME_BYTES_COUNTED: usize = 16 << 20;

/// Bytes that the lists of a frame of `frame_bytes` may take in memory.
#[must_use]
pub const fn of(frame_bytes: usize) -> usize {
    let counted = if frame_bytes < FRAME_BYTES_COUNTED { frame_bytes } else { FRAME_BYTES_COUNTED };
    FACTOR.saturating_mul(counted).saturating_add(BASE)
}
