//! CreateTopics: makes topics, and answers once each is usable on every core.
//!
//! Each topic has its own error; the others are made all the same. A name that comes twice in one request is refused,
//! and answered once. -1 asks for the broker's defaults (partitions and replication factor). `validate_only` (v1+)
//! changes nothing. A request for more than 10,000 partitions over all its topics is refused as a whole
//! (POLICY_VIOLATION). v5 answers with counts and settings, v7 with the id. Assignments to brokers are accepted if
//! they name this broker alone.

use creel_io::pace;
use creel_wire::Str;
use creel_wire::api::create_topics::{
    CreatableTopic, CreatableTopicConfigs, CreatableTopicResult, CreateTopicsRequest, CreateTopicsResponse,
};

use crate::answers::KafkaError;
use crate::api::call::{Call, Made, PrepareContext};
use crate::budget::{AnswerTooLarge, dedup_merging};
use crate::config::{TOPIC_KEYS, TopicKey, TopicSettings};
use crate::core::ask_core;
use crate::limits::REQUEST_PARTITIONS_MAX;
use crate::peers::questions::CreateTopics;
use crate::topics::controller::intents::NewTopic;
use crate::topics::{CONTROLLER, Topic, TopicError, check_not_metadata_log};

/// What a setting takes in memory, and again in the frame.
const BYTES_OF_A_SETTING: usize = 300;

/// A topic that is asked for.
struct TopicToCreate {
    topic: CreatableTopic,
    came_twice: bool,
}

/// What is asked for, checked as far as the request alone can be.
pub(crate) struct PreparedCreateTopics {
    topics: Vec<(Str, Result<NewTopic, TopicError>)>,
    validate_only: bool,
    /// It asks for more partitions than a request may.
    is_excessive: bool,
}

/// Each topic once. Partitions are counted before anything is made of them.
pub(crate) fn prepare(facts: PrepareContext, request: CreateTopicsRequest) -> PreparedCreateTopics {
    let asked = |topic| TopicToCreate { topic, came_twice: false };
    let mut topics: Vec<_> = request.topics.into_iter().map(asked).collect();
    dedup_merging(
        &mut topics,
        |one, other| one.topic.name.cmp(&other.topic.name),
        |first, _| first.came_twice = true,
    );
    let wanted = topics.iter().filter(|one| !one.came_twice).map(|one| partitions(&one.topic, facts));
    let is_excessive = wanted.sum::<i64>() > REQUEST_PARTITIONS_MAX;
    let read = |TopicToCreate { topic, came_twice }: TopicToCreate| {
        let read = match (is_excessive, came_twice) {
            (true, _) => Err(TopicError::TooManyPartitions),
            (false, true) => Err(TopicError::InvalidRequest("Duplicate topic name.".to_owned())),
            (false, false) => new_topic(&topic, facts.node_id),
        };
        (topic.name, read)
    };
    let topics = topics.into_iter().map(read).collect();
    PreparedCreateTopics { topics, validate_only: request.validate_only, is_excessive }
}

/// How many a topic counts for.
fn partitions(topic: &CreatableTopic, facts: PrepareContext) -> i64 {
    let asked = match topic.assignments.len() {
        0 if topic.num_partitions == -1 => i64::from(facts.num_partitions),
        0 => i64::from(topic.num_partitions),
        listed => i64::try_from(listed).unwrap_or(i64::MAX),
    };
    asked.max(1)
}

/// Answers the request.
pub(crate) async fn answer(
    call: Call,
    request: PreparedCreateTopics,
    counted: usize,
) -> Result<Made<CreateTopicsResponse>, AnswerTooLarge> {
    let topics: Vec<_> = request.topics.iter().filter_map(|(_, read)| read.as_ref().ok().cloned()).collect();
    let held = call.hold(counted + topics.len() * TOPIC_KEYS.len() * BYTES_OF_A_SETTING).await?;
    let question = CreateTopics { topics, validate_only: request.validate_only };
    let mut made = match request.is_excessive {
        true => Vec::new().into_iter(),
        false => ask_core(&call.core, CONTROLLER, question).await.unwrap_or_default().into_iter(),
    };
    let mut topics = Vec::with_capacity(request.topics.len());
    for (name, read) in request.topics {
        topics.push(match read.and_then(|_| made.next().unwrap_or(Err(TopicError::Stopping))) {
            Ok(topic) => {
                pace(TOPIC_KEYS.len()).await;
                created(&call, &topic)
            }
            Err(error) => {
                pace(1).await;
                topic_error(name, &error)
            }
        });
    }
    Ok(Made { response: CreateTopicsResponse { topics, ..Default::default() }, held })
}

fn new_topic(asked: &CreatableTopic, this_broker: i32) -> Result<NewTopic, TopicError> {
    if let Some(config) = asked.configs.iter().find(|config| config.value.is_none()) {
        let message = format!("Null value not supported for topic configs: {}", config.name);
        return Err(TopicError::InvalidConfig(message));
    }
    check_not_metadata_log(&asked.name)?;
    let given = asked.configs.iter().map(|config| (&*config.name, config.value.as_deref().unwrap_or("")));
    let settings = TopicSettings::checked(given)?;
    let (partitions, replication_factor) = counts(asked, this_broker)?;
    Ok(NewTopic { name: asked.name.detached(), partitions, replication_factor, settings })
}

/// Partitions and replicas, given as numbers or by listing each partition's brokers.
fn counts(asked: &CreatableTopic, this_broker: i32) -> Result<(i32, i16), TopicError> {
    if asked.assignments.is_empty() {
        let partitions = asked.num_partitions;
        if partitions == 0 || partitions < -1 {
            let message = "Number of partitions must be larger than 0.".to_owned();
            return Err(TopicError::InvalidPartitions(message));
        }
        return Ok((partitions, asked.replication_factor));
    }
    if asked.num_partitions != -1 || asked.replication_factor != -1 {
        let message = "Both assignments and counts were given.".to_owned();
        return Err(TopicError::InvalidRequest(message));
    }
    let mut indexes: Vec<_> = asked.assignments.iter().map(|one| one.partition_index).collect();
    indexes.sort_unstable();
    let counted = indexes.iter().copied().eq(0..indexes.len() as i32);
    let here = asked.assignments.iter().all(|one| one.broker_ids == [this_broker]);
    if counted && here {
        return Ok((indexes.len() as i32, -1));
    }
    let message = "Assignments must count up from partition 0 and name this broker alone.";
    Err(TopicError::InvalidAssignment(message))
}

fn created(call: &Call, topic: &Topic) -> CreatableTopicResult {
    CreatableTopicResult {
        name: topic.name.clone(),
        topic_id: topic.id,
        num_partitions: topic.partitions,
        replication_factor: 1,
        configs: Some(configs(call, topic)),
        ..Default::default()
    }
}

fn configs(call: &Call, topic: &Topic) -> Vec<CreatableTopicConfigs> {
    const TOPIC_CONFIG: i8 = 1;
    const STATIC_BROKER_CONFIG: i8 = 4;
    const DEFAULT_CONFIG: i8 = 5;
    let broker = &call.core.node.config.settings;
    let one = |name: &'static str| CreatableTopicConfigs {
        name: Str::from(name),
        value: Some(Str::from(topic.settings.effective(name, broker).to_string())),
        config_source: match topic.settings.texts().contains_key(name) {
            true => TOPIC_CONFIG,
            false if is_set_by_broker(call, name) => STATIC_BROKER_CONFIG,
            false => DEFAULT_CONFIG,
        },
        ..Default::default()
    };
    let is_shown = |key: &&TopicKey| !key.is_internal() || topic.settings.texts().contains_key(key.name);
    TOPIC_KEYS.iter().filter(is_shown).map(|key| one(key.name)).collect()
}

fn is_set_by_broker(call: &Call, name: &str) -> bool {
    let broker = &call.core.node.config.settings;
    let from = TopicKey::find(name).and_then(|key| key.inherited(broker).1);
    let setting = from.and_then(|name| broker.get(name));
    setting.is_some_and(|setting| setting.origin != crate::config::Origin::Default)
}

fn topic_error(name: Str, error: &TopicError) -> CreatableTopicResult {
    CreatableTopicResult {
        name,
        error_code: error.code(),
        error_message: Some(Str::from(error.to_string())),
        configs: Some(Vec::new()),
        ..Default::default()
    }
}
