//! Kafka's error codes (as of 4.3.1), with its names and short descriptions.

use std::fmt;

use crate::error::DecodeError;
use crate::field::{Field, Shape};
use crate::{Reader, Writer};

macro_rules! error_codes {
    ($($code:literal $variant:ident $name:literal $description:literal)*) => {
        /// An error code. An unknown code decodes as `UnknownServerError`, as in Kafka's own clients.
        #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
        #[repr(i16)]
        pub enum ErrorCode {
            $(
                #[doc = $description]
                $variant = $code,
            )*
            /// no error
            #[default]
            None = 0,
        }

        impl ErrorCode {
            /// Every code.
            pub const ALL: &[Self] = &[Self::None, $(Self::$variant),*];

            /// Kafka's name for it.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self {
                    Self::None => "NONE",
                    $(Self::$variant => $name,)*
                }
            }

            /// What it means.
            #[must_use]
            pub const fn description(self) -> &'static str {
                match self {
                    Self::None => "no error",
                    $(Self::$variant => $description,)*
                }
            }
        }

        impl From<i16> for ErrorCode {
            #[inline]
            fn from(code: i16) -> Self {
                match code {
                    0 => Self::None,
                    $($code => Self::$variant,)*
                    _ => Self::UnknownServerError,
                }
            }
        }
    };
}

impl ErrorCode {
    /// Its number.
    #[inline]
    #[must_use]
    pub const fn code(self) -> i16 {
        self as i16
    }

    /// Whether it says that there was no error.
    #[inline]
    #[must_use]
    pub const fn is_none(self) -> bool {
        matches!(self, Self::None)
    }

    /// Whether the same request may succeed later. Kafka's protocol calls such an error retriable.
    #[must_use]
    pub const fn is_retriable(self) -> bool {
        matches!(
            self,
            Self::CorruptMessage
                | Self::UnknownTopicOrPartition
                | Self::LeaderNotAvailable
                | Self::NotLeaderOrFollower
                | Self::RequestTimedOut
                | Self::ReplicaNotAvailable
                | Self::NetworkException
                | Self::CoordinatorLoadInProgress
                | Self::CoordinatorNotAvailable
                | Self::NotCoordinator
                | Self::NotEnoughReplicas
                | Self::NotEnoughReplicasAfterAppend
                | Self::NotController
                | Self::ConcurrentTransactions
                | Self::KafkaStorageError
                | Self::FetchSessionIdNotFound
                | Self::InvalidFetchSessionEpoch
                | Self::ListenerNotFound
                | Self::FencedLeaderEpoch
                | Self::UnknownLeaderEpoch
                | Self::OffsetNotAvailable
                | Self::PreferredLeaderNotAvailable
                | Self::EligibleLeadersNotAvailable
                | Self::ElectionNotNeeded
                | Self::UnstableOffsetCommit
                | Self::ThrottlingQuotaExceeded
                | Self::UnknownTopicId
                | Self::InconsistentTopicId
                | Self::FetchSessionTopicIdError
                | Self::ShareSessionNotFound
                | Self::InvalidShareSessionEpoch
                | Self::ShareSessionLimitReached
        )
    }
}

impl From<ErrorCode> for i16 {
    #[inline]
    fn from(code: ErrorCode) -> Self {
        code.code()
    }
}

impl fmt::Display for ErrorCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({}): {}", self.name(), self.code(), self.description())
    }
}

impl Field for ErrorCode {
    #[inline]
    fn read(reader: &mut Reader, _: Shape) -> Result<Self, DecodeError> {
        reader.i16().map(Self::from)
    }

    #[inline]
    fn write(&self, writer: &mut Writer, _: Shape) {
        writer.i16(self.code());
    }

    #[inline]
    fn size(&self, _: Shape) -> usize {
        size_of::<i16>()
    }

    #[inline]
    fn least(_: Shape) -> usize {
        size_of::<i16>()
    }
}

error_codes! {
    -1 UnknownServerError "UNKNOWN_SERVER_ERROR" "the server experienced an unexpected error when processing the request"
    1 OffsetOutOfRange "OFFSET_OUT_OF_RANGE" "the requested offset is not within the range of offsets maintained by the server"
    2 CorruptMessage "CORRUPT_MESSAGE" "the records fail their CRC or are otherwise corrupt"
    3 UnknownTopicOrPartition "UNKNOWN_TOPIC_OR_PARTITION" "this server does not host this topic-partition"
    4 InvalidFetchSize "INVALID_FETCH_SIZE" "the requested fetch size is invalid"
    5 LeaderNotAvailable "LEADER_NOT_AVAILABLE" "the partition has no leader just now"
    6 NotLeaderOrFollower "NOT_LEADER_OR_FOLLOWER" "this broker does not lead the partition"
    7 RequestTimedOut "REQUEST_TIMED_OUT" "the request timed out"
    8 BrokerNotAvailable "BROKER_NOT_AVAILABLE" "the broker is not available"
    9 ReplicaNotAvailable "REPLICA_NOT_AVAILABLE" "this broker holds no replica of the partition"
    10 MessageTooLarge "MESSAGE_TOO_LARGE" "the request included a message larger than the max message size the server will accept"
    11 StaleControllerEpoch "STALE_CONTROLLER_EPOCH" "the controller moved to another broker"
    12 OffsetMetadataTooLarge "OFFSET_METADATA_TOO_LARGE" "the metadata field of the offset request was too large"
    13 NetworkException "NETWORK_EXCEPTION" "the server disconnected before a response was received"
    14 CoordinatorLoadInProgress "COORDINATOR_LOAD_IN_PROGRESS" "the coordinator is loading and hence can't process requests"
    15 CoordinatorNotAvailable "COORDINATOR_NOT_AVAILABLE" "the coordinator is not available"
    16 NotCoordinator "NOT_COORDINATOR" "this is not the correct coordinator"
    17 InvalidTopicException "INVALID_TOPIC_EXCEPTION" "the request attempted to perform an operation on an invalid topic"
    18 RecordListTooLarge "RECORD_LIST_TOO_LARGE" "the request included message batch larger than the configured segment size on the server"
    19 NotEnoughReplicas "NOT_ENOUGH_REPLICAS" "messages are rejected since there are fewer in-sync replicas than required"
    20 NotEnoughReplicasAfterAppend "NOT_ENOUGH_REPLICAS_AFTER_APPEND" "messages are written to the log, but to fewer in-sync replicas than required"
    21 InvalidRequiredAcks "INVALID_REQUIRED_ACKS" "produce request specified an invalid value for required acks"
    22 IllegalGeneration "ILLEGAL_GENERATION" "specified group generation id is not valid"
    23 InconsistentGroupProtocol "INCONSISTENT_GROUP_PROTOCOL" "the member's protocols have nothing in common with the group's"
    24 InvalidGroupId "INVALID_GROUP_ID" "the group id is invalid"
    25 UnknownMemberId "UNKNOWN_MEMBER_ID" "the coordinator is not aware of this member"
    26 InvalidSessionTimeout "INVALID_SESSION_TIMEOUT" "the session timeout is not within the range allowed by the broker"
    27 RebalanceInProgress "REBALANCE_IN_PROGRESS" "the group is rebalancing: join again"
    28 InvalidCommitOffsetSize "INVALID_COMMIT_OFFSET_SIZE" "the committing offset data size is not valid"
    29 TopicAuthorizationFailed "TOPIC_AUTHORIZATION_FAILED" "topic authorization failed"
    30 GroupAuthorizationFailed "GROUP_AUTHORIZATION_FAILED" "group authorization failed"
    31 ClusterAuthorizationFailed "CLUSTER_AUTHORIZATION_FAILED" "cluster authorization failed"
    32 InvalidTimestamp "INVALID_TIMESTAMP" "the timestamp of the message is out of acceptable range"
    33 UnsupportedSaslMechanism "UNSUPPORTED_SASL_MECHANISM" "the broker does not support the requested SASL mechanism"
    34 IllegalSaslState "ILLEGAL_SASL_STATE" "request is not valid given the current SASL state"
    35 UnsupportedVersion "UNSUPPORTED_VERSION" "the version of API is not supported"
    36 TopicAlreadyExists "TOPIC_ALREADY_EXISTS" "topic with this name already exists"
    37 InvalidPartitions "INVALID_PARTITIONS" "number of partitions is below 1"
    38 InvalidReplicationFactor "INVALID_REPLICATION_FACTOR" "replication factor is below 1 or larger than the number of available brokers"
    39 InvalidReplicaAssignment "INVALID_REPLICA_ASSIGNMENT" "replica assignment is invalid"
    40 InvalidConfig "INVALID_CONFIG" "configuration is invalid"
    41 NotController "NOT_CONTROLLER" "this is not the correct controller for this cluster"
    42 InvalidRequest "INVALID_REQUEST" "the request is malformed or makes no sense"
    43 UnsupportedForMessageFormat "UNSUPPORTED_FOR_MESSAGE_FORMAT" "the message format version on the broker does not support the request"
    44 PolicyViolation "POLICY_VIOLATION" "request parameters do not satisfy the configured policy"
    45 OutOfOrderSequenceNumber "OUT_OF_ORDER_SEQUENCE_NUMBER" "the broker received an out of order sequence number"
    46 DuplicateSequenceNumber "DUPLICATE_SEQUENCE_NUMBER" "the broker received a duplicate sequence number"
    47 InvalidProducerEpoch "INVALID_PRODUCER_EPOCH" "producer attempted to produce with an old epoch"
    48 InvalidTxnState "INVALID_TXN_STATE" "the producer attempted a transactional operation in an invalid state"
    49 InvalidProducerIdMapping "INVALID_PRODUCER_ID_MAPPING" "the producer attempted to use a producer id which is not currently assigned to its transactional id"
    50 InvalidTransactionTimeout "INVALID_TRANSACTION_TIMEOUT" "the transaction timeout is larger than the maximum value allowed by the broker"
    51 ConcurrentTransactions "CONCURRENT_TRANSACTIONS" "the producer attempted to update a transaction while another concurrent operation on the same transaction was ongoing"
    52 TransactionCoordinatorFenced "TRANSACTION_COORDINATOR_FENCED" "the transaction coordinator was replaced"
    53 TransactionalIdAuthorizationFailed "TRANSACTIONAL_ID_AUTHORIZATION_FAILED" "transactional Id authorization failed"
    54 SecurityDisabled "SECURITY_DISABLED" "security features are disabled"
    55 OperationNotAttempted "OPERATION_NOT_ATTEMPTED" "not attempted, because another part of the request failed"
    56 KafkaStorageError "KAFKA_STORAGE_ERROR" "disk error when trying to access log file on the disk"
    57 LogDirNotFound "LOG_DIR_NOT_FOUND" "the user-specified log directory is not found in the broker config"
    58 SaslAuthenticationFailed "SASL_AUTHENTICATION_FAILED" "SASL Authentication failed"
    59 UnknownProducerId "UNKNOWN_PRODUCER_ID" "the broker remembers nothing of this producer id"
    60 ReassignmentInProgress "REASSIGNMENT_IN_PROGRESS" "a partition reassignment is in progress"
    61 DelegationTokenAuthDisabled "DELEGATION_TOKEN_AUTH_DISABLED" "delegation Token feature is not enabled"
    62 DelegationTokenNotFound "DELEGATION_TOKEN_NOT_FOUND" "delegation Token is not found on server"
    63 DelegationTokenOwnerMismatch "DELEGATION_TOKEN_OWNER_MISMATCH" "specified Principal is not valid Owner/Renewer"
    64 DelegationTokenRequestNotAllowed "DELEGATION_TOKEN_REQUEST_NOT_ALLOWED" "delegation Token requests are not allowed on PLAINTEXT/1-way SSL channels and on delegation token authenticated channels"
    65 DelegationTokenAuthorizationFailed "DELEGATION_TOKEN_AUTHORIZATION_FAILED" "delegation Token authorization failed"
    66 DelegationTokenExpired "DELEGATION_TOKEN_EXPIRED" "delegation Token is expired"
    67 InvalidPrincipalType "INVALID_PRINCIPAL_TYPE" "supplied principalType is not supported"
    68 NonEmptyGroup "NON_EMPTY_GROUP" "the group is not empty"
    69 GroupIdNotFound "GROUP_ID_NOT_FOUND" "the group id does not exist"
    70 FetchSessionIdNotFound "FETCH_SESSION_ID_NOT_FOUND" "the fetch session ID was not found"
    71 InvalidFetchSessionEpoch "INVALID_FETCH_SESSION_EPOCH" "the fetch session epoch is invalid"
    72 ListenerNotFound "LISTENER_NOT_FOUND" "there is no listener on the leader broker that matches the listener on which metadata request was processed"
    73 TopicDeletionDisabled "TOPIC_DELETION_DISABLED" "topic deletion is disabled"
    74 FencedLeaderEpoch "FENCED_LEADER_EPOCH" "the leader epoch in the request is older than the epoch on the broker"
    75 UnknownLeaderEpoch "UNKNOWN_LEADER_EPOCH" "the leader epoch in the request is newer than the epoch on the broker"
    76 UnsupportedCompressionType "UNSUPPORTED_COMPRESSION_TYPE" "the requesting client does not support the compression type of given partition"
    77 StaleBrokerEpoch "STALE_BROKER_EPOCH" "broker epoch has changed"
    78 OffsetNotAvailable "OFFSET_NOT_AVAILABLE" "the offset is not certain yet after a change of leader"
    79 MemberIdRequired "MEMBER_ID_REQUIRED" "the group member needs to have a valid member id before actually entering a consumer group"
    80 PreferredLeaderNotAvailable "PREFERRED_LEADER_NOT_AVAILABLE" "the preferred leader was not available"
    81 GroupMaxSizeReached "GROUP_MAX_SIZE_REACHED" "the group has reached its maximum size"
    82 FencedInstanceId "FENCED_INSTANCE_ID" "another member took over this group.instance.id"
    83 EligibleLeadersNotAvailable "ELIGIBLE_LEADERS_NOT_AVAILABLE" "eligible topic partition leaders are not available"
    84 ElectionNotNeeded "ELECTION_NOT_NEEDED" "no leader election is needed"
    85 NoReassignmentInProgress "NO_REASSIGNMENT_IN_PROGRESS" "no partition reassignment is in progress"
    86 GroupSubscribedToTopic "GROUP_SUBSCRIBED_TO_TOPIC" "deleting offsets of a topic is forbidden while the consumer group is actively subscribed to it"
    87 InvalidRecord "INVALID_RECORD" "this record has failed the validation on broker and hence will be rejected"
    88 UnstableOffsetCommit "UNSTABLE_OFFSET_COMMIT" "there are unstable offsets that need to be cleared"
    89 ThrottlingQuotaExceeded "THROTTLING_QUOTA_EXCEEDED" "the throttling quota has been exceeded"
    90 ProducerFenced "PRODUCER_FENCED" "there is a newer producer with the same transactionalId which fences the current one"
    91 ResourceNotFound "RESOURCE_NOT_FOUND" "a request illegally referred to a resource that does not exist"
    92 DuplicateResource "DUPLICATE_RESOURCE" "a request illegally referred to the same resource twice"
    93 UnacceptableCredential "UNACCEPTABLE_CREDENTIAL" "requested credential would not meet criteria for acceptability"
    94 InconsistentVoterSet "INCONSISTENT_VOTER_SET" "indicates that the either the sender or recipient of a voter-only request is not one of the expected voters"
    95 InvalidUpdateVersion "INVALID_UPDATE_VERSION" "the given update version was invalid"
    96 FeatureUpdateFailed "FEATURE_UPDATE_FAILED" "unable to update finalized features due to an unexpected server error"
    97 PrincipalDeserializationFailure "PRINCIPAL_DESERIALIZATION_FAILURE" "the forwarded principal cannot be read"
    98 SnapshotNotFound "SNAPSHOT_NOT_FOUND" "requested snapshot was not found"
    99 PositionOutOfRange "POSITION_OUT_OF_RANGE" "requested position is not greater than or equal to zero, and less than the size of the snapshot"
    100 UnknownTopicId "UNKNOWN_TOPIC_ID" "this server does not host this topic ID"
    101 DuplicateBrokerRegistration "DUPLICATE_BROKER_REGISTRATION" "this broker ID is already in use"
    102 BrokerIdNotRegistered "BROKER_ID_NOT_REGISTERED" "the given broker ID was not registered"
    103 InconsistentTopicId "INCONSISTENT_TOPIC_ID" "the log's topic ID did not match the topic ID in the request"
    104 InconsistentClusterId "INCONSISTENT_CLUSTER_ID" "the clusterId in the request does not match that found on the server"
    105 TransactionalIdNotFound "TRANSACTIONAL_ID_NOT_FOUND" "the transactionalId could not be found"
    106 FetchSessionTopicIdError "FETCH_SESSION_TOPIC_ID_ERROR" "the fetch session encountered inconsistent topic ID usage"
    107 IneligibleReplica "INELIGIBLE_REPLICA" "the new ISR contains at least one ineligible replica"
    108 NewLeaderElected "NEW_LEADER_ELECTED" "the AlterPartition request successfully updated the partition state but the leader has changed"
    109 OffsetMovedToTieredStorage "OFFSET_MOVED_TO_TIERED_STORAGE" "the requested offset is moved to tiered storage"
    110 FencedMemberEpoch "FENCED_MEMBER_EPOCH" "the member epoch is fenced by the group coordinator"
    111 UnreleasedInstanceId "UNRELEASED_INSTANCE_ID" "the instance ID is still used by another member in the consumer group"
    112 UnsupportedAssignor "UNSUPPORTED_ASSIGNOR" "the assignor or its version range is not supported by the consumer group"
    113 StaleMemberEpoch "STALE_MEMBER_EPOCH" "the member epoch is stale: heartbeat, then try again"
    114 MismatchedEndpointType "MISMATCHED_ENDPOINT_TYPE" "the request was sent to an endpoint of the wrong type"
    115 UnsupportedEndpointType "UNSUPPORTED_ENDPOINT_TYPE" "this endpoint type is not supported yet"
    116 UnknownControllerId "UNKNOWN_CONTROLLER_ID" "this controller ID is not known"
    117 UnknownSubscriptionId "UNKNOWN_SUBSCRIPTION_ID" "client sent a push telemetry request with an invalid or outdated subscription ID"
    118 TelemetryTooLarge "TELEMETRY_TOO_LARGE" "client sent a push telemetry request larger than the maximum size the broker will accept"
    119 InvalidRegistration "INVALID_REGISTRATION" "the controller has considered the broker registration to be invalid"
    120 TransactionAbortable "TRANSACTION_ABORTABLE" "the transaction has to be aborted; the producer can go on after that"
    121 InvalidRecordState "INVALID_RECORD_STATE" "the record state is invalid"
    122 ShareSessionNotFound "SHARE_SESSION_NOT_FOUND" "the share session was not found"
    123 InvalidShareSessionEpoch "INVALID_SHARE_SESSION_EPOCH" "the share session epoch is invalid"
    124 FencedStateEpoch "FENCED_STATE_EPOCH" "the share coordinator rejected the request because the share-group state epoch did not match"
    125 InvalidVoterKey "INVALID_VOTER_KEY" "the voter key doesn't match the receiving replica's key"
    126 DuplicateVoter "DUPLICATE_VOTER" "the voter is already part of the set of voters"
    127 VoterNotFound "VOTER_NOT_FOUND" "the voter is not part of the set of voters"
    128 InvalidRegularExpression "INVALID_REGULAR_EXPRESSION" "the regular expression is not valid"
    129 RebootstrapRequired "REBOOTSTRAP_REQUIRED" "client metadata is stale"
    130 StreamsInvalidTopology "STREAMS_INVALID_TOPOLOGY" "the supplied topology is invalid"
    131 StreamsInvalidTopologyEpoch "STREAMS_INVALID_TOPOLOGY_EPOCH" "the supplied topology epoch is invalid"
    132 StreamsTopologyFenced "STREAMS_TOPOLOGY_FENCED" "the supplied topology epoch is outdated"
    133 ShareSessionLimitReached "SHARE_SESSION_LIMIT_REACHED" "the limit of share sessions has been reached"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_survives_its_number() {
        for code in ErrorCode::ALL {
            assert_eq!(ErrorCode::from(code.code()), *code);
        }
        assert_eq!(ErrorCode::from(i16::MAX), ErrorCode::UnknownServerError);
        assert_eq!(ErrorCode::default(), ErrorCode::None);
    }

    /// The errors of Apache Kafka 4.3.1 whose exception is a `RetriableException`.
    #[test]
    fn the_codes_that_may_be_tried_again_are_those_of_kafka() {
        let kafkas = [
            2, 3, 5, 6, 7, 9, 13, 14, 15, 16, 19, 20, 41, 51, 56, 70, 71, 72, 74, 75, 78, 80, 83, 84, 88, 89,
            100, 103, 106, 122, 123, 133,
        ];
        let retriable = ErrorCode::ALL.iter().filter(|code| code.is_retriable()).map(|code| code.code());
        assert_eq!(retriable.collect::<Vec<_>>(), kafkas);
    }

    #[test]
    fn an_error_shows_name_number_and_meaning() {
        assert_eq!(
            ErrorCode::UnsupportedVersion.to_string(),
            "UNSUPPORTED_VERSION (35): the version of API is not supported"
        );
    }
}
