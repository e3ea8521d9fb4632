//! ListOffsets and OffsetForLeaderEpoch.

use serde_json::{Value, json};

use super::prepare::{filled, topic, topic_with};
use super::stories;
use crate::batch::{Batch, GZIP};
use crate::clock::story_time;
use crate::side::Side;

stories! { "list-offsets":
    each_version,
    by_time,
    special_timestamps,
    the_largest_of_no_timestamps,
    times_stamped_by_the_broker,
    wrong,
    ends_of_epochs,
}

pub(super) fn at(topic: &str, partition: i32, timestamp: i64) -> Value {
    let one = json!({ "partitionIndex": partition, "timestamp": timestamp });
    json!({ "replicaId": -1, "topics": [{ "name": topic, "partitions": [one] }], "timeoutMs": 30_000 })
}

fn each_version(it: &mut Side<'_>) {
    let name = it.own("one");
    topic(it, &name, 1);
    for version in it.versions("ListOffsets") {
        for timestamp in [-1, -2, story_time()] {
            it.ask("ListOffsets", version, at(&name, 0, timestamp));
        }
        filled(it, &name, 0, &[Batch::of(&["a", "b"])]);
    }
}

fn by_time(it: &mut Side<'_>) {
    let name = it.own("one");
    topic(it, &name, 1);
    let later = |ms: i64| Batch::of(&["a", "b", "c"]).with(|batch| batch.first_timestamp += ms);
    filled(it, &name, 0, &[later(100), later(50).attributes(GZIP), later(200)]);
    for ms in [-1000, 0, 50, 51, 52, 53, 99, 100, 101, 102, 103, 150, 200, 202, 203, 100_000] {
        for version in [1, 4, 9] {
            it.ask("ListOffsets", version, at(&name, 0, story_time() + ms));
        }
    }
    it.ask("ListOffsets", 7, at(&name, 0, 0));
}

fn special_timestamps(it: &mut Side<'_>) {
    let (name, empty) = (it.own("one"), it.own("empty"));
    topic(it, &name, 1);
    topic(it, &empty, 1);
    let later = |ms: i64| Batch::of(&["a", "b", "c"]).with(|batch| batch.first_timestamp += ms);
    filled(it, &name, 0, &[later(100), later(500), later(200)]);
    for version in it.versions("ListOffsets") {
        for timestamp in [-3, -4, -5, -6, -7, i64::MIN] {
            it.ask("ListOffsets", version, at(&name, 0, timestamp));
            it.ask("ListOffsets", version, at(&empty, 0, timestamp));
        }
    }
    let more = Batch::of(&["a", "b", "c"]).with(|batch| {
        batch
            .records
            .iter_mut()
            .rev()
            .enumerate()
            .for_each(|(index, record)| record.timestamp_delta = 900 - index as i64);
        batch.records.reverse();
        batch.records.iter_mut().enumerate().for_each(|(index, record)| record.offset_delta = index as i32);
    });
    filled(it, &name, 0, &[more.clone(), more.attributes(GZIP)]);
    it.ask("ListOffsets", 7, at(&name, 0, -3));
    for level in [0, 1] {
        for timestamp in [-1, -2, -3] {
            let mut body = at(&name, 0, timestamp);
            body["isolationLevel"] = level.into();
            it.ask("ListOffsets", 7, body);
        }
    }
}

fn the_largest_of_no_timestamps(it: &mut Side<'_>) {
    let unstamped = || Batch::of(&["a", "b"]).with(|batch| batch.first_timestamp = -1);
    let none = || unstamped().with(|batch| batch.records.iter_mut().for_each(|one| one.timestamp_delta = 0));
    let before_1970 = || unstamped().with(|batch| batch.first_timestamp = -5_000);
    for (name, batches) in [
        ("unstamped", vec![none(), none().attributes(GZIP)]),
        ("before", vec![before_1970(), none()]),
        ("zero", vec![none(), none().with(|batch| batch.first_timestamp = 0)]),
        ("mixed", vec![none(), Batch::of(&["a", "b"]), none()]),
    ] {
        let name = it.own(name);
        topic(it, &name, 1);
        filled(it, &name, 0, &batches);
        for timestamp in [-3, 0, 1] {
            for version in [7, 10] {
                it.ask("ListOffsets", version, at(&name, 0, timestamp));
            }
        }
    }
}

fn times_stamped_by_the_broker(it: &mut Side<'_>) {
    let name = it.own("one");
    topic_with(it, &name, 1, json!([{ "name": "message.timestamp.type", "value": "LogAppendTime" }]));
    filled(it, &name, 0, &[Batch::of(&["a", "b", "c"]), Batch::of(&["a", "b", "c"]).attributes(GZIP)]);
    it.ask("ListOffsets", 7, at(&name, 0, story_time()));
    it.ask("ListOffsets", 7, at(&name, 0, story_time() + 86_400_000));
}

fn wrong(it: &mut Side<'_>) {
    let name = it.own("one");
    topic(it, &name, 1);
    for version in [1, 4, 6, 10] {
        it.ask("ListOffsets", version, at(&name, 9, -1));
        it.ask("ListOffsets", version, at(&name, -1, -1));
        it.ask("ListOffsets", version, at(&it.own("absent"), 0, -1));
        it.ask("ListOffsets", version, at("a b", 0, -1));
        for epoch in [-1, 0, 1, -2] {
            let mut body = at(&name, 0, -1);
            body["topics"][0]["partitions"][0]["currentLeaderEpoch"] = epoch.into();
            it.ask("ListOffsets", version, body);
        }
        let one = |timestamp: i64| json!({ "partitionIndex": 0, "timestamp": timestamp });
        it.ask(
            "ListOffsets",
            version,
            json!({ "replicaId": -1, "topics": [{ "name": name, "partitions": [one(-1), one(-2)] }] }),
        );
        it.ask("ListOffsets", version, json!({ "replicaId": -1, "topics": [] }));
        for replica in [-2, 0, 7] {
            let mut body = at(&name, 0, -1);
            body["replicaId"] = replica.into();
            it.ask("ListOffsets", version, body);
        }
    }
}

fn ends_of_epochs(it: &mut Side<'_>) {
    let name = it.own("one");
    topic(it, &name, 1);
    let asked = |topic: &str, partition: i32, current: i32, epoch: i32| {
        let one = json!({ "partition": partition, "currentLeaderEpoch": current, "leaderEpoch": epoch });
        json!({ "topics": [{ "topic": topic, "partitions": [one] }] })
    };
    for version in it.versions("OffsetForLeaderEpoch") {
        it.ask("OffsetForLeaderEpoch", version, asked(&name, 0, -1, 0));
        filled(it, &name, 0, &[Batch::of(&["a", "b"])]);
        for (current, epoch) in [(-1, 0), (0, 0), (-1, 1), (-1, 7), (-1, -1), (1, 0), (-2, 0), (0, 7)] {
            it.ask("OffsetForLeaderEpoch", version, asked(&name, 0, current, epoch));
        }
        it.ask("OffsetForLeaderEpoch", version, asked(&name, 9, -1, 0));
        it.ask("OffsetForLeaderEpoch", version, asked(&it.own("absent"), 0, -1, 0));
        it.ask("OffsetForLeaderEpoch", version, asked("a b", 0, -1, 0));
        it.ask("OffsetForLeaderEpoch", version, json!({ "topics": [] }));
    }
}
