//! Every setting with its value, as `--print-config` shows it.

use std::fmt::Write;

use super::{
    key::{Effect, Key},
    keys::BROKER_KEYS,
    settings::Settings,
    value::{Dialect, Value},
};

/// The settings as a TOML file that would give them again: first those with an effect, then the others. A setting
/// without an effect is written as a comment unless it was given, because a start reports each such setting. A value
/// that must not be shown is always a comment.
///
/// Names are quoted: TOML does not allow both `max.connections` and `max.connections.per.ip` as bare keys.
pub fn listing(settings: &Settings) -> String {
    let mut text = String::from("# Creel's settings. A setting that Kafka has too has Kafka's name.\n");
    write_keys(&mut text, settings, Effect::Works);
    text.push_str("\n# These have no effect. They are accepted so that Kafka's own files can be used.\n");
    write_keys(&mut text, settings, Effect::Accepted);
    text.push_str("\n# These are Kafka's settings too. Creel refuses them with any value but the default.\n");
    write_keys(&mut text, settings, Effect::Refused);
    text
}

fn write_keys(text: &mut String, settings: &Settings, effect: Effect) {
    for key in BROKER_KEYS.iter().filter(|key| key.effect == effect) {
        write_key(text, settings, key).expect("writing to a String does not fail");
    }
}

fn write_key(text: &mut String, settings: &Settings, key: &Key) -> std::fmt::Result {
    let setting = settings.get(key.name).expect("settings hold every key of the table");
    writeln!(text, "\n# {}\n# {}; from {}", key.doc, key.kind.accepted(Dialect::Creel), setting.origin)?;
    let is_said = key.effect == Effect::Works || settings.is_given(key.name);
    let mark = if is_said { "" } else { "# " };
    match &setting.value {
        Some(_) if key.is_secret() => writeln!(text, "# {} is set, and its value is not shown", key.name),
        Some(value @ (Value::Text(_) | Value::List(_))) => {
            writeln!(text, "{mark}{:?} = {}", key.name, quoted(&value.to_string()))
        }
        Some(Value::Double(value)) => writeln!(text, "{mark}{:?} = {value:?}", key.name),
        Some(value) => writeln!(text, "{mark}{:?} = {value}", key.name),
        None => writeln!(text, "# {} is unset", key.name),
    }
}

/// A text as TOML has it.
fn quoted(text: &str) -> String {
    let mut quoted = String::from('"');
    for c in text.chars() {
        match c {
            '"' | '\\' => quoted.extend(['\\', c]),
            c if c.is_control() => quoted.push_str(&format!("\\u{:04X}", u32::from(c))),
            c => quoted.push(c),
        }
    }
    quoted.push('"');
    quoted
}
