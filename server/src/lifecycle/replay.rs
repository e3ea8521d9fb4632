//! A start and a stop that serve nobody: what only the journals hold is appended, and the directory is left as a clean stop
//! leaves it (`creel check --replay`).

use std::collections::BTreeMap;
use std::path::PathBuf;

use creel_engine::{JournalFault, Offset, Replayed, TopicPartition};
use creel_wire::Uuid;

use crate::core::Core;

/// What came of a replay.
#[derive(Clone, Debug, Default)]
pub struct ReplayOutcome {
    /// The number of partitions.
    pub partitions: usize,
    /// What was done with what the journals held of each partition, and where it ends now.
    pub replayed: Vec<(TopicPartition, Replayed, Offset)>,
    /// Why partitions could not be opened.
    pub offline: Vec<String>,
    /// Records of topics that are not there.
    pub of_others: u64,
    /// What was wrong with the journals' files.
    pub faults: Vec<JournalFault>,
    /// Journals' files that were kept, because not everything in them could be appended.
    pub kept: Vec<PathBuf>,
    /// Why the journals still hold what they held.
    pub not_emptied: Option<String>,
}

/// What a start has found.
pub(super) struct Recovered {
    /// The number of partitions.
    pub(super) partitions: usize,
    /// Topics of which a partition could not be opened, and why not.
    pub(super) failed: BTreeMap<Uuid, String>,
    pub(super) of_others: u64,
    pub(super) faults: Vec<JournalFault>,
    /// The journals' files that were kept, or why the journals are not empty.
    pub(super) emptied: Result<Vec<PathBuf>, String>,
}

impl Recovered {
    /// What is told of it. This core has all partitions.
    pub(super) fn outcome(self, core: &Core) -> ReplayOutcome {
        let own = core.topics.own_partitions();
        let replayed = own.into_iter().filter_map(|partition| {
            let replayed = partition.replayed()?;
            Some((partition.name().clone(), replayed, partition.next_offset()))
        });
        let (kept, not_emptied) = match self.emptied {
            Ok(kept) => (kept, None),
            Err(reason) => (Vec::new(), Some(reason)),
        };
        ReplayOutcome {
            partitions: self.partitions,
            replayed: replayed.collect(),
            offline: self.failed.into_values().collect(),
            of_others: self.of_others,
            faults: self.faults,
            kept,
            not_emptied,
        }
    }
}
