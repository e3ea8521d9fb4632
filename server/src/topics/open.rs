//! A core's part in a topic's beginning and end: it opens, and removes, the partitions that it owns.

use std::collections::BTreeMap;
use std::path::Path;
use std::rc::Rc;
use std::sync::Arc;

use creel_engine::directory::{read_topic_id, remove_partition, write_topic_id};
use creel_engine::{Checkpoint, LeaderEpoch, OpenError, OpenLog, Partition, TopicPartition};
use creel_io::fs::exists;
use creel_wire::Uuid;

use super::convert::log_config;
use super::{LocalTopic, Topic};
use crate::core::Core;
use crate::limits::PARTITIONS_OPENING;
use crate::offsets;
use crate::race::all;
use crate::{coordinators, recovery};

/// Topics to open, and what the last stop left about their partitions.
#[derive(Default)]
pub(crate) struct Opening {
    pub(crate) topics: Vec<Arc<Topic>>,
    pub(crate) checkpoint: Checkpoint,
    pub(crate) was_clean: bool,
    /// Whether the topics are being made, so that nothing on the disk is theirs.
    pub(crate) are_new: bool,
}

/// What became of topics that were to be opened.
#[derive(Default)]
pub(crate) struct Opened {
    /// The number of partitions.
    pub(crate) partitions: usize,
    /// Topics of which a partition could not be opened, and why not.
    pub(crate) failed: BTreeMap<Uuid, String>,
}

impl Opened {
    /// With what other cores have opened.
    pub(crate) fn and(mut self, others: Self) -> Self {
        self.partitions += others.partitions;
        self.failed.extend(others.failed);
        self
    }

    fn failed(&mut self, topic: &Topic, reason: String) {
        self.failed.entry(topic.id).or_insert(reason);
    }
}

/// Opens this core's partitions of the topics, several at a time. The topics are shown later.
pub(crate) async fn open(core: &Rc<Core>, opening: &Opening) -> Opened {
    let jobs: Vec<_> = opening
        .topics
        .iter()
        .flat_map(|topic| core.topics.own_indexes(topic).map(move |index| (topic, index)))
        .map(|(topic, index)| open_one(core, opening, topic, index))
        .collect();
    let mut outcome = Opened { partitions: jobs.len(), ..Opened::default() };
    let mut opened = all(jobs, PARTITIONS_OPENING).await.into_iter();
    for topic in &opening.topics {
        let mut own = vec![None; topic.partitions.unsigned_abs() as usize];
        for (index, opened) in core.topics.own_indexes(topic).zip(&mut opened) {
            match opened {
                Ok(partition) => own[index as usize] = Some(partition),
                Err(reason) => outcome.failed(topic, reason),
            }
        }
        if &*topic.name == offsets::TOPIC
            && let Err(reason) = coordinate(core, &own).await
        {
            outcome.failed(topic, reason);
        }
        core.topics.hide(LocalTopic { topic: topic.clone(), own });
    }
    outcome
}

/// Shows a changed topic: its partitions get its settings, and those that are new are opened.
pub(crate) async fn update(core: &Rc<Core>, topic: Arc<Topic>) -> Result<(), String> {
    let mut own = vec![None; topic.partitions.unsigned_abs() as usize];
    let opening = Opening { are_new: true, ..Opening::default() };
    for index in core.topics.own_indexes(&topic) {
        own[index as usize] = Some(match core.topics.own(&topic.id, index) {
            Some(partition) => {
                partition.set_config(log_config(&topic.config, core.node.broker()));
                partition
            }
            None => open_one(core, &opening, &topic, index).await?,
        });
    }
    core.topics.insert(Rc::new(LocalTopic { topic, own }));
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
    let failed = |error: &dyn std::fmt::Display| format!("cannot open {}: {error}", directory.display());
    if opening.are_new {
        make_way(&name, &directory).await.map_err(|error| failed(&error))?;
    }
    let open = OpenLog {
        config: log_config(&topic.config, core.node.broker()),
        leader_epoch: LeaderEpoch(0),
        was_clean: opening.was_clean,
        recovery_point: opening.checkpoint.recovery_points.get(&name).copied(),
        log_start: opening.checkpoint.log_starts.get(&name).copied(),
        directory: directory.clone(),
        name: name.clone(),
    };
    let opened = open_marked(core, open, topic, index).await;
    if opened.is_err() && opening.are_new {
        // Whatever it is, it was made just now. What cannot be removed is put aside when it stands in the way.
        let _ = remove_partition(&name, &directory).await;
    }
    opened.map_err(|error| failed(&error))
}

async fn open_marked(core: &Core, open: OpenLog, topic: &Topic, index: i32) -> Result<Partition, OpenError> {
    let directory = open.directory.clone();
    let partition = Partition::open(&core.flusher, open).await?;
    topic.set_leader_epoch(index, partition.leader_epoch().0);
    mark(&directory, topic.id).await?;
    Ok(partition)
}

/// A new partition must not find another one's records.
async fn make_way(name: &TopicPartition, directory: &Path) -> std::io::Result<()> {
    if exists(directory) { recovery::put_aside(name, directory).await } else { Ok(()) }
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
