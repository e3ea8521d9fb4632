//! One file per API: its contract and version notes, then its messages. Structures and fields are named as in Kafka's
//! message definitions (fields in snake case), so that those can be read beside ours.

pub mod api_versions;
pub mod create_topics;
pub mod delete_topics;
pub mod fetch;
pub mod find_coordinator;
pub mod heartbeat;
pub mod init_producer_id;
pub mod join_group;
pub mod leave_group;
pub mod list_offsets;
pub mod metadata;
pub mod offset_commit;
pub mod offset_fetch;
pub mod produce;
pub mod sync_group;

/// Calls a macro with the request type of every API, in the order of their keys: the one list of what the codec knows.
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
            $crate::api::api_versions::ApiVersionsRequest,
            $crate::api::create_topics::CreateTopicsRequest,
            $crate::api::delete_topics::DeleteTopicsRequest,
            $crate::api::init_producer_id::InitProducerIdRequest,
        }
    };
}
pub use each_request;
