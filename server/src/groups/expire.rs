//! What becomes of offsets that nobody needs, and of groups without offsets.
//!
//! - A group that only commits: an offset expires when it is old enough.
//! - A group without members: all of its offsets, once it has been empty for long enough.
//! - A group of consumers at work: what is old enough and not subscribed to.
//! - Any other group: nothing.

use super::{
    effects::Effects, event::GroupLimits, group::Group, state::GroupState, subscription::TopicsRead,
};
use crate::offsets::{OffsetCommit, OffsetsRecord, RecordKey};

/// What came of looking through a group.
pub(super) enum Expiry {
    /// The group itself is to be removed, with all it has.
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

/// Writes the tombstones of what has expired. In a group with many offsets it looks at some of those behind `behind`.
/// What it looks at is subtracted from `left`.
pub(super) fn expire_offsets(
    group: &mut Group,
    effects: &mut Effects,
    behind: Option<(String, i32)>,
    left: &mut usize,
) -> Expiry {
    let is_busy = group.core.writes_in_flight > 0 || effects.has_staged(&group.core.group);
    *left = left.saturating_sub(1);
    if is_busy && behind.is_none() {
        return Expiry::Done;
    }
    let at_once = effects.limits.tombstones_at_once(&group.core.group);
    let is_small = behind.is_none() && !group.core.offsets.are_more_than(at_once);
    let LookedAt { expired, last, count } = expired(group, effects, behind, at_once);
    *left = left.saturating_sub(count);
    if is_small
        && group.state.is_empty()
        && group.core.roster.has_no_pending()
        && group.core.offsets.are_only(expired.len())
    {
        return Expiry::Whole;
    }
    group.remove_offsets(effects, expired, None);
    match last {
        Some(last) if count == at_once && !is_small => Expiry::Behind(last),
        _ => Expiry::Done,
    }
}

/// Looks at so many offsets.
fn expired(group: &Group, effects: &Effects, behind: Option<(String, i32)>, count: usize) -> LookedAt {
    let read = group.topics_read();
    let mut looked_at = LookedAt::default();
    for (topic, partition, commit, _) in group.core.offsets.logged_behind(behind).take(count) {
        let key = (topic.to_owned(), partition);
        if is_expired(group, commit, &read, &effects.limits, effects.now.wall_ms)
            && !group.core.offsets.is_unstable(topic, partition)
            && !group.core.offsets.is_changing(topic, partition)
            && !read.contains(topic)
        {
            looked_at.expired.push(key.clone());
        }
        looked_at.last = Some(key);
        looked_at.count = looked_at.count.saturating_add(1);
    }
    looked_at
}

fn is_expired(
    group: &Group,
    commit: &OffsetCommit,
    read: &TopicsRead<'_>,
    limits: &GroupLimits,
    wall_ms: i64,
) -> bool {
    if let Some(expire_time_ms) = commit.expire_time_ms {
        return wall_ms >= expire_time_ms;
    }
    let since_ms = match (&group.core.protocol_type, &group.state) {
        (None, _) => commit.commit_time_ms,
        (Some(_), GroupState::Empty(_)) => group.core.since_ms.unwrap_or(commit.commit_time_ms),
        (Some(_), GroupState::Stable(_)) if group.is_consumer_group() && read.is_known() => {
            commit.commit_time_ms
        }
        _ => return false,
    };
    wall_ms.saturating_sub(since_ms) >= limits.offsets_retention_ms
}

/// The record that takes the group back.
fn tombstone(group: &Group) -> OffsetsRecord {
    OffsetsRecord::tombstone(&RecordKey::Group { group: group.core.group.clone() })
}

/// Tombstones of all there is.
pub(super) fn tombstones(group: &Group) -> Vec<OffsetsRecord> {
    let keys = group.core.offsets.keys();
    keys.map(|key| group.offset_tombstone(&key)).chain([tombstone(group)]).collect()
}
