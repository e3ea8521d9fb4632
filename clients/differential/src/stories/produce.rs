//! Produce, where all is well.

use serde_json::{Value, json};

use super::prepare::{and, filled, to, to_hex, topic, topic_with};
use super::stories;
use crate::batch::{Batch, GZIP, LOG_APPEND_TIME, ZSTD};
use crate::side::Side;
use crate::value::hex;

stories! { "produce":
    each_version,
    each_acks,
    no_answer_to_acks_0,
    several_partitions,
    compressed,
    compressed_with_zstd_in_each_version,
    compressed_anew,
    compressed_anew_and_too_large,
    compressed_anew_and_stamped,
    timestamps_by_the_broker,
    timestamps_by_the_client,
    timestamps_the_header_does_not_tell,
    timestamps_said_to_be_the_brokers,
    timestamps_beyond_what_the_header_tells,
    a_base_offset_other_than_0,
    an_epoch_the_client_made_up,
    to_a_topic_that_does_not_exist_yet,
    a_log_that_was_cut_at_its_start,
}

fn addressed(it: &Side<'_>, version: i16, body: Value, id: &Value) -> Value {
    let _ = it;
    match version {
        13.. => {
            let mut body = body;
            if let Some(topic) = body["topicData"][0].as_object_mut() {
                topic.remove("name");
                topic.insert("topicId".into(), id.clone());
            }
            body
        }
        _ => body,
    }
}

fn fetched(it: &mut Side<'_>, name: &str) {
    it.ask("Fetch", 12, super::fetch::from(name, 0, 0));
}

fn each_version(it: &mut Side<'_>) {
    let name = it.own("one");
    let id = topic(it, &name, 1);
    for version in it.versions("Produce") {
        let body = to(&name, 0, &Batch::of(&["a", "b", "c"]));
        let body = addressed(it, version, body, &id);
        it.ask("Produce", version, body);
    }
    fetched(it, &name);
}

fn each_acks(it: &mut Side<'_>) {
    let name = it.own("one");
    topic(it, &name, 1);
    for acks in [1, -1] {
        it.ask("Produce", 9, and(to(&name, 0, &Batch::of(&["a"])), "acks", acks));
    }
    for (acks, timeout) in [(-1, 0), (1, 0), (-1, -1)] {
        it.ask("Produce", 9, and(and(to(&name, 0, &Batch::of(&["a"])), "acks", acks), "timeoutMs", timeout));
    }
    it.ask("Produce", 9, json!({ "acks": -1, "timeoutMs": 1000, "topicData": [] }));
    it.ask(
        "Produce",
        9,
        json!({ "acks": -1, "timeoutMs": 1000, "topicData": [{ "name": name, "partitionData": [] }] }),
    );
}

fn no_answer_to_acks_0(it: &mut Side<'_>) {
    let name = it.own("one");
    topic(it, &name, 1);
    it.send(0, "Produce", 9, and(to(&name, 0, &Batch::of(&["a"])), "acks", 0));
    it.expect_nothing(0);
    it.send(0, "Produce", 9, json!({ "acks": 0, "timeoutMs": 1000, "topicData": [] }));
    it.expect_nothing(0);
    it.ask("Produce", 9, to(&name, 0, &Batch::of(&["b"])));
    fetched(it, &name);
}

fn several_partitions(it: &mut Side<'_>) {
    let (one, two) = (it.own("one"), it.own("two"));
    topic(it, &one, 2);
    topic(it, &two, 1);
    let data = |index: i32, value: &str| json!({ "index": index, "records": Batch::of(&[value]).hex() });
    let topics = json!([
        { "name": one, "partitionData": [data(1, "a"), data(0, "b"), data(7, "c")] },
        { "name": two, "partitionData": [data(0, "d")] },
    ]);
    for version in [3, 8, 9, 12] {
        it.ask("Produce", version, json!({ "acks": -1, "timeoutMs": 1000, "topicData": topics }));
    }
    let twice = json!([{ "name": two, "partitionData": [data(0, "e"), data(0, "f")] }]);
    let answer = it.quietly("Produce", 9, json!({ "acks": -1, "timeoutMs": 1000, "topicData": twice }));
    it.note(
        "partitions answered",
        answer["responses"][0]["partitionResponses"].as_array().map_or(0, Vec::len),
    );
}

fn compressed(it: &mut Side<'_>) {
    let name = it.own("one");
    topic(it, &name, 1);
    for codec in [GZIP, ZSTD] {
        it.ask("Produce", 7, to(&name, 0, &Batch::of(&["a", "b"]).attributes(codec)));
    }
    fetched(it, &name);
}

fn compressed_with_zstd_in_each_version(it: &mut Side<'_>) {
    let name = it.own("one");
    topic(it, &name, 1);
    for version in 3..=12 {
        it.ask("Produce", version, to(&name, 0, &Batch::of(&["a"]).attributes(ZSTD)));
    }
}

/// The codecs that a topic can have.
const TOPIC_CODECS: [&str; 5] = ["uncompressed", "gzip", "snappy", "lz4", "zstd"];

fn compressed_anew(it: &mut Side<'_>) {
    for codec in TOPIC_CODECS {
        let name = it.own(codec);
        topic_with(it, &name, 1, json!([{ "name": "compression.type", "value": codec }]));
        for version in [3, 9] {
            for sent in [0, GZIP, ZSTD] {
                let batch = Batch::of(&["a", "b", "c"]).attributes(sent);
                it.ask("Produce", version, to(&name, 0, &batch));
            }
        }
        let unkeyed = Batch::of(&["a", "b"]).with(|batch| {
            batch.records.iter_mut().for_each(|record| (record.key, record.value) = (None, None));
        });
        it.ask("Produce", 9, to(&name, 0, &unkeyed));
        for sequence in [0, 2, 2, 5] {
            it.ask("Produce", 9, to(&name, 0, &Batch::of(&["a", "b"]).by(1_000_000, 3, sequence)));
        }
        fetched(it, &name);
    }
}

fn compressed_anew_and_too_large(it: &mut Side<'_>) {
    let large = "x".repeat(5000);
    for codec in ["uncompressed", "gzip"] {
        let name = it.own(codec);
        let settings = [("compression.type", codec), ("max.message.bytes", "1000")];
        let settings: Vec<_> =
            settings.iter().map(|(name, value)| json!({ "name": name, "value": value })).collect();
        topic_with(it, &name, 1, json!(settings));
        for sent in [0, GZIP, ZSTD] {
            it.ask("Produce", 9, to(&name, 0, &Batch::of(&[&large]).attributes(sent)));
        }
        fetched(it, &name);
    }
}

fn compressed_anew_and_stamped(it: &mut Side<'_>) {
    let settings = json!([
        { "name": "compression.type", "value": "lz4" },
        { "name": "message.timestamp.type", "value": "LogAppendTime" }
    ]);
    let name = it.own("one");
    topic_with(it, &name, 1, settings);
    for sent in [0, GZIP, GZIP | LOG_APPEND_TIME] {
        it.ask("Produce", 9, to(&name, 0, &Batch::of(&["a", "b"]).attributes(sent)));
    }
    let answer = it.quietly("Fetch", 12, super::fetch::from(&name, 0, 0));
    for batch in answer["responses"][0]["partitions"][0]["records"].as_array().into_iter().flatten() {
        for field in ["attributes", "crc", "baseSequence", "content"] {
            it.note(field, batch[field].clone());
        }
    }
}

fn timestamps_by_the_broker(it: &mut Side<'_>) {
    let name = it.own("one");
    topic_with(it, &name, 1, json!([{ "name": "message.timestamp.type", "value": "LogAppendTime" }]));
    for version in [3, 7, 9] {
        it.ask("Produce", version, to(&name, 0, &Batch::of(&["a", "b"])));
    }
    let answer = it.quietly("Fetch", 12, super::fetch::from(&name, 0, 0));
    let batch = &answer["responses"][0]["partitions"][0]["records"][0];
    for field in ["attributes", "maxTimestamp", "crc"] {
        let value = &batch[field];
        let shown = value.as_i64().and_then(crate::clock::shown).unwrap_or_else(|| value.to_string());
        it.note(field, shown);
    }
    fetched(it, &name);
}

fn timestamps_by_the_client(it: &mut Side<'_>) {
    let name = it.own("one");
    topic_with(
        it,
        &name,
        1,
        json!([
            { "name": "message.timestamp.before.max.ms", "value": "86400000" },
            { "name": "message.timestamp.after.max.ms", "value": "3600000" },
        ]),
    );
    const DAY_MS: i64 = 86_400_000;
    for days in [-2, 0, 2] {
        let batch = Batch::of(&["a", "b"]).with(|batch| batch.first_timestamp += days * DAY_MS);
        for version in [3, 8, 9] {
            it.ask("Produce", version, to(&name, 0, &batch));
        }
    }
    let wrong = Batch::of(&["a", "b"]).with(|batch| batch.max_timestamp = Some(batch.first_timestamp + 7000));
    it.ask("Produce", 9, to(&name, 0, &wrong));
    let none = Batch::of(&["a"]).with(|batch| batch.first_timestamp = -1);
    it.ask("Produce", 9, to(&name, 0, &none));
    fetched(it, &name);
}

fn timestamps_the_header_does_not_tell(it: &mut Side<'_>) {
    const HOUR_MS: i64 = 3_600_000;
    let untold = |batch: &mut Batch| batch.max_timestamp = Some(-1);
    for (name, codec) in [("plain", 0), ("gzip", GZIP), ("zstd", ZSTD)] {
        let name = it.own(name);
        topic(it, &name, 1);
        let plain = || Batch::of(&["a", "b", "c"]).attributes(codec);
        let batches = [
            plain().with(|batch| batch.first_timestamp = -1).with(|batch| batch.records.truncate(1)),
            plain().with(untold),
            plain().with(|batch| batch.max_timestamp = Some(0)),
            plain().with(|batch| batch.max_timestamp = Some(batch.first_timestamp + 6 * HOUR_MS)),
            plain().with(|batch| batch.first_timestamp = -7_240_509_273_709),
            plain().with(|batch| batch.records[1].timestamp_delta = -7_240_509_273_709).with(untold),
            // The second record is too late.
            plain().with(|batch| batch.records[1].timestamp_delta = 4 * HOUR_MS),
            plain().with(|batch| batch.records[1].timestamp_delta = 4 * HOUR_MS).with(untold),
        ];
        for batch in batches {
            it.ask("Produce", 9, to(&name, 0, &batch));
        }
        fetched(it, &name);
        for timestamp in [-3, 0, crate::clock::story_time(), crate::clock::story_time() + 2] {
            it.ask("ListOffsets", 7, super::list_offsets::at(&name, 0, timestamp));
        }
    }
}

fn timestamps_said_to_be_the_brokers(it: &mut Side<'_>) {
    for (name, kind) in [("create", "CreateTime"), ("append", "LogAppendTime")] {
        let name = it.own(name);
        topic_with(it, &name, 1, json!([{ "name": "message.timestamp.type", "value": kind }]));
        for codec in [0, GZIP, ZSTD] {
            for version in [3, 8, 9] {
                let batch = Batch::of(&["a", "b"]).attributes(codec | LOG_APPEND_TIME);
                it.ask("Produce", version, to(&name, 0, &batch));
            }
        }
        fetched(it, &name);
        for timestamp in [-3, crate::clock::story_time()] {
            it.ask("ListOffsets", 7, super::list_offsets::at(&name, 0, timestamp));
        }
    }
}

fn timestamps_beyond_what_the_header_tells(it: &mut Side<'_>) {
    let spread = |batch: &mut Batch| {
        batch
            .records
            .iter_mut()
            .zip([0, 1000, 3000, 2000])
            .for_each(|(one, delta)| one.timestamp_delta = delta);
    };
    let told =
        |delta: i64| move |batch: &mut Batch| batch.max_timestamp = Some(batch.first_timestamp + delta);
    for (name, codec) in [("plain", 0), ("gzip", GZIP)] {
        let name = it.own(name);
        topic(it, &name, 1);
        for delta in [0, 1, 1000, 2999, 3000, 3001, 60_000] {
            let batch = Batch::of(&["a", "b", "c", "d"]).attributes(codec).with(spread).with(told(delta));
            it.ask("Produce", 9, to(&name, 0, &batch));
        }
        fetched(it, &name);
        for timestamp in [-3, crate::clock::story_time() + 500, crate::clock::story_time() + 3000] {
            it.ask("ListOffsets", 7, super::list_offsets::at(&name, 0, timestamp));
        }
    }
}

fn a_base_offset_other_than_0(it: &mut Side<'_>) {
    let name = it.own("one");
    topic(it, &name, 1);
    for base_offset in [5, 1 << 40, -1] {
        let batch = Batch::of(&["a", "b"]).with(|batch| batch.base_offset = base_offset);
        it.ask("Produce", 9, to(&name, 0, &batch));
    }
}

fn an_epoch_the_client_made_up(it: &mut Side<'_>) {
    let name = it.own("one");
    topic(it, &name, 1);
    let mut bytes = Batch::of(&["a"]).bytes();
    bytes.splice(12..16, 77i32.to_be_bytes());
    it.ask("Produce", 9, to_hex(&name, 0, &hex(&bytes)));
    fetched(it, &name);
}

fn to_a_topic_that_does_not_exist_yet(it: &mut Side<'_>) {
    let name = it.own("absent");
    for version in [3, 9, 12] {
        it.ask("Produce", version, to(&name, 0, &Batch::of(&["a"])));
    }
    it.ask("Metadata", 9, json!({ "topics": [{ "name": name }], "allowAutoTopicCreation": false }));
}

fn a_log_that_was_cut_at_its_start(it: &mut Side<'_>) {
    let name = it.own("one");
    topic(it, &name, 1);
    filled(it, &name, 0, &[Batch::of(&["a", "b"]), Batch::of(&["c"])]);
    let partition = json!([{ "partitionIndex": 0, "offset": 2 }]);
    it.ask(
        "DeleteRecords",
        2,
        json!({ "topics": [{ "name": name, "partitions": partition }], "timeoutMs": 60_000 }),
    );
    it.ask("Produce", 9, to(&name, 0, &Batch::of(&["d"])));
    for offset in [0, 1, 2, 3] {
        it.ask("Fetch", 12, super::fetch::from(&name, 0, offset));
    }
}
