//! What a fetch asks for: topics, and of each partition where to read and how much. A partition that is named more
//! than once is taken once: at the place of its first mention, with the values of its last. Kafka does the same.

use std::hash::{DefaultHasher, Hash, Hasher};

use creel_io::{pace, random_u64};
use creel_wire::api::fetch::{FetchRequest, FetchTopic};
use creel_wire::{Str, Uuid};

/// Up to so many partitions are compared with each other. For more an index is made.
const COMPARED_MAX: usize = 16;

/// A topic as a client names it: by its id (v13+) or name, the other being empty.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct FetchTopicKey {
    pub(crate) id: Uuid,
    pub(crate) name: Str,
}

/// What a client wants of a partition.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct FetchItem {
    /// The topic's place among those of the fetch.
    pub(crate) topic: u32,
    pub(crate) partition: i32,
    pub(crate) offset: i64,
    pub(crate) bytes_max: i32,
    pub(crate) leader_epoch: i32,
}

/// All that a fetch asks for.
#[derive(Debug, Default)]
pub(crate) struct FetchList {
    pub(crate) topics: Vec<FetchTopicKey>,
    pub(crate) partitions: Vec<FetchItem>,
}

impl FetchList {
    /// What a request names.
    pub(crate) async fn of(request: &FetchRequest) -> Self {
        let named = partitions_named(request);
        let mut list =
            Self { topics: Vec::with_capacity(request.topics.len()), partitions: Vec::with_capacity(named) };
        if named <= COMPARED_MAX {
            list.add_few(request);
        } else {
            Box::pin(list.add_many(request, Index::with_room_for(named))).await;
        }
        list
    }

    fn add_few(&mut self, request: &FetchRequest) {
        for topic in &request.topics {
            let number = self.add_topic(topic);
            for wanted in items_of(topic, number) {
                match self.partitions.iter().position(|known| self.are_one(known, &wanted)) {
                    Some(at) => self.replace(at, wanted),
                    None => self.partitions.push(wanted),
                }
            }
        }
    }

    async fn add_many(&mut self, request: &FetchRequest, mut index: Index) {
        for topic in &request.topics {
            let number = self.add_topic(topic);
            let hash = index.hash(self.topics.last());
            for wanted in items_of(topic, number) {
                let place = index.place(hash, wanted.partition, |at| {
                    self.partitions.get(at).is_some_and(|known| self.are_one(known, &wanted))
                });
                match place {
                    Ok(at) => self.replace(at, wanted),
                    Err(vacant) => {
                        index.fill(vacant, self.partitions.len());
                        self.partitions.push(wanted);
                    }
                }
                pace(1).await;
            }
        }
        // If many mentions are of one partition, little has to be kept while the fetch waits.
        self.partitions.shrink_to_fit();
    }

    fn add_topic(&mut self, topic: &FetchTopic) -> u32 {
        self.topics.push(FetchTopicKey { id: topic.topic_id, name: topic.topic.clone() });
        self.topics.len() as u32 - 1
    }

    fn are_one(&self, a: &FetchItem, b: &FetchItem) -> bool {
        a.partition == b.partition && (a.topic == b.topic || self.topic(a) == self.topic(b))
    }

    fn replace(&mut self, at: usize, wanted: FetchItem) {
        if let Some(known) = self.partitions.get_mut(at) {
            *known = FetchItem { topic: known.topic, ..wanted };
        }
    }

    /// The topic of one of its partitions.
    pub(crate) fn topic(&self, wanted: &FetchItem) -> Option<&FetchTopicKey> {
        self.topics.get(wanted.topic as usize)
    }
}

/// How many partitions a request names, each as often as it does.
pub(crate) fn partitions_named(request: &FetchRequest) -> usize {
    request.topics.iter().map(|topic| topic.partitions.len()).sum()
}

/// What a request says of one topic, which has this number.
pub(crate) fn items_of(topic: &FetchTopic, number: u32) -> impl Iterator<Item = FetchItem> + '_ {
    topic.partitions.iter().map(move |asked| FetchItem {
        topic: number,
        partition: asked.partition,
        offset: asked.fetch_offset,
        bytes_max: asked.partition_max_bytes,
        // Here, other than elsewhere, Kafka takes any negative number for none.
        leader_epoch: asked.current_leader_epoch.max(-1),
    })
}

/// A hash table of places in a list. It is made once for all that may come, so it never grows. It is seeded, so
/// nobody can tell which names collide in it.
struct Index {
    seed: u64,
    /// 0, or one more than the place. A power of two of them, twice as many as are filled at most.
    slots: Vec<u32>,
}

impl Index {
    fn with_room_for(count: usize) -> Self {
        Self { seed: random_u64(), slots: vec![0; (2 * count).next_power_of_two()] }
    }

    fn hash(&self, key: impl Hash) -> u64 {
        let mut hasher = DefaultHasher::new();
        (self.seed, key).hash(&mut hasher);
        hasher.finish()
    }

    /// The place of the entry that `is_it`, or a slot for it.
    fn place(&self, topic: u64, partition: i32, is_it: impl Fn(usize) -> bool) -> Result<usize, usize> {
        let mask = self.slots.len() - 1;
        let mut slot = self.hash((topic, partition)) as usize & mask;
        loop {
            match self.slots.get(slot) {
                None | Some(0) => return Err(slot),
                Some(place) if is_it(*place as usize - 1) => return Ok(*place as usize - 1),
                Some(_) => slot = (slot + 1) & mask,
            }
        }
    }

    fn fill(&mut self, slot: usize, place: usize) {
        if let Some(slot) = self.slots.get_mut(slot) {
            *slot = place as u32 + 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use creel_wire::api::fetch::FetchPartition;

    use super::*;

    fn request(named: &[(&'static str, i32, i64)]) -> FetchRequest {
        let topic = |(topic, partition, fetch_offset): &(&'static str, i32, i64)| FetchTopic {
            topic: (*topic).into(),
            partitions: vec![FetchPartition {
                partition: *partition,
                fetch_offset: *fetch_offset,
                ..Default::default()
            }],
            ..Default::default()
        };
        FetchRequest { topics: named.iter().map(topic).collect(), ..Default::default() }
    }

    fn taken(named: Vec<(&'static str, i32, i64)>) -> Vec<(String, i32, i64)> {
        creel_io::sim::run(1, |_| async move {
            let list = FetchList::of(&request(&named)).await;
            let name = |wanted| list.topic(wanted).unwrap().name.to_string();
            list.partitions.iter().map(|wanted| (name(wanted), wanted.partition, wanted.offset)).collect()
        })
    }

    #[test]
    fn what_is_named_twice_is_taken_once_where_it_was_first_and_as_it_was_last() {
        let few = vec![("a", 0, 1), ("b", 0, 2), ("a", 1, 3), ("a", 0, 4), ("b", 0, 5)];
        let expected = [("a".to_owned(), 0, 4), ("b".to_owned(), 0, 5), ("a".to_owned(), 1, 3)];
        assert_eq!(taken(few.clone()), expected);
        let many: Vec<_> = std::iter::repeat_n(few, 1000).flatten().collect();
        assert_eq!(taken(many), expected);
    }

    #[test]
    fn many_are_taken_as_few_are() {
        for count in [1, 2, 15, 16, 17, 18, 1000, 5000] {
            let names = ["a", "b", "c"];
            let named: Vec<_> = (0..count)
                .map(|at: i64| (names[(at * at % 3) as usize], (at * 7919 % (count / 2 + 1)) as i32, at))
                .collect();
            let mut firsts: BTreeMap<(&str, i32), usize> = BTreeMap::new();
            let mut expected: Vec<(String, i32, i64)> = Vec::new();
            for (name, partition, offset) in &named {
                let at = *firsts.entry((name, *partition)).or_insert(expected.len());
                match expected.get_mut(at) {
                    Some(known) => known.2 = *offset,
                    None => expected.push(((*name).to_owned(), *partition, *offset)),
                }
            }
            assert_eq!(taken(named), expected);
        }
    }
}
