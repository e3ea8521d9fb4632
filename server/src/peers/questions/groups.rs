//! What is asked of the coordinators of groups.

use crate::groups::{Event, FetchReply, FetchRequest, GroupDescription, Reply, Token};

/// What a request wants of the coordinator of a partition.
pub(crate) struct GroupQuestion {
    pub(crate) partition: i32,
    pub(crate) request: GroupRequest,
}

/// A request, without the token that the coordinator's core gives it.
pub(crate) enum GroupRequest {
    /// Something that changes a group, or waits for it to change.
    Event(Box<dyn FnOnce(Token) -> Event + Send>),
    /// OffsetFetch.
    Fetch(FetchRequest),
    /// DescribeGroups, one group of it.
    Describe(String),
}

/// The answer.
pub(crate) enum GroupAnswer {
    Reply(Reply),
    Fetched(FetchReply),
    Described(GroupDescription),
}

/// See [`super::AnyQuestion::ListGroups`].
pub(crate) struct ListGroups;
