//! A frame that is ready to be sent.

use bytes::Bytes;

/// Bytes of the size that begins each frame.
pub const SIZE_PREFIX: usize = 4;

/// The largest frame, its size included: that is a signed number of 32 bits.
pub const FRAME_BYTES_MAX: usize = SIZE_PREFIX + i32::MAX as usize;

/// A frame ready to be sent: `bytes`, with what the cuts name sent in between.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct EncodedFrame {
    /// The size prefix (cuts counted), header and body without what is held elsewhere.
    pub bytes: Bytes,
    /// Ascending by `at`.
    pub cuts: Vec<Cut>,
}

/// A place where bytes held elsewhere belong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cut {
    /// They are sent after this many of the frame's own bytes.
    pub at: usize,
    /// How many they are.
    pub len: u32,
}

impl EncodedFrame {
    /// All bytes to be sent.
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
