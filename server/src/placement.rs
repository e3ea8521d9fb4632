//! Which core owns a partition: a pure function, so that every core answers alike without asking.

use creel_io::CoreId;
use creel_wire::Uuid;

/// The core of partition `partition` of a topic, among `cores`. Neighbouring partitions lie on neighbouring cores, and
/// topics begin at different ones.
pub(crate) fn core_of(topic: &Uuid, partition: i32, cores: usize) -> CoreId {
    let start = mixed(u128::from_be_bytes(topic.0));
    let place = start.wrapping_add(u64::from(partition.unsigned_abs())) % cores.max(1) as u64;
    CoreId(place as u16)
}

/// Every bit of the id counts in every bit of this (the finalizer of splitmix64).
fn mixed(id: u128) -> u64 {
    let mut hash = (id as u64).wrapping_add(((id >> 64) as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15));
    hash = (hash ^ (hash >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    hash = (hash ^ (hash >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    hash ^ (hash >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn partitions_of_a_topic_are_spread_evenly() {
        let mut count = [0; 3];
        for partition in 0..300 {
            count[core_of(&Uuid([7; 16]), partition, 3).index()] += 1;
        }
        assert_eq!(count, [100; 3]);
    }

    #[test]
    fn topics_of_one_partition_are_spread_too() {
        let cores: std::collections::BTreeSet<_> =
            (0..100_u8).map(|n| core_of(&Uuid([n; 16]), 0, 4)).collect();
        assert_eq!(cores.len(), 4);
    }

    #[test]
    fn one_core_owns_everything() {
        assert_eq!(core_of(&Uuid([9; 16]), i32::MAX, 1), CoreId(0));
    }
}
