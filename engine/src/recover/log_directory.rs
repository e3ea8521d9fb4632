//! What a log directory holds: the directories of partitions, those of deleted partitions, and the topic id of each
//! partition.

use std::io;
use std::path::{Path, PathBuf};

use creel_io::fs;

use crate::directory::{DELETED_SUFFIX, TopicPartition};
use crate::segment::checkpoints::read_text;

const PARTITION_METADATA: &str = "partition.metadata";

/// The directories in a log directory.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FoundDirectories {
    /// Partitions, in order.
    pub partitions: Vec<(TopicPartition, PathBuf)>,
    /// Deleted partitions whose removal a crash interrupted.
    pub deleted: Vec<PathBuf>,
}

/// Lists a log directory.
pub fn find_partitions(log_directory: &Path) -> io::Result<FoundDirectories> {
    let mut found = FoundDirectories::default();
    for name in fs::read_dir(log_directory)? {
        let path = log_directory.join(&name);
        let Some(name) = name.to_str() else {
            continue;
        };
        if name.ends_with(DELETED_SUFFIX) {
            found.deleted.push(path);
        } else if let Some(partition) = TopicPartition::from_directory_name(name) {
            found.partitions.push((partition, path));
        }
    }
    found.partitions.sort();
    Ok(found)
}

/// Renames a partition's directory to the name that it has while it is being removed, durably.
pub(crate) async fn mark_deleted(name: &TopicPartition, directory: &Path) -> io::Result<PathBuf> {
    let deleted = directory.with_file_name(name.unique_name(DELETED_SUFFIX));
    fs::rename(directory, &deleted)?;
    if let Some(parent) = deleted.parent() {
        fs::sync_dir(parent).await?;
    }
    Ok(deleted)
}

/// Removes the directory of a partition that is not open. A crash meanwhile leaves a directory whose name says that it
/// was being deleted.
pub async fn remove_partition(name: &TopicPartition, directory: &Path) -> io::Result<()> {
    let deleted = mark_deleted(name, directory).await?;
    fs::remove_dir_all(&deleted)
}

/// Reads the topic id (in Kafka's base64 form) from a partition's directory.
pub fn read_topic_id(directory: &Path) -> io::Result<Option<String>> {
    let text = read_text(&directory.join(PARTITION_METADATA))?;
    let line =
        |text: String| text.lines().find_map(|line| line.strip_prefix("topic_id: ").map(str::to_owned));
    Ok(text.and_then(line))
}

/// Writes the topic id (in Kafka's base64 form) into a partition's directory, durably.
pub async fn write_topic_id(directory: &Path, topic_id: &str) -> io::Result<()> {
    let text = format!("version: 0\ntopic_id: {topic_id}");
    fs::write_atomically(&directory.join(PARTITION_METADATA), text.as_bytes()).await
}
