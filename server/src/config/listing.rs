//! Every setting with its value, as `--print-config` shows it.

use std::fmt::Write;

use super::{
    key::{Effect, Key},
    keys::BROKER_KEYS,
    settings::Settings,
    value::Value,
};

/// The settings as a TOML file that would give them again: those with an effect, then the others.
///
/// Names are quoted, for `max.connections` and `max.connections.per.ip` are one name too many for TOML.
pub fn listing(settings: &Settings) -> String {
    let mut text = String::from("# Creel's settings. Kafka's name is kept wherever Kafka has one.\n");
    write_keys(&mut text, settings, Effect::Works);
    text.push_str("\n# Accepted so that Kafka's own files can be used; these have no effect here.\n");
    write_keys(&mut text, settings, Effect::Accepted);
    text
}

fn write_keys(text: &mut String, settings: &Settings, effect: Effect) {
    for key in BROKER_KEYS.iter().filter(|key| key.effect == effect) {
        write_key(text, settings, key).expect("writing to a String does not fail");
    }
}

fn write_key(text: &mut String, settings: &Settings, key: &Key) -> std::fmt::Result {
    let setting = settings.get(key.name).expect("settings hold every key of the table");
    writeln!(text, "\n# {}\n# {}; from {}", key.doc, key.kind.accepted(), setting.origin)?;
    match &setting.value {
        Some(value @ (Value::Text(_) | Value::List(_))) => {
            writeln!(text, "{:?} = {:?}", key.name, value.to_string())
        }
        Some(value) => writeln!(text, "{:?} = {value}", key.name),
        None => writeln!(text, "# {} is unset", key.name),
    }
}
