//! What a search is asked to do: what a rate must satisfy to hold, and how each probe is run.

use crate::error::StudyError;
use loadgen_engine::options::RunOptions;
use std::time::Duration;

/// A search for the highest rate.
#[derive(Debug, Clone)]
pub struct MaxOptions {
    /// A rate holds while the 99th percentile of the response is under this.
    pub p99: Duration,
    /// How near to each other the rate found and one that fails come, as a share.
    pub precision: f64,
    /// Each probe.
    pub run: RunOptions,
}

impl MaxOptions {
    /// An error if an option was given that makes no sense in a search.
    pub fn check(&self) -> Result<(), StudyError> {
        let run = &self.run;
        for (is_given, option, why) in [
            (run.rate.is_some(), "--rate", "it searches for the rate"),
            (run.schedule.is_some(), "--schedule", "it judges a rate at a constant schedule"),
            (run.replay.is_some(), "--replay", "recorded times have a rate of their own"),
            (
                run.topic.is_some(),
                "--topic",
                "each probe makes a topic of its own, so that none reads another's records",
            ),
            (run.out.is_some(), "--out", "its result is one file: --json"),
            (run.crash.is_some(), "--crash", "a broker that is killed keeps up with no rate"),
            (run.flame, "--flame", "use `loadgen run --rate` with the rate that was found"),
        ] {
            if is_given {
                return Err(StudyError::Options(format!("max takes no {option}: {why}")));
            }
        }
        Ok(())
    }
}
