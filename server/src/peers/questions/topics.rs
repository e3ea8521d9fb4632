//! What is asked about topics: of core 0, which decides, and by it of every core, which opens and removes its partitions.

use std::collections::BTreeMap;
use std::sync::Arc;

use creel_engine::Checkpoint;
use creel_wire::{ErrorCode, Str, Uuid};

use crate::config::TopicSettings;
use crate::topics::Topic;

/// See [`super::AnyQuestion::ProducerIds`].
pub(crate) struct TakeProducerIds;

/// A topic to be made.
#[derive(Clone, Debug)]
pub(crate) struct NewTopic {
    pub(crate) name: Str,
    /// -1: the broker's default.
    pub(crate) partitions: i32,
    /// -1: the broker's default.
    pub(crate) replication_factor: i16,
    pub(crate) settings: TopicSettings,
}

/// See [`super::AnyQuestion::CreateTopics`].
pub(crate) struct CreateTopics {
    pub(crate) topics: Vec<NewTopic>,
    pub(crate) validate_only: bool,
}

/// See [`super::AnyQuestion::DeleteTopics`].
pub(crate) struct DeleteTopics(pub(crate) Vec<Uuid>);

/// The topic that was made or deleted, or why not.
pub(crate) type TopicOutcome = Result<Arc<Topic>, TopicRefusal>;

/// Why a topic was not made, not changed or not deleted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct TopicRefusal {
    pub(crate) code: ErrorCode,
    pub(crate) message: String,
}

impl TopicRefusal {
    pub(crate) fn new(code: ErrorCode, message: impl Into<String>) -> Self {
        Self { code, message: message.into() }
    }
}

/// See [`super::AnyQuestion::AlterTopic`].
pub(crate) struct AlterTopic {
    pub(crate) name: Str,
    pub(crate) change: TopicChange,
    pub(crate) validate_only: bool,
}

/// What is to be changed.
#[derive(Clone, Debug)]
pub(crate) enum TopicChange {
    /// So many partitions.
    Partitions(i32),
    /// These settings in place of all it has.
    Replace(TopicSettings),
    /// Some settings, each in its way.
    Settings(Vec<(String, SettingChange)>),
}

/// What becomes of one setting.
#[derive(Clone, Debug)]
pub(crate) enum SettingChange {
    Set(String),
    Unset,
    /// Adds to a list what is not in it.
    Append(String),
    /// Takes out of a list.
    Subtract(String),
}

/// See [`super::AnyQuestion::UpdateTopic`].
pub(crate) struct UpdateTopic(pub(crate) Arc<Topic>);

/// See [`super::AnyQuestion::TakeBackUpdate`].
pub(crate) struct TakeBackUpdate(pub(crate) Uuid);

/// See [`super::AnyQuestion::OpenTopics`].
#[derive(Clone)]
pub(crate) struct OpenTopics(pub(crate) Arc<Opening>);

/// Topics to open, and what the last stop left about their partitions.
#[derive(Default)]
pub(crate) struct Opening {
    pub(crate) topics: Vec<Arc<Topic>>,
    pub(crate) checkpoint: Checkpoint,
    pub(crate) was_clean: bool,
    /// Whether the topics are being made, so that nothing on the disk is theirs.
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

    pub(crate) fn note_failure(&mut self, topic: &Topic, reason: String) {
        self.failed.entry(topic.id).or_insert(reason);
    }
}

/// See [`super::AnyQuestion::ShowTopics`].
pub(crate) struct ShowTopics(pub(crate) Arc<[Uuid]>);

/// See [`super::AnyQuestion::RemoveTopics`].
pub(crate) struct RemoveTopics(pub(crate) Arc<[Uuid]>);
