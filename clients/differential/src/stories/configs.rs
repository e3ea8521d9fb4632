//! DescribeConfigs, AlterConfigs, IncrementalAlterConfigs.

use serde_json::{Value, json};

use super::prepare::{topic, topic_with};
use super::stories;
use crate::side::Side;

stories! { "configs":
    settings_of_topics,
    settings_of_brokers,
    descriptions_refused,
    changed_one_by_one,
    lists_grow_and_shrink,
    changes_of_what_is_no_topic,
    settings_of_groups,
    sizes_of_segments,
    codecs_and_levels,
    lags_of_compaction,
    settings_of_tiered_storage,
    changes_refused,
    changed_as_a_whole,
    whole_changes_refused,
    only_validated,
    values_as_they_are_written,
}

const TOPIC: i8 = 2;
const BROKER: i8 = 4;
const LOGGERS: i8 = 8;
const METRICS: i8 = 16;
const GROUP: i8 = 32;

fn resource(kind: i8, name: &str, keys: Value) -> Value {
    json!({ "resourceType": kind, "resourceName": name, "configurationKeys": keys })
}

fn describe(it: &mut Side<'_>, topic: &str, keys: &[&str]) {
    it.ask("DescribeConfigs", 4, json!({ "resources": [resource(TOPIC, topic, json!(keys))] }));
}

fn settings_of_topics(it: &mut Side<'_>) {
    let name = it.own("one");
    topic_with(it, &name, 1, json!([{ "name": "retention.ms", "value": "77000" }]));
    for version in it.versions("DescribeConfigs") {
        it.ask("DescribeConfigs", version, json!({ "resources": [resource(TOPIC, &name, json!(["retention.ms", "segment.bytes", "no.such"]))] }));
    }
    let all = json!([resource(TOPIC, &name, json!(null))]);
    it.ask("DescribeConfigs", 1, json!({ "resources": all }));
    it.ask("DescribeConfigs", 4, json!({ "resources": all, "includeSynonyms": true }));
    let described =
        it.quietly("DescribeConfigs", 4, json!({ "resources": all, "includeDocumentation": true }));
    let documented = described["results"][0]["configs"]
        .as_array()
        .is_some_and(|all| all.iter().all(|one| one["documentation"].is_string()));
    it.note("each is documented", documented);
    it.ask("DescribeConfigs", 4, json!({ "resources": [resource(TOPIC, &name, json!([]))] }));
}

fn settings_of_brokers(it: &mut Side<'_>) {
    let keys = json!([
        "message.max.bytes",
        "log.retention.hours",
        "num.partitions",
        "node.id",
        "auto.create.topics.enable"
    ]);
    for version in [1, 4] {
        it.ask(
            "DescribeConfigs",
            version,
            json!({ "resources": [resource(BROKER, "1", keys.clone())], "includeSynonyms": true }),
        );
        it.ask("DescribeConfigs", version, json!({ "resources": [resource(BROKER, "", keys.clone())] }));
    }
}

fn descriptions_refused(it: &mut Side<'_>) {
    let name = it.own("one");
    topic(it, &name, 1);
    for (kind, name) in [
        (TOPIC, it.own("absent")),
        (TOPIC, "a b".to_owned()),
        (TOPIC, String::new()),
        (BROKER, "9".to_owned()),
        (BROKER, "one".to_owned()),
        (BROKER, "-1".to_owned()),
        (0, "x".to_owned()),
        (1, "x".to_owned()),
        (3, "x".to_owned()),
        (99, "x".to_owned()),
        (LOGGERS, "1".to_owned()),
        (LOGGERS, "9".to_owned()),
        (LOGGERS, String::new()),
        (METRICS, "x".to_owned()),
        (METRICS, String::new()),
        (GROUP, it.own("group")),
        (GROUP, String::new()),
    ] {
        it.ask(
            "DescribeConfigs",
            4,
            json!({ "resources": [resource(kind, &name, json!(["retention.ms"]))] }),
        );
    }
    it.ask("DescribeConfigs", 4, json!({ "resources": [] }));
    let twice = resource(TOPIC, &name, json!(["retention.ms"]));
    it.ask("DescribeConfigs", 4, json!({ "resources": [twice, twice] }));
}

fn change(it: &mut Side<'_>, version: i16, name: &str, changes: &[(&str, i8, Value)]) {
    let configs: Vec<_> = changes
        .iter()
        .map(|(key, operation, value)| json!({ "name": key, "configOperation": operation, "value": value }))
        .collect();
    it.ask(
        "IncrementalAlterConfigs",
        version,
        json!({ "resources": [{ "resourceType": TOPIC, "resourceName": name, "configs": configs }] }),
    );
}

fn changed_one_by_one(it: &mut Side<'_>) {
    let name = it.own("one");
    topic(it, &name, 1);
    for version in it.versions("IncrementalAlterConfigs") {
        change(
            it,
            version,
            &name,
            &[("retention.ms", 0, json!("1234")), ("max.message.bytes", 0, json!("5000"))],
        );
        it.until(
            "DescribeConfigs",
            4,
            &json!({ "resources": [resource(TOPIC, &name, json!(["retention.ms"]))] }),
            |answer| answer["results"][0]["configs"][0]["value"] == "1234",
        );
        describe(it, &name, &["retention.ms", "max.message.bytes"]);
        change(it, version, &name, &[("retention.ms", 1, json!(null))]);
        it.until(
            "DescribeConfigs",
            4,
            &json!({ "resources": [resource(TOPIC, &name, json!(["retention.ms"]))] }),
            |answer| answer["results"][0]["configs"][0]["value"] != "1234",
        );
        describe(it, &name, &["retention.ms", "max.message.bytes"]);
        change(it, version, &name, &[("retention.ms", 1, json!(null))]);
    }
}

fn lists_grow_and_shrink(it: &mut Side<'_>) {
    let name = it.own("one");
    topic(it, &name, 1);
    let steps: [(i8, &str, &[&str]); 7] = [
        (2, "compact", &["compact", "delete"]),
        (2, "compact", &["compact", "delete"]),
        (3, "delete", &["compact"]),
        (3, "delete", &["compact"]),
        (2, "delete,compact", &["compact", "delete"]),
        (3, "compact,delete", &[]),
        (2, "forget", &[]),
    ];
    for (operation, value, then) in steps {
        change(it, 1, &name, &[("cleanup.policy", operation, json!(value))]);
        // Kafka's brokers learn of a change a moment after its controller has answered.
        let settled = json!({ "resources": [resource(TOPIC, &name, json!(["cleanup.policy"]))] });
        let answer = it.until("DescribeConfigs", 4, &settled, |answer| items(answer) == then);
        it.note("cleanup.policy", answer["results"][0]["configs"][0]["value"].clone());
    }
    change(it, 1, &name, &[("retention.ms", 2, json!("1"))]);
    change(it, 1, &name, &[("retention.ms", 3, json!("1"))]);
}

/// The items of the list that was described, in the order of their letters.
fn items(answer: &Value) -> Vec<&str> {
    let list = answer["results"][0]["configs"][0]["value"].as_str().unwrap_or("?");
    let mut items: Vec<_> = list.split(',').filter(|item| !item.is_empty()).collect();
    items.sort_unstable();
    items
}

fn changes_refused(it: &mut Side<'_>) {
    let name = it.own("one");
    topic(it, &name, 1);
    change(it, 1, &name, &[("retention.ms", 0, json!(null))]);
    change(it, 1, &name, &[("cleanup.policy", 2, json!(null))]);
    change(it, 1, &name, &[("retention.ms", 7, json!("1"))]);
    change(it, 1, &name, &[("no.such", 0, json!("1"))]);
    change(it, 1, &name, &[("no.such", 1, json!(null))]);
    change(it, 1, &name, &[("retention.ms", 0, json!("soon"))]);
    change(it, 1, &name, &[("retention.ms", 0, json!("1")), ("retention.ms", 1, json!(null))]);
    change(it, 1, &name, &[("retention.ms", 0, json!("1")), ("no.such", 0, json!("1"))]);
    change(it, 1, &name, &[("", 0, json!("1"))]);
    change(it, 1, &name, &[]);
    change(it, 1, &it.own("absent"), &[("retention.ms", 0, json!("1"))]);
    change(it, 1, "a b", &[("retention.ms", 0, json!("1"))]);
    change(it, 1, "", &[("retention.ms", 0, json!("1"))]);
    for kind in [0, 1, 3, 99] {
        it.ask(
            "IncrementalAlterConfigs",
            1,
            json!({ "resources": [{ "resourceType": kind, "resourceName": "x", "configs": [] }] }),
        );
    }
    let one = json!({ "resourceType": TOPIC, "resourceName": name, "configs": [] });
    it.ask("IncrementalAlterConfigs", 1, json!({ "resources": [one, one] }));
    it.ask("IncrementalAlterConfigs", 1, json!({ "resources": [] }));
    describe(it, &name, &["retention.ms"]);
}

fn changes_of_what_is_no_topic(it: &mut Side<'_>) {
    let group = it.own("group");
    for (kind, name, key) in [
        (LOGGERS, "1", "org.apache.kafka"),
        (LOGGERS, "9", "org.apache.kafka"),
        (LOGGERS, "", "org.apache.kafka"),
        (METRICS, "x", "interval.ms"),
        (METRICS, "", "interval.ms"),
        (GROUP, group.as_str(), "consumer.session.timeout.ms"),
        (GROUP, "", "consumer.session.timeout.ms"),
        (GROUP, group.as_str(), "no.such"),
    ] {
        for (operation, value) in [(0, json!("no such value")), (1, json!(null))] {
            let config = json!({ "name": key, "configOperation": operation, "value": value });
            let resource = json!({ "resourceType": kind, "resourceName": name, "configs": [config] });
            it.ask("IncrementalAlterConfigs", 1, json!({ "resources": [resource], "validateOnly": true }));
        }
        let config = json!({ "name": key, "value": "no such value" });
        let resource = json!({ "resourceType": kind, "resourceName": name, "configs": [config] });
        it.ask("AlterConfigs", 2, json!({ "resources": [resource], "validateOnly": true }));
    }
}

fn change_group(it: &mut Side<'_>, group: &str, changes: &[(&str, i8, Value)]) {
    let configs: Vec<_> = changes
        .iter()
        .map(|(key, operation, value)| json!({ "name": key, "configOperation": operation, "value": value }))
        .collect();
    let resource = json!({ "resourceType": GROUP, "resourceName": group, "configs": configs });
    it.ask("IncrementalAlterConfigs", 1, json!({ "resources": [resource] }));
}

fn settings_of_groups(it: &mut Side<'_>) {
    let group = it.own("group");
    let all = json!({ "resources": [resource(GROUP, &group, json!(null))], "includeSynonyms": true });
    it.ask("DescribeConfigs", 4, all.clone());
    let session = "consumer.session.timeout.ms";
    for (key, operation, value) in [
        (session, 0, "60001"),
        (session, 0, "44999"),
        (session, 0, " 50000"),
        (session, 2, "50000"),
        ("consumer.heartbeat.interval.ms", 0, "50000"),
        ("share.auto.offset.reset", 0, "now"),
        ("share.auto.offset.reset", 0, "by_duration:PT1H"),
        ("share.auto.offset.reset", 0, "by_duration:-PT1H"),
        ("share.auto.offset.reset", 0, "by_duration:P"),
        ("share.isolation.level", 0, "READ_COMMITTED"),
        ("share.isolation.level", 0, "read_committed"),
        ("streams.num.standby.replicas", 0, "3"),
        ("streams.num.standby.replicas", 0, "2"),
    ] {
        change_group(it, &group, &[(key, operation, json!(value))]);
    }
    it.until("DescribeConfigs", 4, &all, |answer| {
        answer["results"][0]["configs"].as_array().is_some_and(|all| {
            all.iter().any(|one| one["name"] == "streams.num.standby.replicas" && one["value"] == "2")
        })
    });
    it.ask("DescribeConfigs", 4, all.clone());
    change_group(it, &group, &[(session, 1, json!(null)), ("no.such", 1, json!(null))]);
    it.until("DescribeConfigs", 4, &all, |answer| {
        answer["results"][0]["configs"]
            .as_array()
            .is_some_and(|all| all.iter().any(|one| one["name"] == session && one["value"] == "45000"))
    });
    it.ask("DescribeConfigs", 4, all);
}

fn sizes_of_segments(it: &mut Side<'_>) {
    let name = it.own("one");
    topic(it, &name, 1);
    for (key, value) in [
        ("segment.bytes", "1048576"),
        ("segment.bytes", "1048575"),
        ("segment.bytes", "14"),
        ("segment.bytes", "0"),
        ("internal.segment.bytes", "1048575"),
        ("internal.segment.bytes", "16384"),
        ("internal.segment.bytes", "14"),
        ("internal.segment.bytes", "0"),
    ] {
        let config = json!([{ "name": key, "value": value }]);
        it.ask(
            "CreateTopics",
            4,
            json!({ "topics": [{ "name": it.own("checked"), "numPartitions": 1, "replicationFactor": 1,
                "configs": config }], "validateOnly": true }),
        );
        change(it, 1, &name, &[(key, 0, json!(value))]);
        change(it, 1, &name, &[(key, 1, json!(null))]);
    }
    change(it, 1, &name, &[("segment.jitter.ms", 0, json!("77"))]);
    let settled = json!({ "resources": [resource(TOPIC, &name, json!(["segment.jitter.ms"]))] });
    it.until("DescribeConfigs", 4, &settled, |answer| answer["results"][0]["configs"][0]["value"] == "77");
    describe(it, &name, &["segment.bytes", "internal.segment.bytes"]);
}

/// Asks for a topic with these settings, without making it.
fn checked(it: &mut Side<'_>, settings: &[(&str, &str)]) {
    let configs: Vec<_> =
        settings.iter().map(|(name, value)| json!({ "name": name, "value": value })).collect();
    it.ask(
        "CreateTopics",
        4,
        json!({ "topics": [{ "name": it.own("checked"), "numPartitions": 1, "replicationFactor": 1,
            "configs": configs }], "validateOnly": true }),
    );
}

fn codecs_and_levels(it: &mut Side<'_>) {
    const VALUES: &[(&str, &[&str])] = &[
        (
            "compression.type",
            &["uncompressed", "zstd", "lz4", "snappy", "gzip", "producer", "none", "ZSTD", ""],
        ),
        ("compression.gzip.level", &["-1", "0", "1", "9", "10", "-2"]),
        ("compression.lz4.level", &["0", "1", "17", "18"]),
        ("compression.zstd.level", &["-131073", "-131072", "0", "22", "23"]),
    ];
    let name = it.own("one");
    topic(it, &name, 1);
    for (key, values) in VALUES {
        for value in *values {
            checked(it, &[(key, value)]);
            change(it, 1, &name, &[(key, 0, json!(value))]);
        }
        change(it, 1, &name, &[(key, 2, json!("1"))]);
    }
    let settled = json!({ "resources": [resource(TOPIC, &name, json!(["compression.zstd.level"]))] });
    it.until("DescribeConfigs", 4, &settled, |answer| answer["results"][0]["configs"][0]["value"] == "22");
    let keys: Vec<_> = VALUES.iter().map(|(key, _)| *key).collect();
    describe(it, &name, &keys);
}

fn lags_of_compaction(it: &mut Side<'_>) {
    const MIN: &str = "min.compaction.lag.ms";
    const MAX: &str = "max.compaction.lag.ms";
    let name = it.own("one");
    topic_with(it, &name, 1, json!([{ "name": MAX, "value": "1000" }]));
    for settings in [
        &[(MIN, "1000"), (MAX, "1000")][..],
        &[(MIN, "1001"), (MAX, "1000")],
        &[(MIN, "1000"), (MAX, "1000"), ("cleanup.policy", "compact")],
        &[(MIN, "1001"), (MAX, "1000"), ("cleanup.policy", "compact")],
        &[(MAX, "0")],
        &[(MIN, "-1")],
    ] {
        checked(it, settings);
    }
    for value in ["1001", "1000"] {
        change(it, 1, &name, &[(MIN, 0, json!(value))]);
        it.ask(
            "IncrementalAlterConfigs",
            1,
            json!({ "resources": [{ "resourceType": TOPIC, "resourceName": name,
            "configs": [{ "name": MIN, "configOperation": 0, "value": value }] }], "validateOnly": true }),
        );
    }
    let settled = json!({ "resources": [resource(TOPIC, &name, json!([MIN]))] });
    it.until("DescribeConfigs", 4, &settled, |answer| answer["results"][0]["configs"][0]["value"] == "1000");
    change(it, 1, &name, &[(MAX, 0, json!("999"))]);
    replace(it, 2, &name, &[(MIN, json!("7")), (MAX, json!("6"))]);
    describe(it, &name, &[MIN, MAX]);
}

fn settings_of_tiered_storage(it: &mut Side<'_>) {
    let name = it.own("one");
    topic(it, &name, 1);
    for (key, values) in [
        ("remote.storage.enable", &["false", "true"][..]),
        ("remote.log.copy.disable", &["false", "true"]),
        ("remote.log.delete.on.disable", &["false", "true"]),
        ("local.retention.ms", &["-2", "1000", "-3"]),
        ("local.retention.bytes", &["-2", "1000", "-3"]),
    ] {
        for value in values {
            checked(it, &[(key, value)]);
            change(it, 1, &name, &[(key, 0, json!(value))]);
        }
    }
}

fn replace(it: &mut Side<'_>, version: i16, name: &str, settings: &[(&str, Value)]) {
    let configs: Vec<_> =
        settings.iter().map(|(key, value)| json!({ "name": key, "value": value })).collect();
    it.ask(
        "AlterConfigs",
        version,
        json!({ "resources": [{ "resourceType": TOPIC, "resourceName": name, "configs": configs }] }),
    );
}

fn changed_as_a_whole(it: &mut Side<'_>) {
    let name = it.own("one");
    topic_with(it, &name, 1, json!([{ "name": "max.message.bytes", "value": "5000" }]));
    for version in it.versions("AlterConfigs") {
        let value = (1000 + version).to_string();
        replace(it, version, &name, &[("retention.ms", json!(value))]);
        it.until(
            "DescribeConfigs",
            4,
            &json!({ "resources": [resource(TOPIC, &name, json!(["retention.ms"]))] }),
            |answer| answer["results"][0]["configs"][0]["value"] == *value,
        );
        describe(it, &name, &["retention.ms", "max.message.bytes"]);
    }
}

fn whole_changes_refused(it: &mut Side<'_>) {
    let name = it.own("one");
    topic(it, &name, 1);
    replace(it, 2, &name, &[("retention.ms", json!(null))]);
    replace(it, 2, &name, &[("retention.ms", json!("soon"))]);
    replace(it, 2, &name, &[("no.such", json!("1"))]);
    replace(it, 2, &name, &[("retention.ms", json!("1")), ("retention.ms", json!("2"))]);
    replace(it, 2, &it.own("absent"), &[("retention.ms", json!("1"))]);
    replace(it, 2, "a b", &[("retention.ms", json!("1"))]);
    for kind in [0, 1, 3, 99] {
        it.ask(
            "AlterConfigs",
            2,
            json!({ "resources": [{ "resourceType": kind, "resourceName": "x", "configs": [] }] }),
        );
    }
    // A topic that is named twice is left out: Kafka 4.3.1 never answers.
    it.ask("AlterConfigs", 2, json!({ "resources": [] }));
}

fn only_validated(it: &mut Side<'_>) {
    let name = it.own("one");
    topic(it, &name, 1);
    let configs = |value: &str| json!([{ "name": "retention.ms", "configOperation": 0, "value": value }]);
    for value in ["1", "soon"] {
        it.ask("IncrementalAlterConfigs", 1, json!({ "resources": [{ "resourceType": TOPIC, "resourceName": name, "configs": configs(value) }], "validateOnly": true }));
        it.ask("AlterConfigs", 2, json!({ "resources": [{ "resourceType": TOPIC, "resourceName": name, "configs": [{ "name": "retention.ms", "value": value }] }], "validateOnly": true }));
    }
    describe(it, &name, &["retention.ms"]);
}

/// Blanks, signs, cases, lists and units, as tools and people write them; described in one form. The answer of a creation
/// shows settings from v5 on, in Kafka as they were written: v4.
fn values_as_they_are_written(it: &mut Side<'_>) {
    const VALUES: &[(&str, &[&str])] = &[
        (
            "retention.ms",
            &[" 1000", "1001\t", "+5", "-1", "7d", "1_000", "1e3", "", "-2", "604800000", "0x10"],
        ),
        ("max.message.bytes", &["1MiB", "2147483648", "1048588"]),
        ("preallocate", &["True", " FALSE ", "yes", ""]),
        ("cleanup.policy", &["delete, compact", "compact ", "Delete", "delete,delete", "delete,", ","]),
        ("message.timestamp.type", &["logappendtime", " LogAppendTime", ""]),
        ("min.cleanable.dirty.ratio", &[".5", "1", "0.0001", "1.1", "half"]),
        ("compression.gzip.level", &["0", " 9"]),
        ("leader.replication.throttled.replicas", &["0:1, 1:1", "*", "a"]),
        ("remote.storage.enable", &["true", "maybe"]),
    ];
    let name = it.own("one");
    topic(it, &name, 1);
    for (key, values) in VALUES {
        for value in *values {
            change(it, 1, &name, &[(key, 0, json!(value))]);
            it.ask(
                "CreateTopics",
                4,
                json!({ "topics": [{ "name": it.own("checked"), "numPartitions": 1, "replicationFactor": 1,
                    "configs": [{ "name": key, "value": value }] }], "validateOnly": true }),
            );
        }
    }
    change(it, 1, &name, &[("segment.jitter.ms", 0, json!("77"))]);
    let settled = json!({ "resources": [resource(TOPIC, &name, json!(["segment.jitter.ms"]))] });
    it.until("DescribeConfigs", 4, &settled, |answer| answer["results"][0]["configs"][0]["value"] == "77");
    let keys: Vec<_> = VALUES.iter().map(|(key, _)| *key).collect();
    describe(it, &name, &keys);
    let nothing = json!([{ "name": "retention.ms", "value": null }]);
    it.ask(
        "CreateTopics",
        4,
        json!({ "topics": [{ "name": it.own("none"), "numPartitions": 1, "replicationFactor": 1, "configs": nothing }] }),
    );
}
