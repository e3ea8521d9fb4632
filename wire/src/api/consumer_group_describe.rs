//! ConsumerGroupDescribe (69): groups of the new protocol (KIP-848).
//!
//! Flexible from the start. v1 tells members of the old protocol from those of the new.

use crate::{ApiKey, ErrorCode, Message, Request, Str, Uuid, VersionRange};

/// Asks for groups.
#[derive(Clone, Debug, PartialEq, Message)]
#[wire(flexible = "0+")]
pub struct ConsumerGroupDescribeRequest {
    /// The groups.
    pub group_ids: Vec<Str>,
    /// Whether to say what the client may do.
    pub include_authorized_operations: bool,
}

impl Request for ConsumerGroupDescribeRequest {
    const API_KEY: ApiKey = ApiKey::ConsumerGroupDescribe;
    const VERSIONS: VersionRange = VersionRange::new(0, 1);
    type Response = ConsumerGroupDescribeResponse;
}

/// What is known of them.
#[derive(Clone, Debug, PartialEq, Message)]
#[wire(flexible = "0+")]
pub struct ConsumerGroupDescribeResponse {
    /// How long the client was throttled or is to be throttled, in milliseconds.
    pub throttle_time_ms: i32,
    /// The groups.
    pub groups: Vec<DescribedGroup>,
}

/// One of `ConsumerGroupDescribeResponse::groups`.
#[derive(Clone, Debug, PartialEq, Message)]
pub struct DescribedGroup {
    /// What went wrong, if anything.
    pub error_code: ErrorCode,
    /// The error in words.
    #[wire(nullable = "0+")]
    pub error_message: Option<Str>,
    /// The group.
    pub group_id: Str,
    /// The group's state, by name.
    pub group_state: Str,
    /// The group's epoch.
    pub group_epoch: i32,
    /// The epoch of the assignment.
    pub assignment_epoch: i32,
    /// The assignor.
    pub assignor_name: Str,
    /// The members.
    pub members: Vec<Member>,
    /// What the client may do to it, one bit each; the lowest number if not asked for.
    #[wire(default = i32::MIN)]
    pub authorized_operations: i32,
}

/// One of `DescribedGroup::members`.
#[derive(Clone, Debug, PartialEq, Message)]
pub struct Member {
    /// The member's id.
    pub member_id: Str,
    /// The static member's own name, if it is one.
    #[wire(nullable = "0+")]
    pub instance_id: Option<Str>,
    /// The member's rack.
    #[wire(nullable = "0+")]
    pub rack_id: Option<Str>,
    /// The member's epoch; -1 for none.
    pub member_epoch: i32,
    /// The client's name for itself.
    pub client_id: Str,
    /// The address that the client comes from.
    pub client_host: Str,
    /// The topics that the member subscribes to.
    pub subscribed_topic_names: Vec<Str>,
    /// The pattern that the member subscribes to.
    #[wire(nullable = "0+")]
    pub subscribed_topic_regex: Option<Str>,
    /// What the member has.
    pub assignment: Assignment,
    /// What the member is to have.
    pub target_assignment: Assignment,
    /// 0: of the old protocol; 1: of the new; -1: unknown.
    #[wire(versions = "1+", default = -1)]
    pub member_type: i8,
}

/// The `assignment` of `Member`.
#[derive(Clone, Debug, PartialEq, Message)]
pub struct Assignment {
    /// The partitions.
    pub topic_partitions: Vec<TopicPartitions>,
}

/// One of `Assignment::topic_partitions`.
#[derive(Clone, Debug, PartialEq, Message)]
pub struct TopicPartitions {
    /// The topic's id; zero where there is none.
    pub topic_id: Uuid,
    /// The topic's name.
    pub topic_name: Str,
    /// The partitions.
    pub partitions: Vec<i32>,
}
