//! The command line.

use std::path::PathBuf;

use clap::{Parser, Subcommand, ValueEnum};

use super::{
    error::{ConfigError, ConfigErrors},
    origin::Origin,
    settings::Given,
    value::Dialect,
};

/// Creel: a Kafka-compatible log broker, one pinned thread per core on io_uring.
///
/// Without options it listens on 127.0.0.1:9092, keeps its data in ./creel-data and runs on all cores.
/// A setting is taken from the first of these that gives it: the flags and --set, an environment variable
/// (CREEL_NUM_PARTITIONS is num.partitions), the file of --config, the default.
#[derive(Clone, Debug, Default, Parser)]
#[command(name = "creel", version = crate::VERSION, about)]
pub struct Args {
    /// Where to listen: host:port, or NAME://host:port, several separated by commas (listeners). Port 0 takes a free port.
    /// There is no TLS and no password yet: whoever can reach the address can read, write and delete everything. Only this
    /// machine reaches 127.0.0.1; every network reaches 0.0.0.0
    #[arg(long, value_name = "ADDR")]
    pub listen: Option<String>,
    /// The data directory (log.dirs)
    #[arg(long, value_name = "DIR")]
    pub data_dir: Option<PathBuf>,
    /// The CPUs to run on: all, or a list of their numbers such as 0-3,6 (creel.cores)
    #[arg(long, value_name = "LIST")]
    pub cores: Option<String>,
    /// A file with settings: TOML, or one of Kafka's .properties files
    #[arg(long, value_name = "FILE", env = "CREEL_CONFIG")]
    pub config: Option<PathBuf>,
    /// Sets one setting, for example --set num.partitions=8. May be repeated
    #[arg(long = "set", value_name = "NAME=VALUE")]
    pub set: Vec<String>,
    /// What to do instead of serving.
    #[command(subcommand)]
    pub command: Option<Command>,
    /// Prints every setting with its meaning, its value and where the value came from, and exits
    #[arg(long)]
    pub print_config: bool,
}

/// What `creel` does instead of serving.
#[derive(Clone, Debug, Subcommand)]
pub enum Command {
    /// Checks a data directory that no broker uses, and changes nothing
    ///
    /// Reads every batch, index, snapshot and checkpoint, the topics, and the journals of the cores (creel.journal). Exit
    /// codes: 0 nothing is damaged, 1 something is, 2 it could not run.
    Check(CheckArgs),
}

/// The command line of `creel check`.
#[derive(Clone, Debug, Default, clap::Args)]
pub struct CheckArgs {
    /// The data directory (log.dirs)
    #[arg(value_name = "DATA_DIR")]
    pub directory: Option<PathBuf>,
    /// Appends to the partitions what only the journals hold, as a start does, empties the journals and says what was
    /// done. Afterwards Apache Kafka opens the directory
    #[arg(long)]
    pub replay: bool,
    /// How to say what was found
    #[arg(long, value_enum, default_value_t)]
    pub format: CheckFormat,
}

/// How `creel check` says what it has found.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum CheckFormat {
    /// For people
    #[default]
    Text,
    /// One JSON object
    Json,
}

impl Args {
    /// The settings that flags and `--set` give, the last of the same name winning.
    pub(super) fn given(&self, errors: &mut ConfigErrors) -> Vec<Given> {
        let shown = |path: &PathBuf| path.display().to_string();
        let data_dir = self.data_dir.as_ref().map(shown);
        let checked = self.command.as_ref().and_then(|Command::Check(check)| check.directory.as_ref());
        let flags = [
            ("--listen", "listeners", self.listen.clone()),
            ("--data-dir", "log.dirs", data_dir),
            ("check", "log.dirs", checked.map(shown)),
            ("--cores", "creel.cores", self.cores.clone()),
        ];
        let flags = flags.into_iter().filter_map(|(flag, name, text)| {
            let (name, origin) = (name.to_owned(), Origin::Flag(flag));
            Some(Given { name, text: text?, origin, dialect: Dialect::Creel })
        });
        let sets = self.set.iter().map(|one| {
            let (name, text) = one.split_once('=').ok_or_else(|| ConfigError::Assignment(one.clone()))?;
            let (name, text) = (name.trim().to_owned(), text.to_owned());
            Ok(Given { name, text, origin: Origin::Flag("--set"), dialect: Dialect::Creel })
        });
        flags.map(Ok).chain(sets).filter_map(|given| errors.note(given)).collect()
    }
}
