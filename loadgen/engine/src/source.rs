//! The stream of records of one producer: which value is next, with which key, for which partition.

use crate::keys::{KEY_BYTES, KeySpace};
use crate::payload::Payload;
use crate::plan::Plan;
use crate::records::stamp::content_hash;
use crate::schedule::Lane;
use loadgen_result::rng::Rng;
use std::sync::Arc;

/// Chooses records one by one; equal seeds choose alike.
#[derive(Debug)]
pub struct Source {
    plan: Arc<Plan>,
    rng: Rng,
    value: usize,
    key: Option<u32>,
    sticky: usize,
    lane: Option<Arc<Lane>>,
    taken: u64,
}

/// The next record.
#[derive(Debug, Clone, Copy)]
pub struct Choice {
    /// Where it goes.
    pub partition: usize,
    /// Its key.
    pub key: ChosenKey,
    /// Which of the payload's values it holds.
    pub value: usize,
}

/// Where a record's key comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ChosenKey {
    /// From the payload, where it has keys.
    OfPayload,
    /// From the run's own keys.
    Made([u8; KEY_BYTES]),
}

impl Choice {
    /// The key's bytes.
    #[inline]
    pub fn key<'a>(&'a self, payload: &'a Payload) -> Option<&'a [u8]> {
        match &self.key {
            ChosenKey::OfPayload => payload.key(self.value),
            ChosenKey::Made(key) => Some(key),
        }
    }

    /// Of key and value, where the payload was loaded with hashes.
    #[inline]
    pub fn hash(&self, payload: &Payload) -> Option<u64> {
        let of_payload = payload.hash(self.value)?;
        Some(match &self.key {
            ChosenKey::OfPayload => of_payload,
            ChosenKey::Made(key) => content_hash(Some(key), payload.value(self.value)),
        })
    }
}

impl Source {
    /// The source of producer `index`. Producers begin at different places of the pool; in a replay each has its lane.
    pub fn new(plan: Arc<Plan>, index: usize) -> Source {
        let mut rng = Rng::new(plan.seed.wrapping_mul(0x1_0000_0001).wrapping_add(index as u64));
        let value = index * plan.payload.count() / plan.producers;
        let sticky = index % plan.topic.partitions();
        let key = plan.keys.as_ref().map(|keys| next_key(&mut rng, keys));
        let lane = plan.load.lane(index);
        let value = lane.as_ref().map_or(value, |lane| lane.record(0));
        Source { plan, rng, value, key, sticky, lane, taken: 0 }
    }

    /// The next record; it stays next until [`Self::take`].
    #[inline]
    pub fn peek(&self) -> Choice {
        let (partition, key) = match (self.key, &self.plan.keys, &self.plan.routes) {
            (Some(index), Some(keys), _) => (keys.partition(index), ChosenKey::Made(KeySpace::key(index))),
            (.., Some(routes)) => (routes[self.value] as usize, ChosenKey::OfPayload),
            _ => (self.sticky, ChosenKey::OfPayload),
        };
        Choice { partition, key, value: self.value }
    }

    /// The next record was made.
    #[inline]
    pub fn take(&mut self) {
        self.taken += 1;
        self.value = match &self.lane {
            Some(lane) => lane.record(self.taken),
            None if self.value + 1 == self.plan.payload.count() => 0,
            None => self.value + 1,
        };
        if let Some(keys) = &self.plan.keys {
            self.key = Some(next_key(&mut self.rng, keys));
        }
    }

    /// A batch is full: records without keys go on to the next partition.
    pub fn next_partition(&mut self) {
        self.sticky = (self.sticky + 1) % self.plan.topic.partitions();
    }
}

fn next_key(rng: &mut Rng, keys: &KeySpace) -> u32 {
    rng.below(u64::from(keys.count())) as u32
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::payload::PayloadSource;
    use crate::plan::test_plan;

    fn taken(source: &mut Source, count: usize) -> Vec<(usize, usize)> {
        let mut taken = Vec::new();
        for _ in 0..count {
            taken.push((source.peek().partition, source.peek().value));
            source.take();
        }
        taken
    }

    #[test]
    fn equal_seeds_choose_alike_and_producers_begin_apart() {
        let plan = Arc::new(test_plan(PayloadSource::Sized(1_000), Some(50), 3));
        let mut twins = [Source::new(plan.clone(), 1), Source::new(plan.clone(), 1), Source::new(plan, 2)];
        let [one, same, other] = twins.each_mut().map(|source| taken(source, 1_000));
        assert_eq!(one, same);
        assert_ne!(one[0].1, other[0].1);
    }

    #[test]
    fn without_keys_a_partition_is_kept_until_its_batch_is_full() {
        let plan = Arc::new(test_plan(PayloadSource::Sized(1_000), None, 3));
        let mut source = Source::new(plan, 0);
        assert!(taken(&mut source, 10).iter().all(|(partition, _)| *partition == 0));
        source.next_partition();
        assert!(taken(&mut source, 10).iter().all(|(partition, _)| *partition == 1));
    }

    #[test]
    fn a_keys_records_stay_in_one_partition_and_hash_with_their_key() {
        let plan = Arc::new(test_plan(PayloadSource::Sized(100), Some(5), 4));
        let mut source = Source::new(plan.clone(), 0);
        let mut partition_of = std::collections::BTreeMap::new();
        for _ in 0..1_000 {
            let choice = source.peek();
            let key = choice.key(&plan.payload).unwrap().to_vec();
            assert_eq!(*partition_of.entry(key.clone()).or_insert(choice.partition), choice.partition);
            let value = plan.payload.value(choice.value);
            assert_eq!(choice.hash(&plan.payload), Some(content_hash(Some(&key), value)));
            source.take();
        }
        assert_eq!(partition_of.len(), 5);
    }
}
