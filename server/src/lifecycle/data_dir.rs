//! What a data directory holds at the start: topics that are written down, and directories of partitions.
//!
//! The two can differ. In a directory that Apache Kafka has left, Creel has written nothing down. Its topics are
//! taken over from Kafka's own metadata log (`metadata/kafka`), which is hidden from clients and stays as it is.
//! Otherwise a partition's directory that belongs to no topic is what a crash left of a deletion, or someone's
//! mistake. It is renamed, as Kafka does, so that it ends in `-stray`. So a new topic of the same name does not find
//! old records.

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use creel_engine::{LastStop, TopicPartition, find_partitions};
use creel_io::fs::{exists, remove_dir_all};
use creel_io::pace;

use crate::core::Core;
use crate::metadata::kafka::{self, METADATA_TOPIC};
use crate::metadata::{
    LocalStore, MetaProperties, NotUnderstood, Revision, Store, StoreError, StoredTopics, TopicDefinition,
};
use crate::topics::{Controller, Topic, put_aside};

/// What the start found.
pub(crate) struct FoundData {
    pub(crate) controller: Controller,
    pub(crate) topics: Vec<Arc<Topic>>,
    pub(crate) cluster_id: String,
}

/// Reads the metadata and puts the directories in order. What is refused is left as it is.
pub(crate) async fn find(core: &Core, data_dir: &Path, last_stop: LastStop) -> Result<FoundData, String> {
    let shown = |error: io::Error| error.to_string();
    let broker = core.node.broker();
    let (node_id, cluster_id) = (broker.node_id, broker.cluster_id.as_deref());
    let properties =
        MetaProperties::load(data_dir, node_id, cluster_id).map_err(|error| error.to_string())?;
    let mut found = find_partitions(data_dir).map_err(shown)?;
    found.partitions.retain(|(name, _)| name.topic != METADATA_TOPIC);
    let log_dir = broker.metadata_log_dir.as_ref().map_or(data_dir, Path::new);
    let directory = kafka::KafkaDirectory {
        data_dir,
        log: &log_dir.join(TopicPartition::new(METADATA_TOPIC, 0).directory_name()),
        owner: properties.as_ref(),
        partitions: &found.partitions,
        last_stop,
        settings: &core.node.config.settings,
    };
    let store = open_store(&directory).await?;
    let cluster_id = match &properties {
        Some(properties) => properties.cluster_id.clone(),
        None => {
            let made = MetaProperties::create(data_dir, node_id, cluster_id).await;
            made.map_err(|error| error.to_string())?.cluster_id
        }
    };
    let controller = Controller::read(store).await?;
    // What was being deleted when a crash came is deleted now.
    for directory in &found.deleted {
        tracing::info!(directory = %directory.display(), "the deletion of a partition is completed");
        if let Err(error) = remove_dir_all(directory) {
            tracing::error!(directory = %directory.display(), %error, "cannot remove a deleted partition");
        }
    }
    let mut records = controller.records();
    // Topics cannot have this name now, but they could in the past.
    records.retain(|record| record.name != METADATA_TOPIC);
    put_strays_aside(&records, &found.partitions).await;
    let topic = |record| Arc::new(Topic::from_record(record, &core.node.config.settings));
    let topics: Vec<_> = records.into_iter().map(topic).collect();
    tell_what_keeps_all(&topics);
    Ok(FoundData { controller, topics, cluster_id })
}

/// Opens what is written down. In a directory that Kafka has left, Kafka's own metadata is taken over first.
async fn open_store(directory: &kafka::KafkaDirectory<'_>) -> Result<LocalStore, String> {
    let shown = |error: StoreError| error.to_string();
    let refused = |error: NotUnderstood| error.to_string();
    // Before the store is made: a directory that is refused must not be changed.
    let mut adoption = match LocalStore::exists(directory.data_dir) {
        true => None,
        false => kafka::adopt(directory).await.map_err(refused)?,
    };
    let store = LocalStore::open(directory.data_dir).await.map_err(shown)?;
    let is_new = store.range(&StoredTopics::range(), None).await.map_err(shown)?.revision == Revision(0);
    if is_new && adoption.is_none() {
        // A crash came between the two.
        adoption = kafka::adopt(directory).await.map_err(refused)?;
    }
    if let Some(adoption) = adoption {
        store.commit(adoption.transaction()).await.map_err(shown)?;
    } else if let Some(end) = kafka::adopted_end(&store).await.map_err(shown)?
        && exists(directory.log)
    {
        kafka::check_unchanged(directory.log, &end).map_err(refused)?;
    }
    Ok(store)
}

/// Reports topics from which nothing is deleted, because a setting of Kafka's is missing here.
fn tell_what_keeps_all(topics: &[Arc<Topic>]) {
    let keeping: Vec<_> = topics.iter().filter(|topic| topic.keeps_all_unasked()).collect();
    if let Some(topic) = keeping.first() {
        tracing::warn!(
            topics = keeping.len(), one = %topic.name,
            "topics that were imported from Kafka have no retention.ms of their own, and Kafka's default is not known here: \
             none of their records is deleted by age until log.retention.ms, .minutes or .hours is set"
        );
    }
}

async fn put_strays_aside(records: &[TopicDefinition], partitions: &[(TopicPartition, PathBuf)]) {
    let known: BTreeMap<_, _> =
        records.iter().map(|record| (record.name.as_str(), record.partitions)).collect();
    for (name, directory) in partitions {
        pace(1).await;
        // Whether it names its topic's id is looked at when it is opened.
        let may_be_known = known.get(&*name.topic).is_some_and(|partitions| name.partition < *partitions);
        if !may_be_known && let Err(error) = put_aside(name, directory).await {
            tracing::error!(directory = %directory.display(), %error, "cannot rename the directory of a partition that belongs to no topic");
        }
    }
}
