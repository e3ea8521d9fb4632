//! What a data directory holds at the start.

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use creel_engine::directory::{find_partitions, read_topic_id};
use creel_io::fs::remove_dir_all;
use creel_io::random_bytes;
use creel_wire::{Str, Uuid};

use crate::config::{TopicConfig, TopicSettings};
use crate::core::Core;
use crate::topics::Topic;

/// The topics whose partitions lie there. What was being deleted when a crash came is deleted now.
pub(crate) fn find_topics(core: &Core, data_dir: &Path) -> io::Result<Vec<Arc<Topic>>> {
    let found = find_partitions(data_dir)?;
    for directory in &found.deleted {
        remove_dir_all(directory)?;
    }
    let mut topics: BTreeMap<String, (i32, PathBuf)> = BTreeMap::new();
    for (name, directory) in found.partitions {
        let topic = topics.entry(name.topic).or_insert((0, directory));
        topic.0 = topic.0.max(name.partition + 1);
    }
    topics
        .into_iter()
        .map(|(name, (partitions, directory))| adopt(core, name, partitions, &directory))
        .collect()
}

fn adopt(core: &Core, name: String, partitions: i32, directory: &Path) -> io::Result<Arc<Topic>> {
    let id = read_topic_id(directory)?.and_then(|text| text.parse().ok()).unwrap_or_else(random_id);
    let settings = TopicSettings::default();
    let config = TopicConfig::new(&core.node.config.settings, &settings);
    Ok(Arc::new(Topic { name: Str::from(name), id, partitions, settings, config }))
}

/// The cluster's id as configured, or a new one.
pub(crate) fn cluster_id(core: &Core) -> String {
    core.node.broker().cluster_id.clone().unwrap_or_else(|| random_id().to_string())
}

fn random_id() -> Uuid {
    let mut id = Uuid::ZERO;
    random_bytes(&mut id.0);
    id
}
