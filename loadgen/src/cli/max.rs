//! The options of `loadgen max`.

use super::run::RunArgs;
use clap::Args;
use loadgen_engine::units::parse_duration;
use loadgen_study::error::StudyError;
use loadgen_study::search::options::MaxOptions;
use std::time::Duration;

/// Below the options of `--help`.
const EXIT_CODES: &str = "Exit codes:
  0  a rate was found, and it held three more times
  1  no rate held; or records were lost, duplicated, reordered or altered
  2  no answer: bad options, no broker, stopped too early
  3  noise decided the search: the broker does at least the rate that is printed";

/// Options of `loadgen max`: those of a run, each probe being one, and what a rate must keep to hold.
///
/// What `check` refuses is not among the options of its help, and still told with its reason when it is given.
#[derive(Debug, Clone, Args)]
#[command(
    mut_arg("rate", |arg| arg.hide(true)),
    mut_arg("schedule", |arg| arg.hide(true)),
    mut_arg("replay", |arg| arg.hide(true)),
    mut_arg("topic", |arg| arg.hide(true)),
    mut_arg("out", |arg| arg.hide(true)),
    mut_arg("crash", |arg| arg.hide(true)),
    mut_arg("flame", |arg| arg.hide(true)),
    mut_arg("plain", |arg| arg.hide(true)),
    after_help = EXIT_CODES
)]
pub(crate) struct MaxArgs {
    /// Bound on the p99 of the response time. A rate holds only if its p99 is below this
    #[arg(long, value_name = "TIME", default_value = "20ms", value_parser = parse_duration, help_heading = "Search")]
    pub p99: Duration,
    /// How close the search brings the highest rate that held and the lowest that failed: a share of the rate, such as 0.05 or
    /// 5%. Repeated searches agree within twice that
    #[arg(long, value_name = "SHARE", default_value_t = 0.05, value_parser = parse_precision, help_heading = "Search")]
    pub(crate) precision: f64,
    /// Each probe.
    #[command(flatten)]
    pub(crate) run: RunArgs,
}

impl MaxArgs {
    /// What they ask for.
    pub(crate) fn options(&self) -> Result<MaxOptions, StudyError> {
        if self.run.plain {
            return Err(StudyError::Options("max takes no --plain: it has no dashboard".into()));
        }
        Ok(MaxOptions { p99: self.p99, precision: self.precision, run: self.run.options() })
    }
}

fn parse_precision(text: &str) -> Result<f64, String> {
    let share = match text.strip_suffix('%') {
        Some(percent) => percent.trim().parse::<f64>().ok().map(|percent| percent / 100.0),
        None => text.parse::<f64>().ok(),
    };
    let share = share.filter(|share| (0.005..=0.5).contains(share));
    share.ok_or_else(|| "a share from 0.005 to 0.5, or 0.5% to 50%".into())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::{Cli, Command};
    use clap::{CommandFactory, Parser};

    #[test]
    fn its_help_lists_nothing_that_it_refuses() {
        let mut command = Cli::command();
        let max = command.find_subcommand_mut("max").unwrap();
        let help = max.render_long_help().to_string();
        for (option, value) in REFUSED_BY_EXAMPLE {
            let is_listed =
                |line: &str| line.trim_start().split([' ', '=']).next() == Some(&format!("--{option}"));
            assert!(!help.lines().any(is_listed), "{option}: {help}");
            let line = format!("loadgen max --{option}{value}");
            let given = Cli::try_parse_from(line.split(' ')).map(|cli| match cli.command {
                Command::Max(args) => {
                    args.options().and_then(|options| options.check()).unwrap_err().to_string()
                }
                other => panic!("{other:?}"),
            });
            let error = given.unwrap_or_else(|error| error.to_string());
            assert!(error.contains(&format!("--{option}")), "{error}");
        }
        for kept in ["--bootstrap", "--duration", "--batch-bytes", "--p99", "--json"] {
            assert!(help.contains(kept), "{kept}: {help}");
        }
    }

    const REFUSED_BY_EXAMPLE: [(&str, &str); 8] = [
        ("rate", "=5k"),
        ("schedule", "=poisson"),
        ("replay", "=2x --payload-topic=h:1/t"),
        ("topic", "=t"),
        ("out", "=o"),
        ("crash", ""),
        ("flame", ""),
        ("plain", ""),
    ];

    #[test]
    fn a_precision_is_a_share_or_a_percentage() {
        assert_eq!((parse_precision("0.05"), parse_precision("5%")), (Ok(0.05), Ok(0.05)));
        for bad in ["5", "0%", "60%", "x", ""] {
            assert!(parse_precision(bad).is_err(), "{bad}");
        }
    }
}
