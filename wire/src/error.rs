//! Why bytes do not decode as a message, and why a message can't be sent.

use std::fmt;

/// The bytes of a frame are not what its header says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DecodeError {
    /// What is wrong.
    pub fault: Fault,
    /// The position, in bytes from the start of what the reader was given.
    pub at: usize,
}

/// What can be wrong with a frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// The frame ends inside a field, or a length or a count is larger than what is left of it.
    Truncated,
    /// A variable-length integer of more than 32 bits.
    VarintTooLong,
    /// A null in a field that can't be null in this version.
    Null,
    /// Lists that would take more memory than `budget` allows for a frame of this size.
    Budget,
    /// Text that is not UTF-8.
    NotUtf8,
    /// Text longer than Kafka's 32767 bytes.
    TextTooLong,
    /// A tagged field whose value does not fill its stated size.
    TagSize,
    /// A size prefix that is negative or beyond the limit.
    FrameSize,
    /// An API key that Creel does not know.
    UnknownApi,
}

impl fmt::Display for DecodeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let fault = match self.fault {
            Fault::Truncated => "the frame ends too early",
            Fault::VarintTooLong => "a variable-length integer has more than 32 bits",
            Fault::Null => "null where this version allows none",
            Fault::Budget => "lists would take more memory than a frame of this size may",
            Fault::NotUtf8 => "text is not UTF-8",
            Fault::TextTooLong => "text is longer than 32767 bytes",
            Fault::TagSize => "a tagged field does not fill its size",
            Fault::FrameSize => "the frame's size is out of range",
            Fault::UnknownApi => "the API key is unknown",
        };
        write!(f, "{fault} (at byte {})", self.at)
    }
}

impl std::error::Error for DecodeError {}

/// A message that is too large for a frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FrameTooLarge {
    /// The size that the frame would have, in bytes.
    pub bytes: usize,
    /// The largest size that it may have, in bytes.
    pub bytes_max: usize,
}

impl fmt::Display for FrameTooLarge {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "a frame of {} bytes, where at most {} are allowed", self.bytes, self.bytes_max)
    }
}

impl std::error::Error for FrameTooLarge {}
