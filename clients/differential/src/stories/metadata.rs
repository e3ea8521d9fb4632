//! Metadata and DescribeCluster.

use serde_json::{Value, json};

use super::prepare::{ready, topic};
use super::stories;
use crate::side::Side;
use crate::value::NO_ID;

stories! { "metadata":
    named_topics,
    unknown_and_bad_names,
    no_topics_and_all,
    topics_by_id,
    ids_before_their_time,
    a_topic_comes_by_being_named,
    the_cluster,
    partitions_of_topics,
}

fn named_topics(it: &mut Side<'_>) {
    let (one, two) = (it.own("one"), it.own("two"));
    topic(it, &one, 1);
    topic(it, &two, 3);
    for version in it.versions("Metadata") {
        let mut body =
            json!({ "topics": [{ "name": two }, { "name": one }], "allowAutoTopicCreation": false });
        it.ask("Metadata", version, body.clone());
        body["includeTopicAuthorizedOperations"] = true.into();
        body["includeClusterAuthorizedOperations"] = true.into();
        it.ask("Metadata", version, body);
    }
    it.ask("Metadata", 12, json!({ "topics": [{ "name": one }, { "name": one }] }));
}

fn unknown_and_bad_names(it: &mut Side<'_>) {
    let long = "x".repeat(250);
    // Versions below 4 can't forbid creation; what they create is another story.
    for version in it.versions("Metadata").into_iter().filter(|version| *version >= 4) {
        it.ask(
            "Metadata",
            version,
            json!({ "topics": [{ "name": it.own("absent") }], "allowAutoTopicCreation": false }),
        );
    }
    for name in ["", ".", "..", "a/b", "a b", "é", &long] {
        for may_create in [false, true] {
            for version in [1, 4, 9, 12] {
                it.ask("Metadata", version, json!({ "topics": [{ "name": name }], "allowAutoTopicCreation": may_create || version < 4 }));
            }
        }
    }
}

fn no_topics_and_all(it: &mut Side<'_>) {
    let name = it.own("one");
    topic(it, &name, 2);
    for version in it.versions("Metadata") {
        if version > 0 {
            it.ask("Metadata", version, json!({ "topics": [] }));
        }
        let all = if version == 0 { json!({ "topics": [] }) } else { json!({ "topics": null }) };
        let answer = it.quietly("Metadata", version, all);
        let listed =
            answer["topics"].as_array().is_some_and(|all| all.iter().any(|one| one["name"] == *name));
        it.note("all topics hold mine", listed);
    }
}

fn topics_by_id(it: &mut Side<'_>) {
    let name = it.own("one");
    let id = topic(it, &name, 1);
    let strange = json!("0123456789abcdef0123456789abcdef");
    it.name("an id nobody gave", &strange);
    for version in [12, 13] {
        for topic in [
            json!({ "topicId": id, "name": null }),
            json!({ "topicId": strange, "name": null }),
            json!({ "topicId": id, "name": name }),
        ] {
            it.ask("Metadata", version, json!({ "topics": [topic], "allowAutoTopicCreation": false }));
        }
    }
    let both = json!([{ "topicId": id, "name": null }, { "topicId": strange, "name": null }]);
    it.ask("Metadata", 12, json!({ "topics": both }));
}

fn ids_before_their_time(it: &mut Side<'_>) {
    let name = it.own("one");
    let id = topic(it, &name, 1);
    for topic in [json!({ "topicId": id, "name": null }), json!({ "topicId": id, "name": name })] {
        it.ask("Metadata", 11, json!({ "topics": [topic], "allowAutoTopicCreation": false }));
    }
    let neither = json!([{ "topicId": NO_ID, "name": null }]);
    it.ask("Metadata", 12, json!({ "topics": neither, "allowAutoTopicCreation": false }));
}

fn a_topic_comes_by_being_named(it: &mut Side<'_>) {
    for version in it.versions("Metadata") {
        let name = it.own(&format!("by-v{version}"));
        let body = json!({ "topics": [{ "name": name }], "allowAutoTopicCreation": true });
        it.ask("Metadata", version, body.clone());
        ready(it, &name, 3);
        it.ask("Metadata", version, body);
    }
}

fn the_cluster(it: &mut Side<'_>) {
    for version in it.versions("DescribeCluster") {
        it.ask("DescribeCluster", version, json!({}));
        it.ask(
            "DescribeCluster",
            version,
            json!({ "includeClusterAuthorizedOperations": true, "endpointType": 1 }),
        );
    }
    for endpoint_type in [0, 2, 3] {
        it.ask("DescribeCluster", 1, json!({ "endpointType": endpoint_type }));
    }
    it.ask("DescribeCluster", 2, json!({ "includeFencedBrokers": true }));
}

fn partitions_of_topics(it: &mut Side<'_>) {
    let (one, two) = (it.own("one"), it.own("two"));
    topic(it, &one, 2);
    topic(it, &two, 3);
    let absent = it.own("absent");
    let named = |names: &[&str]| -> Value { names.iter().map(|name| json!({ "name": name })).collect() };
    let cursor = |topic: &str, partition: i32| json!({ "topicName": topic, "partitionIndex": partition });
    for body in [
        json!({ "topics": named(&[&one, &two]) }),
        json!({ "topics": named(&[&two, &absent, &one]) }),
        json!({ "topics": named(&[&one, &one]) }),
        json!({ "topics": named(&["a b"]) }),
        json!({ "topics": named(&[&one, &two]), "responsePartitionLimit": 3 }),
        json!({ "topics": named(&[&one, &two]), "responsePartitionLimit": 2 }),
        json!({ "topics": named(&[&one, &two]), "responsePartitionLimit": 0 }),
        json!({ "topics": named(&[&one, &two]), "responsePartitionLimit": -1 }),
        json!({ "topics": named(&[&one, &two]), "cursor": cursor(&two, 1) }),
        json!({ "topics": named(&[&one, &two]), "cursor": cursor(&one, 1) }),
        json!({ "topics": named(&[&one, &two]), "cursor": cursor(&two, 9) }),
        json!({ "topics": named(&[&one, &two]), "cursor": cursor(&one, -1) }),
        json!({ "topics": named(&[&two]), "cursor": cursor(&one, 1) }),
        json!({ "topics": named(&[&one]), "cursor": cursor(&absent, 0) }),
    ] {
        it.ask("DescribeTopicPartitions", 0, body);
    }
}
