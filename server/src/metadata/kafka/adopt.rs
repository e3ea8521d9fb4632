//! Makes topics of Kafka's metadata, if nothing prevents serving them from this directory alone.

use std::collections::BTreeSet;

use creel_engine::TopicPartition;
use creel_io::fs;
use creel_wire::Uuid;

use super::directories::{KafkaDirectory, PartitionDirectories, Presence, check_missing, named};
use super::error::NotUnderstood;
use super::image::{Configs, Image, ImagePartition, ImageTopic};
use super::log::{self, FoundLog, LogEnd};
use super::settings::{self, Told};
use super::{KEY, METADATA_TOPIC};
use crate::config::Settings;
use crate::metadata::contract::{Change, Transaction};
use crate::metadata::producer_ids::given_out_below;
use crate::metadata::{MetaProperties, StoredTopics, TopicDefinition, TopicId};

/// How far above Kafka's own producer ids ours begin, at least.
const PRODUCER_IDS_APART: i64 = 1 << 40;

/// Ids that stand for no directory: the partition's directory was not told yet, or not chosen yet.
const NO_DIRECTORY: [Uuid; 2] = [Uuid([0; 16]), Uuid([0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1])];

/// What is taken over.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Adoption {
    pub(crate) topics: Vec<TopicDefinition>,
    /// Producer ids below it are given out.
    pub(super) next_producer_id: i64,
    end: LogEnd,
}

impl Adoption {
    /// Writes it down, all or nothing.
    pub(crate) fn transaction(&self) -> Transaction {
        let mut transaction = TopicDefinition::create(&self.topics);
        let end = serde_json::to_vec(&self.end).expect("a text and a number can be written as JSON");
        transaction.changes.push(Change::put(KEY, end));
        transaction.changes.push(given_out_below(self.next_producer_id));
        transaction
    }
}

/// Reads what Kafka left. `None` in a directory that holds nothing of Kafka's.
pub(crate) async fn adopt(directory: &KafkaDirectory<'_>) -> Result<Option<Adoption>, NotUnderstood> {
    let found =
        if fs::exists(directory.log) { log::read(directory.log, directory.last_stop).await? } else { None };
    let Some(FoundLog { image, end, end_offset, is_whole }) = found else {
        return if directory.partitions.is_empty() { Ok(None) } else { Err(unknown_settings(directory)) };
    };
    let is_blank = !image.has_features && image.topics.is_empty();
    if is_blank && !directory.partitions.is_empty() {
        return Err(unknown_settings(directory));
    }
    let owner = directory.owner.ok_or_else(|| {
        let path = directory.data_dir.join("meta.properties");
        NotUnderstood::new(
            &path,
            "it is missing, so it is not known which broker the partitions here belong to",
        )
    })?;
    let refuse = |reason: String| NotUnderstood::new(directory.log, reason);
    check_voters(&image).map_err(refuse)?;
    let present = PartitionDirectories::of(directory)?;
    if !is_whole {
        check_all_known(&present, &image, end_offset).map_err(refuse)?;
    }
    let of_broker = image.broker_configs(owner.node_id);
    let mut topics = Vec::new();
    let mut missing = Vec::new();
    for (id, topic) in &image.topics {
        missing.extend(check_topic(topic, owner, &present, *id).map_err(refuse)?);
        topics.push(record(*id, topic, &image, &of_broker, directory.settings).map_err(refuse)?);
    }
    check_missing(directory, &missing)?;
    tell_what_is_left_out(&image, &settings::left_out(&of_broker));
    let next_producer_id = apart_from(image.next_producer_id);
    tracing::info!(
        log = %directory.log.display(), topics = topics.len(), next_producer_id,
        "topics were imported from Kafka's metadata log"
    );
    Ok(Some(Adoption { topics, next_producer_id, end }))
}

fn check_voters(image: &Image) -> Result<(), String> {
    match image.voters.as_ref().filter(|voters| voters.len() != 1) {
        None => Ok(()),
        Some(voters) => Err(format!(
            "it belongs to a cluster with {} controllers, {voters:?}: this file does not show which of its records are \
             committed. Only a cluster with one controller can be imported",
            voters.len(),
        )),
    }
}

/// Checks a log of which a part may be missing: it must know all partitions that are here.
fn check_all_known(present: &PartitionDirectories, image: &Image, end_offset: i64) -> Result<(), String> {
    let unknown = present.unknown(image);
    if unknown.is_empty() {
        return Ok(());
    }
    Err(format!(
        "it ends with offset {end_offset}, and does not know the topics of partitions that are here ({}): a part of it may be \
         missing. Restore all of it, or move these partitions away",
        named(unknown.into_iter()),
    ))
}

fn unknown_settings(directory: &KafkaDirectory<'_>) -> NotUnderstood {
    NotUnderstood::new(
        directory.log,
        format!(
            "there is no metadata log of Kafka's, or it is empty, but {} holds partitions ({}): without the topics' \
             settings it is not known what may be deleted. If the log is in another directory, set metadata.log.dir. If \
             Kafka ran with ZooKeeper, let Kafka migrate the directory to KRaft first. If nobody needs the partitions, move \
             them away",
            directory.data_dir.display(),
            named(directory.partitions.iter().map(|(name, _)| name)),
        ),
    )
}

/// Where our producer ids begin. Kafka does not learn of them. When it comes back to the directory it gives out the
/// ids behind its own. If those were ours too, what its producers send would be taken for repeats of what ours sent.
/// Creel may also have had the directory before, with a journal that is gone: the ids of that time do not come again
/// either.
fn apart_from(kafkas_next: i64) -> i64 {
    let mut entropy = [0; 8];
    creel_io::random_bytes(&mut entropy);
    let apart = (i64::from_be_bytes(entropy) & (i64::MAX >> 1)) | PRODUCER_IDS_APART;
    kafkas_next.max(0).saturating_add(apart)
}

/// Checks that all of a topic can be served from here. Returns the partitions whose files may be missing and are.
fn check_topic(
    topic: &ImageTopic,
    owner: &MetaProperties,
    present: &PartitionDirectories,
    id: Uuid,
) -> Result<Vec<TopicPartition>, String> {
    let name = &topic.name;
    StoredTopics::check_name(name).map_err(|error| format!("the topic {name:?}: {error}"))?;
    if name == METADATA_TOPIC {
        return Err(format!("the topic {name} is one of Kafka's internal topics"));
    }
    let is_whole = topic.partitions.keys().copied().eq(0..count(topic)) && !topic.partitions.is_empty();
    if !is_whole {
        let known: Vec<_> = topic.partitions.keys().collect();
        return Err(format!("the topic {name} lacks partitions: only {known:?} are known"));
    }
    let mut missing = Vec::new();
    for (index, partition) in &topic.partitions {
        let name = TopicPartition::new(name, *index);
        check_replica(partition, owner.node_id).map_err(|reason| format!("the partition {name} {reason}"))?;
        let presence = present.presence(&name, id);
        if presence == Presence::Absent {
            check_may_be_missing(partition, owner)
                .map_err(|reason| format!("the partition {name} {reason}"))?;
        }
        if presence != Presence::Whole {
            missing.push(name);
        }
    }
    Ok(missing)
}

fn count(topic: &ImageTopic) -> i32 {
    i32::try_from(topic.partitions.len()).unwrap_or(i32::MAX)
}

/// Other nodes may hold a partition, too. But this node must have all that was ever acknowledged.
fn check_replica(partition: &ImagePartition, node_id: i32) -> Result<(), String> {
    let ImagePartition { replicas, isr, eligible, .. } = partition;
    if !replicas.contains(&node_id) {
        return Err(format!("is held by the nodes {replicas:?}, but not by this one, {node_id}"));
    }
    let is_alone = replicas.len() == 1;
    if !is_alone && !isr.contains(&node_id) && !eligible.contains(&node_id) {
        return Err(format!("is held by the nodes {replicas:?}, and this one, {node_id}, is not in sync"));
    }
    Ok(())
}

/// A partition that was being made when Kafka was killed has no directory yet. One that lies in another directory
/// must not begin anew.
fn check_may_be_missing(partition: &ImagePartition, owner: &MetaProperties) -> Result<(), String> {
    let at = partition.replicas.iter().position(|node| *node == owner.node_id);
    let directory = at.and_then(|at| partition.directories.get(at));
    match directory {
        Some(directory) if TopicId(directory.0).to_string() == owner.directory_id => Ok(()),
        Some(directory) if *directory == NO_DIRECTORY[1] => Ok(()),
        Some(directory) if !NO_DIRECTORY.contains(directory) => Err(format!(
            "lies in the directory with the id {}, and not in this one, {}: a node with several log.dirs cannot be imported",
            TopicId(directory.0),
            owner.directory_id
        )),
        _ => Err("is not here, and it is not known where it is".to_owned()),
    }
}

fn record(
    id: Uuid,
    topic: &ImageTopic,
    image: &Image,
    of_broker: &Configs,
    broker: &Settings,
) -> Result<TopicDefinition, String> {
    let own = image.topic_configs(&topic.name);
    if own.get("remote.storage.enable").is_some_and(|text| text.trim().eq_ignore_ascii_case("true")) {
        let name = &topic.name;
        return Err(format!(
            "the topic {name} has remote.storage.enable=true: some of its records are not in this directory"
        ));
    }
    let (settings, told) = settings::of_topic(&own, of_broker, broker);
    tell(&topic.name, &told);
    let partitions = count(topic);
    Ok(TopicDefinition {
        name: topic.name.clone(),
        id: TopicId(id.0),
        partitions,
        settings,
        is_adopted: true,
    })
}

fn tell(topic: &str, told: &Told) {
    if !told.without_effect.is_empty() {
        let settings = told.without_effect.join(", ");
        tracing::warn!(topic, settings, "settings of a topic have no effect: they are stored with it");
    }
    if !told.unusable.is_empty() {
        let settings: Vec<_> = told.unusable.iter().map(|(name, text)| format!("{name}={text}")).collect();
        let settings = settings.join(", ");
        tracing::warn!(
            topic,
            settings,
            "settings of a topic have values that Creel cannot use: they are stored with it, and the broker's values apply"
        );
    }
    if !told.unknown.is_empty() {
        let settings = told.unknown.join(", ");
        tracing::warn!(
            topic,
            settings,
            "settings of a topic are unknown to Creel: they are stored with it, and have no effect"
        );
    }
    if told.in_doubt() {
        tracing::warn!(
            topic,
            "retention.ms and retention.bytes of the topic are set to -1, so nothing is deleted: a setting that Creel does \
             not understand may say what to keep"
        );
    }
}

fn tell_what_is_left_out(image: &Image, of_broker: &[&str]) {
    let unserved: BTreeSet<&str> = image.unserved.iter().copied().collect();
    for what in unserved {
        tracing::warn!(
            what,
            "Kafka's metadata log contains what Creel does not support: it has no effect here"
        );
    }
    if !of_broker.is_empty() {
        let settings = of_broker.join(", ");
        tracing::warn!(
            settings,
            "settings that Kafka was given while it ran are not imported: add them to Creel's configuration"
        );
    }
}
