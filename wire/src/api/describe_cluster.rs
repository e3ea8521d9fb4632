//! DescribeCluster (60): the brokers and the controller.
//!
//! Flexible from the start. v1 asks brokers or controllers (KIP-919), v2 may include fenced brokers
//! (KIP-1073).

use crate::{ApiKey, ErrorCode, Message, Request, Str, VersionRange};

/// Asks about the cluster.
#[derive(Clone, Debug, PartialEq, Message)]
#[wire(flexible = "0+")]
pub struct DescribeClusterRequest {
    /// Whether to say what the client may do to the cluster.
    pub include_cluster_authorized_operations: bool,
    /// 1: brokers; 2: controllers.
    #[wire(versions = "1+", default = 1)]
    pub endpoint_type: i8,
    /// Whether to include brokers that are fenced.
    #[wire(versions = "2+")]
    pub include_fenced_brokers: bool,
}

impl Request for DescribeClusterRequest {
    const API_KEY: ApiKey = ApiKey::DescribeCluster;
    const VERSIONS: VersionRange = VersionRange::new(0, 2);
    type Response = DescribeClusterResponse;
}

/// What is known of it.
#[derive(Clone, Debug, PartialEq, Message)]
#[wire(flexible = "0+")]
pub struct DescribeClusterResponse {
    /// How long the client was throttled or is to be throttled, in milliseconds.
    pub throttle_time_ms: i32,
    /// What went wrong, if anything.
    pub error_code: ErrorCode,
    /// The error in words.
    #[wire(nullable = "0+")]
    pub error_message: Option<Str>,
    /// 1: brokers; 2: controllers.
    #[wire(versions = "1+", default = 1)]
    pub endpoint_type: i8,
    /// The cluster's id.
    pub cluster_id: Str,
    /// The id of the broker that is the controller; -1 if unknown.
    #[wire(default = -1)]
    pub controller_id: i32,
    /// The brokers.
    pub brokers: Vec<DescribeClusterBroker>,
    /// What the client may do to the cluster, one bit each; the lowest number if not asked for.
    #[wire(default = i32::MIN)]
    pub cluster_authorized_operations: i32,
}

/// One of `DescribeClusterResponse::brokers`.
#[derive(Clone, Debug, PartialEq, Message)]
pub struct DescribeClusterBroker {
    /// The broker's id.
    pub broker_id: i32,
    /// Its host.
    pub host: Str,
    /// Its port.
    pub port: i32,
    /// Its rack, if it has one.
    #[wire(nullable = "0+")]
    pub rack: Option<Str>,
    /// Whether it is fenced.
    #[wire(versions = "2+")]
    pub is_fenced: bool,
}
