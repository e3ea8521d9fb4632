//! InitProducerId and the sequences of idempotent producers.

use serde_json::{Value, json};

use super::prepare::{filled, to, topic};
use super::stories;
use crate::batch::{Batch, TRANSACTIONAL};
use crate::side::Side;

stories! { "idempotence":
    an_id_in_each_version,
    asking_for_an_id_wrongly,
    retries_and_gaps,
    older_retries,
    epochs,
    no_state,
    sequences_wrap,
    several_in_flight,
    transactional_records_without_a_transaction,
}

fn an_id_in_each_version(it: &mut Side<'_>) {
    for version in it.versions("InitProducerId") {
        it.ask("InitProducerId", version, json!({ "transactionalId": null, "transactionTimeoutMs": 1000 }));
    }
}

fn asking_for_an_id_wrongly(it: &mut Side<'_>) {
    let ask = |it: &mut Side<'_>, body: Value| {
        for version in [0, 2, 3, 4] {
            it.ask("InitProducerId", version, body.clone());
        }
    };
    ask(it, json!({ "transactionalId": "", "transactionTimeoutMs": 1000 }));
    for timeout in [0, -1, i32::MAX] {
        ask(it, json!({ "transactionalId": null, "transactionTimeoutMs": timeout }));
    }
    for (id, epoch) in [(-1, 0), (7, -1), (-2, -2), (123_456_789, 3)] {
        ask(
            it,
            json!({ "transactionalId": null, "transactionTimeoutMs": 1000, "producerId": id, "producerEpoch": epoch }),
        );
    }
}

/// A producer id of the broker's, under a name.
fn producer(it: &mut Side<'_>, name: &str) -> i64 {
    let answer =
        it.quietly("InitProducerId", 4, json!({ "transactionalId": null, "transactionTimeoutMs": 1000 }));
    it.name(name, &answer["producerId"]);
    answer["producerId"].as_i64().unwrap_or(-1)
}

fn send(it: &mut Side<'_>, topic: &str, id: i64, epoch: i16, sequence: i32, count: usize) {
    let values = vec!["v"; count];
    let answer = it.ask("Produce", 9, to(topic, 0, &Batch::of(&values).by(id, epoch, sequence)));
    let answer = &answer["responses"][0]["partitionResponses"][0];
    it.note(
        &format!("epoch {epoch} sequence {sequence}"),
        format!("{} {}", answer["errorCode"], answer["baseOffset"]),
    );
}

fn retries_and_gaps(it: &mut Side<'_>) {
    let name = it.own("one");
    topic(it, &name, 1);
    let id = producer(it, "the producer");
    for (sequence, count) in
        [(0, 3), (0, 3), (3, 2), (0, 3), (3, 2), (3, 1), (4, 1), (6, 1), (5, 1), (7, 1), (0, 1), (2, 3)]
    {
        send(it, &name, id, 0, sequence, count);
    }
    it.ask("Fetch", 12, super::fetch::from(&name, 0, 0));
}

fn older_retries(it: &mut Side<'_>) {
    let name = it.own("one");
    topic(it, &name, 1);
    let id = producer(it, "the producer");
    for sequence in 0..7 {
        send(it, &name, id, 0, sequence, 1);
    }
    for sequence in (0..7).rev() {
        send(it, &name, id, 0, sequence, 1);
    }
}

fn epochs(it: &mut Side<'_>) {
    let name = it.own("one");
    topic(it, &name, 1);
    let id = producer(it, "the producer");
    for (epoch, sequence) in
        [(0, 0), (0, 1), (1, 5), (1, 0), (0, 2), (1, 0), (1, 1), (3, 0), (2, 0), (3, 1), (i16::MAX, 0)]
    {
        send(it, &name, id, epoch, sequence, 1);
    }
}

fn no_state(it: &mut Side<'_>) {
    let name = it.own("one");
    topic(it, &name, 1);
    let id = producer(it, "the producer");
    send(it, &name, id, 4, 100, 2);
    send(it, &name, id, 4, 100, 2);
    send(it, &name, id, 4, 102, 1);
    send(it, &name, 1 << 40, 0, 5, 1);
}

fn sequences_wrap(it: &mut Side<'_>) {
    let name = it.own("one");
    topic(it, &name, 1);
    let id = producer(it, "the producer");
    for (sequence, count) in
        [(i32::MAX - 1, 1), (i32::MAX, 2), (i32::MAX, 2), (1, 1), (2, 1), (i32::MAX - 1, 1)]
    {
        send(it, &name, id, 0, sequence, count);
    }
    it.ask("Fetch", 12, super::fetch::from(&name, 0, 0));
}

fn several_in_flight(it: &mut Side<'_>) {
    let name = it.own("one");
    topic(it, &name, 1);
    let id = producer(it, "the producer");
    for sequence in [0, 1, 1, 3, 2, 0] {
        it.send(0, "Produce", 9, to(&name, 0, &Batch::of(&["v"]).by(id, 0, sequence)));
    }
    (0..6).for_each(|_| {
        it.answer(0);
    });
    filled(it, &name, 0, &[Batch::of(&["no producer"])]);
    send(it, &name, id, 0, 3, 1);
}

fn transactional_records_without_a_transaction(it: &mut Side<'_>) {
    let name = it.own("one");
    topic(it, &name, 1);
    let id = producer(it, "the producer");
    let batch = Batch::of(&["a"]).by(id, 0, 0).attributes(TRANSACTIONAL);
    for version in [3, 9, 11, 12] {
        it.ask("Produce", version, to(&name, 0, &batch));
        let mut body = to(&name, 0, &batch);
        body["transactionalId"] = it.own("transaction").into();
        it.ask("Produce", version, body);
    }
}
