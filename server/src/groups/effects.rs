//! What an event has led to so far: replies, and writes with what is to follow them.

use super::{
    batches::pieces,
    deleted_topics::OfGroup,
    error::GroupError,
    event::{
        CommitReply, DeleteOffsetsReply, GroupLimits, JoinReply, LeaveReply, Member, Now, Reply, SyncReply,
        Token, TopicErrors, WriteId,
    },
    fold::LiveKey,
    group::Group,
    log_lines::News,
};
use crate::offsets::{OffsetCommit, Record};

/// What follows once a write is durable.
#[derive(Clone, Debug)]
pub(super) enum Then {
    /// Nothing: no one waits.
    Nothing,
    /// The leader's assignment counts.
    Assign,
    /// A static member that came back into an unchanged group is told so.
    Return(Return),
    /// Offsets count, and their client is told.
    Commit(Vec<NewOffset>, Due),
    /// Offsets are gone.
    TakeBack(Vec<(String, i32)>, Due),
    /// The group is gone, and a client is told. It comes back if the log has not taken it.
    Removed(Box<Group>, Option<(Token, Reply)>),
    /// Offsets of deleted topics are gone, in any number of groups.
    Forgotten(Vec<OfGroup>),
    /// Records that stand elsewhere in the log count where they stand now.
    Folded(Vec<LiveKey>),
}

/// Who is told of a write's fate.
#[derive(Clone, Debug)]
pub(super) enum Due {
    /// Nobody waits.
    Nobody,
    /// Whoever waits for the group's next write, which belongs to this one.
    WithNext,
    /// A client: this, if nothing has failed.
    Client(Token, Reply),
}

impl Due {
    fn client(self) -> Option<(Token, Reply)> {
        match self {
            Self::Nobody | Self::WithNext => None,
            Self::Client(token, reply) => Some((token, reply)),
        }
    }
}

impl Then {
    /// Whether a group's write that this follows is its own record, and not one of offsets.
    pub(super) const fn is_of_state(&self) -> bool {
        matches!(self, Self::Nothing | Self::Assign | Self::Return(_))
    }

    /// Whether it concerns a group's offsets, though the write is not that group's alone.
    #[cfg(any(test, debug_assertions))]
    pub(super) fn forgets_of(&self, name: &str) -> bool {
        matches!(self, Self::Forgotten(all) if all.iter().any(|one| one.group == name))
    }

    /// The reply that is owed, where there is nothing else to do.
    pub(super) fn answer(self) -> Option<(Token, Reply)> {
        match self {
            Self::Nothing | Self::Assign | Self::Forgotten(_) | Self::Folded(_) => None,
            Self::Return(back) => {
                let gone = JoinReply::refused(back.member.member_id, GroupError::UnknownMemberId);
                Some((back.token, Reply::Join(gone)))
            }
            Self::Commit(_, due) | Self::TakeBack(_, due) => due.client(),
            Self::Removed(_, answer) => answer,
        }
    }

    /// Answers whoever waits for a write that has failed.
    pub(super) fn refuse(self, desk: &mut Desk, error: GroupError) {
        if let Some((token, reply)) = self.answer() {
            desk.reply(token, reply.refused(error));
        }
    }
}

impl Reply {
    /// The same reply with an error in every place that had none.
    pub(super) fn refused(self, error: GroupError) -> Self {
        match self {
            Self::Join(_) => Self::Join(JoinReply::refused(String::new(), error)),
            Self::Sync(_) => Self::Sync(SyncReply::refused(error)),
            Self::Heartbeat(_) => Self::Heartbeat(Err(error)),
            Self::Leave(reply) => Self::Leave(LeaveReply { error: Some(error), ..reply }),
            Self::Commit(reply) => Self::Commit(CommitReply { topics: refused(reply.topics, error) }),
            Self::DeleteOffsets(_) => Self::DeleteOffsets(DeleteOffsetsReply::refused(error)),
            Self::DeleteGroup(_) => Self::DeleteGroup(Err(error)),
        }
    }
}

fn refused(mut topics: TopicErrors, error: GroupError) -> TopicErrors {
    for (_, partitions) in &mut topics {
        partitions.iter_mut().for_each(|(_, own)| *own = own.or(Some(error)));
    }
    topics
}

/// A static member that came back, waiting for its new id to be durable.
#[derive(Clone, Debug)]
pub(super) struct Return {
    pub(super) token: Token,
    pub(super) member: Member,
    pub(super) can_skip_assignment: bool,
    /// Told to members that cannot be told to skip: they must not take themselves for the leader, or
    /// they would assign anew without a rebalance.
    pub(super) leader_before: String,
}

/// An offset that counts once its record is durable.
#[derive(Clone, Debug)]
pub(super) struct NewOffset {
    pub(super) topic: String,
    pub(super) partition: i32,
    pub(super) commit: OffsetCommit,
}

/// A write that was not handed out yet.
#[derive(Debug)]
pub(super) struct Staged {
    pub(super) id: WriteId,
    pub(super) group: Option<String>,
    pub(super) records: Vec<Record>,
    pub(super) then: Then,
}

/// Where a group puts its replies and writes while it handles an event, and what it goes by.
#[derive(Debug)]
pub(super) struct Desk {
    pub(super) now: Now,
    pub(super) limits: GroupLimits,
    next_write: u64,
    pub(super) replies: Vec<(Token, Reply)>,
    pub(super) staged: Vec<Staged>,
    pub(super) news: Vec<News>,
}

impl Desk {
    pub(super) const fn new(now: Now, limits: GroupLimits, next_write: u64) -> Self {
        Self { now, limits, next_write, replies: Vec::new(), staged: Vec::new(), news: Vec::new() }
    }

    /// The number of the write that would come next.
    pub(super) const fn next_write(&self) -> u64 {
        self.next_write
    }

    /// Whether this event has led to a write of the group.
    pub(super) fn has_staged(&self, group: &str) -> bool {
        self.staged.iter().any(|staged| staged.group.as_deref() == Some(group))
    }

    pub(super) fn reply(&mut self, token: Token, reply: Reply) {
        self.replies.push((token, reply));
    }

    pub(super) fn refuse_join(&mut self, token: Token, member_id: impl Into<String>, error: GroupError) {
        self.reply(token, Reply::Join(JoinReply::refused(member_id.into(), error)));
    }

    pub(super) fn refuse_sync(&mut self, token: Token, error: GroupError) {
        self.reply(token, Reply::Sync(SyncReply::refused(error)));
    }

    /// Stages as many writes of a group as its records need; `due` is told of all of them.
    pub(super) fn write_pieces<T>(
        &mut self,
        group: &str,
        all: impl IntoIterator<Item = (T, Record)>,
        then: impl Fn(Vec<T>, Due) -> Then,
        due: Due,
    ) {
        let mut pieces = pieces(all, self.limits.batch_bytes);
        let last = pieces.pop();
        for (things, records) in pieces {
            self.write(Some(group), records, then(things, Due::WithNext));
        }
        if let Some((things, records)) = last {
            self.write(Some(group), records, then(things, due));
        }
    }

    /// Stages a write; `group` is the one that cares for its fate, if it will still be there then.
    pub(super) fn write(&mut self, group: Option<&str>, records: Vec<Record>, then: Then) -> WriteId {
        let id = WriteId(self.next_write);
        self.next_write = self.next_write.wrapping_add(1);
        self.staged.push(Staged { id, group: group.map(str::to_owned), records, then });
        id
    }
}

impl JoinReply {
    /// A reply that says only what went wrong.
    pub fn refused(member_id: String, error: GroupError) -> Self {
        Self {
            error: Some(error),
            member_id,
            generation: -1,
            protocol_type: None,
            protocol_name: None,
            leader: String::new(),
            skip_assignment: false,
            members: Vec::new(),
        }
    }
}

impl SyncReply {
    /// A reply that says only what went wrong.
    pub fn refused(error: GroupError) -> Self {
        Self { error: Some(error), protocol_type: None, protocol_name: None, assignment: bytes::Bytes::new() }
    }
}
