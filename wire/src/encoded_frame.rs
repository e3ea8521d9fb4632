//! A frame that is ready to be sent.

use bytes::Bytes;

/// The size of the prefix of each frame, which holds the frame's size.
pub const SIZE_PREFIX: usize = 4;

/// The largest frame, with its prefix. The size is a signed number of 32 bits.
pub const FRAME_BYTES_MAX: usize = SIZE_PREFIX + i32::MAX as usize;

/// A frame that is ready to be sent: `bytes`, and between them the bytes that the cuts name.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct EncodedFrame {
    /// The size prefix (which counts the cuts too), the header, and the body without the bytes that are held
    /// elsewhere.
    pub bytes: Bytes,
    /// The cuts, in ascending order of `at`.
    pub cuts: Vec<Cut>,
}

/// A place in a frame where bytes that are held elsewhere must be inserted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cut {
    /// They are sent after this many of the frame's own bytes.
    pub at: usize,
    /// The number of those bytes.
    pub len: u32,
}

impl EncodedFrame {
    /// The number of all bytes to be sent.
    #[must_use]
    pub fn len(&self) -> usize {
        self.cuts.iter().map(|cut| cut.len as usize).fold(self.bytes.len(), usize::saturating_add)
    }

    /// Whether there is nothing to send.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}
