//! What only the journals hold, appended: a start and a stop of the broker that serves nobody.

use creel_engine::FoundJournals;
use std::path::Path;

use super::directory::lock;
use super::report::{JournalsReport, ReplayReport};
use super::{CheckError, Report};
use crate::config::Config;
use crate::lifecycle::{Failure, ReplayOutcome};
use crate::metadata::{JournalsMark, MetaProperties};

/// Makes of the configuration that of a start which appends what the journals hold. `None`: they hold nothing, and the
/// directory says so; there is nothing to do.
pub async fn prepare_replay(mut config: Config) -> Result<Option<Config>, CheckError> {
    let data_dir = config.data_dir.as_path();
    let _lock = lock(data_dir)?;
    let no_data = |reason: String| CheckError::NoDataDirectory(data_dir.display().to_string(), reason);
    let owner = MetaProperties::look(data_dir).map_err(|error| no_data(error.to_string()))?;
    let Some(owner) = owner else { return Err(no_data("there is no meta.properties in it".to_owned())) };
    let mark = MetaProperties::journals(data_dir).map_err(|error| no_data(error.to_string()))?;
    let is_marked = mark != JournalsMark::Unused;
    if !is_marked && are_empty(data_dir).await? {
        return Ok(None);
    }
    // Whose it is was asked by nobody.
    config.broker.node_id = owner.node_id;
    config.broker.cluster_id = None;
    // What was found is removed, and none is begun.
    config.broker.creel_journal = false;
    Ok(Some(config))
}

async fn are_empty(data_dir: &Path) -> Result<bool, CheckError> {
    let found = FoundJournals::read(data_dir).await;
    Ok(found.map_err(|error| CheckError::Unreadable(error.to_string()))?.is_empty())
}

/// What came of it. `failure`: why the start or the stop has failed.
pub fn told_of_replay(
    config: &Config,
    outcome: Option<ReplayOutcome>,
    failure: Option<&Failure>,
) -> Result<Report, CheckError> {
    let data_dir = config.data_dir.display().to_string();
    let Some(outcome) = outcome else {
        return match failure {
            Some(Failure::Locked(shown)) => Err(CheckError::InUse(shown.clone())),
            Some(failure) => Err(CheckError::Start(failure.to_string())),
            None => Ok(Report {
                replayed: Some(Vec::new()),
                ..Report::of(data_dir, true, JournalsReport::default())
            }),
        };
    };
    let directory = data_dir.clone();
    let journals = JournalsReport { directory, are_marked: failure.is_some(), ..JournalsReport::default() };
    let mut report = Report::of(data_dir, failure.is_none(), journals);
    report.totals.partitions = outcome.partitions as u64;
    let replayed = outcome.replayed.into_iter().map(|(name, replayed, end)| ReplayReport {
        partition: name.to_string(),
        appended: replayed.appended,
        present: replayed.present,
        left_out: replayed.left_out,
        why: replayed.stop.map(|stop| stop.to_string()),
        end: end.get(),
    });
    let replayed: Vec<_> = replayed.collect();
    for one in replayed.iter().filter(|one| one.left_out > 0) {
        report.damage(&one.partition, format!("{} records of the journals were not appended", one.left_out));
    }
    report.replayed = Some(replayed);
    outcome.faults.iter().for_each(|fault| report.add_fault(fault));
    for kept in outcome.kept {
        report.note(kept.display(), "it holds records that were not appended: nothing reads it any more");
    }
    for reason in outcome.offline {
        report.damage("partition", reason);
    }
    if outcome.of_others > 0 {
        report.note(
            "journals",
            format!("{} records in them belong to topics that are not there", outcome.of_others),
        );
    }
    if let Some(reason) = outcome.not_emptied {
        report.damage("journals", reason);
    }
    if let Some(failure) = failure {
        report.damage(config.data_dir.display(), failure.to_string());
    }
    Ok(report)
}
