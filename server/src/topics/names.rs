//! What a topic's name says.

use super::controller::TopicError;
use crate::metadata::kafka::METADATA_TOPIC;
use crate::metadata::{self, NameError};
use crate::offsets;

/// Whether a topic can be called so.
pub(crate) fn check_name(name: &str) -> Result<(), NameError> {
    metadata::StoredTopics::check_name(name)
}

/// Topics that only the broker itself writes to.
pub(crate) fn is_internal(name: &str) -> bool {
    matches!(name, offsets::TOPIC | "__transaction_state" | "__share_group_state")
}

/// Whether clients may have a topic made under a name. The metadata log's is refused: Kafka's may lie in the data
/// directory.
pub(crate) fn check_not_metadata_log(name: &str) -> Result<(), TopicError> {
    if name == METADATA_TOPIC { Err(TopicError::MetadataLog(name.to_owned())) } else { Ok(()) }
}
