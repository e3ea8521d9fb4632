//! The stream of records of one producer: which value next, with which key, to which partition.

use crate::keys::{KEY_BYTES, KeySpace};
use crate::payload::Payload;
use crate::plan::Plan;
use crate::records::stamp::content_hash;
use crate::rng::Rng;
use std::sync::Arc;

/// Chooses records one by one; equal seeds choose alike.
#[derive(Debug)]
pub struct Source {
    plan: Arc<Plan>,
    rng: Rng,
    value: usize,
    key: Option<u32>,
    sticky: usize,
}

/// The next record.
#[derive(Debug, Clone, Copy)]
pub struct Choice {
    /// Where it goes.
    pub partition: usize,
    /// Its key.
    pub key: Option<[u8; KEY_BYTES]>,
    /// Which of the payload's values it holds.
    pub value: usize,
}

impl Choice {
    /// Bytes of the key.
    #[inline]
    pub fn key_bytes(&self) -> usize {
        self.key.map_or(0, |key| key.len())
    }

    /// Of key and value, where the payload was loaded with hashes.
    #[inline]
    pub fn hash(&self, payload: &Payload) -> Option<u64> {
        let of_value = payload.hash(self.value)?;
        Some(self.key.map_or(of_value, |key| content_hash(Some(&key), payload.value(self.value))))
    }
}

impl Source {
    /// The source of producer `index`. Producers begin at different places of the pool.
    pub fn new(plan: Arc<Plan>, index: usize) -> Source {
        let mut rng = Rng::new(plan.seed.wrapping_mul(0x1_0000_0001).wrapping_add(index as u64));
        let value = index * plan.payload.count() / plan.producers;
        let sticky = index % plan.topic.partitions();
        let key = plan.keys.as_ref().map(|keys| next_key(&mut rng, keys));
        Source { plan, rng, value, key, sticky }
    }

    /// The next record; it stays next until [`Self::take`].
    #[inline]
    pub fn peek(&self) -> Choice {
        match (self.key, &self.plan.keys) {
            (Some(index), Some(keys)) => Choice {
                partition: keys.partition(index),
                key: Some(KeySpace::key(index)),
                value: self.value,
            },
            _ => Choice { partition: self.sticky, key: None, value: self.value },
        }
    }

    /// The next record was made.
    #[inline]
    pub fn take(&mut self) {
        self.value += 1;
        if self.value == self.plan.payload.count() {
            self.value = 0;
        }
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
            let key = choice.key.unwrap();
            assert_eq!(*partition_of.entry(key).or_insert(choice.partition), choice.partition);
            let value = plan.payload.value(choice.value);
            assert_eq!(choice.hash(&plan.payload), Some(content_hash(Some(&key), value)));
            source.take();
        }
        assert_eq!(partition_of.len(), 5);
    }
}
