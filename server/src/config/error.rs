//! What can be wrong with a configuration. Each message says how to put it right.

use std::fmt;
use std::path::PathBuf;

use super::origin::Origin;

/// One thing for which the broker does not start with this configuration.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum ConfigError {
    /// A name that no setting has.
    #[error("{origin}: unknown setting {name}{}", offer(.nearest))]
    Unknown {
        /// The name as given.
        name: String,
        /// Where.
        origin: Origin,
        /// A setting whose name is close to it.
        nearest: Option<String>,
    },
    /// A value of the wrong type or out of range.
    #[error("{origin}: {name} = {text:?} is not accepted: it must be {accepted}")]
    Value {
        /// The setting.
        name: String,
        /// The value as given.
        text: String,
        /// Where.
        origin: Origin,
        /// What would be accepted.
        accepted: String,
    },
    /// A setting that is known and not served, and that the user would miss.
    #[error("{origin}: {name} is refused. {reason}")]
    Refused {
        /// The setting.
        name: String,
        /// Where.
        origin: Origin,
        /// Why.
        reason: &'static str,
    },
    /// A value that does not go with another setting's.
    #[error("{origin}: {name} = {text:?}: {reason}")]
    Conflict {
        /// The setting.
        name: String,
        /// Its value.
        text: String,
        /// Where it was given.
        origin: Origin,
        /// What is wrong with it.
        reason: String,
    },
    /// `--set` without an equals sign.
    #[error("--set {0}: write it as name=value")]
    Assignment(String),
    /// The file could not be read.
    #[error("{}: {reason}", .path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// Why.
        reason: String,
    },
    /// The file is not TOML.
    #[error("{}:{line}: {reason}", .path.display())]
    Syntax {
        /// The file.
        path: PathBuf,
        /// The line, from 1.
        line: usize,
        /// What is wrong there.
        reason: String,
    },
}

impl ConfigError {
    /// Where it is, for the order in which errors are told.
    fn origin(&self) -> Origin {
        match self {
            Self::Unknown { origin, .. }
            | Self::Value { origin, .. }
            | Self::Refused { origin, .. }
            | Self::Conflict { origin, .. } => origin.clone(),
            Self::Assignment(_) => Origin::Flag("--set"),
            Self::File { path, .. } => Origin::File(path.clone(), 0),
            Self::Syntax { path, line, .. } => Origin::File(path.clone(), *line),
        }
    }
}

/// No more errors than this are told: a user with so many has given the wrong file.
const ERRORS_TOLD_MAX: usize = 100;

/// All that is wrong with a configuration, so that it can be put right at once. There is at least one error, and each
/// has a line. Those of the file are in the order of its lines.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ConfigErrors {
    told: Vec<ConfigError>,
}

impl ConfigErrors {
    /// Each one in words.
    pub fn lines(&self) -> impl Iterator<Item = String> + '_ {
        let more = self
            .are_enough()
            .then(|| format!("only the first {ERRORS_TOLD_MAX} mistakes are shown: there may be more"));
        self.told.iter().map(ConfigError::to_string).chain(more)
    }

    pub(super) fn push(&mut self, error: ConfigError) {
        if !self.are_enough() {
            self.told.push(error);
        }
    }

    /// Whether further ones would not be told.
    pub(super) fn are_enough(&self) -> bool {
        self.told.len() >= ERRORS_TOLD_MAX
    }

    /// Notes what went wrong, if something did.
    pub(super) fn note<T>(&mut self, outcome: Result<T, ConfigError>) -> Option<T> {
        outcome.map_err(|error| self.push(error)).ok()
    }

    /// Whether some error may be about a setting with `what` in its name. A line that could not be read may be about
    /// anything.
    pub(super) fn are_about(&self, what: &str) -> bool {
        self.told.iter().any(|error| match error {
            ConfigError::Unknown { name, .. }
            | ConfigError::Value { name, .. }
            | ConfigError::Refused { name, .. }
            | ConfigError::Conflict { name, .. }
            | ConfigError::Assignment(name) => name.contains(what),
            ConfigError::File { .. } | ConfigError::Syntax { .. } => true,
        })
    }

    /// What was wanted, if nothing is wrong.
    pub(super) fn or<T>(mut self, value: Option<T>) -> Result<T, Self> {
        match value {
            Some(value) if self.told.is_empty() => Ok(value),
            _ => {
                self.told.sort_by_key(ConfigError::origin);
                Err(self)
            }
        }
    }
}

impl fmt::Display for ConfigErrors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.lines().collect::<Vec<_>>().join("\n"))
    }
}

impl std::error::Error for ConfigErrors {}

fn offer(nearest: &Option<String>) -> String {
    nearest.as_ref().map(|name| format!(": did you mean {name}?")).unwrap_or_default()
}

/// The name most like a mistyped one, if any is like it at all.
pub(super) fn nearest<'a>(name: &str, known: impl Iterator<Item = &'a str>) -> Option<String> {
    known
        .map(|candidate| (strsim::jaro_winkler(name, candidate), candidate))
        .filter(|(likeness, _)| *likeness > 0.8)
        .max_by(|(a, _), (b, _)| a.total_cmp(b))
        .map(|(_, candidate)| candidate.to_owned())
}
