//! What cannot be read.

use creel_engine::BatchError;

/// Bytes that are not what they should be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("malformed {0}")]
pub struct Malformed(pub &'static str);

/// Why a batch of the log could not be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ContentError {
    /// Its records are not what they should be.
    #[error(transparent)]
    Malformed(#[from] Malformed),
    /// It is not what was written.
    #[error(transparent)]
    Batch(#[from] BatchError),
    /// `offsets.topic.compression.codec` was set in the broker that wrote it.
    #[error("compressed batches of __consumer_offsets are not supported")]
    Compressed,
}
