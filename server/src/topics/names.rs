//! What a topic's name says.

use creel_wire::ErrorCode;

use crate::metadata::{self, kafka::METADATA_TOPIC};
use crate::offsets;
use crate::peers::questions::TopicRefusal;

/// Whether a topic can be called so.
pub(crate) fn check_name(name: &str) -> Result<(), ErrorCode> {
    metadata::Topics::check_name(name).map_err(|_| ErrorCode::InvalidTopicException)
}

/// Topics that only the broker itself writes to.
pub(crate) fn is_internal(name: &str) -> bool {
    matches!(name, offsets::TOPIC | "__transaction_state" | "__share_group_state")
}

/// Whether clients may have a topic made under a name. The metadata log is none: Kafka's may lie in the data directory.
pub(crate) fn check_not_metadata_log(name: &str) -> Result<(), TopicRefusal> {
    if name == METADATA_TOPIC {
        let message = format!("Creation of internal topic {name} is prohibited.");
        return Err(TopicRefusal::new(ErrorCode::InvalidRequest, message));
    }
    Ok(())
}
