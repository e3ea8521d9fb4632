//! Settings as resolved: each key's value and where it came from.

use std::{collections::BTreeMap, fmt, path::PathBuf};

use super::{
    error::{ConfigError, nearest},
    key::{ALIASES, Key, canonical},
    keys::BROKER_KEYS,
    value::Value,
};

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

/// A name and a text that some source gave, not looked at yet.
#[derive(Clone, Debug)]
pub(super) struct Given {
    pub(super) name: String,
    pub(super) text: String,
    pub(super) origin: Origin,
}

/// One key's value and where it came from; no value is "unset".
#[derive(Clone, Debug, PartialEq)]
pub struct Setting {
    /// The value.
    pub value: Option<Value>,
    /// Where it came from.
    pub origin: Origin,
}

/// A value for each key of the table.
#[derive(Clone, Debug, PartialEq)]
pub struct Settings(BTreeMap<&'static str, Setting>);

impl Default for Settings {
    fn default() -> Self {
        let of = |key: &Key| Setting { value: key.default_value(), origin: Origin::Default };
        Self(BROKER_KEYS.iter().map(|key| (key.name, of(key))).collect())
    }
}

impl Settings {
    /// Checks what the sources gave and lays it over the defaults; a later one wins over an earlier.
    pub(super) fn resolve(given: impl IntoIterator<Item = Given>) -> Result<Self, ConfigError> {
        let mut settings = Self::default();
        for one in given {
            let key = find(&one)?;
            let value = key.kind.read(&one.text).ok_or_else(|| ConfigError::Value {
                name: one.name,
                text: one.text,
                origin: one.origin.clone(),
                accepted: key.kind.accepted(),
            })?;
            settings.0.insert(key.name, Setting { value: Some(value), origin: one.origin });
        }
        Ok(settings)
    }

    /// A key's setting, by its own name.
    pub fn get(&self, name: &str) -> Option<&Setting> {
        self.0.get(name)
    }

    /// A key's value, by its own name.
    pub fn value(&self, name: &str) -> Option<&Value> {
        self.get(name).and_then(|setting| setting.value.as_ref())
    }

    /// The error that a value, although of its kind, cannot be used.
    pub(super) fn refuse(&self, name: &'static str, accepted: &str) -> ConfigError {
        let setting = self.get(name);
        ConfigError::Value {
            name: name.to_owned(),
            text: self.value(name).map(Value::to_string).unwrap_or_default(),
            origin: setting.map_or(Origin::Default, |setting| setting.origin.clone()),
            accepted: accepted.to_owned(),
        }
    }
}

fn find(given: &Given) -> Result<&'static Key, ConfigError> {
    let name = canonical(&given.name);
    BROKER_KEYS.iter().find(|key| key.name == name).ok_or_else(|| ConfigError::Unknown {
        name: given.name.clone(),
        origin: given.origin.clone(),
        nearest: nearest(&given.name, known_names()),
    })
}

fn known_names() -> impl Iterator<Item = &'static str> {
    BROKER_KEYS.iter().map(|key| key.name).chain(ALIASES.iter().map(|(alias, _)| *alias))
}
