//! What becomes of offsets nobody has use for, and of groups without any.
//!
//! - A group that only commits: an offset expires when it is old enough.
//! - A group without members: all of its offsets, once it has been empty for long enough.
//! - A group of consumers at work: what is old enough and not subscribed to.
//! - Any other group: nothing.

use super::{event::GroupLimits, group::Group, outbox::Desk, state::State};
use crate::offsets::{OffsetCommit, Record, RecordKey};

impl Group {
    /// Writes the tombstones of what has expired; true when the group itself is to go, with all it has.
    pub(super) fn expire_offsets(&mut self, desk: &mut Desk) -> bool {
        if self.core.writes_in_flight > 0 || desk.has_staged(&self.core.group) {
            return false;
        }
        let expired = self.expired(&desk.limits, desk.now.wall_ms);
        if self.state.is_empty()
            && self.core.roster.pending.is_empty()
            && self.core.offsets.are_only(expired.len())
        {
            return true;
        }
        self.take_back(desk, expired, None);
        false
    }

    fn expired(&self, limits: &GroupLimits, wall_ms: i64) -> Vec<(String, i32)> {
        let offsets = self.core.offsets.iter();
        let expired = offsets.filter(|(topic, partition, commit)| {
            self.is_expired(commit, limits, wall_ms)
                && !self.core.offsets.is_unstable(topic, *partition)
                && !self.is_subscribed(topic)
        });
        expired.map(|(topic, partition, _)| (topic.to_owned(), partition)).collect()
    }

    fn is_expired(&self, commit: &OffsetCommit, limits: &GroupLimits, wall_ms: i64) -> bool {
        if let Some(expire_time_ms) = commit.expire_time_ms {
            return wall_ms >= expire_time_ms;
        }
        let since_ms = match (&self.core.protocol_type, &self.state) {
            (None, _) => commit.commit_time_ms,
            (Some(_), State::Empty(_)) => self.core.since_ms.unwrap_or(commit.commit_time_ms),
            (Some(_), State::Stable(_)) if self.subscribed_topics().is_some() => commit.commit_time_ms,
            _ => return false,
        };
        wall_ms.saturating_sub(since_ms) >= limits.offsets_retention_ms
    }

    /// The record that takes the group back.
    fn tombstone(&self) -> Record {
        Record::tombstone(&RecordKey::Group { group: self.core.group.clone() })
    }

    /// Tombstones of all there is.
    pub(super) fn tombstones(&self) -> Vec<Record> {
        let keys = self.core.offsets.iter().map(|(topic, partition, _)| (topic.to_owned(), partition));
        keys.map(|key| self.offset_tombstone(&key)).chain([self.tombstone()]).collect()
    }
}
