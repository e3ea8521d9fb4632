//! Core 0 decides about topics: one change at a time, written down first, then made on every core, then answered.

use std::rc::Rc;
use std::sync::Arc;

use creel_io::CoreId;
use creel_io::random_bytes;
use creel_wire::{ErrorCode, Str, Uuid};

use super::open::Opening;
use super::{Topic, check_name};
use crate::config::{TopicConfig, TopicSettings};
use crate::core::Core;
use crate::limits::TOPIC_PARTITIONS_MAX;
use crate::messages::{CreateTopics, DeleteTopics, OpenTopics, RemoveTopic};
use crate::route;
use crate::turnstile::Turnstile;

/// The core that decides.
pub(crate) const AUTHORITY: CoreId = CoreId(0);

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

/// Why a topic was not made or not deleted.
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

/// Lets one change through at a time.
#[derive(Default)]
pub(crate) struct Authority {
    turn: Turnstile,
}

/// Creates topics, or only says what would become of them.
pub(crate) async fn create(core: &Rc<Core>, question: CreateTopics) -> Vec<Result<Arc<Topic>, TopicRefusal>> {
    let Some(authority) = core.authority() else {
        return refuse_all(question.topics.len(), "this core does not decide about topics");
    };
    let _turn = authority.turn.enter().await;
    let mut outcomes: Vec<_> = question.topics.iter().map(|new| plan(core, new)).collect();
    if question.validate_only {
        return outcomes;
    }
    let planned: Vec<_> = outcomes.iter().flatten().cloned().collect();
    if let Err(refusal) = establish(core, planned).await {
        outcomes
            .iter_mut()
            .filter(|outcome| outcome.is_ok())
            .for_each(|outcome| *outcome = Err(refusal.clone()));
    }
    outcomes
}

fn refuse_all<T>(count: usize, why: &str) -> Vec<Result<T, TopicRefusal>> {
    (0..count).map(|_| Err(TopicRefusal::new(ErrorCode::NotController, why))).collect()
}

/// The topic as it would be made.
fn plan(core: &Core, new: &NewTopic) -> Result<Arc<Topic>, TopicRefusal> {
    let refuse = |code, message: String| Err(TopicRefusal::new(code, message));
    let broker = core.node.broker();
    if check_name(&new.name).is_err() {
        return refuse(ErrorCode::InvalidTopicException, format!("{:?} is no name for a topic", new.name));
    }
    if core.topics.by_name(&new.name).is_some() {
        return refuse(ErrorCode::TopicAlreadyExists, format!("Topic '{}' already exists.", new.name));
    }
    let partitions = if new.partitions == -1 { broker.num_partitions } else { new.partitions };
    if !(1..=TOPIC_PARTITIONS_MAX).contains(&partitions) {
        return refuse(ErrorCode::InvalidPartitions, "Number of partitions must be larger than 0.".into());
    }
    if !matches!(new.replication_factor, -1 | 1) {
        let asked = new.replication_factor;
        let message =
            format!("The target replication factor of {asked} cannot be reached: there is 1 broker.");
        return refuse(ErrorCode::InvalidReplicationFactor, message);
    }
    let config = TopicConfig::new(&core.node.config.settings, &new.settings);
    let (name, settings) = (new.name.detached(), new.settings.clone());
    Ok(Arc::new(Topic { name, id: new_id(), partitions, settings, config }))
}

/// A random id, none of those that Kafka reserves or never gives out: they begin with a dash in its text form.
fn new_id() -> Uuid {
    loop {
        let mut id = Uuid::ZERO;
        random_bytes(&mut id.0);
        // Version 4 of RFC 4122, as Java makes them.
        id.0[6] = id.0[6] & 0x0f | 0x40;
        id.0[8] = id.0[8] & 0x3f | 0x80;
        if !id.to_string().starts_with('-') {
            return id;
        }
    }
}

/// Writes the topics down and has every core open them.
async fn establish(core: &Rc<Core>, topics: Vec<Arc<Topic>>) -> Result<(), TopicRefusal> {
    if topics.is_empty() {
        return Ok(());
    }
    let ids: Vec<_> = topics.iter().map(|topic| topic.id).collect();
    let outcome = open_everywhere(core, Opening { topics, ..Opening::default() }).await;
    if let Err(message) = outcome {
        tracing::error!(%message, "cannot create a topic");
        for id in ids {
            route::call_all(core, || RemoveTopic(id)).await;
        }
        return Err(TopicRefusal::new(ErrorCode::KafkaStorageError, message));
    }
    Ok(())
}

/// Has every core open its part of the topics; the number of partitions.
pub(crate) async fn open_everywhere(core: &Rc<Core>, opening: Opening) -> Result<usize, String> {
    let opening = Arc::new(opening);
    let opened = route::call_all(core, || OpenTopics(opening.clone())).await;
    opened.into_iter().sum()
}

/// Deletes topics by id.
pub(crate) async fn delete(core: &Rc<Core>, question: DeleteTopics) -> Vec<Result<Arc<Topic>, TopicRefusal>> {
    let Some(authority) = core.authority() else {
        return refuse_all(question.0.len(), "this core does not decide about topics");
    };
    let _turn = authority.turn.enter().await;
    let mut outcomes = Vec::new();
    for id in question.0 {
        outcomes.push(delete_one(core, id).await);
    }
    outcomes
}

async fn delete_one(core: &Rc<Core>, id: Uuid) -> Result<Arc<Topic>, TopicRefusal> {
    let local = core.topics.by_id(&id);
    let topic = local.map(|local| local.topic.clone()).ok_or_else(|| {
        TopicRefusal::new(ErrorCode::UnknownTopicId, "This server does not host this topic ID.")
    })?;
    route::call_all(core, || RemoveTopic(id)).await;
    Ok(topic)
}
