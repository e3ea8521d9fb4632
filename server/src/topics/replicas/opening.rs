//! What a core is asked to open, and what came of it: plain data, which travels between cores.

use std::collections::BTreeMap;
use std::sync::Arc;

use creel_engine::{Checkpoint, FoundJournals, LastStop, Offset, TopicPartition};
use creel_wire::Uuid;

use crate::topics::image::Topic;

/// Topics to open, and where their partitions come from.
pub(crate) struct Opening {
    pub(crate) topics: Vec<Arc<Topic>>,
    pub(crate) origin: Origin,
}

/// Where the partitions of topics come from.
pub(crate) enum Origin {
    /// They are being made. Nothing on the disk is theirs. If one cannot be opened, it is taken back.
    New,
    /// They were there at the last stop. If one cannot be opened, it is offline until the next start.
    LastRun {
        last_stop: LastStop,
        checkpoint: Checkpoint,
        /// What the journals of the cores hold.
        journals: Arc<FoundJournals>,
        /// See [`creel_engine::OpenLog::synced_device`].
        synced_device: Option<u64>,
    },
}

impl Origin {
    fn checkpoint(&self) -> Option<&Checkpoint> {
        match self {
            Self::New => None,
            Self::LastRun { checkpoint, .. } => Some(checkpoint),
        }
    }

    /// See [`creel_engine::OpenLog::synced_device`].
    pub(super) fn synced_device(&self) -> Option<u64> {
        match self {
            Self::New => None,
            Self::LastRun { synced_device, .. } => *synced_device,
        }
    }

    /// What the journals of the cores hold of them.
    pub(super) fn journals(&self) -> Arc<FoundJournals> {
        match self {
            Self::New => Arc::default(),
            Self::LastRun { journals, .. } => journals.clone(),
        }
    }

    /// The offset below which a partition is known to be on the medium.
    pub(super) fn recovery_point(&self, name: &TopicPartition) -> Option<Offset> {
        self.checkpoint()?.recovery_points.get(name).copied()
    }

    /// Where a partition's log starts, if that was written down.
    pub(super) fn log_start(&self, name: &TopicPartition) -> Option<Offset> {
        self.checkpoint()?.log_starts.get(name).copied()
    }
}

/// What became of topics that were to be opened.
#[derive(Default)]
pub(crate) struct OpenedTopics {
    /// The number of partitions.
    pub(crate) partitions: usize,
    /// How many records the journals hold that could not be appended, though the partition is open.
    pub(crate) not_replayed: u64,
    /// Topics of which a partition could not be opened, and why not.
    pub(crate) failed: BTreeMap<Uuid, String>,
}

impl OpenedTopics {
    /// With what other cores have opened.
    pub(crate) fn and(mut self, others: Self) -> Self {
        self.partitions += others.partitions;
        self.not_replayed += others.not_replayed;
        self.failed.extend(others.failed);
        self
    }

    pub(super) fn note_failure(&mut self, topic: &Topic, reason: String) {
        self.failed.entry(topic.id).or_insert(reason);
    }
}
