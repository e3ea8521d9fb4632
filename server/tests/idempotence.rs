//! Idempotent producers: ids that are never given out twice, duplicates that are recognised.
#![allow(clippy::unwrap_used, reason = "a test says what went wrong by failing")]

mod support;

use std::collections::BTreeSet;

use creel_wire::ErrorCode;
use creel_wire::api::init_producer_id::InitProducerIdRequest;
use support::{Connector, World, batch_of_producer, story, values};

async fn some_ids(broker: Connector) -> Vec<i64> {
    let mut ids = Vec::new();
    for _ in 0..3 {
        let mut client = broker.connect().await;
        for version in 0..=5 {
            let response = client.call(version, &InitProducerIdRequest::default()).await;
            assert_eq!((response.error_code, response.producer_epoch), (ErrorCode::None, 0));
            ids.push(response.producer_id);
        }
    }
    ids
}

#[test]
fn no_producer_id_is_given_out_twice_not_even_after_a_crash() {
    for seed in support::SEEDS {
        let mut world = World::new(seed, 3, &[]);
        let mut ids = world.client(some_ids);
        world.restart();
        ids.extend(world.client(some_ids));
        world.sim.handle().crash(world.broker);
        world.start();
        ids.extend(world.client(some_ids));
        assert_eq!(ids.iter().collect::<BTreeSet<_>>().len(), ids.len(), "{ids:?}");
    }
}

#[test]
fn a_retried_batch_is_answered_with_the_original_offset() {
    story(&[], |broker| async move {
        let mut client = broker.connect().await;
        client.create_topic("orders", 2).await;
        let id = client.call(4, &InitProducerIdRequest::default()).await.producer_id;
        for partition in 0..2 {
            let first = batch_of_producer(id, 0, 0, &["a", "b"]);
            let second = batch_of_producer(id, 0, 2, &["c"]);
            for (batch, expected) in [(&first, 0), (&second, 2), (&first, 0), (&second, 2)] {
                let ack = client.produce("orders", partition, batch).await;
                assert_eq!((ack.error_code, ack.base_offset), (ErrorCode::None, expected));
            }
            let gap = client.produce("orders", partition, &batch_of_producer(id, 0, 9, &["x"])).await;
            assert_eq!(gap.error_code, ErrorCode::OutOfOrderSequenceNumber);
            assert_eq!(values(&client.fetch("orders", partition, 0).await).len(), 3);
        }
    });
}
