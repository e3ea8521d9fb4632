//! What can be wrong with a configuration, said so that it can be put right.

use std::path::PathBuf;

use super::settings::Origin;

/// Why the broker does not start with this configuration.
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
    /// A setting that is known, and whose effect would be missed.
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
