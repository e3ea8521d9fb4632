//! One checked configuration from all sources.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use creel_io::runtime::available_cpus;

use super::{
    args::Args,
    cores::{self, CoreList},
    environment,
    error::{ConfigError, ConfigErrors},
    file,
    keys::BrokerConfig,
    listener::{HostPort, ListenerConfig},
    listeners,
    settings::Settings,
};

/// The whole configuration that the broker gets at its start.
#[derive(Clone, Debug)]
pub struct Config {
    /// Every setting as text, with its source: for listing and DescribeConfigs.
    pub settings: Settings,
    /// The typed settings.
    pub broker: BrokerConfig,
    /// Where to listen: at least one.
    pub listeners: Vec<ListenerConfig>,
    /// Where to listen for HTTP, if anywhere.
    pub admin: Option<SocketAddr>,
    /// Where to run.
    pub cores: CoreList,
    /// Where the data lives.
    pub data_dir: PathBuf,
    /// Where the journals of the cores lie, if they have any. `None`: in the data directory. Otherwise an absolute path.
    pub journal_dir: Option<PathBuf>,
}

/// Reads the command line's flags, the process's environment and the file that `--config` names, for this machine.
pub fn load(args: &Args) -> Result<Config, ConfigErrors> {
    let mut errors = ConfigErrors::default();
    let text = errors.note(args.config.as_deref().map(read_file).transpose());
    // Without the file nothing can be said of the rest.
    let text = errors.clone().or(text)?;
    // A variable that is not UTF-8 can be none of ours: their names are ASCII.
    let environment = std::env::vars_os()
        .filter_map(|(name, value)| Some((name.into_string().ok()?, value.to_string_lossy().into_owned())));
    let settings = Config::settings(args, environment, text.as_deref(), &mut errors);
    Config::from_settings(settings, Some(&available_cpus()), errors)
}

fn read_file(path: &Path) -> Result<String, ConfigError> {
    let failed = |reason: String| ConfigError::File { path: path.to_owned(), reason };
    let bytes = std::fs::read(path).map_err(|error| failed(error.to_string()))?;
    String::from_utf8(bytes).or_else(|error| match file::is_properties(path) {
        // Java takes these files for Latin-1.
        true => Ok(error.into_bytes().into_iter().map(char::from).collect()),
        false => Err(failed(error.to_string())),
    })
}

impl Config {
    /// The directory in which the journals of the cores lie, if they have any.
    pub fn journal_directory(&self) -> &Path {
        self.journal_dir.as_deref().unwrap_or(&self.data_dir)
    }

    /// The same from given sources, for whatever machine; `file` is the text of `args.config`.
    pub fn from_sources(
        args: &Args,
        environment: impl IntoIterator<Item = (String, String)>,
        file: Option<&str>,
    ) -> Result<Self, ConfigErrors> {
        let mut errors = ConfigErrors::default();
        let settings = Self::settings(args, environment, file, &mut errors);
        Self::from_settings(settings, None, errors)
    }

    /// The defaults, with some settings changed: for tests and embedded use.
    pub fn with(sets: &[&str]) -> Result<Self, ConfigErrors> {
        let args = Args { set: sets.iter().map(|one| (*one).to_owned()).collect(), ..Args::default() };
        Self::from_sources(&args, [], None)
    }

    fn settings(
        args: &Args,
        environment: impl IntoIterator<Item = (String, String)>,
        file: Option<&str>,
        errors: &mut ConfigErrors,
    ) -> Settings {
        let mut given = match (&args.config, file) {
            (Some(path), Some(text)) => file::read(path, text, errors),
            _ => Vec::new(),
        };
        given.extend(environment::read(environment, errors));
        given.extend(args.given(errors));
        Settings::resolve(given, errors)
    }

    /// `cpus` are those of the machine, where it is known.
    fn from_settings(
        settings: Settings,
        cpus: Option<&[usize]>,
        mut errors: ConfigErrors,
    ) -> Result<Self, ConfigErrors> {
        let broker = settings.broker();
        // These settings depend on each other: an error in one may cause another's.
        let listeners = match errors.are_about("listener") {
            true => None,
            false => errors.note(listeners::read(&settings, &broker)),
        };
        if !errors.are_about(QUEUED) && !errors.are_about(LARGEST) {
            errors.note(check_queued(&settings, &broker));
        }
        let admin = errors.note(admin(&settings, &broker));
        let cores = errors.note(cores::read(&settings, &broker, cpus));
        let data_dir = errors.note(data_dir(&settings, &broker));
        let journal_dir = errors.note(journal_dir(&settings, &broker, data_dir.as_deref()));
        let whole = move || {
            let (listeners, admin, cores) = (listeners?, admin?, cores?);
            let (data_dir, journal_dir) = (data_dir?, journal_dir?);
            Some(Self { listeners, admin, cores, data_dir, journal_dir, broker, settings })
        };
        errors.or(whole())
    }
}

const QUEUED: &str = "queued.max.request.bytes";
const LARGEST: &str = "socket.request.max.bytes";

/// As in Kafka: every request that is accepted has to fit.
fn check_queued(settings: &Settings, broker: &BrokerConfig) -> Result<(), ConfigError> {
    let queued = broker.queued_max_request_bytes;
    match queued > 0 && queued < i64::from(broker.socket_request_max_bytes) {
        true => Err(settings.refuse(QUEUED, &format!("-1, or at least {LARGEST}"))),
        false => Ok(()),
    }
}

fn admin(settings: &Settings, broker: &BrokerConfig) -> Result<Option<SocketAddr>, ConfigError> {
    let Some(text) = &broker.creel_admin_listener else { return Ok(None) };
    match HostPort::read(text).and_then(|at| at.resolve()) {
        Some(address) => Ok(Some(address)),
        None => Err(settings.refuse("creel.admin.listener", "host:port of this machine")),
    }
}

fn data_dir(settings: &Settings, broker: &BrokerConfig) -> Result<PathBuf, ConfigError> {
    match broker.log_dirs.as_slice() {
        [one] => Ok(PathBuf::from(one)),
        _ => Err(settings.refuse("log.dirs", "one directory")),
    }
}

/// Where the journals lie, if not in the data directory.
fn journal_dir(
    settings: &Settings,
    broker: &BrokerConfig,
    data_dir: Option<&Path>,
) -> Result<Option<PathBuf>, ConfigError> {
    let Some(text) = broker.creel_journal_dir.as_deref().filter(|text| !text.is_empty()) else {
        return Ok(None);
    };
    let refuse = |accepted| Err(settings.refuse("creel.journal.dir", accepted));
    // The data directory notes the path, so it must mean the same wherever the broker is started.
    let Ok(directory) = real(Path::new(text)) else { return refuse("a directory") };
    let data_dir = data_dir.and_then(|data_dir| real(data_dir).ok());
    match data_dir.map(|data_dir| (directory == data_dir, directory.starts_with(data_dir))) {
        Some((true, _)) => Ok(None),
        Some((_, true)) => {
            refuse("a directory that does not lie within the data directory: Kafka could not open that")
        }
        _ => Ok(Some(directory)),
    }
}

/// A path without links, or at least an absolute one.
fn real(path: &Path) -> std::io::Result<PathBuf> {
    path.canonicalize().or_else(|_| std::path::absolute(path))
}
