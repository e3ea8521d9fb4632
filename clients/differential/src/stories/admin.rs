//! DeleteRecords and DescribeLogDirs.

use serde_json::{Value, json};

use super::prepare::{filled, topic, topic_with};
use super::stories;
use crate::batch::Batch;
use crate::side::Side;

stories! { "admin":
    records_deleted_in_each_version,
    deletions_of_records_refused,
    log_dirs_in_each_version,
}

fn until(topic: &str, partition: i32, offset: i64) -> Value {
    let one = json!({ "partitionIndex": partition, "offset": offset });
    json!({ "topics": [{ "name": topic, "partitions": [one] }], "timeoutMs": 60_000 })
}

fn records_deleted_in_each_version(it: &mut Side<'_>) {
    for version in it.versions("DeleteRecords") {
        let name = it.own(&format!("v{version}"));
        topic(it, &name, 1);
        filled(it, &name, 0, &[Batch::of(&["a", "b", "c"]), Batch::of(&["d", "e"])]);
        for offset in [0, 2, 1, 4, -1, 5] {
            it.ask("DeleteRecords", version, until(&name, 0, offset));
            let earliest =
                json!([{ "name": name, "partitions": [{ "partitionIndex": 0, "timestamp": -2 }] }]);
            it.ask("ListOffsets", 5, json!({ "replicaId": -1, "topics": earliest }));
        }
        for offset in [0, 4, 5] {
            it.ask("Fetch", 12, super::fetch::from(&name, 0, offset));
        }
        filled(it, &name, 0, &[Batch::of(&["f"])]);
        it.ask("Fetch", 12, super::fetch::from(&name, 0, 5));
    }
}

fn deletions_of_records_refused(it: &mut Side<'_>) {
    let name = it.own("one");
    topic(it, &name, 1);
    filled(it, &name, 0, &[Batch::of(&["a", "b", "c"])]);
    it.ask("DeleteRecords", 2, until(&name, 0, 4));
    it.ask("DeleteRecords", 2, until(&name, 0, -2));
    it.ask("DeleteRecords", 2, until(&name, 0, i64::MAX));
    it.ask("DeleteRecords", 2, until(&name, 7, 0));
    it.ask("DeleteRecords", 2, until(&name, -1, 0));
    it.ask("DeleteRecords", 2, until(&it.own("absent"), 0, 0));
    it.ask("DeleteRecords", 2, until("a b", 0, 0));
    it.ask("DeleteRecords", 2, json!({ "topics": [], "timeoutMs": 1000 }));
    let compacted = it.own("compacted");
    topic_with(it, &compacted, 1, json!([{ "name": "cleanup.policy", "value": "compact" }]));
    filled(it, &compacted, 0, &[Batch::of(&["a", "b", "c"])]);
    it.ask("DeleteRecords", 2, until(&compacted, 0, 1));
    let both = it.own("both");
    topic_with(it, &both, 1, json!([{ "name": "cleanup.policy", "value": "compact,delete" }]));
    filled(it, &both, 0, &[Batch::of(&["a", "b", "c"])]);
    it.ask("DeleteRecords", 2, until(&both, 0, 1));
}

fn log_dirs_in_each_version(it: &mut Side<'_>) {
    let name = it.own("one");
    topic(it, &name, 2);
    filled(it, &name, 0, &[Batch::of(&["a", "b", "c"])]);
    for version in it.versions("DescribeLogDirs") {
        for partitions in [json!([0]), json!([0, 1]), json!([7]), json!([])] {
            it.ask(
                "DescribeLogDirs",
                version,
                json!({ "topics": [{ "topic": name, "partitions": partitions }] }),
            );
        }
        it.ask(
            "DescribeLogDirs",
            version,
            json!({ "topics": [{ "topic": it.own("absent"), "partitions": [0] }] }),
        );
        it.ask("DescribeLogDirs", version, json!({ "topics": [] }));
    }
    let answer = it.quietly("DescribeLogDirs", 4, json!({ "topics": null }));
    let topics = answer["results"][0]["topics"].as_array();
    let mine = topics.and_then(|all| all.iter().find(|one| one["name"] == *name));
    let mine = mine.and_then(|one| one["partitions"].as_array()).map_or(0, Vec::len);
    it.note("of all, mine", mine);
    it.note("is a size", answer["results"][0]["totalBytes"].as_i64().is_some_and(|bytes| bytes > 0));
}
