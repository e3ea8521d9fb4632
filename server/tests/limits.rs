//! Bounds: connections, idleness, requests that nobody reads the replies of.
#![allow(clippy::unwrap_used, reason = "a test says what went wrong by failing")]

mod support;

use std::time::Duration;

use creel_io::{sleep, spawn};
use creel_wire::ErrorCode;
use creel_wire::api::metadata::MetadataRequest;
use creel_wire::api::produce::ProduceRequest;
use support::{batch, fetch_request, one, produce_request, story, values};

#[test]
fn a_connection_beyond_the_limit_is_closed_and_the_others_stay() {
    story(&["max.connections=2"], |broker| async move {
        let mut first = broker.connect().await;
        first.call(1, &MetadataRequest::default()).await;
        let mut second = broker.connect().await;
        second.call(1, &MetadataRequest::default()).await;
        let mut third = broker.connect().await;
        third.send(1, &MetadataRequest::default()).await;
        assert_eq!(third.receive_frame().await, None);
        second.call(1, &MetadataRequest::default()).await;
        drop(first);
        sleep(Duration::from_secs(1)).await;
        broker.connect().await.call(1, &MetadataRequest::default()).await;
    });
}

#[test]
fn an_idle_connection_is_closed_and_a_waiting_one_is_not() {
    story(&["connections.max.idle.ms=1000"], |broker| async move {
        let mut client = broker.connect().await;
        client.create_topic("orders", 1).await;
        let waiting = spawn(async move {
            let mut consumer = broker.connect().await;
            one(consumer.call(12, &fetch_request("orders", 0, 0, 5_000)).await).error_code
        });
        let mut idle = broker.connect().await;
        idle.call(1, &MetadataRequest::default()).await;
        assert_eq!(idle.receive_frame().await, None);
        assert_eq!(waiting.await, ErrorCode::None);
    });
}

#[test]
fn requests_beyond_the_bound_wait_in_the_socket_and_none_is_lost() {
    story(&["queued.max.requests=2"], |broker| async move {
        let mut client = broker.connect().await;
        client.create_topic("orders", 1).await;
        // The fetch holds all replies up; behind it, more requests than may be in flight.
        client.send(12, &fetch_request("orders", 0, 0, 2_000)).await;
        for _ in 0..50 {
            client.send(9, &produce_request("orders", 0, batch(&["a"]).bytes().clone(), -1)).await;
        }
        client.receive_frame().await.unwrap();
        for expected in 0..50 {
            let (_, response) = client.receive::<ProduceRequest>(9).await;
            assert_eq!(response.responses[0].partition_responses[0].base_offset, expected);
        }
        assert_eq!(values(&client.fetch("orders", 0, 0).await).len(), 50);
    });
}
