//! The judge knows what Kafka promises to a producer without an id, no less and no more.
#![allow(clippy::unwrap_used, reason = "a test says what went wrong by failing")]

mod load;
mod support;

use std::collections::BTreeSet;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Duration;

use creel_io::sleep;
use load::content::RecordId;
use load::judge::{Judge, Part};
use support::{World, batch, produce_request, values};

const TOPIC: &str = "orders";
const PART: Part = Part { topic: TOPIC, index: 0 };
const CARELESS: u16 = 3;

/// Why the judge lets a batch without an answer come late: a broker that starts has both connections waiting for it, the
/// broken one too, and serves them on two cores. Which core gets to which depends on who else is connected.
#[test]
fn a_batch_whose_connection_broke_may_be_overtaken_by_the_next() {
    let mut orders = BTreeSet::new();
    for seed in 0..30 {
        let mut world = World::new(seed, 2, &[]);
        world.client(|connector| async move {
            connector.connect().await.create_topic(TOPIC, 1).await;
        });
        let (handle, broker, clients) = (world.sim.handle(), world.broker, world.clients());
        handle.kill(broker);
        handle.disk(broker).hold_syncs(true);
        world.start();
        let found = world.client(move |connector| async move {
            let request = |value| produce_request(TOPIC, 0, batch(&[value]).bytes().clone(), 1);
            let _other = if seed % 2 == 1 { Some(connector.connect().await) } else { None };
            let mut broken = connector.connect().await;
            broken.send(9, &request("first")).await;
            sleep(Duration::from_millis(20)).await;
            handle.network().reset_connections(broker, clients);
            let mut next = connector.connect().await;
            next.send(9, &request("second")).await;
            sleep(Duration::from_millis(20)).await;
            handle.disk(broker).hold_syncs(false);
            let answer = next.receive::<creel_wire::api::produce::ProduceRequest>(9).await.1;
            assert!(answer.responses[0].partition_responses[0].error_code.is_none());
            sleep(Duration::from_millis(200)).await;
            let found = values(&connector.connect().await.fetch(TOPIC, 0, 0).await);
            found.into_iter().map(|(_, value)| value).collect::<Vec<_>>()
        });
        orders.insert(found);
    }
    let order = |values: [&str; 2]| values.map(str::to_owned).to_vec();
    assert_eq!(orders, BTreeSet::from([order(["first", "second"]), order(["second", "first"])]));
}

/// Has the judge look at a log of records with these numbers, of which those of `adrift` got no answer. The broker ended
/// after number `ended_after` was sent.
fn is_sound(log: &[i32], adrift: &[i32], ended_after: Option<i32>) -> bool {
    let mut judge = Judge::new([(PART, true)], vec![CARELESS]);
    let record = |number| RecordId { producer: CARELESS, number };
    for number in 0..log.len() as i32 {
        judge.sending(PART, record(number), 1);
        if !adrift.contains(&number) {
            judge.answered(PART, record(number), 1);
        }
        if ended_after == Some(number) {
            judge.broker_ended();
        }
    }
    let found: Vec<_> = (0..).zip(log.iter().map(|number| record(*number))).collect();
    catch_unwind(AssertUnwindSafe(|| judge.swept(PART, 0, log.len() as i64, &found))).is_ok()
}

#[test]
fn answered_records_keep_their_order() {
    assert!(is_sound(&[0, 1, 2, 3], &[], None));
    assert!(!is_sound(&[0, 2, 1, 3], &[], None));
}

#[test]
fn a_record_without_an_answer_may_come_late_and_nothing_else_may() {
    assert!(is_sound(&[0, 1, 2, 3], &[1], None));
    assert!(is_sound(&[0, 2, 1, 3], &[1], None));
    assert!(is_sound(&[0, 2, 3, 1], &[1], None));
    assert!(!is_sound(&[1, 0, 2, 3], &[1], None), "0 was answered before 1 was sent");
    assert!(!is_sound(&[0, 1, 3, 2], &[1], None));
}

#[test]
fn a_record_without_an_answer_does_not_outlive_its_broker() {
    assert!(is_sound(&[0, 2, 1, 3], &[1], Some(2)));
    assert!(!is_sound(&[0, 2, 3, 1], &[1], Some(2)), "3 was sent to the next broker");
    assert!(!is_sound(&[0, 2, 1, 3], &[1], Some(1)));
}
