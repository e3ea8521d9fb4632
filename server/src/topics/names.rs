//! What a topic's name says.

use creel_wire::ErrorCode;

use crate::{metadata, offsets};

/// Whether a topic can be called so.
pub(crate) fn check_name(name: &str) -> Result<(), ErrorCode> {
    metadata::Topics::check_name(name).map_err(|_| ErrorCode::InvalidTopicException)
}

/// Topics that only the broker itself writes to.
pub(crate) fn is_internal(name: &str) -> bool {
    name == offsets::TOPIC || name == "__transaction_state"
}
