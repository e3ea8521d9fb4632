//! Metadata: the brokers, and topics with their partitions.
//!
//! v0: no topics means all. From v1 on null means all, and an empty list none. A topic that does not exist is created
//! first and then answered, ready to use, if both the client (v4+) and `auto.create.topics.enable` allow it. A
//! request that names no topics creates none, and neither does an id. A topic that is named twice is answered once.
//! v10 and v11 have ids only in responses; v12+ look a topic up by id if its name is null (KIP-516). This broker is
//! the controller, and the leader of every partition.

use std::rc::Rc;
use std::sync::Arc;

use creel_io::{pace, pace_tenth};
use creel_wire::api::metadata::{
    MetadataRequest, MetadataRequestTopic, MetadataResponse, MetadataResponseBroker,
    MetadataResponsePartition, MetadataResponseTopic,
};
use creel_wire::{ErrorCode, Str, Uuid};

use crate::answers::KafkaError;
use crate::api::authorized_operations;
use crate::api::call::{Call, Made, PrepareContext};
use crate::budget::{AnswerTooLarge, dedup};
use crate::config::TopicSettings;
use crate::core::ask_core;
use crate::limits::REQUEST_PARTITIONS_MAX;
use crate::peers::questions::CreateTopics;
use crate::topics::controller::intents::NewTopic;
use crate::topics::{CONTROLLER, LocalTopic, Topic, check_name, is_internal};

/// Each topic once; none at all means all.
pub(crate) fn prepare(facts: PrepareContext, mut request: MetadataRequest) -> MetadataRequest {
    request.topics = request.topics.filter(|topics| facts.version > 0 || !topics.is_empty());
    if let Some(topics) = &mut request.topics {
        topics.iter_mut().for_each(|topic| id_before_name(facts.version, topic));
        dedup(topics, |one, other| (&one.name, one.topic_id).cmp(&(&other.name, other.topic_id)));
    }
    request
}

/// Java's admin client asks by id and leaves the name empty instead of null. So an id that is given decides.
fn id_before_name(version: i16, wanted: &mut MetadataRequestTopic) {
    if version >= 12 && wanted.topic_id != Uuid::ZERO {
        wanted.name = None;
    }
}

/// Answers the request.
pub(crate) async fn answer(
    call: Call,
    request: MetadataRequest,
    counted: usize,
) -> Result<Made<MetadataResponse>, AnswerTooLarge> {
    if let Some(wanted) = &request.topics {
        let may_create = call.version < 4 || request.allow_auto_topic_creation;
        if may_create && call.core.node.broker().auto_create_topics_enable {
            create_missing(&call, wanted).await;
        }
    }
    let (held, mut topics) = match request.topics {
        None => {
            let all = call.core.topics.all();
            let held = call.hold(counted + all.iter().map(|topic| bytes_of(topic)).sum::<usize>()).await?;
            let mut topics = Vec::with_capacity(all.len());
            for topic in all {
                topics.push(found(&call, &topic).await);
            }
            (held, topics)
        }
        Some(wanted) => {
            let mut bytes = counted;
            for wanted in &wanted {
                pace(1).await;
                bytes += local(&call, wanted).map_or(0, |local| bytes_of(&local.topic));
            }
            let held = call.hold(bytes).await?;
            let mut topics = Vec::with_capacity(wanted.len());
            for wanted in wanted {
                topics.push(look_up(&call, wanted).await);
            }
            (held, topics)
        }
    };
    if request.include_topic_authorized_operations {
        let found = topics.iter_mut().filter(|topic: &&mut MetadataResponseTopic| topic.error_code.is_none());
        found.for_each(|topic| topic.topic_authorized_operations = authorized_operations::ON_TOPIC);
    }
    let asks_for_cluster = request.include_cluster_authorized_operations;
    let response = MetadataResponse {
        brokers: brokers(&call),
        cluster_id: Some(Str::from(call.core.node.cluster_id().to_owned())),
        controller_id: call.node_id(),
        topics,
        cluster_authorized_operations: authorized_operations::if_asked(
            asks_for_cluster,
            authorized_operations::ON_CLUSTER,
        ),
        ..Default::default()
    };
    Ok(Made { response, held })
}

/// What a topic that is there takes in memory, with its lists of replicas, and again in the frame.
fn bytes_of(topic: &Topic) -> usize {
    300 + 300 * topic.partitions.unsigned_abs() as usize
}

fn local(call: &Call, wanted: &MetadataRequestTopic) -> Option<Rc<LocalTopic>> {
    match &wanted.name {
        Some(name) => call.core.topics.by_name(name),
        None => call.core.topics.by_id(&wanted.topic_id),
    }
}

fn brokers(call: &Call) -> Vec<MetadataResponseBroker> {
    let rack = call.core.node.broker().broker_rack.clone().map(Str::from);
    let shown = call.shown_brokers();
    shown
        .map(|(node_id, host, port)| MetadataResponseBroker { node_id, host, port, rack: rack.clone() })
        .collect()
}

/// Creates what is missing, as much as one request may. The rest is answered as missing, as in Kafka.
async fn create_missing(call: &Call, wanted: &[MetadataRequestTopic]) {
    let mut missing: Vec<Str> = Vec::new();
    for name in wanted.iter().filter_map(|wanted| wanted.name.as_ref()) {
        pace(1).await;
        let is_new =
            check_name(name).is_ok() && !is_internal(name) && call.core.topics.by_name(name).is_none();
        if is_new && missing.len() as i64 >= REQUEST_PARTITIONS_MAX {
            return;
        }
        if is_new {
            missing.push(name.detached());
        }
    }
    if missing.is_empty() {
        return;
    }
    missing.sort();
    let new =
        |name| NewTopic { name, partitions: -1, replication_factor: -1, settings: TopicSettings::default() };
    let topics = missing.into_iter().map(new).collect();
    // The image shows what became of each.
    let _ = ask_core(&call.core, CONTROLLER, CreateTopics { topics, validate_only: false }).await;
}

async fn look_up(call: &Call, wanted: MetadataRequestTopic) -> MetadataResponseTopic {
    pace(1).await;
    let missing = match (local(call, &wanted), &wanted.name) {
        (Some(local), _) => return found(call, &local.topic).await,
        (None, Some(name)) => {
            check_name(name).map_or_else(|error| error.code(), |()| ErrorCode::UnknownTopicOrPartition)
        }
        (None, None) => ErrorCode::UnknownTopicId,
    };
    let topic_id = if wanted.name.is_none() { wanted.topic_id } else { Uuid::ZERO };
    MetadataResponseTopic { error_code: missing, name: wanted.name, topic_id, ..Default::default() }
}

async fn found(call: &Call, topic: &Arc<Topic>) -> MetadataResponseTopic {
    let leader = |partition_index| call.leader_of(&topic.id, partition_index);
    let led = |partition_index| MetadataResponsePartition {
        partition_index,
        leader_id: leader(partition_index),
        leader_epoch: topic.leader_epoch(partition_index),
        replica_nodes: vec![leader(partition_index)],
        isr_nodes: vec![leader(partition_index)],
        ..Default::default()
    };
    let offline = |partition_index| MetadataResponsePartition {
        error_code: ErrorCode::LeaderNotAvailable,
        leader_id: -1,
        isr_nodes: Vec::new(),
        offline_replicas: vec![leader(partition_index)],
        ..led(partition_index)
    };
    let partition = |index| if topic.is_offline(index) { offline(index) } else { led(index) };
    let mut partitions = Vec::with_capacity(topic.partitions.unsigned_abs() as usize);
    for index in 0..topic.partitions {
        pace_tenth(partitions.len()).await;
        partitions.push(partition(index));
    }
    MetadataResponseTopic {
        name: Some(topic.name.clone()),
        topic_id: topic.id,
        is_internal: is_internal(&topic.name),
        partitions,
        ..Default::default()
    }
}
