//! From Kafka's settings of a topic to ours. Known settings are checked. Unknown ones are kept and reported. If a
//! setting that is not understood might say that records are to be kept, they are kept.

use std::collections::BTreeMap;

use super::image::Configs;
use crate::config::{Effect, Settings, TOPIC_KEYS, TopicKey, TopicSettings, Value};

const RETENTION: [&str; 2] = ["retention.ms", "retention.bytes"];

/// What is to be told about a topic's settings.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Told {
    /// Known settings whose values cannot be used.
    pub(super) unusable: Vec<(String, String)>,
    /// Names that are not known.
    pub(super) unknown: Vec<String>,
    /// Known names that have no effect here.
    pub(super) without_effect: Vec<String>,
}

impl Told {
    /// Whether nothing is to be deleted, because some of these might have said so.
    pub(super) fn in_doubt(&self) -> bool {
        let decides = |name: &str| name == "cleanup.policy" || RETENTION.contains(&name);
        !self.unknown.is_empty() || self.unusable.iter().any(|(name, _)| decides(name))
    }
}

/// The settings of a topic: its own, then the broker's that were changed while Kafka ran, which would be lost otherwise.
pub(super) fn of_topic(own: &Configs, of_broker: &Configs, settings: &Settings) -> (TopicSettings, Told) {
    let (mut texts, mut told) = (BTreeMap::new(), Told::default());
    for (name, text) in own {
        let key = TopicKey::find(name);
        let value = key.and_then(|key| key.kind.read(text.trim()));
        match (key, &value) {
            (None, _) => told.unknown.push(name.clone()),
            (Some(_), None) => told.unusable.push((name.clone(), text.clone())),
            (Some(key), Some(value)) if key.effect != Effect::Works && value.to_string() != key.default => {
                told.without_effect.push(name.clone());
            }
            (Some(_), Some(_)) => {}
        }
        texts.insert(name.clone(), value.map_or_else(|| text.clone(), |value| value.to_string()));
    }
    for key in TOPIC_KEYS.iter().filter(|key| !own.contains_key(key.name)) {
        let Some((text, scale)) = inherited(key, of_broker) else { continue };
        match key.kind.read(text.trim()).map(|value| scaled(value, scale)) {
            None => told.unusable.push((key.name.to_owned(), text.to_owned())),
            Some(value) if value == key.inherited(settings).0 => {}
            Some(value) => {
                texts.insert(key.name.to_owned(), value.to_string());
            }
        }
    }
    if told.in_doubt() {
        texts.extend(RETENTION.map(|name| (name.to_owned(), "-1".to_owned())));
    }
    (TopicSettings::from_record(texts), told)
}

fn inherited<'a>(key: &TopicKey, of_broker: &'a Configs) -> Option<(&'a str, i64)> {
    key.inherits.iter().find_map(|(name, scale)| Some((of_broker.get(*name)?.as_str(), *scale)))
}

fn scaled(value: Value, scale: i64) -> Value {
    match value {
        Value::Number(number) if number != -1 => Value::Number(number.saturating_mul(scale)),
        value => value,
    }
}

/// The broker's settings that no topic inherits: nothing of them is taken over.
pub(super) fn left_out(of_broker: &Configs) -> Vec<&str> {
    let is_inherited =
        |name: &str| TOPIC_KEYS.iter().any(|key| key.inherits.iter().any(|(from, _)| *from == name));
    of_broker.keys().map(String::as_str).filter(|name| !is_inherited(name)).collect()
}
