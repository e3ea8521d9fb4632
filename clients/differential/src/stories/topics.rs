//! CreateTopics, DeleteTopics, CreatePartitions.

use serde_json::{Value, json};

use super::prepare::{ready, topic};
use super::stories;
use crate::side::Side;

stories! { "topics":
    created_in_each_version,
    defaults,
    only_validated,
    refused,
    recompressed,
    refused_beside_accepted,
    assigned,
    deleted_in_each_version,
    deleted_by_id,
    deletions_refused,
    grown_in_each_version,
    growth_refused,
}

fn create(it: &mut Side<'_>, version: i16, topics: Value) -> Value {
    it.ask("CreateTopics", version, json!({ "topics": topics, "timeoutMs": 60_000 }))
}

fn one(name: &str) -> Value {
    json!({ "name": name, "numPartitions": 1, "replicationFactor": 1 })
}

fn created_in_each_version(it: &mut Side<'_>) {
    for version in it.versions("CreateTopics") {
        let name = it.own(&format!("v{version}"));
        let configs = json!([{ "name": "retention.ms", "value": "1000000" }, { "name": "cleanup.policy", "value": "compact" }]);
        create(
            it,
            version,
            json!([{ "name": name, "numPartitions": 2, "replicationFactor": 1, "configs": configs }]),
        );
        ready(it, &name, 2);
        create(it, version, json!([one(&name)]));
    }
}

fn defaults(it: &mut Side<'_>) {
    for version in [2, 3, 4, 5, 7] {
        let name = it.own(&format!("v{version}"));
        create(it, version, json!([{ "name": name, "numPartitions": -1, "replicationFactor": -1 }]));
    }
}

fn only_validated(it: &mut Side<'_>) {
    let name = it.own("one");
    for version in it.versions("CreateTopics") {
        it.ask(
            "CreateTopics",
            version,
            json!({ "topics": [one(&name)], "timeoutMs": 60_000, "validateOnly": true }),
        );
    }
    it.ask("Metadata", 9, json!({ "topics": [{ "name": name }], "allowAutoTopicCreation": false }));
}

fn refused(it: &mut Side<'_>) {
    let long = "x".repeat(250);
    for name in ["", ".", "..", "a/b", "a b", "é", &long] {
        create(it, 7, json!([one(name)]));
    }
    let name = it.own("one");
    for (partitions, replicas) in [(0, 1), (-2, 1), (1, 0), (1, -2), (1, 2), (1, 7), (-1, 2)] {
        create(it, 7, json!([{ "name": name, "numPartitions": partitions, "replicationFactor": replicas }]));
        create(it, 2, json!([{ "name": name, "numPartitions": partitions, "replicationFactor": replicas }]));
    }
    for (key, value) in [
        ("no.such.setting", json!("1")),
        ("retention.ms", json!("soon")),
        ("retention.ms", json!("-2")),
        ("retention.ms", json!(null)),
        ("cleanup.policy", json!("forget")),
        ("min.insync.replicas", json!("0")),
        ("max.message.bytes", json!("-1")),
        ("compression.type", json!("brotli")),
    ] {
        let configs = json!([{ "name": key, "value": value }]);
        create(
            it,
            7,
            json!([{ "name": name, "numPartitions": 1, "replicationFactor": 1, "configs": configs }]),
        );
    }
    let dotted = it.own("a.b");
    create(it, 7, json!([one(&dotted)]));
    create(it, 7, json!([one(&it.own("a_b"))]));
    create(it, 7, json!([one("__consumer_offsets")]));
    create(it, 7, json!([]));
}

fn recompressed(it: &mut Side<'_>) {
    let configs = json!([{ "name": "compression.type", "value": "gzip" }]);
    let name = it.own("one");
    create(it, 7, json!([{ "name": name, "numPartitions": 1, "replicationFactor": 1, "configs": configs }]));
}

fn refused_beside_accepted(it: &mut Side<'_>) {
    let (good, twice) = (it.own("good"), it.own("twice"));
    for version in [2, 5, 7] {
        let good = format!("{good}-{version}");
        create(it, version, json!([one(&good), one(&twice), one("a b"), one(&twice)]));
    }
}

fn assigned(it: &mut Side<'_>) {
    let assigned = |name: String, partitions: i32, assignments: Value| json!([{ "name": name, "numPartitions": partitions, "replicationFactor": -1, "assignments": assignments }]);
    let to = |index: i32, brokers: Value| json!({ "partitionIndex": index, "brokerIds": brokers });
    create(it, 7, assigned(it.own("good"), -1, json!([to(0, json!([1])), to(1, json!([1]))])));
    create(it, 7, assigned(it.own("counted"), 2, json!([to(0, json!([1])), to(1, json!([1]))])));
    create(it, 7, assigned(it.own("gap"), -1, json!([to(0, json!([1])), to(2, json!([1]))])));
    create(it, 7, assigned(it.own("again"), -1, json!([to(0, json!([1])), to(0, json!([1]))])));
    create(it, 7, assigned(it.own("nobody"), -1, json!([to(0, json!([]))])));
    create(it, 7, assigned(it.own("other"), -1, json!([to(0, json!([9]))])));
    create(it, 7, assigned(it.own("twice"), -1, json!([to(0, json!([1, 1]))])));
    create(it, 7, assigned(it.own("negative"), -1, json!([to(0, json!([-1]))])));
}

fn deleted_in_each_version(it: &mut Side<'_>) {
    for version in it.versions("DeleteTopics") {
        let (name, absent) = (it.own(&format!("v{version}")), it.own("absent"));
        topic(it, &name, 1);
        let body = match version {
            0..6 => json!({ "topicNames": [name, absent], "timeoutMs": 60_000 }),
            _ => json!({ "topics": [{ "name": name }, { "name": absent }], "timeoutMs": 60_000 }),
        };
        it.ask("DeleteTopics", version, body);
        let gone = json!({ "topics": [{ "name": name }], "allowAutoTopicCreation": false });
        it.until("Metadata", 9, &gone, |answer| answer["topics"][0]["errorCode"] == 3);
        topic(it, &name, 2);
        it.ask("Metadata", 9, gone);
    }
}

fn deleted_by_id(it: &mut Side<'_>) {
    let name = it.own("one");
    let id = topic(it, &name, 1);
    it.ask("DeleteTopics", 6, json!({ "topics": [{ "name": null, "topicId": id }], "timeoutMs": 60_000 }));
    it.ask("DeleteTopics", 6, json!({ "topics": [{ "name": null, "topicId": id }], "timeoutMs": 60_000 }));
}

fn deletions_refused(it: &mut Side<'_>) {
    let name = it.own("one");
    let id = topic(it, &name, 1);
    for topics in [
        json!([{ "name": name, "topicId": id }]),
        json!([{ "name": null }]),
        json!([{ "name": name }, { "name": name }]),
        json!([{ "name": name }, { "name": null, "topicId": id }]),
        json!([{ "name": null, "topicId": id }, { "name": null, "topicId": id }]),
        json!([{ "name": "" }]),
        json!([{ "name": "a b" }]),
        json!([]),
    ] {
        it.ask("DeleteTopics", 6, json!({ "topics": topics, "timeoutMs": 60_000 }));
    }
    it.ask("DeleteTopics", 5, json!({ "topicNames": [name, name], "timeoutMs": 60_000 }));
    it.ask("Metadata", 9, json!({ "topics": [{ "name": name }], "allowAutoTopicCreation": false }));
}

fn grow(it: &mut Side<'_>, version: i16, topics: Value) {
    it.ask("CreatePartitions", version, json!({ "topics": topics, "timeoutMs": 60_000 }));
}

fn grown_in_each_version(it: &mut Side<'_>) {
    for version in it.versions("CreatePartitions") {
        let name = it.own(&format!("v{version}"));
        topic(it, &name, 1);
        it.ask("CreatePartitions", version, json!({ "topics": [{ "name": name, "count": 2, "assignments": null }], "timeoutMs": 60_000, "validateOnly": true }));
        grow(it, version, json!([{ "name": name, "count": 3, "assignments": null }]));
        ready(it, &name, 3);
        grow(it, version, json!([{ "name": name, "count": 4, "assignments": [{ "brokerIds": [1] }] }]));
        ready(it, &name, 4);
        it.ask("Metadata", 9, json!({ "topics": [{ "name": name }], "allowAutoTopicCreation": false }));
    }
}

fn growth_refused(it: &mut Side<'_>) {
    let (name, other) = (it.own("one"), it.own("other"));
    topic(it, &name, 2);
    topic(it, &other, 1);
    let to = |brokers: Value| json!({ "brokerIds": brokers });
    for topics in [
        json!([{ "name": name, "count": 2, "assignments": null }]),
        json!([{ "name": name, "count": 1, "assignments": null }]),
        json!([{ "name": name, "count": 0, "assignments": null }]),
        json!([{ "name": name, "count": -1, "assignments": null }]),
        json!([{ "name": it.own("absent"), "count": 3, "assignments": null }]),
        json!([{ "name": "", "count": 3, "assignments": null }]),
        json!([{ "name": name, "count": 3, "assignments": [] }]),
        json!([{ "name": name, "count": 3, "assignments": [to(json!([1])), to(json!([1]))] }]),
        json!([{ "name": name, "count": 3, "assignments": [to(json!([9]))] }]),
        json!([{ "name": name, "count": 3, "assignments": [to(json!([]))] }]),
        json!([{ "name": name, "count": 3, "assignments": [to(json!([1, 1]))] }]),
        json!([{ "name": name, "count": 3, "assignments": null }, { "name": name, "count": 4, "assignments": null }]),
        json!([{ "name": name, "count": 1, "assignments": null }, { "name": other, "count": 2, "assignments": null }]),
        json!([]),
    ] {
        grow(it, 3, topics);
    }
    it.ask("Metadata", 9, json!({ "topics": [{ "name": name }], "allowAutoTopicCreation": false }));
}
