//! Checks a data directory, and changes nothing in it.

use std::convert::Infallible;

use creel_engine::{LogChecker, OpenLog};
use creel_io::{shutdown_signal, sleep};

use super::directory::{self, Directory};
use super::{CheckError, Report};
use crate::config::Config;
use crate::limits::{CHECK_TOLD, CHECKED_AT_ONCE};
use crate::tasks::join::join_bounded;
use crate::tasks::race::{First, race};

/// Reads everything in the data directory of `config` that no broker uses. `progress` is told now and then how many bytes
/// of how many were gone through.
pub async fn look(config: &Config, progress: impl Fn(u64, u64)) -> Result<Report, CheckError> {
    let Directory { mut report, logs, _lock } = directory::read(config).await?;
    let checker = LogChecker::default();
    let all = logs.iter().map(LogChecker::bytes_of).fold(0, u64::saturating_add);
    let checked = join_bounded(logs.iter().map(|log| checker.check(log)), CHECKED_AT_ONCE);
    let told = match race(race(checked, tell(&checker, all, progress)), shutdown_signal()).await {
        First::Left(First::Left(told)) => told,
        First::Left(First::Right(never)) => match never {},
        First::Right(()) => return Err(CheckError::Stopped),
    };
    for (OpenLog { directory, .. }, told) in logs.iter().zip(told) {
        match told {
            Ok(log) => report.add_log(log),
            Err(error) => report.damage(directory.display(), format!("it cannot be read: {error}")),
        }
    }
    Ok(report)
}

async fn tell(checker: &LogChecker, all: u64, progress: impl Fn(u64, u64)) -> Infallible {
    loop {
        sleep(CHECK_TOLD).await;
        progress(checker.checked_bytes().min(all), all);
    }
}
