//! A run as decided: what every thread needs to know, and which thread does what.

use crate::client::cluster::Topic;
use crate::client::versions::Versions;
use crate::codec::CodecSpec;
use crate::keys::KeySpace;
use crate::options::Acks;
use crate::payload::Payload;
use crate::schedule::Load;
use loadgen_result::report::verification::Level;
use std::collections::BTreeMap;
use std::net::SocketAddr;

/// How producers behave.
#[derive(Debug, Clone)]
pub struct ClientSettings {
    /// Bytes of records before compression.
    pub batch_bytes: usize,
    /// How long a batch may wait for more.
    pub linger_ns: u64,
    /// How batches are compressed.
    pub codec: CodecSpec,
    /// When a request counts as done.
    pub acks: Acks,
    /// Produce requests in flight per connection.
    pub in_flight: usize,
}

/// Partitions that one consumer reads, all led by one broker.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Share {
    /// Their leader.
    pub leader: SocketAddr,
    /// Which.
    pub partitions: Vec<usize>,
}

/// Everything fixed before the first record.
#[derive(Debug)]
pub struct Plan {
    /// Where records go.
    pub topic: Topic,
    /// What each leader understands.
    pub versions: BTreeMap<SocketAddr, Versions>,
    /// What records hold.
    pub payload: Payload,
    /// Their keys, if any.
    pub keys: Option<KeySpace>,
    /// Where each of the payload's records goes, if that was recorded with them.
    pub routes: Option<Vec<u32>>,
    /// Open loop or maximum.
    pub load: Load,
    /// How many producers.
    pub producers: usize,
    /// Who reads what.
    pub consumers: Vec<Share>,
    /// Where consumers begin, per partition.
    pub start_offsets: Vec<i64>,
    /// How producers behave.
    pub settings: ClientSettings,
    /// How much is checked.
    pub verify: Level,
    /// How often the broker is killed.
    pub crashes: usize,
    /// Tells this run's records from others'.
    pub run: u16,
    /// Seed of everything random.
    pub seed: u64,
    /// CPUs to pin the threads to; there is one thread for each.
    pub cpus: Vec<usize>,
}

impl Plan {
    /// Whether a record's partition is its own, and not simply the next one.
    pub fn has_partitions_of_keys(&self) -> bool {
        self.keys.is_some() || self.routes.is_some()
    }
}

/// Splits partitions over `consumers`, each of which reads from one broker only; every broker gets at least one.
pub fn shares(topic: &Topic, consumers: usize) -> Vec<Share> {
    if consumers == 0 {
        return Vec::new();
    }
    let mut shares = Vec::new();
    for (leader, partitions) in topic.by_leader() {
        let here = (consumers * partitions.len()).div_ceil(topic.partitions()).clamp(1, partitions.len());
        for first in 0..here {
            let partitions = partitions.iter().copied().skip(first).step_by(here).collect();
            shares.push(Share { leader, partitions });
        }
    }
    shares
}

/// A plan for tests that need no broker.
#[cfg(test)]
pub(crate) fn test_plan(source: crate::payload::PayloadSource, keys: Option<u32>, partitions: usize) -> Plan {
    let leaders = vec![([127, 0, 0, 1], 1).into(); partitions];
    Plan {
        topic: Topic { name: "t".to_owned().into(), id: Default::default(), leaders },
        versions: BTreeMap::new(),
        payload: Payload::load(&source, 1, true).unwrap(),
        keys: keys.map(|keys| KeySpace::new(keys, partitions)),
        routes: None,
        load: Load::Maximum,
        producers: 4,
        consumers: Vec::new(),
        start_offsets: vec![0; partitions],
        settings: ClientSettings {
            batch_bytes: 1_000,
            linger_ns: 0,
            codec: CodecSpec::NONE,
            acks: Acks::All,
            in_flight: 1,
        },
        verify: Level::Full,
        crashes: 0,
        run: 1,
        seed: 1,
        cpus: vec![0],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn topic(leaders: &[u16]) -> Topic {
        let leaders = leaders.iter().map(|port| ([127, 0, 0, 1], *port).into()).collect();
        Topic { name: "t".to_owned().into(), id: Default::default(), leaders }
    }

    #[test]
    fn every_partition_is_read_by_exactly_one_consumer_from_its_leader() {
        for (leaders, consumers) in
            [(&[1u16, 2, 1, 2, 1][..], 2), (&[1, 1, 1], 9), (&[1, 2, 3], 1), (&[1], 1)]
        {
            let topic = topic(leaders);
            let shares = shares(&topic, consumers);
            let mut read = vec![0; leaders.len()];
            for share in &shares {
                for partition in &share.partitions {
                    assert_eq!(topic.leaders[*partition], share.leader);
                    read[*partition] += 1;
                }
            }
            assert!(read.iter().all(|count| *count == 1), "{shares:?}");
        }
    }

    #[test]
    fn no_consumers_is_possible() {
        assert!(shares(&topic(&[1, 1]), 0).is_empty());
    }
}
