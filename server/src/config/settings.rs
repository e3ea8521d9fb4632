//! Settings as resolved: each key's value and where it came from.

use std::{
    collections::BTreeMap,
    mem::{Discriminant, discriminant},
};

use super::{
    error::{ConfigError, ConfigErrors},
    key::{Effect, Key},
    keys::{BROKER_KEYS, BrokerConfig},
    names::{self, Meaning},
    origin::Origin,
    value::{Dialect, Value},
};

/// A name and a text that some source gave, not looked at yet.
#[derive(Clone, Debug)]
pub(super) struct Given {
    pub(super) name: String,
    pub(super) text: String,
    pub(super) origin: Origin,
    pub(super) dialect: Dialect,
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
pub struct Settings {
    values: BTreeMap<&'static str, Setting>,
    /// With where each setting was given.
    notices: Vec<(Origin, String)>,
}

impl Default for Settings {
    fn default() -> Self {
        let of = |key: &Key| Setting { value: key.default_value(), origin: Origin::Default };
        let values = BROKER_KEYS.iter().map(|key| (key.name, of(key))).collect();
        Self { values, notices: Vec::new() }
    }
}

impl Settings {
    /// Checks what the sources gave and lays it over the defaults. A later source wins over an earlier one. What is
    /// wrong is noted and left out.
    pub(super) fn resolve(given: impl IntoIterator<Item = Given>, errors: &mut ConfigErrors) -> Self {
        let mut settings = Self::default();
        let mut by_own_name = BTreeMap::new();
        for one in given {
            errors.note(settings.take(one, &mut by_own_name));
            if errors.are_enough() {
                break;
            }
        }
        settings.judge(errors);
        settings.notices.sort_by(|(a, _), (b, _)| a.cmp(b));
        settings
    }

    /// The typed form of checked settings.
    pub fn broker(&self) -> BrokerConfig {
        BrokerConfig::from_values(|name| self.value(name))
    }

    fn take(
        &mut self,
        one: Given,
        by_own_name: &mut BTreeMap<&'static str, Discriminant<Origin>>,
    ) -> Result<(), ConfigError> {
        match names::meaning(&one.name) {
            Some(Meaning::Key(key)) => self.set(key, one, by_own_name),
            Some(Meaning::OfListener(key)) => self.set_for_listener(key, &one),
            Some(Meaning::Foreign(why)) => {
                self.note(&one.name, &one.text, &one.origin, why);
                Ok(())
            }
            None => self.note_unknown(one),
        }
    }

    /// In one source a setting's own name wins over its other one, as in Kafka (`log.dirs` over `log.dir`).
    fn set(
        &mut self,
        key: &'static Key,
        one: Given,
        by_own_name: &mut BTreeMap<&'static str, Discriminant<Origin>>,
    ) -> Result<(), ConfigError> {
        // Kafka's way to say that there is none.
        if one.name == "broker.id" && one.text.trim() == "-1" {
            return Ok(());
        }
        let value = read(key, &one)?;
        let source = discriminant(&one.origin);
        if key.name == one.name {
            by_own_name.insert(key.name, source);
        } else if by_own_name.get(key.name) == Some(&source) {
            return Ok(());
        }
        self.values.insert(key.name, Setting { value: Some(value), origin: one.origin });
        Ok(())
    }

    /// A listener's own settings are not served yet. Those that would make the listener safe are refused.
    fn set_for_listener(&mut self, key: &'static Key, one: &Given) -> Result<(), ConfigError> {
        let value = read(key, one)?;
        let text = if key.is_secret() { HIDDEN.to_owned() } else { value.to_string() };
        match key.effect {
            Effect::Refused if key.default_value() != Some(value) => {
                let (name, origin) = (one.name.clone(), one.origin.clone());
                Err(ConfigError::Refused { name, origin, reason: key.doc })
            }
            Effect::Works => {
                self.note(&one.name, &text, &one.origin, "A setting applies to all listeners alike.");
                Ok(())
            }
            _ => {
                self.note(&one.name, &text, &one.origin, key.doc);
                Ok(())
            }
        }
    }

    /// Kafka starts with unknown names, because its plug-ins have names of their own. So its files may hold such
    /// names here, too.
    fn note_unknown(&mut self, one: Given) -> Result<(), ConfigError> {
        let nearest = names::nearest(&one.name);
        let unknown = ConfigError::Unknown { name: one.name, origin: one.origin.clone(), nearest };
        match one.dialect {
            Dialect::Creel => Err(unknown),
            Dialect::Kafka => {
                self.notices.push((one.origin, format!("{unknown} (it is ignored)")));
                Ok(())
            }
        }
    }

    fn note(&mut self, name: &str, text: &str, origin: &Origin, why: &str) {
        self.notices.push((origin.clone(), format!("{origin}: {name} = {text:?} has no effect. {why}")));
    }

    /// Reports which given settings have no effect, and refuses those that the user would miss.
    fn judge(&mut self, errors: &mut ConfigErrors) {
        for key in BROKER_KEYS {
            let Some(Setting { value: Some(value), origin }) = self.values.get(key.name).cloned() else {
                continue;
            };
            match key.effect {
                _ if origin == Origin::Default => {}
                Effect::Works => {}
                Effect::Refused if key.default_value().as_ref() != Some(&value) => {
                    let name = key.name.to_owned();
                    errors.push(ConfigError::Refused { name, origin, reason: key.doc });
                }
                _ if key.is_secret() => self.note(key.name, HIDDEN, &origin, key.doc),
                _ => self.note(key.name, &value.to_string(), &origin, key.doc),
            }
        }
    }

    /// What is reported at the start: given settings that have no effect, and unknown names.
    pub fn notices(&self) -> Vec<&str> {
        self.notices.iter().map(|(_, notice)| notice.as_str()).collect()
    }

    /// A key's setting, by its own name.
    pub fn get(&self, name: &str) -> Option<&Setting> {
        self.values.get(name)
    }

    /// A key's value, by its own name.
    pub fn value(&self, name: &str) -> Option<&Value> {
        self.get(name).and_then(|setting| setting.value.as_ref())
    }

    /// Whether some source gave it.
    pub fn is_given(&self, name: &str) -> bool {
        self.get(name).is_some_and(|setting| setting.origin != Origin::Default)
    }

    /// The error for a value that is of its kind but cannot be used.
    pub(super) fn refuse(&self, name: &'static str, accepted: &str) -> ConfigError {
        let (name, text, origin) = self.shown(name);
        ConfigError::Value { name, text, origin, accepted: accepted.to_owned() }
    }

    /// The error for a value that does not go with another setting's.
    pub(super) fn conflict(&self, name: &'static str, reason: impl Into<String>) -> ConfigError {
        let (name, text, origin) = self.shown(name);
        ConfigError::Conflict { name, text, origin, reason: reason.into() }
    }

    fn shown(&self, name: &'static str) -> (String, String, Origin) {
        let text = self.value(name).map(Value::to_string).unwrap_or_default();
        let origin = self.get(name).map_or(Origin::Default, |setting| setting.origin.clone());
        (name.to_owned(), text, origin)
    }
}

/// Stands for what must not be shown.
const HIDDEN: &str = "[hidden]";

fn read(key: &Key, one: &Given) -> Result<Value, ConfigError> {
    key.kind.read_in(one.dialect, &one.text).ok_or_else(|| ConfigError::Value {
        name: one.name.clone(),
        text: one.text.clone(),
        origin: one.origin.clone(),
        accepted: key.kind.accepted(one.dialect),
    })
}
