//! A row of the broker's table of settings.

use super::value::{Kind, Value};

/// Whether a setting does something.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Effect {
    /// It does what its documentation says.
    Works,
    /// Kafka has it, and files written for Kafka may name it: it is checked, listed, and does nothing here.
    Accepted,
}

/// One setting of the broker.
#[derive(Clone, Copy, Debug)]
pub struct Key {
    /// The name: Kafka's where Kafka has one.
    pub name: &'static str,
    /// Type and range.
    pub kind: Kind,
    /// The default as text; `None` when unset means something of its own.
    pub default: Option<&'static str>,
    /// What it does, in a sentence.
    pub doc: &'static str,
    /// Whether it has an effect.
    pub effect: Effect,
}

impl Key {
    /// The default as a value.
    pub fn default_value(&self) -> Option<Value> {
        self.default.map(|text| self.kind.read(text).expect("a default is of its own kind: a test reads all"))
    }

    /// The environment variable that sets it.
    pub fn environment_name(&self) -> String {
        format!("CREEL_{}", self.name.replace('.', "_").to_ascii_uppercase()).replacen(
            "CREEL_CREEL_",
            "CREEL_",
            1,
        )
    }
}

/// Other names under which Kafka, or its older releases, know a setting.
pub(super) const ALIASES: &[(&str, &str)] = &[("broker.id", "node.id"), ("log.dir", "log.dirs")];

/// The name that a setting has in the table, from it or one of its aliases.
pub(super) fn canonical(name: &str) -> &str {
    ALIASES.iter().find(|(alias, _)| *alias == name).map_or(name, |(_, name)| name)
}
