//! Which core owns a partition: a pure function, so that every core answers alike without asking.

use creel_io::CoreId;
use creel_wire::Uuid;

/// The core of partition `partition` of a topic, among `cores`. Neighbouring partitions lie on neighbouring cores, and
/// topics begin at different ones.
pub(crate) fn core_of(topic: &Uuid, partition: i32, cores: usize) -> CoreId {
    let start = fnv1a(&topic.0);
    let place = start.wrapping_add(u64::from(partition.unsigned_abs())) % cores.max(1) as u64;
    CoreId(place as u16)
}

fn fnv1a(bytes: &[u8]) -> u64 {
    bytes
        .iter()
        .fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3))
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
