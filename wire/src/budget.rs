//! How much memory the lists of one frame may take once they are decoded.
//!
//! Text, bytes and records are slices of the frame, so only lists allocate memory. Two rules bound them:
//!
//! - A count is believed only if the bytes left could hold that many of the smallest element (`Field::least`). So no
//!   list takes more than about 32 times the bytes that it is read from; that is the ratio for empty names.
//! - All lists of a frame together take no more than `of` allows. The reader's `room` is what is left of that.
//!
//! The figures were chosen so that legitimate frames pass. 440 recorded frames of real clients take up to 10 times
//! their size, and those of more than 50 bytes up to 4 times. An answer with 100,000 partitions takes 3 to 4 times
//! its size, and a request that lists names of eight letters 4 to 5 times. Shorter names take more: up to 24 times
//! for OffsetFetch of groups with one letter each. But the shorter the names are, the fewer of them exist. `BASE` is
//! for these: with it, tens of thousands of names of one letter pass. `tests/wire/budget.rs` checks all this.

/// The memory that every frame may use, however small it is.
pub const BASE: usize = 1 << 20;

/// The memory that each byte of a frame adds.
pub const FACTOR: usize = 8;

/// The bytes of a frame beyond this number add nothing. Only records make a frame larger than this, and records take
/// no memory.
pub const FRAME_BYTES_COUNTED: usize = 16 << 20;

/// The number of bytes of memory that the lists of a frame of `frame_bytes` may take.
#[must_use]
pub const fn of(frame_bytes: usize) -> usize {
    let counted = if frame_bytes < FRAME_BYTES_COUNTED { frame_bytes } else { FRAME_BYTES_COUNTED };
    FACTOR.saturating_mul(counted).saturating_add(BASE)
}
