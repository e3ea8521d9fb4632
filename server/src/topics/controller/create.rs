//! Topics are made: written down, opened by every core, and only then shown. What cannot be opened is taken back whole, so
//! that a creation that was refused can be repeated.

use std::collections::BTreeMap;
use std::rc::Rc;
use std::sync::Arc;

use creel_io::{pace, random_bytes, spawn};
use creel_wire::{ErrorCode, Uuid};

use super::state::{Authority, refuse_all, too_many_partitions};
use crate::core::{Core, ask_all_cores};
use crate::limits::{PARTITIONS_MADE_BESIDE, REQUEST_PARTITIONS_MAX, TOPIC_PARTITIONS_MAX};
use crate::metadata::{TopicId, TopicRecord};
use crate::peers::questions::{
    CreateTopics, NewTopic, OpenTopics, Opened, Opening, RemoveTopics, ShowTopics, TopicOutcome, TopicRefusal,
};
use crate::topics::image::Topic;
use crate::topics::names::check_not_metadata_log;

/// How many steps of work the plan of a topic is.
const STEPS_A_PLAN: usize = 10;

/// Creates topics, or only says what would become of them. What has begun is finished, also when nobody waits any more.
pub(crate) async fn create(core: &Rc<Core>, question: CreateTopics) -> Vec<TopicOutcome> {
    let Some(authority) = core.authority() else {
        return refuse_all(question.topics.len());
    };
    let core = core.clone();
    spawn(async move { create_claimed(&core, &authority, question).await }).await
}

async fn create_claimed(core: &Rc<Core>, authority: &Authority, question: CreateTopics) -> Vec<TopicOutcome> {
    if partitions(core, &question.topics) > REQUEST_PARTITIONS_MAX {
        return question.topics.iter().map(|_| Err(too_many_partitions())).collect();
    }
    let _claim = authority.claim(question.topics.iter().map(|new| new.name.clone()).collect()).await;
    let mut outcomes = Vec::with_capacity(question.topics.len());
    let turn = authority.turn.lock().await;
    for new in &question.topics {
        pace(STEPS_A_PLAN).await;
        outcomes.push(plan(core, authority, new));
    }
    if question.validate_only {
        return outcomes;
    }
    let planned: Vec<_> = outcomes.iter().flatten().cloned().collect();
    let written = write_down(authority, &planned).await;
    drop(turn);
    let refusals = match written {
        Ok(()) => establish(core, authority, planned).await,
        Err(refusal) => planned.into_iter().map(|topic| (topic.id, refusal.clone())).collect(),
    };
    for outcome in &mut outcomes {
        let refusal = outcome.as_ref().ok().and_then(|topic| refusals.get(&topic.id));
        if let Some(refusal) = refusal.cloned() {
            *outcome = Err(refusal);
        }
    }
    outcomes
}

/// How many partitions topics would have, each one at least.
fn partitions(core: &Core, topics: &[NewTopic]) -> i64 {
    let default = core.node.broker().num_partitions;
    let count =
        |new: &NewTopic| i64::from(if new.partitions == -1 { default } else { new.partitions }.max(1));
    topics.iter().map(count).sum()
}

/// The topic as it would be made.
fn plan(core: &Core, authority: &Authority, new: &NewTopic) -> TopicOutcome {
    let refuse = |code, message: String| Err(TopicRefusal::new(code, message));
    let broker = core.node.broker();
    check_not_metadata_log(&new.name)?;
    if core.topics.by_name(&new.name).is_some() {
        return refuse(ErrorCode::TopicAlreadyExists, format!("Topic '{}' already exists.", new.name));
    }
    if let Err(error) = authority.check_new_name(&new.name) {
        return refuse(ErrorCode::InvalidTopicException, error.to_string());
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
    let (name, settings) = (new.name.as_str().to_owned(), new.settings.clone());
    let record = TopicRecord { name, id: TopicId(new_id().0), partitions, settings, is_adopted: false };
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

/// Has every core open topics that are written down, and shows those that every core could open. Why the others were not
/// made, by id: of these nothing is left.
async fn establish(
    core: &Rc<Core>,
    authority: &Authority,
    topics: Vec<Arc<Topic>>,
) -> BTreeMap<Uuid, TopicRefusal> {
    let ids: Vec<_> = topics.iter().map(|topic| topic.id).collect();
    let partitions = topics.iter().map(|topic| topic.partitions).sum::<i32>();
    // Many are not made beside many others; a few need not wait for many.
    let _many = if partitions > PARTITIONS_MADE_BESIDE { Some(authority.many.lock().await) } else { None };
    let opening = Opening { topics: topics.clone(), are_new: true, ..Opening::default() };
    let failed = open_everywhere(core, opening).await.failed;
    if !failed.is_empty() {
        let unmade: Arc<[Uuid]> = failed.keys().copied().collect();
        ask_all_cores(core, || RemoveTopics(unmade.clone())).await;
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
    let unmade: Vec<_> = topics.iter().filter(|topic| failed.contains_key(&topic.id)).collect();
    let _turn = authority.turn.lock().await;
    let forgotten = authority.forget(unmade.iter().map(|topic| &*topic.name)).await;
    for (topic, message) in unmade.iter().filter_map(|topic| Some((topic, failed.get(&topic.id)?))) {
        let topic = &topic.name;
        tracing::error!(%topic, reason = %message, "cannot create a topic: what was made of it is taken back");
    }
    if let Err(refusal) = forgotten {
        tracing::error!(reason = %refusal.message, "a topic that could not be made is still written down");
    }
    let refusal = |message| TopicRefusal::new(ErrorCode::KafkaStorageError, message);
    failed.into_iter().map(|(id, message)| (id, refusal(message))).collect()
}

/// What an earlier creation could not take back goes first: it would be taken for a topic that exists.
async fn write_down(authority: &Authority, topics: &[Arc<Topic>]) -> Result<(), TopicRefusal> {
    if topics.is_empty() {
        return Ok(());
    }
    authority.forget([]).await?;
    let records: Vec<_> = topics.iter().map(|topic| topic.record()).collect();
    authority.write(&records).await
}

/// Has every core open its part of the topics, without showing them.
pub(crate) async fn open_everywhere(core: &Rc<Core>, opening: Opening) -> Opened {
    let opening = Arc::new(opening);
    let opened = ask_all_cores(core, || OpenTopics(opening.clone())).await;
    opened.into_iter().fold(Opened::default(), Opened::and)
}
