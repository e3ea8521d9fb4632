//! Directories that have a partition's name, and belong to no topic.

use std::io;
use std::path::Path;

use creel_engine::TopicPartition;
use creel_io::fs::{rename, sync_dir};

/// Keeps a directory that has a partition's name and is not that partition, under a name that stands in nobody's way.
pub(crate) async fn put_aside(name: &TopicPartition, directory: &Path) -> io::Result<()> {
    let aside = directory.with_file_name(name.unique_name("-stray"));
    tracing::warn!(partition = %name, aside = %aside.display(), "a partition belongs to no topic: its directory is renamed");
    rename(directory, &aside)?;
    match aside.parent() {
        Some(data_dir) => sync_dir(data_dir).await,
        None => Ok(()),
    }
}
