//! Produce, and what is wrong with it.

use serde_json::{Value, json};

use super::prepare::{and, filled, to, to_hex, topic, topic_with};
use super::stories;
use crate::batch::{Batch, CONTROL, TRANSACTIONAL};
use crate::side::Side;
use crate::value::hex;

stories! { "produce-wrong":
    acks_that_do_not_exist,
    partitions_that_do_not_exist,
    names_that_cannot_be,
    ids_that_do_not_exist,
    damaged_batches,
    not_one_batch,
    a_batch_and_some_bytes,
    lies_about_counts,
    fewer_records_counted_than_sent,
    batches_no_client_may_send,
    a_producer_without_an_epoch,
    old_formats,
    too_large,
    keyless_on_a_compacted_topic,
    keyless_and_compressed,
    wrong_beside_right,
    wrong_with_acks_0,
    min_insync_replicas,
}

/// Versions that answer wrong records differently: before and with record errors, and the latest by name.
const TELLING: [i16; 4] = [3, 7, 8, 12];

fn refused(it: &mut Side<'_>, name: &str, records: &[u8]) {
    for version in TELLING {
        it.ask("Produce", version, to_hex(name, 0, &hex(records)));
    }
}

fn fetched(it: &mut Side<'_>, name: &str) {
    it.ask("Fetch", 12, super::fetch::from(name, 0, 0));
}

fn acks_that_do_not_exist(it: &mut Side<'_>) {
    let name = it.own("one");
    topic(it, &name, 1);
    for acks in [2, -2, i16::MAX] {
        for version in TELLING {
            it.ask("Produce", version, and(to(&name, 0, &Batch::of(&["a"])), "acks", acks));
        }
    }
}

fn partitions_that_do_not_exist(it: &mut Side<'_>) {
    let name = it.own("one");
    topic(it, &name, 1);
    for partition in [1, -1, i32::MAX, i32::MIN] {
        for version in TELLING {
            it.ask("Produce", version, to(&name, partition, &Batch::of(&["a"])));
        }
    }
}

fn names_that_cannot_be(it: &mut Side<'_>) {
    for name in ["", "..", "a b", "__consumer_offsets", "__transaction_state"] {
        for version in TELLING {
            it.ask("Produce", version, to(name, 0, &Batch::of(&["a"])));
        }
    }
}

fn ids_that_do_not_exist(it: &mut Side<'_>) {
    let strange = json!("0123456789abcdef0123456789abcdef");
    it.name("an id nobody gave", &strange);
    let none = json!(crate::value::NO_ID);
    for id in [strange, none] {
        let data =
            json!([{ "topicId": id, "partitionData": [{ "index": 0, "records": Batch::of(&["a"]).hex() }] }]);
        it.ask("Produce", 13, json!({ "acks": -1, "timeoutMs": 1000, "topicData": data }));
    }
}

fn damaged_batches(it: &mut Side<'_>) {
    let name = it.own("one");
    topic(it, &name, 1);
    refused(it, &name, &Batch::of(&["a", "b"]).with(|batch| batch.damaged = true).bytes());
    let mut bytes = Batch::of(&["a", "b"]).bytes();
    bytes.truncate(bytes.len() - 1);
    refused(it, &name, &bytes);
    refused(it, &name, bytes.get(..61).unwrap_or_default());
    refused(it, &name, bytes.get(..60).unwrap_or_default());
    refused(it, &name, bytes.get(..17).unwrap_or_default());
    refused(it, &name, bytes.get(..11).unwrap_or_default());
    refused(it, &name, &[0; 100]);
    for off in [-60, -1, 1, 1000, i32::MAX - 1000] {
        refused(it, &name, &Batch::of(&["a"]).with(|batch| batch.length_off_by = off).bytes());
    }
    let negative = Batch::of(&["a"]).with(|batch| batch.length_off_by = -1000).bytes();
    refused(it, &name, &negative);
    fetched(it, &name);
}

fn not_one_batch(it: &mut Side<'_>) {
    let name = it.own("one");
    topic(it, &name, 1);
    refused(it, &name, &[]);
    let two = [Batch::of(&["a"]).bytes(), Batch::of(&["b"]).bytes()].concat();
    refused(it, &name, &two);
    refused(it, &name, &Batch::of(&[]).bytes());
    // Null instead of records is left out: Kafka 4.3.1 never answers.
    fetched(it, &name);
}

fn a_batch_and_some_bytes(it: &mut Side<'_>) {
    let name = it.own("one");
    topic(it, &name, 1);
    let rest = [Batch::of(&["a"]).bytes(), vec![0; 5]].concat();
    refused(it, &name, &rest);
}

fn fewer_records_counted_than_sent(it: &mut Side<'_>) {
    let name = it.own("one");
    topic(it, &name, 1);
    let lie = |batch: &mut Batch| (batch.last_offset_delta, batch.count) = (Some(0), Some(1));
    refused(it, &name, &Batch::of(&["a", "b"]).with(lie).bytes());
}

fn lies_about_counts(it: &mut Side<'_>) {
    let name = it.own("one");
    topic(it, &name, 1);
    let lies: [fn(&mut Batch); 8] = [
        |batch| batch.count = Some(0),
        |batch| batch.count = Some(1),
        |batch| batch.count = Some(3),
        |batch| batch.count = Some(-1),
        |batch| batch.last_offset_delta = Some(0),
        |batch| batch.last_offset_delta = Some(5),
        |batch| batch.last_offset_delta = Some(-1),
        |batch| batch.records.iter_mut().for_each(|record| record.offset_delta *= 2),
    ];
    for lie in lies {
        refused(it, &name, &Batch::of(&["a", "b"]).with(lie).bytes());
    }
    fetched(it, &name);
}

fn batches_no_client_may_send(it: &mut Side<'_>) {
    let name = it.own("one");
    topic(it, &name, 1);
    refused(it, &name, &Batch::of(&["a"]).attributes(CONTROL).bytes());
    refused(it, &name, &Batch::of(&["a"]).attributes(CONTROL | TRANSACTIONAL).by(1, 0, 0).bytes());
    refused(it, &name, &Batch::of(&["a"]).attributes(TRANSACTIONAL).bytes());
    for codec in [5, 6, 7] {
        refused(it, &name, &Batch::of(&["a"]).attributes(codec).bytes());
    }
    refused(it, &name, &Batch::of(&["a"]).attributes(1 << 7).bytes());
    let sequence_alone = Batch::of(&["a"]).with(|batch| batch.producer = (-1, -1, 0));
    refused(it, &name, &sequence_alone.bytes());
    let no_sequence = Batch::of(&["a"]).by(7, 0, -1);
    refused(it, &name, &no_sequence.bytes());
}

fn a_producer_without_an_epoch(it: &mut Side<'_>) {
    let name = it.own("one");
    topic(it, &name, 1);
    refused(it, &name, &Batch::of(&["a"]).by(7, -1, 0).bytes());
}

fn old_formats(it: &mut Side<'_>) {
    let name = it.own("one");
    topic(it, &name, 1);
    for magic in [0, 1, 3, 255] {
        refused(it, &name, &Batch::of(&["a"]).with(|batch| batch.magic = magic).bytes());
    }
}

fn too_large(it: &mut Side<'_>) {
    let name = it.own("small");
    topic_with(it, &name, 1, json!([{ "name": "max.message.bytes", "value": "200" }]));
    let of = |size: usize| Batch::of(&["x".repeat(size).as_str()]);
    let over = of(100).bytes().len() - 100;
    for size in [200 - over, 201 - over, 400] {
        refused(it, &name, &of(size).bytes());
    }
    let plain = it.own("plain");
    topic(it, &plain, 1);
    refused(it, &plain, &of(1_048_700).bytes());
    it.ask("Produce", 9, to(&plain, 0, &of(1_000_000)));
}

fn keyless() -> Batch {
    Batch::of(&["a", "b", "c"]).with(|batch| {
        batch.records.iter_mut().skip(1).for_each(|record| record.key = None);
    })
}

fn compacted(it: &mut Side<'_>) -> String {
    let name = it.own("one");
    topic_with(it, &name, 1, json!([{ "name": "cleanup.policy", "value": "compact" }]));
    name
}

fn keyless_on_a_compacted_topic(it: &mut Side<'_>) {
    let name = compacted(it);
    refused(it, &name, &keyless().bytes());
    it.ask("Produce", 9, to(&name, 0, &Batch::of(&["a"])));
    let tombstone =
        Batch::of(&["a"]).with(|batch| batch.records.iter_mut().for_each(|record| record.value = None));
    it.ask("Produce", 9, to(&name, 0, &tombstone));
}

fn keyless_and_compressed(it: &mut Side<'_>) {
    let name = compacted(it);
    refused(it, &name, &keyless().attributes(crate::batch::GZIP).bytes());
}

fn wrong_beside_right(it: &mut Side<'_>) {
    let name = it.own("one");
    topic(it, &name, 2);
    let data = |index: i32, batch: Batch| json!({ "index": index, "records": batch.hex() });
    let partitions: Value = json!([
        data(0, Batch::of(&["a"]).with(|batch| batch.damaged = true)),
        data(1, Batch::of(&["b"])),
        data(2, Batch::of(&["c"]))
    ]);
    let topics = json!([{ "name": name, "partitionData": partitions }]);
    for version in TELLING {
        it.ask("Produce", version, json!({ "acks": -1, "timeoutMs": 1000, "topicData": topics }));
    }
}

fn wrong_with_acks_0(it: &mut Side<'_>) {
    let name = it.own("one");
    topic(it, &name, 1);
    filled(it, &name, 0, &[Batch::of(&["a"])]);
    let wrongs = [
        to(&name, 9, &Batch::of(&["b"])),
        to(&name, 0, &Batch::of(&["b"]).with(|batch| batch.damaged = true)),
        to("a b", 0, &Batch::of(&["b"])),
    ];
    for wrong in wrongs {
        let wire = it.connect();
        it.send(wire, "Produce", 9, and(wrong, "acks", 0));
        it.expect_nothing(wire);
        it.ask_on(wire, "Metadata", 9, json!({ "topics": [] }));
    }
}

fn min_insync_replicas(it: &mut Side<'_>) {
    let name = it.own("one");
    topic_with(it, &name, 1, json!([{ "name": "min.insync.replicas", "value": "2" }]));
    for acks in [1, -1] {
        for version in TELLING {
            it.ask("Produce", version, and(to(&name, 0, &Batch::of(&["a"])), "acks", acks));
        }
    }
}
