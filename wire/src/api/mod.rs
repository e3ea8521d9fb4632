//! One file per API. It describes the API and its versions, and then defines its messages. Structures and fields have
//! the names of Kafka's message definitions (fields in snake case), so both can be read side by side.
//!
//! This room owns the messages and the list of APIs with their versions. It must not know what an API does.

pub mod add_offsets_to_txn;
pub mod add_partitions_to_txn;
pub mod alter_configs;
pub mod api_versions;
pub mod consumer_group_describe;
pub mod consumer_group_heartbeat;
pub mod create_partitions;
pub mod create_topics;
pub mod delete_groups;
pub mod delete_records;
pub mod delete_topics;
pub mod describe_cluster;
pub mod describe_configs;
pub mod describe_groups;
pub mod describe_log_dirs;
pub mod describe_producers;
pub mod describe_topic_partitions;
pub mod describe_transactions;
pub mod end_txn;
pub mod fetch;
pub mod find_coordinator;
pub mod heartbeat;
pub mod incremental_alter_configs;
pub mod init_producer_id;
pub mod join_group;
pub mod leave_group;
pub mod list_groups;
pub mod list_offsets;
pub mod list_transactions;
pub mod metadata;
pub mod offset_commit;
pub mod offset_delete;
pub mod offset_fetch;
pub mod offset_for_leader_epoch;
pub mod produce;
pub mod sasl_authenticate;
pub mod sasl_handshake;
pub mod sync_group;
pub mod txn_offset_commit;
pub mod write_txn_markers;

/// Calls a macro with the request type of every API, in the order of their keys. This is the only list of the APIs
/// that this crate knows.
#[macro_export]
macro_rules! each_request {
    ($then:ident) => {
        $then! {
            $crate::api::produce::ProduceRequest,
            $crate::api::fetch::FetchRequest,
            $crate::api::list_offsets::ListOffsetsRequest,
            $crate::api::metadata::MetadataRequest,
            $crate::api::offset_commit::OffsetCommitRequest,
            $crate::api::offset_fetch::OffsetFetchRequest,
            $crate::api::find_coordinator::FindCoordinatorRequest,
            $crate::api::join_group::JoinGroupRequest,
            $crate::api::heartbeat::HeartbeatRequest,
            $crate::api::leave_group::LeaveGroupRequest,
            $crate::api::sync_group::SyncGroupRequest,
            $crate::api::describe_groups::DescribeGroupsRequest,
            $crate::api::list_groups::ListGroupsRequest,
            $crate::api::sasl_handshake::SaslHandshakeRequest,
            $crate::api::api_versions::ApiVersionsRequest,
            $crate::api::create_topics::CreateTopicsRequest,
            $crate::api::delete_topics::DeleteTopicsRequest,
            $crate::api::delete_records::DeleteRecordsRequest,
            $crate::api::init_producer_id::InitProducerIdRequest,
            $crate::api::offset_for_leader_epoch::OffsetForLeaderEpochRequest,
            $crate::api::add_partitions_to_txn::AddPartitionsToTxnRequest,
            $crate::api::add_offsets_to_txn::AddOffsetsToTxnRequest,
            $crate::api::end_txn::EndTxnRequest,
            $crate::api::write_txn_markers::WriteTxnMarkersRequest,
            $crate::api::txn_offset_commit::TxnOffsetCommitRequest,
            $crate::api::describe_configs::DescribeConfigsRequest,
            $crate::api::alter_configs::AlterConfigsRequest,
            $crate::api::describe_log_dirs::DescribeLogDirsRequest,
            $crate::api::sasl_authenticate::SaslAuthenticateRequest,
            $crate::api::create_partitions::CreatePartitionsRequest,
            $crate::api::delete_groups::DeleteGroupsRequest,
            $crate::api::incremental_alter_configs::IncrementalAlterConfigsRequest,
            $crate::api::offset_delete::OffsetDeleteRequest,
            $crate::api::describe_cluster::DescribeClusterRequest,
            $crate::api::describe_producers::DescribeProducersRequest,
            $crate::api::describe_transactions::DescribeTransactionsRequest,
            $crate::api::list_transactions::ListTransactionsRequest,
            $crate::api::consumer_group_heartbeat::ConsumerGroupHeartbeatRequest,
            $crate::api::consumer_group_describe::ConsumerGroupDescribeRequest,
            $crate::api::describe_topic_partitions::DescribeTopicPartitionsRequest,
        }
    };
}
pub use each_request;
