//! From all sources to one checked configuration.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use super::{
    args::Args,
    cores::CoreList,
    environment,
    error::ConfigError,
    file,
    keys::BrokerConfig,
    listener::{HostPort, Listener},
    listeners,
    settings::Settings,
};

/// All that the broker is told at its start.
#[derive(Clone, Debug)]
pub struct Config {
    /// Every setting as text, with its source: for listing and DescribeConfigs.
    pub settings: Settings,
    /// The typed settings.
    pub broker: BrokerConfig,
    /// Where to listen: at least one.
    pub listeners: Vec<Listener>,
    /// Where to listen for HTTP, if anywhere.
    pub admin: Option<SocketAddr>,
    /// Where to run.
    pub cores: CoreList,
    /// Where the data lives.
    pub data_dir: PathBuf,
}

/// Reads the command line's flags, the process's environment and the file that `--config` names.
pub fn load(args: &Args) -> Result<Config, ConfigError> {
    let text = args.config.as_deref().map(read_file).transpose()?;
    // A variable that is not UTF-8 can be none of ours: their names are ASCII.
    let environment = std::env::vars_os()
        .filter_map(|(name, value)| Some((name.into_string().ok()?, value.to_string_lossy().into_owned())));
    Config::from_sources(args, environment, text.as_deref())
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
    /// The same from given sources; `file` is the text of `args.config`.
    pub fn from_sources(
        args: &Args,
        environment: impl IntoIterator<Item = (String, String)>,
        file: Option<&str>,
    ) -> Result<Self, ConfigError> {
        let mut given = match (&args.config, file) {
            (Some(path), Some(text)) => file::read(path, text)?,
            _ => Vec::new(),
        };
        given.extend(environment::read(environment)?);
        given.extend(args.given()?);
        Self::from_settings(Settings::resolve(given)?)
    }

    /// The defaults, with some settings changed: for tests and embedded use.
    pub fn with(sets: &[&str]) -> Result<Self, ConfigError> {
        let args = Args { set: sets.iter().map(|one| (*one).to_owned()).collect(), ..Args::default() };
        Self::from_sources(&args, [], None)
    }

    fn from_settings(settings: Settings) -> Result<Self, ConfigError> {
        let broker = BrokerConfig::from_settings(&settings);
        let listeners = listeners::read(&settings, &broker)?;
        let admin = broker
            .creel_admin_listener
            .as_ref()
            .map(|text| {
                HostPort::read(text)
                    .and_then(|at| at.resolve())
                    .ok_or_else(|| settings.refuse("creel.admin.listener", "host:port of this machine"))
            })
            .transpose()?;
        let cores = CoreList::read(&broker.creel_cores)
            .ok_or_else(|| settings.refuse("creel.cores", CoreList::ACCEPTED))?;
        // As in Kafka: every request that is accepted has to fit.
        let queued = broker.queued_max_request_bytes;
        if queued > 0 && queued < i64::from(broker.socket_request_max_bytes) {
            let accepted = "-1, or at least socket.request.max.bytes";
            return Err(settings.refuse("queued.max.request.bytes", accepted));
        }
        let [data_dir] = broker.log_dirs.as_slice() else {
            return Err(settings.refuse("log.dirs", "one directory"));
        };
        let data_dir = PathBuf::from(data_dir);
        Ok(Self { listeners, admin, cores, data_dir, broker, settings })
    }
}
