//! The group coordinator, as a state machine without IO.
//!
//! This room owns what groups are and what they have committed. It must not know the clock, the log, other cores or
//! Kafka's error codes: `runtime` brings the first three, `answers` maps its errors.
//!
//! Events go in: a request with a [`Token`], a clock reading, the news that a write is durable. Outputs come out:
//! replies for tokens, records to append to the group's partition of `__consumer_offsets`, and the time of the next
//! deadline. A request's reply may come with a later event. A JoinGroup waits for the other members, a SyncGroup for
//! the leader and for its record to be durable, a commit for its record. Each token is answered exactly once.
//!
//! One [`Coordinator`] serves the groups of one partition. What a group is doing is a type:
//!
//! ```text
//!            first member              all have joined             assignment durable
//!   Empty ------------------> Joining ------------------> Syncing ------------------> Stable
//!     ^                        |  ^                         |                           |
//!     +------ none is left ----+  +---- member joins, leaves, is silent, changes -------+
//! ```
//!
//! An event becomes `effects`: replies, and writes with what follows once they are durable. A state takes the group's
//! `core::GroupCx` and returns the next state; only `state` knows all of them. `fold` and `deleted_topics` are values
//! of their own, which the coordinator moves on step by step.
//!
//! Kafka's fifth state, Dead, is a group that is not in the coordinator's map.
//!
//! Behaviour is that of Kafka's classic groups (GroupMetadataManager, ClassicGroup), with KIP-62
//! (rebalance timeout), KIP-134 (initial delay), KIP-345 (static members), KIP-394 (member id required),
//! KIP-814 (skip assignment).

// What is counted and timed here comes from whoever connects.
#![warn(clippy::arithmetic_side_effects, clippy::indexing_slicing)]

mod batches;
mod commit;
mod committed;
mod coordinator;
mod core;
mod deleted_topics;
mod effects;
mod empty;
mod error;
mod event;
mod expire;
mod fold;
mod group;
mod join;
mod joining;
mod load;
mod log_lines;
mod memory;
mod room;
mod roster;
pub(crate) mod runtime;
mod stable;
mod state;
mod subscription;
mod syncing;
#[cfg(test)]
#[allow(clippy::arithmetic_side_effects, clippy::indexing_slicing, reason = "a test may panic")]
mod tests;
mod views;
mod writes;

pub use coordinator::Coordinator;
pub use deleted_topics::{CleanupStep, OffsetCleanup};
pub use error::GroupError;
pub use event::{
    CommitReply, CommitRequest, DeleteOffsetsReply, Event, FetchReply, FetchRequest, FetchedOffset,
    FoundGroup, GroupClient, GroupDeletion, GroupDescription, GroupLimits, GroupReply, HeartbeatRequest,
    JoinReply, JoinRequest, JoinedMember, LeaveReply, LeaveRequest, LeavingMember, Member, MemberDescription,
    Now, OffsetToCommit, Outputs, Protocol, SyncReply, SyncRequest, Token, TopicErrors, Write, WriteId,
};
pub use fold::FoldStep;
pub use log_lines::{GroupChange, LogLine, Members, Reason};
pub use room::Room;
pub(crate) use subscription::names as topics_of_subscription;
