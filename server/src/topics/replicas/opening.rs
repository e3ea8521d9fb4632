//! What a core is asked to open, and what came of it: plain data, which travels between cores.

use std::collections::BTreeMap;
use std::sync::Arc;

use creel_engine::{Checkpoint, FoundJournals};
use creel_wire::Uuid;

use crate::topics::image::Topic;

/// Topics to open, and what the last stop left about their partitions.
#[derive(Default)]
pub(crate) struct Opening {
    pub(crate) topics: Vec<Arc<Topic>>,
    pub(crate) checkpoint: Checkpoint,
    pub(crate) was_clean: bool,
    /// What the journals of the cores hold.
    pub(crate) journals: Arc<FoundJournals>,
    /// Whether the topics are being made: then nothing on the disk is theirs.
    pub(crate) are_new: bool,
}

/// What became of topics that were to be opened.
#[derive(Default)]
pub(crate) struct Opened {
    /// The number of partitions.
    pub(crate) partitions: usize,
    /// Topics of which a partition could not be opened, and why not.
    pub(crate) failed: BTreeMap<Uuid, String>,
}

impl Opened {
    /// With what other cores have opened.
    pub(crate) fn and(mut self, others: Self) -> Self {
        self.partitions += others.partitions;
        self.failed.extend(others.failed);
        self
    }

    pub(super) fn note_failure(&mut self, topic: &Topic, reason: String) {
        self.failed.entry(topic.id).or_insert(reason);
    }
}
