//! The stream of records of one producer: which value next, with which key, to which partition.

use crate::keys::{KEY_BYTES, KeySpace};
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
#[derive(Debug)]
pub struct Choice<'a> {
    /// Where it goes.
    pub partition: usize,
    /// Its key.
    pub key: Option<[u8; KEY_BYTES]>,
    /// Its value.
    pub value: &'a [u8],
    /// Of both, under `--verify full`.
    pub hash: Option<u64>,
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
    pub fn peek(&self) -> Choice<'_> {
        let value = self.plan.payload.value(self.value);
        let of_value = self.plan.payload.hash(self.value);
        match (self.key, &self.plan.keys) {
            (Some(index), Some(keys)) => {
                let key = KeySpace::key(index);
                let hash = of_value.map(|_| content_hash(Some(&key), value));
                Choice { partition: keys.partition(index), key: Some(key), value, hash }
            }
            _ => Choice { partition: self.sticky, key: None, value, hash: of_value },
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
