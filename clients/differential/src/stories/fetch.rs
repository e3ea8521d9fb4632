//! Fetch: offsets, limits, waiting, sessions.

use serde_json::{Value, json};

use super::prepare::{and, filled, to, topic, topic_with};
use super::stories;
use crate::batch::{Batch, ZSTD};
use crate::side::Side;
use crate::value::NO_ID;

stories! { "fetch":
    each_version,
    inside_a_batch,
    at_and_beyond_the_ends,
    unknown_partitions,
    unknown_ids,
    leader_epochs,
    last_fetched_epochs,
    limits,
    limits_below_zero,
    limits_over_partitions,
    an_empty_topic,
    nothing_is_asked_for,
    waiting_for_bytes,
    an_error_ends_the_waiting,
    zstd_for_old_versions,
    a_topic_of_zstd_for_old_versions,
    read_committed,
    isolation_levels_that_do_not_exist,
    a_rack,
    replicas_that_do_not_exist,
    a_session,
    failures_in_a_session,
    a_session_by_id,
    session_errors,
    named_twice,
    named_twice_in_a_session,
}

/// A request's body for one partition, sessionless and without waiting.
pub(super) fn from(topic: &str, partition: i32, offset: i64) -> Value {
    let one = json!({ "partition": partition, "fetchOffset": offset, "partitionMaxBytes": 1 << 20 });
    whole(json!([{ "topic": topic, "partitions": [one] }]))
}

fn whole(topics: Value) -> Value {
    json!({ "maxWaitMs": 0, "minBytes": 0, "maxBytes": 1 << 20, "topics": topics })
}

fn by_id(body: Value, id: &Value) -> Value {
    let mut body = body;
    if let Some(topic) = body["topics"][0].as_object_mut() {
        topic.remove("topic");
        topic.insert("topicId".into(), id.clone());
    }
    body
}

fn each_version(it: &mut Side<'_>) {
    let name = it.own("one");
    let id = topic(it, &name, 1);
    filled(it, &name, 0, &[Batch::of(&["a", "b"]), Batch::of(&["c"])]);
    for version in it.versions("Fetch") {
        let body = if version > 12 { by_id(from(&name, 0, 0), &id) } else { from(&name, 0, 0) };
        it.ask("Fetch", version, body);
    }
}

fn inside_a_batch(it: &mut Side<'_>) {
    let name = it.own("one");
    topic(it, &name, 1);
    filled(it, &name, 0, &[Batch::of(&["a", "b", "c"]), Batch::of(&["d", "e"])]);
    for offset in 0..=5 {
        it.ask("Fetch", 12, from(&name, 0, offset));
    }
}

fn at_and_beyond_the_ends(it: &mut Side<'_>) {
    let name = it.own("one");
    topic(it, &name, 1);
    filled(it, &name, 0, &[Batch::of(&["a", "b"])]);
    for offset in [2, 3, 1 << 40, i64::MAX, -1, -2, i64::MIN] {
        for version in [4, 5, 11, 12] {
            it.ask("Fetch", version, from(&name, 0, offset));
        }
    }
}

fn unknown_partitions(it: &mut Side<'_>) {
    let name = it.own("one");
    topic(it, &name, 1);
    for version in [4, 7, 11, 12] {
        for partition in [1, -1, i32::MAX] {
            it.ask("Fetch", version, from(&name, partition, 0));
        }
        for topic in [&it.own("absent"), "", "a b"] {
            it.ask("Fetch", version, from(topic, 0, 0));
        }
    }
}

fn unknown_ids(it: &mut Side<'_>) {
    let name = it.own("one");
    let id = topic(it, &name, 1);
    let strange = json!("0123456789abcdef0123456789abcdef");
    it.name("an id nobody gave", &strange);
    for version in 13..=it.latest("Fetch") {
        it.ask("Fetch", version, by_id(from(&name, 0, 0), &strange));
        it.ask("Fetch", version, by_id(from(&name, 0, 0), &json!(NO_ID)));
        it.ask("Fetch", version, by_id(from(&name, 9, 0), &id));
    }
}

fn leader_epochs(it: &mut Side<'_>) {
    let name = it.own("one");
    topic(it, &name, 1);
    filled(it, &name, 0, &[Batch::of(&["a"])]);
    for version in [9, 11, 12] {
        for epoch in [-1, 0, 1, 7, -2] {
            let mut body = from(&name, 0, 0);
            body["topics"][0]["partitions"][0]["currentLeaderEpoch"] = epoch.into();
            it.ask("Fetch", version, body);
        }
    }
}

fn last_fetched_epochs(it: &mut Side<'_>) {
    let name = it.own("one");
    topic(it, &name, 1);
    filled(it, &name, 0, &[Batch::of(&["a"])]);
    for epoch in [-1, 0, 1] {
        let mut body = from(&name, 0, 1);
        body["topics"][0]["partitions"][0]["lastFetchedEpoch"] = epoch.into();
        it.ask("Fetch", 12, body);
    }
}

fn limited(topic: &str, of_request: i32, of_partition: i32, offset: i64) -> Value {
    let mut body = and(from(topic, 0, offset), "maxBytes", of_request);
    body["topics"][0]["partitions"][0]["partitionMaxBytes"] = of_partition.into();
    body
}

fn limits(it: &mut Side<'_>) {
    let name = it.own("one");
    topic(it, &name, 1);
    let batch = Batch::of(&["a", "b", "c"]);
    let size = batch.bytes().len() as i32;
    filled(it, &name, 0, &[batch.clone(), batch.clone(), batch]);
    for version in [4, 12] {
        for limit in [0, 1, size - 1, size, size + 1, 2 * size - 1, 2 * size, 100 * size] {
            it.ask("Fetch", version, limited(&name, 1 << 20, limit, 0));
            it.ask("Fetch", version, limited(&name, limit, 1 << 20, 0));
            it.ask("Fetch", version, limited(&name, limit, limit, 4));
        }
    }
}

fn limits_below_zero(it: &mut Side<'_>) {
    let name = it.own("one");
    topic(it, &name, 1);
    filled(it, &name, 0, &[Batch::of(&["a"])]);
    it.ask("Fetch", 12, limited(&name, 1 << 20, -1, 0));
    it.ask("Fetch", 12, limited(&name, -1, 1 << 20, 0));
}

fn limits_over_partitions(it: &mut Side<'_>) {
    let name = it.own("one");
    topic(it, &name, 3);
    let batch = Batch::of(&["a", "b", "c"]);
    let size = batch.bytes().len() as i32;
    for partition in [1, 2] {
        filled(it, &name, partition, &[batch.clone(), batch.clone()]);
    }
    for limit in [1, size, size + 1, 2 * size, 2 * size + 1, 3 * size, 4 * size] {
        for of_partition in [1, size + 10, 1 << 20] {
            let one = |partition: i32| json!({ "partition": partition, "fetchOffset": 0, "partitionMaxBytes": of_partition });
            let topics = json!([{ "topic": name, "partitions": [one(0), one(1), one(2)] }]);
            it.ask("Fetch", 12, and(whole(topics), "maxBytes", limit));
        }
    }
}

fn an_empty_topic(it: &mut Side<'_>) {
    let name = it.own("one");
    topic(it, &name, 1);
    for version in [4, 11, 12] {
        it.ask("Fetch", version, from(&name, 0, 0));
        it.ask("Fetch", version, from(&name, 0, 1));
    }
}

fn nothing_is_asked_for(it: &mut Side<'_>) {
    for version in it.versions("Fetch") {
        it.ask("Fetch", version, and(and(whole(json!([])), "maxWaitMs", 600_000), "minBytes", 1));
    }
}

fn waiting(topic: &str, offset: i64, min_bytes: i32, max_wait_ms: i32) -> Value {
    and(and(from(topic, 0, offset), "minBytes", min_bytes), "maxWaitMs", max_wait_ms)
}

fn waiting_for_bytes(it: &mut Side<'_>) {
    let name = it.own("one");
    topic(it, &name, 1);
    let batch = Batch::of(&["a", "b"]);
    let size = batch.bytes().len() as i32;
    let reader = it.connect();
    it.send(reader, "Fetch", 12, waiting(&name, 0, 1, 600_000));
    it.ask("Produce", 9, to(&name, 0, &batch));
    it.answer(reader);
    it.send(reader, "Fetch", 12, waiting(&name, 2, 2 * size, 600_000));
    filled(it, &name, 0, &[batch.clone(), batch.clone()]);
    it.answer(reader);
    it.ask("Fetch", 12, waiting(&name, 0, 3 * size, 600_000));
    it.ask("Fetch", 12, waiting(&name, 6, 1, 1));
    it.ask("Fetch", 12, waiting(&name, 6, 1, 0));
    it.ask("Fetch", 12, waiting(&name, 6, 1, -1));
    it.ask("Fetch", 12, waiting(&name, 6, 0, 600_000));
    it.ask("Fetch", 12, waiting(&name, 6, -1, 600_000));
    it.ask("Fetch", 12, waiting(&name, 4, 1000 * size, 10));
}

fn an_error_ends_the_waiting(it: &mut Side<'_>) {
    let name = it.own("one");
    topic(it, &name, 1);
    it.ask("Fetch", 12, waiting(&name, 9, 1, 600_000));
    it.ask("Fetch", 12, waiting(&it.own("absent"), 0, 1, 600_000));
    let reader = it.connect();
    it.send(reader, "Fetch", 12, waiting(&name, 0, 1, 600_000));
    // By the time these are answered the fetch waits.
    (0..10).for_each(|_| {
        it.quietly("ListGroups", 3, json!({}));
    });
    it.quietly("DeleteTopics", 5, json!({ "topicNames": [name], "timeoutMs": 60_000 }));
    it.answer(reader);
}

fn zstd_for_old_versions(it: &mut Side<'_>) {
    let name = it.own("one");
    topic(it, &name, 1);
    filled(it, &name, 0, &[Batch::of(&["a"]), Batch::of(&["b"]).attributes(ZSTD), Batch::of(&["c"])]);
    for version in 4..=12 {
        for offset in 0..=3 {
            it.ask("Fetch", version, from(&name, 0, offset));
        }
    }
}

fn a_topic_of_zstd_for_old_versions(it: &mut Side<'_>) {
    for codec in ["zstd", "gzip"] {
        let name = it.own(codec);
        topic_with(it, &name, 1, json!([{ "name": "compression.type", "value": codec }]));
        for version in [4, 9, 10, 12] {
            it.ask("Fetch", version, from(&name, 0, 0));
        }
        filled(it, &name, 0, &[Batch::of(&["a"]), Batch::of(&["b"]).attributes(ZSTD)]);
        for version in [4, 9, 10, 12] {
            it.ask("Fetch", version, from(&name, 0, 0));
            it.ask("Fetch", version, from(&name, 1, 0));
            it.ask("Fetch", version, from(&name, 0, 99));
        }
    }
}

fn levels(it: &mut Side<'_>, levels: [i8; 2]) {
    let name = it.own("one");
    topic(it, &name, 1);
    filled(it, &name, 0, &[Batch::of(&["a", "b"])]);
    for version in [4, 11, 12] {
        for level in levels {
            for offset in [0, 2, 3] {
                it.ask("Fetch", version, and(from(&name, 0, offset), "isolationLevel", level));
            }
        }
    }
}

fn read_committed(it: &mut Side<'_>) {
    levels(it, [0, 1]);
}

fn isolation_levels_that_do_not_exist(it: &mut Side<'_>) {
    levels(it, [2, -1]);
}

fn a_rack(it: &mut Side<'_>) {
    let name = it.own("one");
    topic(it, &name, 1);
    filled(it, &name, 0, &[Batch::of(&["a"])]);
    it.ask("Fetch", 12, and(from(&name, 0, 0), "rackId", "west"));
    it.ask("Fetch", 12, and(from(&name, 0, 0), "replicaId", -2));
}

fn replicas_that_do_not_exist(it: &mut Side<'_>) {
    let name = it.own("one");
    topic(it, &name, 1);
    filled(it, &name, 0, &[Batch::of(&["a"])]);
    for replica in [0, 1, 9] {
        it.ask("Fetch", 12, and(from(&name, 0, 0), "replicaId", replica));
    }
}

fn in_session(body: Value, id: i64, epoch: i32) -> Value {
    and(and(body, "sessionId", id), "sessionEpoch", epoch)
}

fn id_of(it: &mut Side<'_>, answer: &Value, name: &str) -> i64 {
    it.name(name, &answer["sessionId"]);
    answer["sessionId"].as_i64().unwrap_or(0)
}

fn a_session(it: &mut Side<'_>) {
    let name = it.own("one");
    topic(it, &name, 3);
    filled(it, &name, 0, &[Batch::of(&["a"])]);
    filled(it, &name, 1, &[Batch::of(&["b"])]);
    for version in [7, 11, 12] {
        let one = |partition: i32, offset: i64| json!({ "partition": partition, "fetchOffset": offset, "partitionMaxBytes": 1000 });
        let topics = json!([{ "topic": name, "partitions": [one(0, 0), one(1, 0), one(2, 0)] }]);
        it.send(0, "Fetch", version, in_session(whole(topics), 0, 0));
        let answer = it.quiet_answer(0);
        let id = id_of(it, &answer, "the session");
        let forgotten = json!([{ "topic": name, "partitions": [1] }]);
        let moved = json!([{ "topic": name, "partitions": [one(0, 1)] }]);
        it.ask("Fetch", version, in_session(whole(json!([])), id, 1));
        it.ask("Fetch", version, in_session(whole(moved), id, 2));
        it.ask("Fetch", version, in_session(whole(json!([])), id, 3));
        it.ask("Fetch", version, and(in_session(whole(json!([])), id, 4), "forgottenTopicsData", forgotten));
        filled(it, &name, 2, &[Batch::of(&["c"])]);
        it.ask("Fetch", version, in_session(whole(json!([])), id, 5));
        it.ask("Fetch", version, in_session(whole(json!([])), id, -1));
        it.ask("Fetch", version, in_session(whole(json!([])), id, 1));
    }
}

fn failures_in_a_session(it: &mut Side<'_>) {
    let name = it.own("one");
    topic(it, &name, 1);
    filled(it, &name, 0, &[Batch::of(&["a"])]);
    for version in [7, 12] {
        let one = |partition: i32, offset: i64| json!({ "partition": partition, "fetchOffset": offset, "partitionMaxBytes": 1000 });
        it.send(0, "Fetch", version, in_session(from(&name, 0, 1), 0, 0));
        let answer = it.quiet_answer(0);
        let id = id_of(it, &answer, "the session");
        let broken = json!([
            { "topic": name, "partitions": [one(0, 99), one(7, 0)] },
            { "topic": it.own("absent"), "partitions": [one(0, 0)] },
        ]);
        it.ask("Fetch", version, in_session(whole(broken), id, 1));
        it.ask("Fetch", version, in_session(whole(json!([])), id, 2));
    }
}

fn a_session_by_id(it: &mut Side<'_>) {
    let name = it.own("one");
    let id = topic(it, &name, 2);
    filled(it, &name, 0, &[Batch::of(&["a"])]);
    for version in [13, 15, it.latest("Fetch")] {
        let one = |partition: i32, offset: i64| json!({ "partition": partition, "fetchOffset": offset, "partitionMaxBytes": 1000 });
        let topics = json!([{ "topicId": id, "partitions": [one(0, 0), one(1, 0)] }]);
        it.send(0, "Fetch", version, in_session(whole(topics), 0, 0));
        let answer = it.quiet_answer(0);
        let session = id_of(it, &answer, "the session");
        it.ask("Fetch", version, in_session(whole(json!([])), session, 1));
        it.ask("Fetch", 12, in_session(whole(json!([])), session, 2));
        it.ask("Fetch", version, in_session(whole(json!([])), session, 3));
    }
}

/// Topics whose partitions are named over and over; few, and many.
fn repeated(name: &str, absent: &str, times: usize, last: [i64; 2]) -> Value {
    let one = |partition: i32, offset: i64| json!({ "partition": partition, "fetchOffset": offset, "partitionMaxBytes": 1000 });
    let named: Vec<_> = (0..times).flat_map(|_| [one(1, 0), one(0, 0)]).collect();
    json!([
        { "topic": name, "partitions": named },
        { "topic": absent, "partitions": [one(0, 0)] },
        { "topic": name, "partitions": [one(0, last[0]), one(1, 7), one(1, last[1])] },
    ])
}

fn named_twice(it: &mut Side<'_>) {
    let (name, absent) = (it.own("one"), it.own("absent"));
    topic(it, &name, 2);
    filled(it, &name, 0, &[Batch::of(&["a"])]);
    filled(it, &name, 1, &[Batch::of(&["b"])]);
    for times in [1, 2, 100] {
        for last in [[0, 0], [1, 0], [0, 1], [1, 9]] {
            it.ask("Fetch", 12, whole(repeated(&name, &absent, times, last)));
        }
    }
}

fn named_twice_in_a_session(it: &mut Side<'_>) {
    let (name, absent) = (it.own("one"), it.own("absent"));
    topic(it, &name, 2);
    filled(it, &name, 0, &[Batch::of(&["a"])]);
    filled(it, &name, 1, &[Batch::of(&["b"])]);
    for times in [1, 100] {
        it.send(0, "Fetch", 12, in_session(whole(repeated(&name, &absent, times, [1, 1])), 0, 0));
        let answer = it.quiet_answer(0);
        let id = id_of(it, &answer, "the session");
        it.ask("Fetch", 12, in_session(whole(json!([])), id, 1));
        it.ask("Fetch", 12, in_session(whole(repeated(&name, &absent, times, [1, 0])), id, 2));
        let forgotten = json!([{ "topic": name, "partitions": [1, 0, 1, 1] }]);
        it.ask("Fetch", 12, and(in_session(whole(json!([])), id, 3), "forgottenTopicsData", forgotten));
        it.ask("Fetch", 12, in_session(whole(json!([])), id, 4));
    }
}

fn session_errors(it: &mut Side<'_>) {
    let name = it.own("one");
    topic(it, &name, 1);
    for version in [7, 11, 12] {
        it.send(0, "Fetch", version, in_session(from(&name, 0, 0), 0, 0));
        let answer = it.quiet_answer(0);
        let id = id_of(it, &answer, "the session");
        it.ask("Fetch", version, in_session(whole(json!([])), id, 7));
        it.ask("Fetch", version, in_session(whole(json!([])), 1, 1));
        it.ask("Fetch", version, in_session(whole(json!([])), 0, 1));
        it.ask("Fetch", version, in_session(whole(json!([])), id, -7));
        it.ask("Fetch", version, in_session(whole(json!([])), id, 1));
        it.ask("Fetch", version, in_session(from(&name, 0, 0), 77, -1));
        it.ask("Fetch", version, in_session(whole(json!([])), 0, -1));
    }
}
