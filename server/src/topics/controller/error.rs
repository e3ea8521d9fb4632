//! Why a topic is not made, changed or deleted. The words are for the client. `answers` gives Kafka's code for each.

use crate::config::ConfigError;
use crate::metadata::NameError;

/// Why not.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum TopicError {
    #[error("this core is not the controller of topics")]
    NotController,
    #[error("the broker is stopping")]
    Stopping,
    #[error("this server does not host this topic-partition")]
    UnknownName,
    #[error("This server does not host this topic ID.")]
    UnknownId,
    #[error("Topic '{0}' already exists.")]
    AlreadyExists(String),
    /// What is written down has changed meanwhile.
    #[error("another change of the topic came first")]
    Conflict,
    /// No topic, new or old, can be called so.
    #[error("the request attempted to perform an operation on an invalid topic")]
    InvalidName,
    /// A new topic cannot be called so.
    #[error(transparent)]
    NewName(#[from] NameError),
    /// The metadata log is no topic: Kafka's may lie in the data directory.
    #[error("Creation of internal topic {0} is prohibited.")]
    MetadataLog(String),
    /// Which partition a group belongs to depends on their number.
    #[error("The number of partitions of an internal topic is fixed.")]
    FixedPartitions,
    #[error("{0}")]
    InvalidPartitions(String),
    #[error("Excessively large number of partitions per request.")]
    TooManyPartitions,
    #[error("The target replication factor of {0} cannot be reached: there is 1 broker.")]
    InvalidReplicationFactor(i16),
    #[error("{0}")]
    InvalidAssignment(&'static str),
    #[error("{0}")]
    InvalidConfig(String),
    /// The request contradicts itself, or asks for something that does not exist.
    #[error("{0}")]
    InvalidRequest(String),
    /// It could not be written down, or not be made on every core.
    #[error("{0}")]
    Storage(String),
    /// What was written down cannot be followed.
    #[error("{0}")]
    Metadata(String),
}

impl From<ConfigError> for TopicError {
    fn from(error: ConfigError) -> Self {
        Self::InvalidConfig(error.to_string())
    }
}
