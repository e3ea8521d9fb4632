//! Metadata: the brokers, and topics with their partitions.
//!
//! v0: no topics means all; from v1 on null means all and an empty list none. A topic that does not exist is created
//! first and then answered, ready to use, if both the client (v4+) and `auto.create.topics.enable` allow it; not for
//! requests that name no topics, nor for ids. A topic that is named twice is answered once. v10-11 say ids only in responses; v12+ look a topic up by id where its name
//! is null (KIP-516). The one broker is controller and leader of everything.

use std::collections::BTreeSet;
use std::sync::Arc;

use creel_wire::api::metadata::{
    MetadataRequest, MetadataRequestTopic, MetadataResponse, MetadataResponseBroker,
    MetadataResponsePartition, MetadataResponseTopic,
};
use creel_wire::{ErrorCode, Str, Uuid};

use crate::authorized;
use crate::call::Call;
use crate::config::TopicSettings;
use crate::messages::CreateTopics;
use crate::route;
use crate::topics::{AUTHORITY, NewTopic, Topic, check_name, is_internal};

/// Answers the request.
pub(crate) async fn answer(call: Call, request: MetadataRequest) -> MetadataResponse {
    let wanted = request.topics.filter(|topics| call.version > 0 || !topics.is_empty());
    let topics = match wanted {
        None => call.core.topics.all().iter().map(|topic| found(&call, topic)).collect(),
        Some(wanted) => {
            let wanted: Vec<_> =
                wanted.into_iter().map(|topic| id_before_name(call.version, topic)).collect();
            let may_create = call.version < 4 || request.allow_auto_topic_creation;
            if may_create && call.core.node.broker().auto_create_topics_enable {
                create_missing(&call, &wanted).await;
            }
            let mut seen = BTreeSet::new();
            let once = wanted.into_iter().filter(|one| seen.insert((one.name.clone(), one.topic_id)));
            once.map(|wanted| look_up(&call, wanted)).collect()
        }
    };
    let mut topics: Vec<MetadataResponseTopic> = topics;
    if request.include_topic_authorized_operations {
        let found = topics.iter_mut().filter(|topic| topic.error_code.is_none());
        found.for_each(|topic| topic.topic_authorized_operations = authorized::ON_TOPIC);
    }
    let asks_for_cluster = request.include_cluster_authorized_operations;
    MetadataResponse {
        brokers: vec![this_broker(&call)],
        cluster_id: Some(Str::from(call.core.node.cluster_id().to_owned())),
        controller_id: call.node_id(),
        topics,
        cluster_authorized_operations: authorized::if_asked(asks_for_cluster, authorized::ON_CLUSTER),
        ..Default::default()
    }
}

/// Who asks by id may leave the name empty instead of null, as Java's admin client does: an id that is given decides.
fn id_before_name(version: i16, mut wanted: MetadataRequestTopic) -> MetadataRequestTopic {
    if version >= 12 && wanted.topic_id != Uuid::ZERO {
        wanted.name = None;
    }
    wanted
}

fn this_broker(call: &Call) -> MetadataResponseBroker {
    let (host, port) = call.advertised();
    let rack = call.core.node.broker().broker_rack.clone().map(Str::from);
    MetadataResponseBroker { node_id: call.node_id(), host, port, rack }
}

async fn create_missing(call: &Call, wanted: &[MetadataRequestTopic]) {
    let mut missing: Vec<Str> = wanted
        .iter()
        .filter_map(|wanted| wanted.name.clone())
        .filter(|name| check_name(name).is_ok() && !is_internal(name))
        .filter(|name| call.core.topics.by_name(name).is_none())
        .map(|name| name.detached())
        .collect();
    missing.sort();
    missing.dedup();
    if missing.is_empty() {
        return;
    }
    let new =
        |name| NewTopic { name, partitions: -1, replication_factor: -1, settings: TopicSettings::default() };
    let topics = missing.into_iter().map(new).collect();
    // What became of each shows in the image.
    let _ = route::call(&call.core, AUTHORITY, CreateTopics { topics, validate_only: false }).await;
}

fn look_up(call: &Call, wanted: MetadataRequestTopic) -> MetadataResponseTopic {
    let topics = &call.core.topics;
    let (local, missing) = match &wanted.name {
        Some(name) => (topics.by_name(name), ErrorCode::UnknownTopicOrPartition),
        None => (topics.by_id(&wanted.topic_id), ErrorCode::UnknownTopicId),
    };
    let error_code = match (&local, &wanted.name) {
        (Some(local), _) => return found(call, &local.topic),
        (None, Some(name)) => check_name(name).err().unwrap_or(missing),
        (None, None) => missing,
    };
    let topic_id = if wanted.name.is_none() { wanted.topic_id } else { Uuid::ZERO };
    MetadataResponseTopic { error_code, name: wanted.name, topic_id, ..Default::default() }
}

fn found(call: &Call, topic: &Arc<Topic>) -> MetadataResponseTopic {
    let leader = call.node_id();
    let led = |partition_index| MetadataResponsePartition {
        partition_index,
        leader_id: leader,
        leader_epoch: topic.leader_epoch(partition_index),
        replica_nodes: vec![leader],
        isr_nodes: vec![leader],
        ..Default::default()
    };
    let offline = |partition_index| MetadataResponsePartition {
        error_code: ErrorCode::LeaderNotAvailable,
        leader_id: -1,
        isr_nodes: Vec::new(),
        offline_replicas: vec![leader],
        ..led(partition_index)
    };
    let partition = |index| if topic.is_offline(index) { offline(index) } else { led(index) };
    MetadataResponseTopic {
        name: Some(topic.name.clone()),
        topic_id: topic.id,
        is_internal: is_internal(&topic.name),
        partitions: (0..topic.partitions).map(partition).collect(),
        ..Default::default()
    }
}
