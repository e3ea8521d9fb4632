//! What is asked about topics: of core 0, which decides, and by it of every core, which opens and removes its partitions.

use std::sync::Arc;

use creel_wire::{Str, Uuid};

use crate::topics::controller::intents::{NewTopic, SettingChange, TopicChange};
use crate::topics::image::Topic;
use crate::topics::replicas::opening::Opening;

/// See [`super::AnyQuestion::ProducerIds`].
pub(crate) struct TakeProducerIds;

/// See [`super::AnyQuestion::CreateTopics`].
pub(crate) struct CreateTopics {
    pub(crate) topics: Vec<NewTopic>,
    pub(crate) validate_only: bool,
}

/// See [`super::AnyQuestion::DeleteTopics`].
pub(crate) struct DeleteTopics(pub(crate) Vec<Uuid>);

/// See [`super::AnyQuestion::AlterTopic`].
pub(crate) struct AlterTopic {
    pub(crate) name: Str,
    pub(crate) change: TopicChange,
    pub(crate) validate_only: bool,
}

/// See [`super::AnyQuestion::AlterGroup`].
pub(crate) struct AlterGroup {
    pub(crate) name: Str,
    pub(crate) changes: Vec<(String, SettingChange)>,
    /// Whether they replace all settings that the group has.
    pub(crate) replaces: bool,
    pub(crate) validate_only: bool,
}

/// See [`super::AnyQuestion::ReadGroupSettings`].
pub(crate) struct ReadGroupSettings(pub(crate) Str);

/// See [`super::AnyQuestion::UpdateTopic`].
pub(crate) struct UpdateTopic(pub(crate) Arc<Topic>);

/// See [`super::AnyQuestion::RollBackUpdate`].
pub(crate) struct RollBackUpdate(pub(crate) Uuid);

/// See [`super::AnyQuestion::OpenTopics`].
#[derive(Clone)]
pub(crate) struct OpenTopics(pub(crate) Arc<Opening>);

/// See [`super::AnyQuestion::ShowTopics`].
pub(crate) struct ShowTopics(pub(crate) Arc<[Uuid]>);

/// See [`super::AnyQuestion::RemoveTopics`].
pub(crate) struct RemoveTopics(pub(crate) Arc<[Uuid]>);
