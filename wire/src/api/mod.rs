//! One file per API: its contract and version notes, then its messages. Structures and fields are named as in Kafka's
//! message definitions (fields in snake case), so that those can be read beside ours.

pub mod api_versions;
pub mod fetch;
pub mod metadata;
pub mod produce;

/// Calls a macro with the request type of every API, in the order of their keys: the one list of what the codec knows.
#[macro_export]
macro_rules! each_request {
    ($then:ident) => {
        $then! {
            $crate::api::produce::ProduceRequest,
            $crate::api::fetch::FetchRequest,
            $crate::api::metadata::MetadataRequest,
            $crate::api::api_versions::ApiVersionsRequest,
        }
    };
}
pub use each_request;
