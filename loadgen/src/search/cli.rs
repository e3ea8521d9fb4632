//! The options of `loadgen max`.

use crate::cli::{RunArgs, parse_duration};
use crate::error::LoadError;
use clap::Args;
use std::time::Duration;

/// Options of `loadgen max`: those of a run, each probe being one, and what a rate must keep to hold.
#[derive(Debug, Clone, Args)]
pub struct MaxArgs {
    /// A rate holds while the 99th percentile of the response is under this
    #[arg(long, value_name = "TIME", default_value = "20ms", value_parser = parse_duration, help_heading = "Search")]
    pub p99: Duration,
    /// How near to each other the rate found and one that fails come, such as 0.05; repeated searches agree within twice that
    #[arg(long, value_name = "SHARE", default_value_t = 0.05, value_parser = parse_precision, help_heading = "Search")]
    pub precision: f64,
    /// Each probe.
    #[command(flatten)]
    pub run: RunArgs,
}

impl MaxArgs {
    /// Options that make no sense in a search.
    pub(super) fn check(&self) -> Result<(), LoadError> {
        let run = &self.run;
        for (is_given, option, why) in [
            (run.rate.is_some(), "--rate", "the rate is what is searched for"),
            (run.schedule.is_some(), "--schedule", "a rate holds or not at a constant schedule"),
            (run.replay.is_some(), "--replay", "recorded times have a rate of their own"),
            (
                run.topic.is_some(),
                "--topic",
                "each probe makes its own topic, so that none finds another's records",
            ),
            (run.out.is_some(), "--out", "the result of a search is one file: --json"),
        ] {
            if is_given {
                return Err(LoadError::Options(format!("max takes no {option}: {why}")));
            }
        }
        Ok(())
    }
}

fn parse_precision(text: &str) -> Result<f64, String> {
    let share = text.parse::<f64>().ok().filter(|share| (0.005..=0.5).contains(share));
    share.ok_or_else(|| "a share from 0.005 to 0.5".into())
}
