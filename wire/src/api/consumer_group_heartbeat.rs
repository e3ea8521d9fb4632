//! ConsumerGroupHeartbeat (68): a member joins, stays in and leaves a group of the new protocol (KIP-848) by this one
//! request.
//!
//! Flexible from the start. v1 adds a subscription by pattern, and members choose their own ids (KIP-1082). Null
//! means "as in the last heartbeat".

use crate::{ApiKey, ErrorCode, Message, Request, Str, Uuid, VersionRange};

/// A heartbeat, and what the member wants.
#[derive(Clone, Debug, PartialEq, Message)]
#[wire(flexible = "0+")]
pub struct ConsumerGroupHeartbeatRequest {
    /// The group.
    pub group_id: Str,
    /// The member's id.
    pub member_id: Str,
    /// The epoch that the member is in; 0 to join, -1 to leave, -2 to leave for a while as a static member.
    pub member_epoch: i32,
    /// The static member's own name, if it is one.
    #[wire(nullable = "0+")]
    pub instance_id: Option<Str>,
    /// The member's rack.
    #[wire(nullable = "0+")]
    pub rack_id: Option<Str>,
    /// How long a member may take to come back in a rebalance, in milliseconds; -1 if not said.
    #[wire(default = -1)]
    pub rebalance_timeout_ms: i32,
    /// The topics that the member subscribes to.
    #[wire(nullable = "0+")]
    pub subscribed_topic_names: Option<Vec<Str>>,
    /// The pattern that the member subscribes to.
    #[wire(versions = "1+", nullable = "1+")]
    pub subscribed_topic_regex: Option<Str>,
    /// The assignor that the member wants.
    #[wire(nullable = "0+")]
    pub server_assignor: Option<Str>,
    /// The partitions that the member has.
    #[wire(nullable = "0+")]
    pub topic_partitions: Option<Vec<TopicPartitions>>,
}

/// One of `ConsumerGroupHeartbeatRequest::topic_partitions`.
#[derive(Clone, Debug, PartialEq, Message)]
pub struct TopicPartitions {
    /// The topic's id; zero where there is none.
    pub topic_id: Uuid,
    /// The partitions.
    pub partitions: Vec<i32>,
}

impl Request for ConsumerGroupHeartbeatRequest {
    const API_KEY: ApiKey = ApiKey::ConsumerGroupHeartbeat;
    const VERSIONS: VersionRange = VersionRange::new(0, 1);
    type Response = ConsumerGroupHeartbeatResponse;
}

/// What the member is to do.
#[derive(Clone, Debug, PartialEq, Message)]
#[wire(flexible = "0+")]
pub struct ConsumerGroupHeartbeatResponse {
    /// How long the client was throttled or is to be throttled, in milliseconds.
    pub throttle_time_ms: i32,
    /// What went wrong, if anything.
    pub error_code: ErrorCode,
    /// The error in words.
    #[wire(nullable = "0+")]
    pub error_message: Option<Str>,
    /// The member's id.
    #[wire(nullable = "0+")]
    pub member_id: Option<Str>,
    /// The member's epoch; -1 for none.
    pub member_epoch: i32,
    /// The time between two heartbeats, in milliseconds.
    pub heartbeat_interval_ms: i32,
    /// What the member is to have; null for no change.
    #[wire(nullable = "0+")]
    pub assignment: Option<Assignment>,
}

/// The `assignment` of `ConsumerGroupHeartbeatResponse`.
#[derive(Clone, Debug, PartialEq, Message)]
pub struct Assignment {
    /// The partitions.
    pub topic_partitions: Vec<TopicPartitions>,
}
