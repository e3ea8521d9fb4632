//! The offsets a group has committed.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Bound;

use crate::offsets::OffsetCommit;

/// An offset, and where its record lies in the log. Of two, the one with the later record counts.
#[derive(Clone, Debug, PartialEq)]
struct CommittedOffset {
    commit: OffsetCommit,
    log_offset: i64,
}

type ByPartition = BTreeMap<String, BTreeMap<i32, CommittedOffset>>;

/// The offsets of one group.
#[derive(Clone, Debug, Default)]
pub(super) struct Offsets {
    committed: ByPartition,
    /// What open transactions have committed, by producer id. It counts once they are committed themselves.
    open: BTreeMap<i64, ByPartition>,
    /// What is on its way to the disk: it can be taken back before it is here.
    staged: BTreeMap<(String, i32), InFlightCounts>,
}

/// How a write ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum WriteEnd {
    Durable,
    Failed,
}

/// How many records of an offset are on their way to the log.
#[derive(Clone, Copy, Debug, Default)]
struct InFlightCounts {
    commits: usize,
    removals: usize,
}

impl Offsets {
    pub(super) fn is_empty(&self) -> bool {
        self.committed.is_empty() && self.open.is_empty()
    }

    /// Whether there are just so many offsets, and no transaction that may bring more.
    pub(super) fn are_only(&self, count: usize) -> bool {
        self.open.is_empty() && self.iter().take(count.saturating_add(1)).count() == count
    }

    /// Whether more than so many are committed.
    pub(super) fn are_more_than(&self, count: usize) -> bool {
        self.iter().nth(count).is_some()
    }

    /// Every partition of which an offset is committed.
    pub(super) fn keys(&self) -> impl Iterator<Item = (String, i32)> {
        self.iter().map(|(topic, partition, _)| (topic.to_owned(), partition))
    }

    pub(super) fn get(&self, topic: &str, partition: i32) -> Option<&OffsetCommit> {
        self.committed.get(topic)?.get(&partition).map(|entry| &entry.commit)
    }

    /// Every committed offset, by topic and partition.
    pub(super) fn iter(&self) -> impl Iterator<Item = (&str, i32, &OffsetCommit)> {
        self.committed.iter().flat_map(|(topic, partitions)| {
            partitions.iter().map(|(partition, entry)| (topic.as_str(), *partition, &entry.commit))
        })
    }

    /// A commit is on its way to the disk.
    pub(super) fn stage(&mut self, topic: &str, partition: i32) {
        let staged = self.staged.entry((topic.to_owned(), partition)).or_default();
        staged.commits = staged.commits.saturating_add(1);
    }

    /// A removal of an offset is on its way to the disk.
    pub(super) fn stage_removal(&mut self, topic: &str, partition: i32) {
        let staged = self.staged.entry((topic.to_owned(), partition)).or_default();
        staged.removals = staged.removals.saturating_add(1);
    }

    /// A commit has arrived there, or it has failed.
    pub(super) fn unstage(&mut self, topic: &str, partition: i32) {
        self.end_staged(topic, partition, |staged| &mut staged.commits);
    }

    /// The same for the removal of an offset.
    fn unstage_removal(&mut self, topic: &str, partition: i32) {
        self.end_staged(topic, partition, |staged| &mut staged.removals);
    }

    /// The same for all removals of a write.
    pub(super) fn end_removals(&mut self, keys: &[(String, i32)], end: WriteEnd) {
        for (topic, partition) in keys {
            self.unstage_removal(topic, *partition);
            if end == WriteEnd::Durable {
                self.remove(topic, *partition);
            }
        }
    }

    fn end_staged(&mut self, topic: &str, partition: i32, which: fn(&mut InFlightCounts) -> &mut usize) {
        let key = (topic.to_owned(), partition);
        let Some(staged) = self.staged.get_mut(&key) else { return };
        let count = which(staged);
        *count = count.saturating_sub(1);
        if staged.commits == 0 && staged.removals == 0 {
            self.staged.remove(&key);
        }
    }

    /// Whether the log is about to say something new about an offset.
    pub(super) fn is_changing(&self, topic: &str, partition: i32) -> bool {
        self.staged.contains_key(&(topic.to_owned(), partition))
    }

    /// Whether there are transactions that are not decided.
    pub(super) fn has_open(&self) -> bool {
        !self.open.is_empty()
    }

    /// Every committed offset behind one of them, or all, with where its record lies in the log.
    pub(super) fn logged_behind(
        &self,
        behind: Option<(String, i32)>,
    ) -> impl Iterator<Item = (&str, i32, &OffsetCommit, i64)> {
        let (topic, partition) = behind.map_or((None, None), |(topic, at)| (Some(topic), Some(at)));
        let first = topic.clone().map_or(Bound::Unbounded, Bound::Included);
        let topics = self.committed.range::<String, _>((first, Bound::Unbounded));
        topics.flat_map(move |(name, partitions)| {
            let behind = partition.filter(|_| topic.as_ref() == Some(name));
            let first = behind.map_or(Bound::Unbounded, Bound::Excluded);
            let entries = partitions.range((first, Bound::Unbounded));
            entries.map(|(partition, entry)| (name.as_str(), *partition, &entry.commit, entry.log_offset))
        })
    }

    /// Offsets that are there after all, where nothing newer is known.
    pub(super) fn add_older(&mut self, older: Self) {
        for (topic, partitions) in older.committed {
            for (partition, entry) in partitions {
                self.committed.entry(topic.clone()).or_default().entry(partition).or_insert(entry);
            }
        }
    }

    /// An offset's record stands elsewhere in the log now, too.
    pub(super) fn moved(&mut self, topic: &str, partition: i32, log_offset: i64) {
        let entry = self.committed.get_mut(topic).and_then(|partitions| partitions.get_mut(&partition));
        if let Some(entry) = entry {
            entry.log_offset = log_offset;
        }
    }

    /// Whether the log holds, or is about to hold, an offset that is not taken back.
    pub(super) fn is_known(&self, topic: &str, partition: i32) -> bool {
        self.get(topic, partition).is_some()
            || self.is_unstable(topic, partition)
            || self.staged.get(&(topic.to_owned(), partition)).is_some_and(|staged| staged.commits > 0)
    }

    /// Those of these topics of which the log holds, or is about to hold, anything.
    pub(super) fn names_among<'a>(&'a self, topics: &'a BTreeSet<String>) -> BTreeSet<&'a str> {
        let all = || [&self.committed].into_iter().chain(self.open.values());
        let known: usize = all().map(BTreeMap::len).fold(self.staged.len(), usize::saturating_add);
        // The smaller set is looked up in the larger one.
        if topics.len() < known {
            let has = |topic: &&String| {
                all().any(|offsets| offsets.contains_key(*topic))
                    || self.staged_of(topic, None).next().is_some()
            };
            return topics.iter().filter(has).map(String::as_str).collect();
        }
        let staged = self.staged.keys().map(|(topic, _)| topic);
        let names = all().flat_map(BTreeMap::keys).chain(staged);
        names.filter(|topic| topics.contains(*topic)).map(String::as_str).collect()
    }

    /// At most so many partitions of a topic, in order, behind one of them or from the first on. Only partitions
    /// count for which the log holds, or is about to hold, an offset that is not taken back.
    pub(super) fn known_partitions(&self, topic: &str, behind: Option<i32>, count: usize) -> Vec<i32> {
        let first = behind.map_or(Bound::Unbounded, Bound::Excluded);
        let of_topic = [&self.committed].into_iter().chain(self.open.values());
        let of_topic = of_topic.filter_map(|offsets| offsets.get(topic));
        let logged = of_topic.flat_map(|partitions| partitions.range((first, Bound::Unbounded)).take(count));
        let staged = self.staged_of(topic, behind).filter(|(_, staged)| staged.commits > 0);
        let staged = staged.map(|(partition, _)| partition).take(count);
        let known: BTreeSet<i32> = logged.map(|(partition, _)| *partition).chain(staged).collect();
        known.into_iter().take(count).collect()
    }

    fn staged_of(&self, topic: &str, behind: Option<i32>) -> impl Iterator<Item = (i32, &InFlightCounts)> {
        let first = match behind {
            Some(partition) => Bound::Excluded((topic.to_owned(), partition)),
            None => Bound::Included((topic.to_owned(), i32::MIN)),
        };
        let last = Bound::Included((topic.to_owned(), i32::MAX));
        self.staged.range((first, last)).map(|((_, partition), staged)| (*partition, staged))
    }

    pub(super) fn put(&mut self, topic: String, partition: i32, commit: OffsetCommit, log_offset: i64) {
        put(&mut self.committed, topic, partition, CommittedOffset { commit, log_offset });
    }

    /// An offset that a transaction commits.
    pub(super) fn put_open(
        &mut self,
        producer_id: i64,
        (topic, partition): (String, i32),
        commit: OffsetCommit,
        log_offset: i64,
    ) {
        put(
            self.open.entry(producer_id).or_default(),
            topic,
            partition,
            CommittedOffset { commit, log_offset },
        );
    }

    /// A transaction has ended.
    pub(super) fn end_transaction(&mut self, producer_id: i64, committed: bool) {
        for (topic, partitions) in self.open.remove(&producer_id).unwrap_or_default() {
            for (partition, entry) in partitions {
                let current = self.committed.get(&topic).and_then(|partitions| partitions.get(&partition));
                if committed && current.is_none_or(|current| current.log_offset < entry.log_offset) {
                    put(&mut self.committed, topic.clone(), partition, entry);
                }
            }
        }
    }

    /// Whether an open transaction may replace a partition's offset.
    pub(super) fn is_unstable(&self, topic: &str, partition: i32) -> bool {
        let has = |offsets: &ByPartition| {
            offsets.get(topic).is_some_and(|partitions| partitions.contains_key(&partition))
        };
        self.open.values().any(has)
    }

    /// Takes an offset back, an open transaction's too.
    pub(super) fn remove(&mut self, topic: &str, partition: i32) {
        remove(&mut self.committed, topic, partition);
        self.open.retain(|_, offsets| {
            remove(offsets, topic, partition);
            !offsets.is_empty()
        });
    }
}

fn put(offsets: &mut ByPartition, topic: String, partition: i32, entry: CommittedOffset) {
    offsets.entry(topic).or_default().insert(partition, entry);
}

fn remove(offsets: &mut ByPartition, topic: &str, partition: i32) {
    let Some(partitions) = offsets.get_mut(topic) else { return };
    partitions.remove(&partition);
    if partitions.is_empty() {
        offsets.remove(topic);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn commit(offset: i64) -> OffsetCommit {
        OffsetCommit {
            offset,
            leader_epoch: -1,
            metadata: String::new(),
            commit_time_ms: 0,
            expire_time_ms: None,
        }
    }

    #[test]
    fn a_transactions_offsets_count_once_it_is_committed_unless_a_later_one_does() {
        let mut offsets = Offsets::default();
        offsets.put("t".into(), 0, commit(1), 10);
        offsets.put_open(7, ("t".into(), 0), commit(2), 11);
        offsets.put_open(7, ("t".into(), 1), commit(5), 12);
        assert!(offsets.is_unstable("t", 0) && !offsets.is_unstable("t", 2));
        assert_eq!(offsets.get("t", 0), Some(&commit(1)));
        offsets.put("t".into(), 1, commit(6), 13);
        offsets.end_transaction(7, true);
        assert_eq!(offsets.get("t", 0), Some(&commit(2)));
        assert_eq!(offsets.get("t", 1), Some(&commit(6)));
        assert!(!offsets.is_unstable("t", 0));
    }

    #[test]
    fn an_aborted_transaction_leaves_nothing() {
        let mut offsets = Offsets::default();
        offsets.put_open(7, ("t".into(), 0), commit(2), 11);
        offsets.end_transaction(7, false);
        assert!(offsets.is_empty());
    }

    #[test]
    fn a_tombstone_takes_open_offsets_too() {
        let mut offsets = Offsets::default();
        offsets.put("t".into(), 0, commit(1), 10);
        offsets.put_open(7, ("t".into(), 0), commit(2), 11);
        offsets.remove("t", 0);
        assert!(offsets.is_empty());
    }
}
