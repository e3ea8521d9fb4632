//! Creates topics: they are written down, opened by every core, and only then shown. What cannot be opened is rolled
//! back whole, so that a refused creation can be repeated.

use std::collections::BTreeMap;
use std::rc::Rc;
use std::sync::Arc;

use creel_io::{pace, random_bytes, spawn};
use creel_wire::Uuid;

use super::error::TopicError;
use super::intents::{NewTopic, TopicResult};
use super::state::Controller;
use crate::core::{Core, ask_all_cores};
use crate::limits::{PARTITIONS_MADE_BESIDE, REQUEST_PARTITIONS_MAX, TOPIC_PARTITIONS_MAX};
use crate::metadata::{TopicDefinition, TopicId};
use crate::peers::questions::{CreateTopics, OpenTopics, RemoveTopics, ShowTopics};
use crate::topics::image::Topic;
use crate::topics::names::check_not_metadata_log;
use crate::topics::replicas::opening::{OpenedTopics, Opening, Origin};

/// Steps of work that the plan of a topic takes.
const STEPS_A_PLAN: usize = 10;

/// Creates topics, or only says what would become of them. What has begun is finished, even if nobody waits any more.
pub(crate) async fn create(core: &Rc<Core>, question: CreateTopics) -> Vec<TopicResult> {
    let Some(controller) = core.controller() else {
        return question.topics.iter().map(|_| Err(TopicError::NotController)).collect();
    };
    let core = core.clone();
    spawn(async move { create_locked(&core, &controller, question).await }).await
}

async fn create_locked(core: &Rc<Core>, controller: &Controller, question: CreateTopics) -> Vec<TopicResult> {
    if partitions(core, &question.topics) > REQUEST_PARTITIONS_MAX {
        return question.topics.iter().map(|_| Err(TopicError::TooManyPartitions)).collect();
    }
    let _lock = controller.lock_names(question.topics.iter().map(|new| new.name.clone()).collect()).await;
    let mut results = Vec::with_capacity(question.topics.len());
    let writing = controller.writing.lock().await;
    for new in &question.topics {
        pace(STEPS_A_PLAN).await;
        results.push(plan(core, controller, new));
    }
    if question.validate_only {
        return results;
    }
    let planned: Vec<_> = results.iter().flatten().cloned().collect();
    let written = write_down(controller, &planned).await;
    drop(writing);
    let errors = match written {
        Ok(()) => establish(core, controller, planned).await,
        Err(error) => planned.into_iter().map(|topic| (topic.id, error.clone())).collect(),
    };
    for result in &mut results {
        let error = result.as_ref().ok().and_then(|topic| errors.get(&topic.id));
        if let Some(error) = error.cloned() {
            *result = Err(error);
        }
    }
    results
}

/// How many partitions topics would have, each one at least.
fn partitions(core: &Core, topics: &[NewTopic]) -> i64 {
    let default = core.node.broker().num_partitions;
    let count =
        |new: &NewTopic| i64::from(if new.partitions == -1 { default } else { new.partitions }.max(1));
    topics.iter().map(count).sum()
}

/// The topic as it would be made.
fn plan(core: &Core, controller: &Controller, new: &NewTopic) -> TopicResult {
    let broker = core.node.broker();
    check_not_metadata_log(&new.name)?;
    if core.topics.by_name(&new.name).is_some() {
        return Err(TopicError::AlreadyExists(new.name.as_str().to_owned()));
    }
    controller.check_new_name(&new.name)?;
    let partitions = if new.partitions == -1 { broker.num_partitions } else { new.partitions };
    if !(1..=TOPIC_PARTITIONS_MAX).contains(&partitions) {
        let message = "Number of partitions must be larger than 0.".to_owned();
        return Err(TopicError::InvalidPartitions(message));
    }
    if !matches!(new.replication_factor, -1 | 1) {
        return Err(TopicError::InvalidReplicationFactor(new.replication_factor));
    }
    new.settings.check_together(&core.node.config.settings)?;
    let (name, settings) = (new.name.as_str().to_owned(), new.settings.clone());
    let record = TopicDefinition { name, id: TopicId(new_id().0), partitions, settings, is_adopted: false };
    Ok(Arc::new(Topic::from_record(record, &core.node.config.settings)))
}

/// A random id.
fn new_id() -> Uuid {
    loop {
        let mut entropy = [0; 16];
        random_bytes(&mut entropy);
        if let Some(TopicId(id)) = TopicId::from_entropy(entropy) {
            return Uuid(id);
        }
    }
}

/// Has every core open topics that are written down, and shows those that every core could open. Returns, by id, why
/// the others were not made: nothing is left of them.
async fn establish(
    core: &Rc<Core>,
    controller: &Controller,
    topics: Vec<Arc<Topic>>,
) -> BTreeMap<Uuid, TopicError> {
    let ids: Vec<_> = topics.iter().map(|topic| topic.id).collect();
    let partitions = topics.iter().map(|topic| topic.partitions).sum::<i32>();
    // Two creations of many partitions do not run at the same time. One of a few need not wait.
    let _many =
        if partitions > PARTITIONS_MADE_BESIDE { Some(controller.making_many.lock().await) } else { None };
    let opening = Opening { topics: topics.clone(), origin: Origin::New };
    let failed = open_everywhere(core, opening).await.failed;
    if !failed.is_empty() {
        let failed: Arc<[Uuid]> = failed.keys().copied().collect();
        ask_all_cores(core, || RemoveTopics(failed.clone())).await;
    }
    let made: Arc<[Uuid]> = ids.into_iter().filter(|id| !failed.contains_key(id)).collect();
    ask_all_cores(core, || ShowTopics(made.clone())).await;
    topics
        .iter()
        .filter(|topic| !failed.contains_key(&topic.id))
        .for_each(|topic| core.change_log.created(topic));
    if failed.is_empty() {
        return BTreeMap::new();
    }
    let rolled_back: Vec<_> = topics.iter().filter(|topic| failed.contains_key(&topic.id)).collect();
    let _writing = controller.writing.lock().await;
    let erased = controller.roll_back(rolled_back.iter().map(|topic| &*topic.name)).await;
    for (topic, message) in rolled_back.iter().filter_map(|topic| Some((topic, failed.get(&topic.id)?))) {
        let topic = &topic.name;
        tracing::error!(%topic, reason = %message, "cannot create a topic: what was created of it is removed");
    }
    if let Err(error) = erased {
        tracing::error!(reason = %error, "cannot take back the record of a topic that could not be created: the next start tries to open it");
    }
    failed.into_iter().map(|(id, message)| (id, TopicError::Storage(message))).collect()
}

/// First erases what an earlier creation could not take back: it would be taken for a topic that exists.
async fn write_down(controller: &Controller, topics: &[Arc<Topic>]) -> Result<(), TopicError> {
    if topics.is_empty() {
        return Ok(());
    }
    controller.roll_back([]).await?;
    let records: Vec<_> = topics.iter().map(|topic| topic.record()).collect();
    controller.write(&records).await
}

/// Has every core open its part of the topics, without showing them.
pub(crate) async fn open_everywhere(core: &Rc<Core>, opening: Opening) -> OpenedTopics {
    let opening = Arc::new(opening);
    let opened = ask_all_cores(core, || OpenTopics(opening.clone())).await;
    opened.into_iter().fold(OpenedTopics::default(), OpenedTopics::and)
}
