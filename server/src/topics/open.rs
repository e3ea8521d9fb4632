//! A core's part in a topic's beginning and end: it opens, and removes, the partitions that it owns.

use std::path::Path;
use std::rc::Rc;
use std::sync::Arc;

use creel_engine::directory::{read_topic_id, write_topic_id};
use creel_engine::{Checkpoint, LeaderEpoch, OpenLog, Partition, TopicPartition};
use creel_wire::Uuid;

use super::Topic;
use super::convert::log_config;
use crate::coordinators;
use crate::core::Core;
use crate::limits::PARTITIONS_OPENING;
use crate::offsets;
use crate::race::all;

/// Topics to open, and what the last stop left about their partitions.
#[derive(Default)]
pub(crate) struct Opening {
    pub(crate) topics: Vec<Arc<Topic>>,
    pub(crate) checkpoint: Checkpoint,
    pub(crate) was_clean: bool,
}

/// Opens this core's partitions of the topics, several at a time, and then shows the topics. The number of partitions.
pub(crate) async fn open(core: &Rc<Core>, opening: &Opening) -> Result<usize, String> {
    let jobs: Vec<_> = opening
        .topics
        .iter()
        .flat_map(|topic| core.topics.own_indexes(topic).map(move |index| (topic, index)))
        .map(|(topic, index)| open_one(core, opening, topic, index))
        .collect();
    let count = jobs.len();
    let mut opened = all(jobs, PARTITIONS_OPENING).await.into_iter();
    for topic in &opening.topics {
        let mut own = vec![None; topic.partitions.unsigned_abs() as usize];
        for index in core.topics.own_indexes(topic) {
            own[index as usize] = opened.next().transpose()?;
        }
        if &*topic.name == offsets::TOPIC {
            coordinate(core, &own).await?;
        }
        core.topics.insert(topic.clone(), own);
    }
    Ok(count)
}

/// Shows a changed topic: its partitions get its settings, and those that are new are opened.
pub(crate) async fn update(core: &Rc<Core>, topic: Arc<Topic>) -> Result<(), String> {
    let mut own = vec![None; topic.partitions.unsigned_abs() as usize];
    let opening = Opening::default();
    for index in core.topics.own_indexes(&topic) {
        own[index as usize] = Some(match core.topics.own(&topic.id, index) {
            Some(partition) => {
                partition.set_config(log_config(&topic.config, core.node.broker()));
                partition
            }
            None => open_one(core, &opening, &topic, index).await?,
        });
    }
    core.topics.insert(topic, own);
    Ok(())
}

/// Begins to coordinate the groups whose partitions these are.
async fn coordinate(core: &Rc<Core>, own: &[Option<Partition>]) -> Result<(), String> {
    let own =
        own.iter().enumerate().filter_map(|(index, partition)| Some((index as i32, partition.clone()?)));
    let jobs = own.map(|(index, partition)| coordinators::host(core, index, partition)).collect();
    all(jobs, PARTITIONS_OPENING).await.into_iter().collect()
}

async fn open_one(core: &Core, opening: &Opening, topic: &Topic, index: i32) -> Result<Partition, String> {
    let name = TopicPartition::new(&*topic.name, index);
    let directory = core.node.config.data_dir.join(name.directory_name());
    let open = OpenLog {
        config: log_config(&topic.config, core.node.broker()),
        leader_epoch: LeaderEpoch(0),
        was_clean: opening.was_clean,
        recovery_point: opening.checkpoint.recovery_points.get(&name).copied(),
        log_start: opening.checkpoint.log_starts.get(&name).copied(),
        directory: directory.clone(),
        name: name.clone(),
    };
    let failed = |error: &dyn std::fmt::Display| format!("cannot open {}: {error}", directory.display());
    let partition = Partition::open(&core.flusher, open).await.map_err(|error| failed(&error))?;
    topic.set_leader_epoch(index, partition.leader_epoch().0);
    mark(&directory, topic.id).await.map_err(|error| failed(&error))?;
    Ok(partition)
}

/// Sees to it that the directory names its topic, as Kafka's do.
async fn mark(directory: &Path, id: Uuid) -> std::io::Result<()> {
    let id = id.to_string();
    if read_topic_id(directory)?.as_ref() == Some(&id) {
        return Ok(());
    }
    write_topic_id(directory, &id).await
}

/// Hides the topic and removes this core's partitions of it.
pub(crate) async fn remove(core: &Rc<Core>, id: Uuid) {
    let Some(local) = core.topics.take(&id) else { return };
    match &*local.topic.name {
        offsets::TOPIC => core.coordinators.clear(),
        other => core.coordinators.topic_deleted(other),
    }
    for partition in local.own.iter().flatten() {
        if let Err(error) = partition.delete().await {
            tracing::error!(partition = %partition.name(), %error, "cannot remove a deleted partition");
        }
    }
}
