//! Metadata (3): brokers, topics, partitions and their leaders.
//!
//! v0: an empty list asks for all topics; v1+: null asks for all, empty for none. v4 lets the client forbid
//! auto-creation. v9 is flexible. v10 and v11 carry topic ids in answers only; from v12 on a topic may be
//! asked for by null name and id. v13 adds an error for the whole answer.

use crate::{ApiKey, ErrorCode, Message, Request, Str, Uuid, VersionRange};

/// Asks for topics.
#[derive(Clone, Debug, PartialEq, Message)]
#[wire(flexible = "9+")]
pub struct MetadataRequest {
    /// The topics.
    #[wire(nullable = "1+")]
    pub topics: Option<Vec<MetadataRequestTopic>>,
    /// Whether topics that do not exist may be made.
    #[wire(versions = "4+", default = true)]
    pub allow_auto_topic_creation: bool,
    /// Whether to say what the client may do to the cluster.
    #[wire(versions = "8-10")]
    pub include_cluster_authorized_operations: bool,
    /// Whether to say what the client may do to each topic.
    #[wire(versions = "8+")]
    pub include_topic_authorized_operations: bool,
}

/// One of `MetadataRequest::topics`.
#[derive(Clone, Debug, PartialEq, Message)]
pub struct MetadataRequestTopic {
    /// The topic's id; zero where there is none.
    #[wire(versions = "10+")]
    pub topic_id: Uuid,
    /// Its name.
    #[wire(nullable = "10+")]
    pub name: Option<Str>,
}

impl Request for MetadataRequest {
    const API_KEY: ApiKey = ApiKey::Metadata;
    const VERSIONS: VersionRange = VersionRange::new(0, 13);
    type Response = MetadataResponse;
}

/// What is known of them, and of the brokers.
#[derive(Clone, Debug, PartialEq, Message)]
#[wire(flexible = "9+")]
pub struct MetadataResponse {
    /// How long the client was throttled or is to be throttled, in milliseconds.
    #[wire(versions = "3+")]
    pub throttle_time_ms: i32,
    /// The brokers.
    pub brokers: Vec<MetadataResponseBroker>,
    /// The cluster's id.
    #[wire(versions = "2+", nullable = "2+")]
    pub cluster_id: Option<Str>,
    /// The id of the broker that is the controller; -1 if unknown.
    #[wire(versions = "1+", default = -1)]
    pub controller_id: i32,
    /// The topics.
    pub topics: Vec<MetadataResponseTopic>,
    /// What the client may do to the cluster, one bit each; the lowest number if not asked for.
    #[wire(versions = "8-10", default = i32::MIN)]
    pub cluster_authorized_operations: i32,
    /// What went wrong, if anything.
    #[wire(versions = "13+")]
    pub error_code: ErrorCode,
}

/// One of `MetadataResponse::brokers`.
#[derive(Clone, Debug, PartialEq, Message)]
pub struct MetadataResponseBroker {
    /// The broker's id.
    pub node_id: i32,
    /// Its host.
    pub host: Str,
    /// Its port.
    pub port: i32,
    /// Its rack, if it has one.
    #[wire(versions = "1+", nullable = "1+")]
    pub rack: Option<Str>,
}

/// One of `MetadataResponse::topics`.
#[derive(Clone, Debug, PartialEq, Message)]
pub struct MetadataResponseTopic {
    /// What went wrong, if anything.
    pub error_code: ErrorCode,
    /// Its name.
    #[wire(nullable = "12+")]
    pub name: Option<Str>,
    /// The topic's id; zero where there is none.
    #[wire(versions = "10+")]
    pub topic_id: Uuid,
    /// Whether the topic is Kafka's own (`__consumer_offsets` and the like).
    #[wire(versions = "1+")]
    pub is_internal: bool,
    /// The partitions.
    pub partitions: Vec<MetadataResponsePartition>,
    /// What the client may do to it, one bit each; the lowest number if not asked for.
    #[wire(versions = "8+", default = i32::MIN)]
    pub topic_authorized_operations: i32,
}

/// One of `MetadataResponseTopic::partitions`.
#[derive(Clone, Debug, PartialEq, Message)]
pub struct MetadataResponsePartition {
    /// What went wrong, if anything.
    pub error_code: ErrorCode,
    /// The partition.
    pub partition_index: i32,
    /// The leader's broker id; -1 if there is none.
    pub leader_id: i32,
    /// The leader's epoch; -1 if unknown.
    #[wire(versions = "7+", default = -1)]
    pub leader_epoch: i32,
    /// Brokers that hold it.
    pub replica_nodes: Vec<i32>,
    /// Brokers that hold it and are in sync with the leader.
    pub isr_nodes: Vec<i32>,
    /// Brokers that hold it and are offline.
    #[wire(versions = "5+")]
    pub offline_replicas: Vec<i32>,
}
