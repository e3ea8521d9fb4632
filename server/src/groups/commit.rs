//! OffsetCommit, OffsetFetch, OffsetDelete.

use super::{
    effects::{Effects, NewOffset, OnDurable, WriteWaiter},
    error::GroupError,
    event::{
        CommitReply, CommitRequest, DeleteOffsetsReply, FetchReply, FetchRequest, FetchedOffset, GroupReply,
        OffsetToCommit, Token,
    },
    group::Group,
    state::GroupState,
    subscription::{self, TopicsRead},
};
use crate::offsets::{OffsetCommit, OffsetsRecord, RecordKey};

impl Group {
    /// OffsetCommit: the offsets count, and the reply leaves, when their records are durable.
    pub(super) fn commit(&mut self, effects: &mut Effects, token: Token, request: CommitRequest) {
        if let Err(error) = self.check_commit(&request) {
            return effects.reply(token, GroupReply::Commit(CommitReply::failed(&request, error)));
        }
        self.heard(effects, &request.member.member_id);
        let (offsets, reply) = split(effects, request);
        let reply = GroupReply::Commit(reply);
        if offsets.is_empty() {
            return effects.reply(token, reply);
        }
        offsets.iter().for_each(|one| self.core.offsets.stage(&one.topic, one.partition));
        let name = &self.core.group;
        let records = offsets.into_iter().map(|one| {
            let record = one.record(name);
            (one, record)
        });
        effects.write_batches(name, records, OnDurable::Commit, WriteWaiter::Client(token, reply));
    }

    fn check_commit(&self, request: &CommitRequest) -> Result<(), GroupError> {
        if request.generation < 0 && self.state.is_empty() {
            // Not a member: an administrator, or a consumer that assigns its partitions itself.
            return Ok(());
        }
        let anonymous = request.generation < 0
            && request.member.member_id.is_empty()
            && request.member.instance_id.is_none();
        if anonymous {
            return Err(GroupError::UnknownMemberId);
        }
        self.core.roster.check(&request.member)?;
        if request.generation != self.core.generation {
            return Err(GroupError::IllegalGeneration);
        }
        match self.state {
            // The member knows the generation but has no assignment in it yet. It must ask for that first.
            GroupState::Syncing(_) => Err(GroupError::RebalanceInProgress),
            GroupState::Empty(_) | GroupState::Joining(_) | GroupState::Stable(_) => Ok(()),
        }
    }

    /// OffsetFetch.
    pub(super) fn fetch(&self, request: &FetchRequest) -> FetchReply {
        let fetched = |topic: &str, partition: i32| {
            if request.require_stable && self.core.offsets.is_unstable(topic, partition) {
                FetchedOffset::none(partition, Some(GroupError::UnstableOffsetCommit))
            } else {
                FetchedOffset::of(partition, self.core.offsets.get(topic, partition))
            }
        };
        let Some(topics) = &request.topics else { return self.fetch_all(fetched) };
        let topics = topics.iter().map(|(topic, partitions)| {
            (topic.clone(), partitions.iter().map(|partition| fetched(topic, *partition)).collect())
        });
        FetchReply { topics: topics.collect() }
    }

    fn fetch_all(&self, fetched: impl Fn(&str, i32) -> FetchedOffset) -> FetchReply {
        let mut topics: Vec<(String, Vec<FetchedOffset>)> = Vec::new();
        for (topic, partition, _) in self.core.offsets.iter() {
            match topics.last_mut() {
                Some((last, partitions)) if last == topic => partitions.push(fetched(topic, partition)),
                _ => topics.push((topic.to_owned(), vec![fetched(topic, partition)])),
            }
        }
        FetchReply { topics }
    }

    /// OffsetDelete: what members are subscribed to stays.
    pub(super) fn delete_offsets(
        &mut self,
        effects: &mut Effects,
        token: Token,
        topics: Vec<(String, Vec<i32>)>,
    ) {
        if !self.state.is_empty() && !self.is_consumer_group() {
            return effects.reply(
                token,
                GroupReply::DeleteOffsets(DeleteOffsetsReply::failed(GroupError::NonEmptyGroup)),
            );
        }
        let mut keys = Vec::new();
        let mut replies = Vec::new();
        let read = self.topics_read();
        for (topic, partitions) in topics {
            let subscribed = read.contains(&topic).then_some(GroupError::GroupSubscribedToTopic);
            if subscribed.is_none() {
                keys.extend(partitions.iter().map(|partition| (topic.clone(), *partition)));
            }
            replies.push((topic, partitions.iter().map(|partition| (*partition, subscribed)).collect()));
        }
        let reply = GroupReply::DeleteOffsets(DeleteOffsetsReply { error: None, topics: replies });
        self.remove_offsets(effects, keys, Some((token, reply)));
    }

    /// Writes tombstones for the offsets that exist, or soon will, and then answers. Tombstones count once they are
    /// durable, as the offsets do that they take back.
    pub(super) fn remove_offsets(
        &mut self,
        effects: &mut Effects,
        mut keys: Vec<(String, i32)>,
        answer: Option<(Token, GroupReply)>,
    ) {
        keys.retain(|(topic, partition)| self.core.offsets.is_known(topic, *partition));
        if !keys.is_empty() {
            keys.iter().for_each(|(topic, partition)| self.core.offsets.stage_removal(topic, *partition));
            let waiter =
                answer.map_or(WriteWaiter::Nobody, |(token, reply)| WriteWaiter::Client(token, reply));
            let records = keys.into_iter().map(|key| {
                let tombstone = self.offset_tombstone(&key);
                (key, tombstone)
            });
            effects.write_batches(&self.core.group, records, OnDurable::RemoveOffsets, waiter);
        } else if let Some((token, reply)) = answer {
            effects.reply(token, reply);
        }
    }

    pub(super) fn offset_tombstone(&self, (topic, partition): &(String, i32)) -> OffsetsRecord {
        let (group, topic) = (self.core.group.clone(), topic.clone());
        OffsetsRecord::tombstone(&RecordKey::Offset { group, topic, partition: *partition })
    }

    pub(super) fn is_consumer_group(&self) -> bool {
        self.core.protocol_type.as_deref() == Some(subscription::CONSUMER)
    }

    /// What members read, as far as their subscriptions can be understood. Otherwise a consumer may read anything.
    pub(super) fn topics_read(&self) -> TopicsRead<'_> {
        if !self.is_consumer_group() || self.core.roster.is_empty() {
            return TopicsRead::Topics(Default::default());
        }
        let Some(protocol) = self.state.protocol() else { return TopicsRead::Anything };
        let mut topics = std::collections::BTreeSet::new();
        for member in self.core.roster.iter() {
            let Some(names) = subscription::names(member.data(protocol)) else { return TopicsRead::Anything };
            topics.extend(names);
        }
        TopicsRead::Topics(topics)
    }
}

/// Separates what can be committed from what cannot. The reply says which is which.
fn split(effects: &Effects, request: CommitRequest) -> (Vec<NewOffset>, CommitReply) {
    let mut offsets = Vec::new();
    let mut topics = Vec::new();
    for (topic, partitions) in request.topics {
        let mut replies = Vec::new();
        for one in partitions {
            let long = one
                .metadata
                .as_deref()
                .is_some_and(|text| length(text) > effects.limits.offset_metadata_chars_max);
            replies.push((one.partition, long.then_some(GroupError::OffsetMetadataTooLarge)));
            if !long {
                offsets.push(NewOffset::new(topic.clone(), one, effects.now.wall_ms, request.retention_ms));
            }
        }
        topics.push((topic, replies));
    }
    (offsets, CommitReply { topics })
}

impl NewOffset {
    fn new(topic: String, one: OffsetToCommit, wall_ms: i64, retention_ms: Option<i64>) -> Self {
        let commit = OffsetCommit {
            offset: one.offset,
            leader_epoch: one.leader_epoch,
            metadata: one.metadata.unwrap_or_default(),
            commit_time_ms: wall_ms,
            expire_time_ms: retention_ms.map(|retention_ms| wall_ms.saturating_add(retention_ms)),
        };
        Self { topic, partition: one.partition, commit }
    }

    fn record(&self, group: &str) -> OffsetsRecord {
        let (group, topic) = (group.to_owned(), self.topic.clone());
        OffsetsRecord::offset(&RecordKey::Offset { group, topic, partition: self.partition }, &self.commit)
    }
}

impl CommitReply {
    /// The same error for every partition.
    pub fn failed(request: &CommitRequest, error: GroupError) -> Self {
        let topics = request.topics.iter().map(|(topic, partitions)| {
            (topic.clone(), partitions.iter().map(|one| (one.partition, Some(error))).collect())
        });
        Self { topics: topics.collect() }
    }
}

impl DeleteOffsetsReply {
    /// The request as a whole is refused.
    pub const fn failed(error: GroupError) -> Self {
        Self { error: Some(error), topics: Vec::new() }
    }
}

impl FetchedOffset {
    fn of(partition: i32, commit: Option<&OffsetCommit>) -> Self {
        match commit {
            Some(commit) => Self {
                partition,
                offset: commit.offset,
                leader_epoch: commit.leader_epoch,
                metadata: commit.metadata.clone(),
                error: None,
            },
            None => Self::none(partition, None),
        }
    }

    /// Nothing committed.
    pub const fn none(partition: i32, error: Option<GroupError>) -> Self {
        Self { partition, offset: -1, leader_epoch: -1, metadata: String::new(), error }
    }
}

impl FetchReply {
    /// What a group that does not exist has committed: nothing, which is no error.
    pub fn of_no_group(request: &FetchRequest) -> Self {
        let topics = request.topics.iter().flatten().map(|(topic, partitions)| {
            let none = partitions.iter().map(|partition| FetchedOffset::none(*partition, None));
            (topic.clone(), none.collect())
        });
        Self { topics: topics.collect() }
    }
}

/// A text's length as Kafka counts it: in UTF-16's units, whatever the setting's name says.
fn length(text: &str) -> usize {
    text.encode_utf16().count()
}
