//! What a data directory holds at the start: topics that are written down, and directories of partitions.
//!
//! The two can differ. In a directory that is new to Creel (one of Kafka's, say) nothing is written down: its topics
//! are adopted, under the ids that their partitions name. Otherwise a partition's directory that belongs to no topic is
//! what a crash left of a deletion, or someone's mistake: it is put aside under a name that ends in `-stray`, as Kafka
//! does, so that a new topic of the same name does not find old records.

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use creel_engine::TopicPartition;
use creel_engine::directory::{find_partitions, read_topic_id};
use creel_io::fs::{remove_dir_all, rename, sync_dir};

use crate::config::TopicSettings;
use crate::core::Core;
use crate::metadata::{LocalStore, MetaProperties, TopicId, TopicRecord};
use crate::offsets;
use crate::topics::{Authority, Topic, new_id};

/// What the start found.
pub(crate) struct Found {
    pub(crate) authority: Authority,
    pub(crate) topics: Vec<Arc<Topic>>,
    pub(crate) cluster_id: String,
}

/// Reads the metadata and puts the directories in order.
pub(crate) async fn find(core: &Core, data_dir: &Path) -> Result<Found, String> {
    let shown = |error: io::Error| error.to_string();
    let broker = core.node.broker();
    let properties =
        MetaProperties::load_or_create(data_dir, broker.node_id, broker.cluster_id.as_deref()).await;
    let cluster_id = properties.map_err(|error| error.to_string())?.cluster_id;
    let store = LocalStore::open(data_dir).await.map_err(|error| error.to_string())?;
    let authority = Authority::read(store).await?;
    let found = find_partitions(data_dir).map_err(shown)?;
    // What was being deleted when a crash came is deleted now.
    for directory in &found.deleted {
        if let Err(error) = remove_dir_all(directory) {
            tracing::error!(directory = %directory.display(), %error, "cannot remove a deleted partition");
        }
    }
    if authority.is_new() && !found.partitions.is_empty() {
        let records = adopt(&found.partitions).map_err(shown)?;
        authority.write(&records).await.map_err(|refusal| refusal.message)?;
    }
    let records = authority.records();
    put_strays_aside(&records, &found.partitions).await;
    let topic = |record| Arc::new(Topic::from_record(record, &core.node.config.settings));
    Ok(Found { authority, topics: records.into_iter().map(topic).collect(), cluster_id })
}

/// The topics that partitions' directories speak of.
fn adopt(partitions: &[(TopicPartition, PathBuf)]) -> io::Result<Vec<TopicRecord>> {
    let mut records: BTreeMap<&str, TopicRecord> = BTreeMap::new();
    for (name, directory) in partitions {
        let count = name.partition.saturating_add(1);
        if let Some(record) = records.get_mut(&*name.topic) {
            record.partitions = record.partitions.max(count);
            continue;
        }
        let id = read_topic_id(directory)?.and_then(|text| TopicId::read(&text));
        let id = id.unwrap_or_else(|| TopicId(new_id().0));
        let record =
            TopicRecord { name: name.topic.clone(), id, partitions: count, settings: settings(&name.topic) };
        records.insert(&name.topic, record);
    }
    Ok(records.into_values().collect())
}

fn settings(topic: &str) -> TopicSettings {
    let given: &[(&str, &str)] = if topic == offsets::TOPIC { &[("cleanup.policy", "compact")] } else { &[] };
    TopicSettings::checked(given.iter().copied()).unwrap_or_default()
}

async fn put_strays_aside(records: &[TopicRecord], partitions: &[(TopicPartition, PathBuf)]) {
    let known: BTreeMap<_, _> = records.iter().map(|record| (record.name.as_str(), record)).collect();
    for (name, directory) in partitions {
        let may_be_known = known.get(&*name.topic).is_some_and(|record| {
            // What cannot be read is left for the opening of the partition to complain about.
            let id = read_topic_id(directory).ok().flatten();
            name.partition < record.partitions && id.is_none_or(|id| id == record.id.to_string())
        });
        if !may_be_known && let Err(error) = put_aside(name, directory).await {
            tracing::error!(directory = %directory.display(), %error, "cannot put a partition of no topic aside");
        }
    }
}

/// Keeps what has a partition's name and is not that partition, under a name that stands in nobody's way.
pub(crate) async fn put_aside(name: &TopicPartition, directory: &Path) -> io::Result<()> {
    let aside = directory.with_file_name(name.unique_name("-stray"));
    tracing::warn!(partition = %name, aside = %aside.display(), "a partition of no topic is put aside");
    rename(directory, &aside)?;
    match aside.parent() {
        Some(data_dir) => sync_dir(data_dir).await,
        None => Ok(()),
    }
}
