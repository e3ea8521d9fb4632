//! A data directory that Apache Kafka wrote (KRaft): what its metadata log says, and what Creel takes over from it.
//!
//! This room owns the reading of Kafka's files. It never writes to them: Kafka's log stays as it is, so that Kafka
//! can come back to it. It must not know how topics are served.
//!
//! `log` reads the files, `record` the records in them, `image` adds them up, and `known_end` says whether that is
//! all there was. `directories` compares it with the partitions that are there. `adopt` makes topics of it, or says
//! what stands in the way.

mod adopt;
mod directories;
mod error;
mod image;
mod known_end;
mod log;
mod record;
mod settings;
#[cfg(test)]
mod tests;

use std::path::Path;

use super::contract::{KeyRange, Store, StoreError};

pub(crate) use adopt::adopt;
pub(crate) use directories::KafkaDirectory;
pub use error::NotUnderstood;
pub(crate) use image::Image;
pub(crate) use log::LogEnd;
pub(crate) use record::MetadataRecord;

/// The topic whose only partition is the metadata log. Clients never see it.
pub(crate) const METADATA_TOPIC: &str = "__cluster_metadata";
/// The store's key for how far the log was read.
const KEY: &str = "kafka/metadata-log";

/// How far the log was when its topics were taken over; `None` where none ever were.
pub(crate) async fn adopted_end(store: &impl Store) -> Result<Option<LogEnd>, StoreError> {
    let found = store.range(&KeyRange::Key(KEY.to_owned()), None).await?;
    let read = |entry: &super::Entry| {
        serde_json::from_slice(&entry.value).map_err(|error| StoreError::Damaged(format!("{KEY}: {error}")))
    };
    found.entries.first().map(read).transpose()
}

/// Refuses a directory in which Kafka has run since its topics were taken over.
pub(crate) fn check_unchanged(log: &Path, adopted: &LogEnd) -> Result<(), NotUnderstood> {
    let now = log::end(log)?;
    if now == *adopted {
        return Ok(());
    }
    let (segment, length) = (&now.segment, now.length);
    Err(NotUnderstood::new(
        log,
        format!(
            "Kafka has run here since its topics were imported (its metadata log was read up to byte {} of {}, and now ends \
             with byte {length} of {segment}): it is not known what has changed. Move {} away to import the topics again as \
             they are now; the directories of topics that Creel has created since are then renamed",
            adopted.length,
            adopted.segment,
            super::JOURNAL_NAME,
        ),
    ))
}
