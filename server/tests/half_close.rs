//! Clients that shut down their side and wait for their answers (`nc -N` does so, and proxies pass it on): what came whole
//! is answered, in order, whatever it waits for, and then the connection is closed.
#![allow(clippy::unwrap_used, reason = "a test says what went wrong by failing")]

mod support;

use std::time::Duration;

use creel_io::{now, sleep, spawn};
use creel_wire::api::create_topics::{CreatableTopic, CreateTopicsRequest};
use creel_wire::api::fetch::FetchRequest;
use creel_wire::api::join_group::{JoinGroupRequest, JoinGroupRequestProtocol};
use creel_wire::api::metadata::MetadataRequest;
use creel_wire::api::produce::ProduceRequest;
use creel_wire::{ErrorCode, Records, Request};
use support::{SEEDS, World, batch, encoded, fetch_request, one, produce_request, story, values};

fn metadata() -> MetadataRequest {
    MetadataRequest { topics: Some(Vec::new()), ..Default::default() }
}

/// The reply to the next request, which has no error.
async fn is_appended(client: &mut support::Client, base_offset: i64) {
    let (_, response) = client.receive::<ProduceRequest>(9).await;
    let ack = &response.responses[0].partition_responses[0];
    assert_eq!((ack.error_code, ack.base_offset), (ErrorCode::None, base_offset));
}

#[test]
fn what_waits_for_the_disk_is_answered_after_the_client_has_shut_down_its_side() {
    for seed in SEEDS {
        for cores in [1, 3] {
            let mut world = World::new(seed, cores, &[]);
            let (handle, broker) = (world.sim.handle(), world.broker);
            world.client(move |connector| async move {
                connector.connect().await.create_topic("orders", 3).await;
                handle.disk(broker).hold_syncs(true);
                let mut client = connector.connect().await;
                for at in 0..6 {
                    let request = produce_request("orders", at % 3, batch(&["a"]).bytes().clone(), -1);
                    client.send(9, &request).await;
                }
                client.send(12, &metadata()).await;
                client.finish();
                sleep(Duration::from_secs(1)).await;
                handle.disk(broker).hold_syncs(false);
                for at in 0..6 {
                    is_appended(&mut client, at / 3).await;
                }
                client.receive::<MetadataRequest>(12).await;
                assert_eq!(client.receive_frame().await, None);
            });
        }
    }
}

#[test]
fn what_is_begun_only_when_it_is_its_turn_is_done_too() {
    story(&[], |broker| async move {
        let mut client = broker.connect().await;
        client.create_topic("orders", 2).await;
        client.send(12, &fetch_request("orders", 1, 0, 300)).await;
        let topic = CreatableTopic {
            name: "bills".into(),
            num_partitions: 3,
            replication_factor: 1,
            ..Default::default()
        };
        client.send(7, &CreateTopicsRequest { topics: vec![topic], ..Default::default() }).await;
        client.finish();
        assert_eq!(one(client.receive::<FetchRequest>(12).await.1).records, Records::EMPTY);
        assert_eq!(client.receive::<CreateTopicsRequest>(7).await.1.topics[0].error_code, ErrorCode::None);
        assert_eq!(client.receive_frame().await, None);
        let topic = broker.connect().await.topic("bills", false).await;
        assert_eq!(topic.error_code, ErrorCode::None);
    });
}

#[test]
fn a_parked_fetch_is_answered_at_its_time_or_by_what_it_waits_for() {
    story(&[], |broker| async move {
        let mut client = broker.connect().await;
        client.create_topic("orders", 2).await;
        for partition in 0..2 {
            let began = now();
            let mut consumer = broker.connect().await;
            consumer.send(12, &fetch_request("orders", partition, 0, 500)).await;
            consumer.finish();
            assert_eq!(one(consumer.receive::<FetchRequest>(12).await.1).records, Records::EMPTY);
            assert_eq!(consumer.receive_frame().await, None);
            let waited = began.elapsed();
            assert!(waited >= Duration::from_millis(500) && waited < Duration::from_secs(2), "{waited:?}");

            let mut consumer = broker.connect().await;
            consumer.send(12, &fetch_request("orders", partition, 0, 600_000)).await;
            consumer.finish();
            sleep(Duration::from_millis(100)).await;
            client.produce("orders", partition, &batch(&["a"])).await;
            let found = one(consumer.receive::<FetchRequest>(12).await.1);
            assert_eq!(values(&found), [(0, "a".to_owned())]);
            assert_eq!(consumer.receive_frame().await, None);
        }
    });
}

#[test]
fn a_member_that_waits_for_its_group_is_answered() {
    story(&["group.initial.rebalance.delay.ms=500"], |broker| async move {
        let mut member = broker.connect().await;
        let protocol = JoinGroupRequestProtocol { name: "range".into(), ..Default::default() };
        let request = JoinGroupRequest {
            group_id: "readers".into(),
            session_timeout_ms: 10_000,
            rebalance_timeout_ms: 10_000,
            protocol_type: "consumer".into(),
            protocols: vec![protocol],
            ..Default::default()
        };
        loop {
            member.send(3, &request).await;
            member.finish();
            let (_, joined) = member.receive::<JoinGroupRequest>(3).await;
            assert_eq!(member.receive_frame().await, None);
            if joined.error_code == ErrorCode::None {
                assert_eq!(joined.generation_id, 1);
                return;
            }
            // The coordinator is still being made.
            sleep(Duration::from_millis(100)).await;
            member = broker.connect().await;
            let find = creel_wire::api::find_coordinator::FindCoordinatorRequest {
                key: "readers".into(),
                ..Default::default()
            };
            member.call(3, &find).await;
        }
    });
}

#[test]
fn half_a_request_is_dropped_and_those_before_it_are_answered() {
    story(&[], |broker| async move {
        let mut client = broker.connect().await;
        client.create_topic("orders", 1).await;
        client.send(9, &produce_request("orders", 0, batch(&["a"]).bytes().clone(), -1)).await;
        let second = encoded(9, &produce_request("orders", 0, batch(&["b"]).bytes().clone(), -1));
        client.send_raw(&second[..second.len() - 1]).await;
        client.finish();
        is_appended(&mut client, 0).await;
        assert_eq!(client.receive_frame().await, None);
        assert_eq!(values(&broker.connect().await.fetch("orders", 0, 0).await).len(), 1);
    });
}

#[test]
fn requests_before_one_that_is_none_are_answered() {
    story(&[], |broker| async move {
        let mut client = broker.connect().await;
        client.create_topic("orders", 1).await;
        let bad_size = [0xff; 4];
        // A version that there is not, and a body that does not parse.
        let header = |version: i16, key: i16| {
            let mut frame = vec![0, 0, 0, 12];
            frame.extend([key.to_be_bytes(), version.to_be_bytes()].concat());
            frame.extend([0, 0, 0, 7, 0xff, 0xff, 0xff, 0xff]);
            frame
        };
        let bad_version = header(99, MetadataRequest::API_KEY.code());
        let bad_body = header(9, ProduceRequest::API_KEY.code());
        for (at, bad) in [&bad_size[..], &bad_version, &bad_body].into_iter().enumerate() {
            let mut client = broker.connect().await;
            client.send(9, &produce_request("orders", 0, batch(&["a"]).bytes().clone(), -1)).await;
            client.send_raw(bad).await;
            is_appended(&mut client, at as i64).await;
            assert_eq!(client.receive_frame().await, None);
        }
    });
}

#[test]
fn a_client_that_has_gone_is_kept_until_its_fetch_ends_or_it_has_been_idle() {
    let settings = ["max.connections=2", "connections.max.idle.ms=2000"];
    story(&settings, |broker| async move {
        let mut client = broker.connect().await;
        client.create_topic("orders", 2).await;
        let stays = spawn(async move {
            for _ in 0..100 {
                client.call(12, &metadata()).await;
                sleep(Duration::from_millis(100)).await;
            }
        });
        for (max_wait_ms, kept) in [(300, 0..1500), (i32::MAX, 1500..4500)] {
            // The last one's place must be free.
            sleep(Duration::from_millis(200)).await;
            let began = now();
            let mut gone = broker.connect().await;
            gone.send(12, &fetch_request("orders", 1, 0, max_wait_ms)).await;
            sleep(Duration::from_millis(100)).await;
            drop(gone);
            // Its place is free once nothing is kept of it.
            loop {
                let mut next = broker.connect().await;
                if next.try_call(12, &metadata()).await.is_some() {
                    break;
                }
                sleep(Duration::from_millis(50)).await;
            }
            let waited = began.elapsed().as_millis() as i32;
            assert!(kept.contains(&waited), "{waited} ms");
        }
        assert!(!stays.is_finished());
    });
}
