//! A data directory as a check finds it: which partitions there are, and where the journals lie.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use creel_engine::{
    CheckpointFiles, CleanupPolicy, FoundJournals, InJournal, LastStop, LeaderEpoch, LogConfig, OpenLog,
    TopicId, TopicPartition, find_partitions, read_topic_id,
};
use creel_io::fs::{self, DirLock};

use super::CheckError;
use super::report::{JournalsReport, Report};
use crate::config::Config;
use crate::metadata::kafka::METADATA_TOPIC;
use crate::metadata::{self, JournalsMark, LocalStore, MetaProperties, StoredTopics, TopicDefinition};
use crate::topics::{Topic, log_config};

/// What lies in a data directory, and what there is to say of it as a whole.
pub(super) struct Directory {
    pub(super) report: Report,
    /// The partitions to check.
    pub(super) logs: Vec<OpenLog>,
    /// Held so that no broker starts meanwhile.
    pub(super) _lock: Option<DirLock>,
}

/// The lock of a directory in which no broker runs.
pub(super) fn lock(data_dir: &Path) -> Result<Option<DirLock>, CheckError> {
    let shown = data_dir.display().to_string();
    if !fs::exists(data_dir) {
        return Err(CheckError::NoDataDirectory(shown, "it does not exist".to_owned()));
    }
    match fs::lock_if_there(data_dir) {
        Ok(lock) => Ok(lock),
        Err(error) if error.kind() == std::io::ErrorKind::WouldBlock => Err(CheckError::InUse(shown)),
        Err(error) => Err(CheckError::NoDataDirectory(shown, error.to_string())),
    }
}

/// Reads what lies in the directory, without the partitions' files.
pub(super) async fn read(config: &Config) -> Result<Directory, CheckError> {
    let data_dir = config.data_dir.as_path();
    let unreadable =
        |error: std::io::Error| CheckError::Unreadable(format!("{}: {error}", data_dir.display()));
    let lock = lock(data_dir)?;
    let directories = find_partitions(data_dir).map_err(unreadable)?;
    let has_properties = fs::exists(&data_dir.join("meta.properties"));
    if !has_properties && directories.partitions.is_empty() && !LocalStore::exists(data_dir) {
        let reason = "there is neither a meta.properties nor a partition in it".to_owned();
        return Err(CheckError::NoDataDirectory(data_dir.display().to_string(), reason));
    }
    let files = CheckpointFiles::of(data_dir);
    let last_stop = files.last_stop();
    let journals = JournalsReport::default();
    let mut report = Report::of(data_dir.display().to_string(), last_stop == LastStop::Clean, journals);
    for damaged in files.damaged().map_err(unreadable)? {
        report.damage(damaged.display(), "it is damaged, and counts as empty: a start takes longer");
    }
    let checkpoint = files.read().map_err(unreadable)?;
    let found = Arc::new(read_journals(config, &mut report).await);
    let topics = read_topics(data_dir, &mut report);
    directories
        .deleted
        .iter()
        .for_each(|one| report.note(one.display(), "a deletion that a start completes"));
    let broker = &config.broker;
    let mut partitions: BTreeMap<_, PathBuf> =
        directories.partitions.into_iter().filter(|(name, _)| name.topic != METADATA_TOPIC).collect();
    let mut logs = Vec::new();
    let open = |name: TopicPartition, directory, config, topic: Option<TopicId>| OpenLog {
        directory,
        config,
        leader_epoch: LeaderEpoch::ZERO,
        last_stop,
        recovery_point: checkpoint.recovery_points.get(&name).copied(),
        log_start: checkpoint.log_starts.get(&name).copied(),
        in_journal: topic.map(|topic| InJournal { topic, found: found.clone() }),
        name,
        synced_device: None,
    };
    let is_known = topics.is_some();
    for definition in topics.unwrap_or_default() {
        let id = definition.id;
        let topic = Topic::from_record(definition, &config.settings);
        for index in 0..topic.partitions {
            let name = TopicPartition::new(&*topic.name, index);
            let directory = data_dir.join(name.directory_name());
            let log = open(name.clone(), directory, log_config(&topic, broker), Some(TopicId(id.0)));
            if partitions.remove(&name).is_none() {
                tell_missing(&log, &mut report);
            } else if check_id(&log.directory, id, &mut report) {
                logs.push(log);
            }
        }
    }
    for (name, directory) in partitions {
        if is_known {
            report.note(directory.display(), "it belongs to no topic: a start renames it to -stray");
        } else {
            // Kafka's, and nothing is known of its settings.
            let config = LogConfig {
                may_have_gaps: true,
                cleanup_policy: CleanupPolicy::Compact,
                ..LogConfig::default()
            };
            logs.push(open(name, directory, config, None));
        }
    }
    let known: BTreeSet<_> = logs.iter().filter_map(|log| Some(log.in_journal.as_ref()?.topic)).collect();
    let others = found.records_of_others(|topic| known.contains(&topic));
    if others > 0 {
        report.note("journals", format!("{others} records in them belong to topics that are not there"));
    }
    Ok(Directory { report, logs, _lock: lock })
}

/// Reads the cores' journals, wherever they lie.
async fn read_journals(config: &Config, report: &mut Report) -> FoundJournals {
    let data_dir = config.data_dir.as_path();
    report.journals.directory = data_dir.display().to_string();
    let properties = data_dir.join("meta.properties");
    if let Err(error) = MetaProperties::look(data_dir) {
        report.damage(properties.display(), error.to_string());
    }
    let mark = MetaProperties::journals(data_dir).unwrap_or_else(|error| {
        report.damage(properties.display(), error.to_string());
        JournalsMark::Unused
    });
    report.journals.are_marked = mark != JournalsMark::Unused;
    let elsewhere = match mark {
        JournalsMark::Elsewhere(noted) => match noted.find(config.journal_dir.as_slice()) {
            Ok(place) => Some(place.directory),
            Err(error) => {
                let what = format!("the partitions may lack what the journals hold there, and {error}");
                report.damage(noted.directory.display(), what);
                None
            }
        },
        JournalsMark::Unused | JournalsMark::Inside => None,
    };
    if let Some(elsewhere) = &elsewhere {
        report.journals.directory = elsewhere.display().to_string();
    }
    let directories: Vec<&Path> = [data_dir].into_iter().chain(elsewhere.as_deref()).collect();
    let found = FoundJournals::read_all(&directories).await.unwrap_or_else(|error| {
        report.damage("journals", error.to_string());
        FoundJournals::default()
    });
    found.faults().iter().for_each(|fault| report.add_fault(fault));
    report.journals.records = found.records_by_partition().map(|(_, _, records)| records).sum();
    found
}

/// The topics that are written down. `None`: none are known.
fn read_topics(data_dir: &Path, report: &mut Report) -> Option<Vec<TopicDefinition>> {
    let file = data_dir.join(metadata::JOURNAL_NAME);
    let looked = match LocalStore::look(data_dir, &StoredTopics::range()) {
        Ok(looked) => looked?,
        Err(error) => {
            report.damage(file.display(), error.to_string());
            return None;
        }
    };
    let (snapshot, torn_bytes) = looked;
    if torn_bytes > 0 {
        report.note(file.display(), format!("a crash has torn its end: a start cuts {torn_bytes} bytes off"));
    }
    match StoredTopics::from_snapshot(&snapshot) {
        Ok(topics) => {
            let topics = topics.iter().map(|topic| topic.record.clone());
            Some(topics.filter(|topic| topic.name != METADATA_TOPIC).collect())
        }
        Err(error) => {
            report.damage(file.display(), error.to_string());
            None
        }
    }
}

fn tell_missing(log: &OpenLog, report: &mut Report) {
    match log.recovery_point.filter(|held| *held > log.log_start.unwrap_or_default()) {
        Some(held) => report
            .damage(log.directory.display(), format!("it is missing, and held records up to offset {held}")),
        None => report.note(
            log.directory.display(),
            "it is missing: a start makes it, and appends what the journals hold",
        ),
    }
}

/// Whether a partition's directory belongs to the topic.
fn check_id(directory: &Path, id: metadata::TopicId, report: &mut Report) -> bool {
    match read_topic_id(directory) {
        Ok(None) => true,
        Ok(Some(found)) if found == id.to_string() => true,
        Ok(Some(found)) => {
            report.note(
                directory.display(),
                format!("it belongs to another topic, {found}: a start renames it to -stray"),
            );
            false
        }
        Err(error) => {
            report.damage(directory.display(), error.to_string());
            true
        }
    }
}
