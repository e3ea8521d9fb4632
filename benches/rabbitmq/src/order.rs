//! What the tests of order have in common.

use std::time::Duration;

/// How long messages are stored for them.
pub const STORE_FOR: Duration = Duration::from_millis(1_500);
/// The first reader dies after so many messages, in the middle between two acknowledgements of 100.
pub const DIES_AFTER: u64 = 3_050;
/// Acknowledged, or committed, together.
pub const COMMIT_EVERY: u64 = 100;
/// So long without a message is the end.
pub const PATIENCE: Duration = Duration::from_secs(1);
