//! What stories need before they begin; none of it is recorded.

use serde_json::{Value, json};

use crate::batch::Batch;
use crate::side::Side;

/// Partitions of `__consumer_offsets` in both brokers.
const OFFSETS_PARTITIONS: usize = 4;

/// Waits until a broker's coordinators are ready: groups that fall on each partition, and producer ids.
pub(crate) fn warm_up(it: &mut Side<'_>) {
    for index in 0..8 * OFFSETS_PARTITIONS {
        let group = format!("warm-up-{index}");
        let found = |answer: &Value| answer["errorCode"] == 0;
        it.until("FindCoordinator", 2, &json!({ "key": group }), found);
        it.until("OffsetFetch", 5, &json!({ "groupId": group, "topics": null }), found);
    }
    it.until(
        "InitProducerId",
        0,
        &json!({ "transactionalId": null, "transactionTimeoutMs": 1000 }),
        |answer| answer["errorCode"] == 0,
    );
}

/// A topic that is ready, its id named after it.
pub(super) fn topic(it: &mut Side<'_>, name: &str, partitions: i32) -> Value {
    topic_with(it, name, partitions, json!([]))
}

/// The same with settings of its own: `[{"name": ..., "value": ...}]`.
pub(super) fn topic_with(it: &mut Side<'_>, name: &str, partitions: i32, configs: Value) -> Value {
    let topic =
        json!({ "name": name, "numPartitions": partitions, "replicationFactor": 1, "configs": configs });
    let made = it.quietly("CreateTopics", 7, json!({ "topics": [topic], "timeoutMs": 60_000 }));
    let id = it.name(&format!("id of {name}"), &made["topics"][0]["topicId"]);
    ready(it, name, partitions);
    id
}

/// Waits until every partition of a topic is served.
pub(super) fn ready(it: &mut Side<'_>, name: &str, partitions: i32) {
    let asked: Vec<_> =
        (0..partitions).map(|index| json!({ "partitionIndex": index, "timestamp": -1 })).collect();
    let body = json!({ "replicaId": -1, "topics": [{ "name": name, "partitions": asked }] });
    it.until("ListOffsets", 5, &body, |answer| {
        let all = answer["topics"][0]["partitions"].as_array();
        all.is_some_and(|all| all.iter().all(|one| one["errorCode"] == 0))
    });
}

/// A produce request's body for one partition.
pub(super) fn to(topic: &str, partition: i32, batch: &Batch) -> Value {
    to_hex(topic, partition, &batch.hex())
}

/// The same with whatever bytes.
pub(super) fn to_hex(topic: &str, partition: i32, records: &str) -> Value {
    let data = json!([{ "name": topic, "partitionData": [{ "index": partition, "records": records }] }]);
    json!({ "acks": -1, "timeoutMs": 60_000, "topicData": data })
}

/// Produces, as a preparation.
pub(super) fn filled(it: &mut Side<'_>, topic: &str, partition: i32, batches: &[Batch]) {
    for batch in batches {
        it.quietly("Produce", 9, to(topic, partition, batch));
    }
}

/// The body with another field.
pub(super) fn and(mut body: Value, field: &str, value: impl Into<Value>) -> Value {
    body[field] = value.into();
    body
}
