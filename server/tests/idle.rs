//! Clients that do nothing: they ask for nothing, go on with nothing they began, or take nothing of what they are owed.
#![allow(clippy::unwrap_used, reason = "a test says what went wrong by failing")]

mod support;

use std::time::Duration;

use creel_io::{now, sleep};
use creel_wire::api::fetch::FetchRequest;
use creel_wire::api::metadata::MetadataRequest;
use support::{Client, Connector, batch, encoded, fetch_request, produce_request, story};

const IDLE: &str = "connections.max.idle.ms=2000";

/// A topic with more records than sockets hold.
async fn filled(broker: Connector) -> Client {
    let mut client = broker.connect().await;
    client.create_topic("orders", 2).await;
    let large = "v".repeat(500_000);
    for partition in 0..2 {
        client.produce("orders", partition, &batch(&[&large])).await;
    }
    client
}

/// How long it takes until a client that does nothing is closed; at its end, it has not had all of `owed` bytes.
async fn until_closed(mut client: Client, owed: usize) -> Duration {
    let began = now();
    let mut taken = 0;
    sleep(Duration::from_secs(10)).await;
    loop {
        match client.take_some().await {
            0 => break,
            bytes => taken += bytes,
        }
    }
    assert!(taken < owed, "{taken} of {owed} bytes");
    began.elapsed()
}

#[test]
fn a_client_that_takes_nothing_of_its_records_is_closed() {
    story(&[IDLE], |broker| async move {
        drop(filled(broker).await);
        for partition in 0..2 {
            let mut client = broker.connect().await;
            client.send(12, &fetch_request("orders", partition, 0, 0)).await;
            until_closed(client, 500_000).await;
        }
    });
}

#[test]
fn a_client_that_takes_nothing_of_its_answers_is_closed_though_it_asks_on() {
    story(&[IDLE, "max.connections=1"], |broker| async move {
        let mut client = broker.connect().await;
        client.create_topic("orders", 300).await;
        // Together their answers are more than sockets hold.
        for _ in 0..20 {
            client.send(12, &MetadataRequest::default()).await;
        }
        for _ in 0..10 {
            sleep(Duration::from_millis(500)).await;
            client.send(12, &MetadataRequest::default()).await;
        }
        // Its place is free.
        assert!(broker.connect().await.try_call(12, &MetadataRequest::default()).await.is_some());
    });
}

#[test]
fn a_client_that_takes_its_records_slowly_is_not() {
    story(&[IDLE], |broker| async move {
        drop(filled(broker).await);
        for partition in 0..2 {
            let mut client = broker.connect().await;
            client.send(12, &fetch_request("orders", partition, 0, 0)).await;
            client.finish();
            let mut taken = 0;
            loop {
                sleep(Duration::from_millis(1000)).await;
                match client.take_some().await {
                    0 => break,
                    bytes => taken += bytes,
                }
            }
            assert!(taken > 500_000, "{taken} bytes");
        }
    });
}

#[test]
fn half_a_request_is_no_reason_to_wait_though_replies_are_owed() {
    story(&[IDLE], |broker| async move {
        filled(broker).await;
        let mut client = broker.connect().await;
        client.send(12, &fetch_request("orders", 0, 1, i32::MAX)).await;
        let request = encoded(9, &produce_request("orders", 0, batch(&["a"]).bytes().clone(), -1));
        client.send_raw(&request[..20]).await;
        let began = now();
        assert_eq!(client.receive_frame().await, None);
        assert!(began.elapsed() < Duration::from_secs(5), "{:?}", began.elapsed());
    });
}

#[test]
fn a_client_whose_requests_wait_in_the_broker_is_not_idle() {
    story(&[IDLE, "queued.max.requests=2"], |broker| async move {
        filled(broker).await;
        let mut client = broker.connect().await;
        client.send(12, &fetch_request("orders", 0, 1, 10_000)).await;
        for _ in 0..5 {
            client.send(12, &MetadataRequest::default()).await;
        }
        assert!(client.try_receive::<FetchRequest>(12).await.is_some());
        for _ in 0..5 {
            assert!(client.try_receive::<MetadataRequest>(12).await.is_some());
        }
    });
}
