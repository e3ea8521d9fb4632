//! Kafka's code for every error of the engine, of topics and of groups. Each error is mapped here and nowhere else,
//! so a client gets the same code for it whatever it asked.
//!
//! This file knows errors and codes. The handlers (`api`) fill in what else an answer holds. Errors in the request
//! itself, such as an unknown version or a name that comes twice, are the handlers', too.

use creel_engine::{AppendError, BatchError, LookError, ProducerError, ReadError};
use creel_wire::ErrorCode;

use crate::groups::GroupError;
use crate::metadata::NameError;
use crate::topics::{PartitionError, TopicError};

/// An error that clients are told of.
pub(crate) trait KafkaError {
    /// Kafka's code for it.
    fn code(&self) -> ErrorCode;
}

/// The code for what may have failed.
pub(crate) fn code_of(error: Option<impl KafkaError>) -> ErrorCode {
    error.map_or(ErrorCode::None, |error| error.code())
}

impl KafkaError for BatchError {
    fn code(&self) -> ErrorCode {
        match self {
            Self::Crc { .. } | Self::Length(_) => ErrorCode::CorruptMessage,
            // Magic 0 and 1 were formats once. The others never were.
            Self::Magic(0 | 1) => ErrorCode::InvalidRecord,
            Self::Magic(_) => ErrorCode::CorruptMessage,
            // A part of a batch is not exactly one batch, and neither are two.
            Self::Short { .. } | Self::Trailing(_) | Self::Invalid(_) => ErrorCode::InvalidRecord,
        }
    }
}

impl KafkaError for LookError {
    fn code(&self) -> ErrorCode {
        match self {
            Self::Undecodable | Self::Keyless(_) => ErrorCode::InvalidRecord,
            Self::Incompressible => ErrorCode::UnknownServerError,
            Self::AppendTime(_) | Self::OutOfRange(_) => ErrorCode::InvalidTimestamp,
        }
    }
}

impl KafkaError for ProducerError {
    fn code(&self) -> ErrorCode {
        match self {
            Self::OutOfOrderSequence { .. } => ErrorCode::OutOfOrderSequenceNumber,
            Self::InvalidEpoch { .. } => ErrorCode::InvalidProducerEpoch,
            Self::InvalidTransactionState => ErrorCode::InvalidTxnState,
        }
    }
}

impl KafkaError for AppendError {
    fn code(&self) -> ErrorCode {
        match self {
            Self::TooLarge { .. } => ErrorCode::MessageTooLarge,
            Self::InvalidRecord(_) => ErrorCode::InvalidRecord,
            Self::InvalidTimestamp(_) => ErrorCode::InvalidTimestamp,
            Self::Producer(error) => error.code(),
            Self::DiskFull | Self::NoDescriptor | Self::Storage => ErrorCode::KafkaStorageError,
            Self::Truncated | Self::Closed => ErrorCode::NotLeaderOrFollower,
        }
    }
}

impl From<AppendError> for GroupError {
    /// What a group tells its members if the log has refused its records.
    fn from(error: AppendError) -> Self {
        match error {
            AppendError::Storage | AppendError::Truncated | AppendError::Closed => Self::NotCoordinator,
            AppendError::DiskFull | AppendError::NoDescriptor => Self::CoordinatorNotAvailable,
            AppendError::TooLarge { .. }
            | AppendError::InvalidRecord(_)
            | AppendError::InvalidTimestamp(_)
            | AppendError::Producer(_) => Self::UnknownServerError,
        }
    }
}

impl KafkaError for ReadError {
    fn code(&self) -> ErrorCode {
        match self {
            Self::OutOfRange { .. } => ErrorCode::OffsetOutOfRange,
            Self::Corrupt { .. } => ErrorCode::CorruptMessage,
            Self::Storage(_) => ErrorCode::KafkaStorageError,
            Self::Closed => ErrorCode::NotLeaderOrFollower,
        }
    }
}

impl KafkaError for PartitionError {
    fn code(&self) -> ErrorCode {
        match self {
            Self::Unknown => ErrorCode::UnknownTopicOrPartition,
            Self::Offline => ErrorCode::KafkaStorageError,
        }
    }
}

impl KafkaError for NameError {
    fn code(&self) -> ErrorCode {
        match self {
            Self::Reserved | Self::TooLong | Self::Character | Self::Collides(_) => {
                ErrorCode::InvalidTopicException
            }
        }
    }
}

impl KafkaError for TopicError {
    fn code(&self) -> ErrorCode {
        match self {
            Self::NotController | Self::Stopping => ErrorCode::NotController,
            Self::UnknownName => ErrorCode::UnknownTopicOrPartition,
            Self::UnknownId => ErrorCode::UnknownTopicId,
            Self::AlreadyExists(_) | Self::Conflict => ErrorCode::TopicAlreadyExists,
            Self::InvalidName => ErrorCode::InvalidTopicException,
            Self::NewName(error) => error.code(),
            Self::InvalidPartitions(_) => ErrorCode::InvalidPartitions,
            Self::TooManyPartitions => ErrorCode::PolicyViolation,
            Self::InvalidReplicationFactor(_) => ErrorCode::InvalidReplicationFactor,
            Self::InvalidAssignment(_) => ErrorCode::InvalidReplicaAssignment,
            Self::InvalidConfig(_) => ErrorCode::InvalidConfig,
            Self::MetadataLog(_) | Self::FixedPartitions | Self::InvalidRequest(_) => {
                ErrorCode::InvalidRequest
            }
            Self::Storage(_) => ErrorCode::KafkaStorageError,
            Self::Metadata(_) => ErrorCode::UnknownServerError,
        }
    }
}

impl KafkaError for GroupError {
    fn code(&self) -> ErrorCode {
        match self {
            Self::UnknownServerError => ErrorCode::UnknownServerError,
            Self::OffsetMetadataTooLarge => ErrorCode::OffsetMetadataTooLarge,
            Self::CoordinatorNotAvailable => ErrorCode::CoordinatorNotAvailable,
            Self::NotCoordinator => ErrorCode::NotCoordinator,
            Self::IllegalGeneration => ErrorCode::IllegalGeneration,
            Self::InconsistentGroupProtocol => ErrorCode::InconsistentGroupProtocol,
            Self::InvalidGroupId => ErrorCode::InvalidGroupId,
            Self::UnknownMemberId => ErrorCode::UnknownMemberId,
            Self::InvalidSessionTimeout => ErrorCode::InvalidSessionTimeout,
            Self::RebalanceInProgress => ErrorCode::RebalanceInProgress,
            Self::NonEmptyGroup => ErrorCode::NonEmptyGroup,
            Self::GroupIdNotFound => ErrorCode::GroupIdNotFound,
            Self::MemberIdRequired => ErrorCode::MemberIdRequired,
            Self::GroupMaxSizeReached => ErrorCode::GroupMaxSizeReached,
            Self::FencedInstanceId => ErrorCode::FencedInstanceId,
            Self::GroupSubscribedToTopic => ErrorCode::GroupSubscribedToTopic,
            Self::UnstableOffsetCommit => ErrorCode::UnstableOffsetCommit,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_of_a_topic_says_what_its_code_says_where_it_has_no_words_of_its_own() {
        for error in [TopicError::UnknownName, TopicError::InvalidName] {
            assert_eq!(error.to_string(), error.code().description());
        }
    }

    #[test]
    fn what_did_not_fail_has_no_code() {
        assert_eq!(code_of(None::<GroupError>), ErrorCode::None);
        assert_eq!(code_of(Some(GroupError::FencedInstanceId)).code(), 82);
    }
}
