//! `docs/configuration.md`, from the tables of settings.

use std::collections::BTreeMap;

use creel_server::config::{BROKER_KEYS, Dialect, Effect, Key, TOPIC_KEYS, TopicKey};

use crate::table;

const HEAD: &str = "\
# Configuration

<!-- Made from server/src/config by a test: UPDATE_EXPECT=1 cargo test -p creel-server --test documents -->

Names and types are those of Apache Kafka 4.3.1. So are ranges and defaults, with few exceptions (`listeners`, `log.dirs`,
`node.id`, replication factors). Settings that start with `creel.` are Creel's own.

A setting can be given in four ways. The first one in this list that names it wins:

1. a flag, or `--set name=value`;
2. an environment variable: `CREEL_` and the name in capitals, with `_` for each dot (`CREEL_NUM_PARTITIONS`);
3. a file: `--config creel.toml`, or one of Kafka's `.properties` files;
4. the default.

Units (`64MiB`, `7d`) and digits in groups (`1_000`) are for TOML files, flags and variables. Kafka's `.properties` files and
values that clients send are read as Kafka reads them: plain numbers.

`creel --print-config` prints every setting with its value and where that came from. Its output is a valid file. All mistakes
are reported at once, each with its place (exit code 2).
";

pub(crate) fn text() -> String {
    let works = BROKER_KEYS.iter().filter(|key| key.effect == Effect::Works);
    let (own, kafkas): (Vec<_>, Vec<_>) = works.partition(|key| key.name.starts_with("creel."));
    let topics = TOPIC_KEYS.iter().filter(|key| key.effect == Effect::Works);
    [
        HEAD,
        "\n## The broker's settings\n\n",
        &broker_table(&kafkas),
        "\n## Creel's own settings\n\n",
        &broker_table(&own),
        "\n## A topic's settings\n\n",
        "A topic has its own value, or the broker's, or the default. Clients set them with CreateTopics,\n",
        "IncrementalAlterConfigs and AlterConfigs, also while the topic is used.\n\n",
        &table(["setting", "default", "values", "what it does", "the broker's setting"], topics.map(topic_row)),
        "\nThese are accepted for a topic and have no effect:\n\n",
        &by_reason(of_topics(Effect::Accepted)),
        "\nThese can only have their defaults:\n\n",
        &by_reason(of_topics(Effect::Refused)),
        "\n## Accepted, without an effect\n\n",
        "Kafka has these settings, so its files can be used. Each one that is given gets a line at the start that says why it\n",
        "has no effect.\n\n",
        &by_reason(of_brokers(Effect::Accepted)),
        "\n## Refused\n\n",
        "Kafka has these, too. They promise something that would be missed, so any value but the default stops the start.\n\n",
        &by_reason(of_brokers(Effect::Refused)),
    ]
    .concat()
}

fn broker_table(keys: &[&Key]) -> String {
    let rows = keys.iter().map(|key| {
        let default = key.default.map_or_else(|| "unset".to_owned(), code);
        [code(key.name), default, values(&key.kind.accepted(Dialect::Creel)), key.doc.to_owned()]
    });
    table(["setting", "default", "values", "what it does"], rows)
}

fn topic_row(key: &TopicKey) -> [String; 5] {
    let inherits = names(key.inherits.iter().map(|(name, _)| *name));
    let values = values(&key.kind.accepted(Dialect::Creel));
    [code(key.name), code(key.default), values, key.doc.to_owned(), inherits]
}

/// The names of a topic's settings, each with the reason.
fn of_topics(effect: Effect) -> impl Iterator<Item = (&'static str, &'static str)> {
    TOPIC_KEYS.iter().filter(move |key| key.effect == effect).map(|key| (key.name, key.doc))
}

/// The same of the broker's.
fn of_brokers(effect: Effect) -> impl Iterator<Item = (&'static str, &'static str)> {
    BROKER_KEYS.iter().filter(move |key| key.effect == effect).map(|key| (key.name, key.doc))
}

fn by_reason(settings: impl Iterator<Item = (&'static str, &'static str)>) -> String {
    let mut reasons: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for (name, why) in settings {
        reasons.entry(why).or_default().push(name);
    }
    table(["why", "settings"], reasons.into_iter().map(|(why, keys)| [why.to_owned(), names(keys)]))
}

fn names<'a>(names: impl IntoIterator<Item = &'a str>) -> String {
    names.into_iter().map(code).collect::<Vec<_>>().join(", ")
}

/// An empty value is shown as such.
fn code(text: &str) -> String {
    if text.is_empty() { "empty".to_owned() } else { format!("`{text}`") }
}

/// The units are explained once.
fn values(accepted: &str) -> String {
    let (start, end) = (accepted.find(" ("), accepted.find(')'));
    match (start, end) {
        (Some(start), Some(end)) => accepted[..start].to_owned() + &accepted[end + 1..],
        _ => accepted.to_owned(),
    }
}
