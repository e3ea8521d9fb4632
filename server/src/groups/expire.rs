//! What becomes of offsets nobody has use for, and of groups without any.
//!
//! - A group that only commits: an offset expires when it is old enough.
//! - A group without members: all of its offsets, once it has been empty for long enough.
//! - A group of consumers at work: what is old enough and not subscribed to.
//! - Any other group: nothing.

use super::{effects::Desk, event::GroupLimits, group::Group, state::State, subscription::Read};
use crate::offsets::{OffsetCommit, Record, RecordKey};

/// What has come of looking through a group.
pub(super) enum Expiry {
    /// It is to go itself, with all it has.
    Whole,
    /// All of it has been looked at.
    Done,
    /// It is to be looked at again, behind this offset.
    Behind((String, i32)),
}

/// Some offsets of a group.
#[derive(Default)]
struct LookedAt {
    expired: Vec<(String, i32)>,
    last: Option<(String, i32)>,
    count: usize,
}

impl Group {
    /// Writes the tombstones of what has expired. Of a group with many offsets those behind one of them, some at a time.
    /// So many are looked at, and counted off.
    pub(super) fn expire_offsets(
        &mut self,
        desk: &mut Desk,
        behind: Option<(String, i32)>,
        left: &mut usize,
    ) -> Expiry {
        let is_busy = self.core.writes_in_flight > 0 || desk.has_staged(&self.core.group);
        *left = left.saturating_sub(1);
        if is_busy && behind.is_none() {
            return Expiry::Done;
        }
        let at_once = desk.limits.tombstones_at_once(&self.core.group);
        let is_small = behind.is_none() && !self.core.offsets.are_more_than(at_once);
        let LookedAt { expired, last, count } = self.expired(desk, behind, at_once);
        *left = left.saturating_sub(count);
        if is_small
            && self.state.is_empty()
            && self.core.roster.expects_nobody()
            && self.core.offsets.are_only(expired.len())
        {
            return Expiry::Whole;
        }
        self.take_back(desk, expired, None);
        match last {
            Some(last) if count == at_once && !is_small => Expiry::Behind(last),
            _ => Expiry::Done,
        }
    }

    /// Looks at so many offsets.
    fn expired(&self, desk: &Desk, behind: Option<(String, i32)>, count: usize) -> LookedAt {
        let read = self.topics_read();
        let mut looked_at = LookedAt::default();
        for (topic, partition, commit, _) in self.core.offsets.logged_behind(behind).take(count) {
            let key = (topic.to_owned(), partition);
            if self.is_expired(commit, &read, &desk.limits, desk.now.wall_ms)
                && !self.core.offsets.is_unstable(topic, partition)
                && !self.core.offsets.is_changing(topic, partition)
                && !read.contains(topic)
            {
                looked_at.expired.push(key.clone());
            }
            looked_at.last = Some(key);
            looked_at.count = looked_at.count.saturating_add(1);
        }
        looked_at
    }

    fn is_expired(&self, commit: &OffsetCommit, read: &Read<'_>, limits: &GroupLimits, wall_ms: i64) -> bool {
        if let Some(expire_time_ms) = commit.expire_time_ms {
            return wall_ms >= expire_time_ms;
        }
        let since_ms = match (&self.core.protocol_type, &self.state) {
            (None, _) => commit.commit_time_ms,
            (Some(_), State::Empty(_)) => self.core.since_ms.unwrap_or(commit.commit_time_ms),
            (Some(_), State::Stable(_)) if self.is_consumer_group() && read.is_known() => {
                commit.commit_time_ms
            }
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
        let keys = self.core.offsets.keys();
        keys.map(|key| self.offset_tombstone(&key)).chain([self.tombstone()]).collect()
    }
}
