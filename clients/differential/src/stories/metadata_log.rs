//! The topic whose only partition is the metadata log: clients are not told of it, and can do nothing to it.

use serde_json::json;

use super::prepare::to;
use super::stories;
use crate::batch::Batch;
use crate::side::Side;

stories! { "metadata_log":
    not_shown,
    not_made,
    not_written,
    not_read,
    not_changed,
    not_deleted,
}

const NAME: &str = "__cluster_metadata";
/// Its id, which is the same in each cluster.
const ID: &str = "00000000000000000000000000000001";

fn not_shown(it: &mut Side<'_>) {
    for version in it.versions("Metadata") {
        let create = if version < 4 { None } else { Some(true) };
        let mut body = json!({ "topics": [{ "name": NAME }] });
        if let Some(create) = create {
            body["allowAutoTopicCreation"] = create.into();
        }
        it.ask("Metadata", version, body);
    }
    it.ask("DescribeTopicPartitions", 0, json!({ "topics": [{ "name": NAME }], "cursor": null }));
}

fn not_made(it: &mut Side<'_>) {
    let one = json!({ "name": NAME, "numPartitions": 1, "replicationFactor": 1 });
    let assigned = json!({ "name": NAME, "numPartitions": -1, "replicationFactor": -1,
        "assignments": [{ "partitionIndex": 0, "brokerIds": [1] }] });
    for version in it.versions("CreateTopics") {
        for topic in [&one, &assigned] {
            it.ask("CreateTopics", version, json!({ "topics": [topic], "timeoutMs": 60_000 }));
        }
        let body = json!({ "topics": [one], "timeoutMs": 60_000, "validateOnly": true });
        it.ask("CreateTopics", version, body);
    }
    let own = json!({ "name": it.own("beside"), "numPartitions": 1, "replicationFactor": 1 });
    it.ask("CreateTopics", 4, json!({ "topics": [one, own], "timeoutMs": 60_000 }));
    let twice = json!([one, one]);
    it.ask("CreateTopics", 7, json!({ "topics": twice, "timeoutMs": 60_000 }));
    let wrong = json!({ "name": NAME, "numPartitions": 0, "replicationFactor": 7 });
    it.ask("CreateTopics", 7, json!({ "topics": [wrong], "timeoutMs": 60_000 }));
}

fn not_written(it: &mut Side<'_>) {
    for version in [3, 9, 12] {
        it.ask("Produce", version, to(NAME, 0, &Batch::of(&["a"])));
    }
    it.ask("Metadata", 9, json!({ "topics": [{ "name": NAME }], "allowAutoTopicCreation": false }));
}

fn not_read(it: &mut Side<'_>) {
    it.ask("Fetch", 12, super::fetch::from(NAME, 0, 0));
    for timestamp in [-1, -2] {
        let partition = json!({ "partitionIndex": 0, "timestamp": timestamp });
        let topics = json!([{ "name": NAME, "partitions": [partition] }]);
        it.ask("ListOffsets", 5, json!({ "replicaId": -1, "topics": topics }));
    }
    let partition = json!({ "partition": 0, "leaderEpoch": 0 });
    let topics = json!([{ "topic": NAME, "partitions": [partition] }]);
    it.ask("OffsetForLeaderEpoch", 3, json!({ "replicaId": -1, "topics": topics }));
}

fn not_changed(it: &mut Side<'_>) {
    let set = json!([{ "name": "retention.ms", "configOperation": 0, "value": "1" }]);
    let topic = json!({ "resourceType": 2, "resourceName": NAME, "configs": set });
    it.ask("IncrementalAlterConfigs", 1, json!({ "resources": [topic], "validateOnly": false }));
    let topic = json!({ "name": NAME, "count": 2, "assignments": null });
    it.ask("CreatePartitions", 3, json!({ "topics": [topic], "timeoutMs": 60_000, "validateOnly": false }));
    let partition = json!({ "partitionIndex": 0, "offset": 1 });
    let topic = json!({ "name": NAME, "partitions": [partition] });
    it.ask("DeleteRecords", 2, json!({ "topics": [topic], "timeoutMs": 60_000 }));
}

fn not_deleted(it: &mut Side<'_>) {
    for version in it.versions("DeleteTopics") {
        let body = match version {
            0..=5 => json!({ "topicNames": [NAME], "timeoutMs": 60_000 }),
            _ => json!({ "topics": [{ "name": NAME }], "timeoutMs": 60_000 }),
        };
        it.ask("DeleteTopics", version, body);
    }
    let by_id = json!([{ "name": null, "topicId": ID }]);
    it.ask("DeleteTopics", 6, json!({ "topics": by_id, "timeoutMs": 60_000 }));
    it.ask(
        "Metadata",
        12,
        json!({ "topics": [{ "name": null, "topicId": ID }],
        "allowAutoTopicCreation": true }),
    );
}
