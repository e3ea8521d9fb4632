//! What a request asks of a partition's coordinator, and the answer. Both are plain data, as they travel between
//! cores.

use crate::groups::{Event, FetchReply, FetchRequest, GroupDescription, GroupError, GroupReply, Token};

/// A request to the coordinator of a partition.
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
    Reply(GroupReply),
    Fetched(FetchReply),
    Described(GroupDescription),
}

/// The answer, or why there is none.
pub(crate) type GroupResult = Result<GroupAnswer, GroupError>;
