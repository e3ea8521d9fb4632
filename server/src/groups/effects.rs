//! What an event has led to so far: replies, and writes with what is to follow them.

use super::{
    batches::split,
    error::GroupError,
    event::{
        CommitReply, DeleteOffsetsReply, GroupLimits, GroupReply, JoinReply, LeaveReply, Member, Now,
        SyncReply, Token, TopicErrors, WriteId,
    },
    log_lines::LogLine,
};
use crate::offsets::{OffsetCommit, OffsetsRecord};

/// What follows once a write is durable.
#[derive(Clone, Debug)]
pub(super) enum OnDurable {
    /// Nothing: no one waits.
    Nothing,
    /// The leader's assignment counts.
    Assign,
    /// A static member that came back into an unchanged group is told so.
    Return(Return),
    /// Offsets count, and their client is told.
    Commit(Vec<NewOffset>, WriteWaiter),
    /// Offsets are gone.
    RemoveOffsets(Vec<(String, i32)>, WriteWaiter),
    /// The group is gone, and a client is told. It comes back if the log has not taken it.
    GroupRemoved(Option<(Token, GroupReply)>),
    /// Offsets of deleted topics are gone, in any number of groups.
    TopicsRemoved(Vec<GroupOffsets>),
    /// Records that stand elsewhere in the log count where they stand now.
    Folded(Vec<LiveKey>),
}

/// Offsets of one group that are taken back.
#[derive(Clone, Debug)]
pub(super) struct GroupOffsets {
    pub(super) group: String,
    pub(super) offsets: Vec<(String, i32)>,
}

/// A live record: the group's own, or that of an offset. In the order in which they are looked at.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct LiveKey {
    pub(super) group: String,
    pub(super) offset: Option<(String, i32)>,
}

/// Who is told what became of a write.
#[derive(Clone, Debug)]
pub(super) enum WriteWaiter {
    /// Nobody waits.
    Nobody,
    /// Whoever waits for the group's next write. The two writes belong together.
    WithNext,
    /// A client: it gets this reply, if nothing has failed.
    Client(Token, GroupReply),
}

impl WriteWaiter {
    fn client(self) -> Option<(Token, GroupReply)> {
        match self {
            Self::Nobody | Self::WithNext => None,
            Self::Client(token, reply) => Some((token, reply)),
        }
    }
}

impl OnDurable {
    /// Whether a group's write that this follows is its own record, and not one of offsets.
    pub(super) const fn is_of_state(&self) -> bool {
        matches!(self, Self::Nothing | Self::Assign | Self::Return(_))
    }

    /// Whether it concerns a group's offsets, though the write is not that group's alone.
    #[cfg(any(test, debug_assertions))]
    pub(super) fn removes_offsets_of(&self, name: &str) -> bool {
        matches!(self, Self::TopicsRemoved(all) if all.iter().any(|one| one.group == name))
    }

    /// The reply that is owed, if there is nothing else to do.
    pub(super) fn answer(self) -> Option<(Token, GroupReply)> {
        match self {
            Self::Nothing | Self::Assign | Self::TopicsRemoved(_) | Self::Folded(_) => None,
            Self::Return(back) => {
                let gone = JoinReply::failed(back.member.member_id, GroupError::UnknownMemberId);
                Some((back.token, GroupReply::Join(gone)))
            }
            Self::Commit(_, waiter) | Self::RemoveOffsets(_, waiter) => waiter.client(),
            Self::GroupRemoved(answer) => answer,
        }
    }

    /// Answers whoever waits for a write that has failed.
    pub(super) fn fail(self, effects: &mut Effects, error: GroupError) {
        if let Some((token, reply)) = self.answer() {
            effects.reply(token, reply.with_error(error));
        }
    }
}

impl GroupReply {
    /// The same reply with an error in every place that had none.
    pub(super) fn with_error(self, error: GroupError) -> Self {
        match self {
            Self::Join(_) => Self::Join(JoinReply::failed(String::new(), error)),
            Self::Sync(_) => Self::Sync(SyncReply::failed(error)),
            Self::Heartbeat(_) => Self::Heartbeat(Err(error)),
            Self::Leave(reply) => Self::Leave(LeaveReply { error: Some(error), ..reply }),
            Self::Commit(reply) => Self::Commit(CommitReply { topics: fill_errors(reply.topics, error) }),
            Self::DeleteOffsets(_) => Self::DeleteOffsets(DeleteOffsetsReply::failed(error)),
            Self::DeleteGroup(_) => Self::DeleteGroup(Err(error)),
        }
    }
}

fn fill_errors(mut topics: TopicErrors, error: GroupError) -> TopicErrors {
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
    /// Sent to members that cannot be told to skip the assignment. They must not take themselves for the leader, or
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
pub(super) struct StagedWrite {
    pub(super) id: WriteId,
    pub(super) group: Option<String>,
    pub(super) records: Vec<OffsetsRecord>,
    pub(super) on_durable: OnDurable,
}

/// Where a group puts its replies and writes while it handles an event, and what it goes by.
#[derive(Debug)]
pub(super) struct Effects {
    pub(super) now: Now,
    pub(super) limits: GroupLimits,
    next_write: u64,
    pub(super) replies: Vec<(Token, GroupReply)>,
    pub(super) staged: Vec<StagedWrite>,
    pub(super) log_lines: Vec<LogLine>,
}

impl Effects {
    pub(super) const fn new(now: Now, limits: GroupLimits, next_write: u64) -> Self {
        Self { now, limits, next_write, replies: Vec::new(), staged: Vec::new(), log_lines: Vec::new() }
    }

    /// The number of the write that would come next.
    pub(super) const fn next_write(&self) -> u64 {
        self.next_write
    }

    /// Whether this event has led to a write of the group.
    pub(super) fn has_staged(&self, group: &str) -> bool {
        self.staged.iter().any(|staged| staged.group.as_deref() == Some(group))
    }

    pub(super) fn reply(&mut self, token: Token, reply: GroupReply) {
        self.replies.push((token, reply));
    }

    pub(super) fn fail_join(&mut self, token: Token, member_id: impl Into<String>, error: GroupError) {
        self.reply(token, GroupReply::Join(JoinReply::failed(member_id.into(), error)));
    }

    pub(super) fn fail_sync(&mut self, token: Token, error: GroupError) {
        self.reply(token, GroupReply::Sync(SyncReply::failed(error)));
    }

    /// Stages as many writes of a group as its records need. `due` is told the outcome of all of them.
    pub(super) fn write_batches<T>(
        &mut self,
        group: &str,
        all: impl IntoIterator<Item = (T, OffsetsRecord)>,
        on_durable: impl Fn(Vec<T>, WriteWaiter) -> OnDurable,
        waiter: WriteWaiter,
    ) {
        let mut batches = split(all, self.limits.batch_bytes);
        let last = batches.pop();
        for (things, records) in batches {
            self.write(Some(group), records, on_durable(things, WriteWaiter::WithNext));
        }
        if let Some((things, records)) = last {
            self.write(Some(group), records, on_durable(things, waiter));
        }
    }

    /// Stages a write; `group` is told what became of it, if it is still there then.
    pub(super) fn write(
        &mut self,
        group: Option<&str>,
        records: Vec<OffsetsRecord>,
        on_durable: OnDurable,
    ) -> WriteId {
        let id = WriteId(self.next_write);
        self.next_write = self.next_write.wrapping_add(1);
        self.staged.push(StagedWrite { id, group: group.map(str::to_owned), records, on_durable });
        id
    }
}

impl JoinReply {
    /// A reply that says only what went wrong.
    pub fn failed(member_id: String, error: GroupError) -> Self {
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
    pub fn failed(error: GroupError) -> Self {
        Self { error: Some(error), protocol_type: None, protocol_name: None, assignment: bytes::Bytes::new() }
    }
}
