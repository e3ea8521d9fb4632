//! Where a value was given.

use std::fmt;
use std::path::PathBuf;

/// Where a value was given, as messages and listings name it. The order is that of precedence.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Origin {
    /// In the table.
    Default,
    /// In the configuration file, at a line (from 1).
    File(PathBuf, usize),
    /// In an environment variable.
    Environment(String),
    /// By a flag, named as it is written.
    Flag(&'static str),
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Default => f.write_str("default"),
            Self::File(path, line) => write!(f, "{}:{line}", path.display()),
            Self::Environment(name) => write!(f, "environment variable {name}"),
            Self::Flag(name) => f.write_str(name),
        }
    }
}
