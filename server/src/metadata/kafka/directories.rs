//! Compares the partitions that lie in a directory with those that Kafka's metadata log knows.

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::io;
use std::path::{Path, PathBuf};

use creel_engine::{CheckpointFiles, LastStop, Offset, TopicPartition, read_topic_id};
use creel_io::fs;
use creel_wire::Uuid;

use super::error::NotUnderstood;
use super::image::Image;
use crate::config::Settings;
use crate::metadata::{MetaProperties, TopicId};

/// Partitions that a message names at most.
const NAMED_MAX: usize = 10;

/// A directory to take over.
#[derive(Clone, Copy, Debug)]
pub(crate) struct KafkaDirectory<'a> {
    pub(crate) data_dir: &'a Path,
    /// Where the metadata log is.
    pub(crate) log: &'a Path,
    /// Whose directory it is; `None` without `meta.properties`.
    pub(crate) owner: Option<&'a MetaProperties>,
    /// The partitions that lie there, the metadata log not among them.
    pub(crate) partitions: &'a [(TopicPartition, PathBuf)],
    /// How the broker before this one stopped.
    pub(crate) last_stop: LastStop,
    /// The broker's settings, from which topics inherit.
    pub(crate) settings: &'a Settings,
}

/// What is there of a partition.
struct Files {
    /// Its topic's id, where the directory says so.
    id: Option<String>,
    has_segments: bool,
}

/// The partitions in a directory, by what they are called.
pub(super) struct PartitionDirectories(BTreeMap<TopicPartition, Files>);

impl PartitionDirectories {
    pub(super) fn of(directory: &KafkaDirectory<'_>) -> Result<Self, NotUnderstood> {
        let own = directory.partitions.iter().map(|(name, directory)| {
            let files = Files::of(directory).map_err(NotUnderstood::io(directory))?;
            Ok((name.clone(), files))
        });
        own.collect::<Result<_, _>>().map(Self)
    }

    /// How much is there of a topic's partition. Files of another topic that had the same name do not count.
    pub(super) fn presence(&self, name: &TopicPartition, topic: Uuid) -> Presence {
        let is_its = |files: &&Files| files.id.as_ref().is_none_or(|id| *id == text(topic));
        match self.0.get(name).filter(is_its) {
            None => Presence::Absent,
            Some(files) if files.has_segments => Presence::Whole,
            Some(_) => Presence::Empty,
        }
    }

    /// Partitions that the log does not explain. It says nothing of their topic, neither that it exists nor that it
    /// was removed; or the topic does not have them. Kafka makes a directory only for what its log says.
    pub(super) fn unknown<'a>(&'a self, image: &Image) -> Vec<&'a TopicPartition> {
        let mut known: BTreeMap<_, _> = image.removed.iter().map(|id| (text(*id), None)).collect();
        known.extend(image.topics.iter().map(|(id, topic)| (text(*id), Some(topic))));
        let is_unknown = |name: &TopicPartition, id: &String| match known.get(id) {
            None => true,
            // Under another name it is a copy that someone has made.
            Some(Some(topic)) => name.topic == topic.name && !topic.partitions.contains_key(&name.partition),
            Some(None) => false,
        };
        let own =
            self.0.iter().filter(|(name, files)| files.id.as_ref().is_some_and(|id| is_unknown(name, id)));
        own.map(|(name, _)| name).collect()
    }
}

/// How much is there of a partition.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Presence {
    Whole,
    /// A directory without segments.
    Empty,
    Absent,
}

impl Files {
    fn of(directory: &Path) -> io::Result<Self> {
        let id = read_topic_id(directory)?;
        let is_segment = |name: &OsString| Path::new(name).extension() == Some(OsStr::new("log"));
        let has_segments = match fs::read_dir(directory) {
            Ok(names) => names.iter().any(is_segment),
            Err(error) if error.kind() == io::ErrorKind::NotFound => false,
            Err(error) => return Err(error),
        };
        Ok(Self { id, has_segments })
    }
}

fn text(id: Uuid) -> String {
    TopicId(id.0).to_string()
}

/// Names partitions, not too many of them.
pub(super) fn named<'a>(partitions: impl ExactSizeIterator<Item = &'a TopicPartition>) -> String {
    let more = if partitions.len() > NAMED_MAX { ", ..." } else { "" };
    let names: Vec<_> = partitions.take(NAMED_MAX).map(TopicPartition::to_string).collect();
    names.join(", ") + more
}

/// Refuses partitions whose files are missing although they held records. Others were being made when Kafka ended:
/// they begin empty, and the log names them.
pub(super) fn check_missing(
    directory: &KafkaDirectory<'_>,
    missing: &[TopicPartition],
) -> Result<(), NotUnderstood> {
    if missing.is_empty() {
        return Ok(());
    }
    let files = CheckpointFiles::of(directory.data_dir);
    let failed = NotUnderstood::io(directory.data_dir);
    let checkpoint = files.read().map_err(&failed)?;
    let high_watermarks = files.read_high_watermarks().map_err(&failed)?;
    let held_records = |name: &&TopicPartition| {
        let of = |offsets: &BTreeMap<TopicPartition, Offset>| offsets.get(*name).copied().unwrap_or_default();
        of(&checkpoint.recovery_points).max(of(&high_watermarks)) > of(&checkpoint.log_starts)
    };
    let lost: Vec<_> = missing.iter().filter(held_records).collect();
    let advice =
        "restore the files, or let Kafka create them again (start Kafka on this directory, and stop it)";
    if !lost.is_empty() {
        let named = named(lost.iter().copied());
        let reason = format!("the files of partitions that held records are missing ({named}): {advice}");
        return Err(NotUnderstood::new(directory.data_dir, reason));
    }
    let named = named(missing.iter());
    if directory.last_stop == LastStop::Clean && checkpoint.recovery_points.is_empty() {
        let reason = format!(
            "the files of partitions are missing ({named}), and so is recovery-point-offset-checkpoint, which would \
             show whether they held records: {advice}"
        );
        return Err(NotUnderstood::new(directory.data_dir, reason));
    }
    tracing::warn!(
        count = missing.len(),
        partitions = named,
        "partitions of Kafka's have no files here, and nothing shows that they held records: they start empty"
    );
    Ok(())
}
