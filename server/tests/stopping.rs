//! The stop: what was begun is answered, what was acked is there, and the next start needs no recovery.
#![allow(clippy::unwrap_used, reason = "a test says what went wrong by failing")]

mod support;

use std::time::Duration;

use creel_io::{sleep, spawn};
use creel_wire::Records;
use creel_wire::api::fetch::FetchRequest;
use support::{World, batch, fetch_request, one, values};

#[test]
fn a_stop_answers_parked_fetches_closes_connections_and_leaves_kafkas_mark() {
    for seed in support::SEEDS {
        let mut world = World::new(seed, 2, &[]);
        let (handle, broker) = (world.sim.handle(), world.broker);
        world.client(move |connector| async move {
            let mut client = connector.connect().await;
            client.create_topic("orders", 2).await;
            client.produce("orders", 0, &batch(&["a"])).await;
            let parked = spawn(async move {
                let mut consumer = connector.connect().await;
                consumer.send(12, &fetch_request("orders", 0, 1, i32::MAX)).await;
                let (_, found) = consumer.receive::<FetchRequest>(12).await;
                assert_eq!(one(found).records, Records::EMPTY);
                assert_eq!(consumer.receive_frame().await, None);
            });
            sleep(Duration::from_millis(200)).await;
            handle.ask_to_stop(broker);
            parked.await;
            assert_eq!(client.receive_frame().await, None);
        });
        world.sim.run_until_ended(world.broker).unwrap();
        let files = world.sim.handle().disk(world.broker).files();
        assert!(files.iter().any(|path| path.ends_with(".kafka_cleanshutdown")), "{files:?}");
        world.start();
        world.client(|connector| async move {
            assert_eq!(values(&connector.connect().await.fetch("orders", 0, 0).await).len(), 1);
        });
        let files = world.sim.handle().disk(world.broker).files();
        assert!(!files.iter().any(|path| path.ends_with(".kafka_cleanshutdown")), "{files:?}");
    }
}
