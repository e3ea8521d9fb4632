//! What the large requests of many connections hold together: it is bounded, nobody is starved by it, and small requests
//! do not notice.
#![allow(clippy::unwrap_used, reason = "a test says what went wrong by failing")]

mod support;

use std::cell::Cell;
use std::rc::Rc;
use std::time::Duration;

use bytes::Bytes;
use creel_engine::Batch;
use creel_io::{JoinHandle, now, sleep, spawn};
use creel_wire::ErrorCode;
use creel_wire::api::fetch::{FetchPartition, FetchRequest, FetchTopic};
use creel_wire::api::metadata::MetadataRequest;
use creel_wire::api::produce::ProduceRequest;
use support::{Client, Connector, SEEDS, World, batch, encoded, fetch_request, produce_request, story};

const SETTINGS: [&str; 4] = [
    "socket.request.max.bytes=1048576",
    "message.max.bytes=1048576",
    "queued.max.request.bytes=2097152",
    "connections.max.idle.ms=-1",
];
/// Bytes that all cores may hold.
const HELD: usize = 2 << 20;
/// And what each connection may have beside that: in its sockets, received before its request's size was known, and
/// what it need not ask for.
const BESIDE: usize = 256 << 10;
const CONNECTIONS: usize = 30;

fn large() -> Batch {
    batch(&["v".repeat(700_000).as_str()])
}

fn metadata() -> MetadataRequest {
    MetadataRequest { topics: Some(Vec::new()), ..Default::default() }
}

fn produce(batch: &Batch, acks: i16) -> Bytes {
    encoded(9, &produce_request("orders", 0, batch.bytes().clone(), acks))
}

/// Sends bytes a piece at a time, and counts them.
fn send_counted(mut client: Client, bytes: Bytes, sent: &Rc<Cell<usize>>) -> JoinHandle<Client> {
    let sent = sent.clone();
    spawn(async move {
        for piece in bytes.chunks(16 << 10) {
            client.send_raw(piece).await;
            sent.set(sent.get() + piece.len());
        }
        client
    })
}

/// Asks small things on another connection; they are answered at once.
async fn is_served_at_once(broker: Connector) {
    let began = now();
    let mut client = broker.connect().await;
    for _ in 0..20 {
        client.call(12, &metadata()).await;
        let request = produce_request("small", 0, batch(&["a"]).bytes().clone(), 1);
        let response = client.call(9, &request).await;
        assert_eq!(response.responses[0].partition_responses[0].error_code, ErrorCode::None);
    }
    assert!(began.elapsed() < Duration::from_secs(1), "{:?}", began.elapsed());
}

#[test]
fn large_requests_that_wait_for_the_disk_hold_no_more_than_the_bound_and_all_are_answered() {
    wait_for_the_disk(&large(), 1);
}

#[test]
fn many_small_ones_hold_no_more_either() {
    wait_for_the_disk(&batch(&["v".repeat(20_000).as_str()]), 35);
}

/// Has each connection send so many batches to a disk that stands still.
fn wait_for_the_disk(batch: &Batch, each: usize) {
    let bytes: Bytes = produce(batch, -1).repeat(each).into();
    for seed in SEEDS {
        for cores in [1, 3] {
            let mut world = World::new(seed, cores, &SETTINGS);
            let (handle, broker, bytes) = (world.sim.handle(), world.broker, bytes.clone());
            world.client(move |connector| async move {
                let mut client = connector.connect().await;
                client.create_topic("orders", 1).await;
                client.create_topic("small", 1).await;
                handle.disk(broker).hold_syncs(true);
                let sent = Rc::new(Cell::new(0));
                let mut senders = Vec::new();
                for _ in 0..CONNECTIONS {
                    senders.push(send_counted(connector.connect().await, bytes.clone(), &sent));
                }
                sleep(Duration::from_secs(3)).await;
                let taken = sent.get();
                // Of several cores each lets at least one pass.
                let bound = HELD.max(usize::from(cores) * bytes.len());
                assert!(taken <= bound + CONNECTIONS * BESIDE, "{taken} bytes are taken");
                is_served_at_once(connector).await;
                handle.disk(broker).hold_syncs(false);
                let mut offsets = Vec::new();
                for sender in senders {
                    let mut client = sender.await;
                    for _ in 0..each {
                        let (_, response) = client.receive::<ProduceRequest>(9).await;
                        let ack = &response.responses[0].partition_responses[0];
                        assert_eq!(ack.error_code, ErrorCode::None);
                        offsets.push(ack.base_offset);
                    }
                }
                offsets.sort_unstable();
                assert!(offsets.into_iter().eq(0..(CONNECTIONS * each) as i64));
            });
        }
    }
}

#[test]
fn senders_that_stop_in_the_middle_hold_no_more_than_the_bound_and_are_closed_when_others_wait() {
    story(&SETTINGS, |broker| async move {
        let mut client = broker.connect().await;
        client.create_topic("orders", 1).await;
        client.create_topic("small", 1).await;
        let (sent, bytes) = (Rc::new(Cell::new(0)), produce(&large(), -1));
        let mut stalled = Vec::new();
        for _ in 0..CONNECTIONS {
            let part = bytes.slice(..bytes.len() - 1);
            stalled.push(send_counted(broker.connect().await, part, &sent));
        }
        sleep(Duration::from_secs(3)).await;
        let taken = sent.get();
        assert!(taken <= HELD + bytes.len() + CONNECTIONS * BESIDE, "{taken} bytes are taken");
        is_served_at_once(broker).await;
        // Whoever has come last is served when all those have had their time.
        let sender = send_counted(broker.connect().await, bytes, &sent);
        let (_, response) = sender.await.receive::<ProduceRequest>(9).await;
        assert_eq!(response.responses[0].partition_responses[0].error_code, ErrorCode::None);
        drop(stalled);
    });
}

#[test]
fn a_sender_that_stops_in_the_middle_is_left_alone_while_nobody_waits() {
    story(&SETTINGS, |broker| async move {
        let mut client = broker.connect().await;
        client.create_topic("orders", 1).await;
        let bytes = produce(&large(), -1);
        let sender = send_counted(client, bytes.slice(..bytes.len() - 1), &Rc::default());
        let mut client = sender.await;
        sleep(Duration::from_secs(60)).await;
        client.send_raw(&bytes[bytes.len() - 1..]).await;
        let (_, response) = client.receive::<ProduceRequest>(9).await;
        assert_eq!(response.responses[0].partition_responses[0].error_code, ErrorCode::None);
    });
}

/// A request of some 100 KB that waits until a record comes, or `max_wait_ms`.
fn large_fetch(max_wait_ms: i32) -> FetchRequest {
    let mut request = fetch_request("orders", 0, 0, max_wait_ms);
    request.topics.extend((0..2000).map(|at| FetchTopic {
        topic: format!("a topic that there is not {at}").into(),
        partitions: vec![FetchPartition::default()],
        ..Default::default()
    }));
    request
}

#[test]
fn parked_fetches_keep_no_producer_waiting_and_no_fetch_for_ever() {
    let mut settings = SETTINGS.to_vec();
    settings[3] = "connections.max.idle.ms=5000";
    for seed in SEEDS {
        World::new(seed, 1, &settings).client(|broker| async move {
            let mut client = broker.connect().await;
            client.create_topic("orders", 2).await;
            client.create_topic("small", 1).await;
            let mut parked = Vec::new();
            for _ in 0..5 {
                let mut consumer = broker.connect().await;
                parked.push(spawn(async move {
                    consumer.send(12, &large_fetch(i32::MAX)).await;
                    consumer.receive_frame().await
                }));
            }
            sleep(Duration::from_secs(1)).await;
            let began = now();
            let request = produce_request("orders", 1, large().bytes().clone(), -1);
            client.call(9, &request).await;
            assert!(began.elapsed() < Duration::from_secs(1), "{:?}", began.elapsed());
            is_served_at_once(broker).await;
            let mut consumer = broker.connect().await;
            consumer.call(12, &large_fetch(0)).await;
            assert!(began.elapsed() < Duration::from_secs(60), "{:?}", began.elapsed());
            drop(parked);
        });
    }
}

#[test]
fn a_client_that_takes_nothing_is_closed_when_others_wait_for_what_its_requests_hold() {
    for seed in SEEDS {
        World::new(seed, 1, &SETTINGS).client(|broker| async move {
            let mut client = broker.connect().await;
            client.create_topic("orders", 1).await;
            client.call(9, &produce_request("orders", 0, large().bytes().clone(), -1)).await;
            // Its answers wait behind one that it does not take.
            let mut stuck = broker.connect().await;
            stuck.send(12, &fetch_request("orders", 0, 0, 0)).await;
            let requests: Bytes = produce(&large(), -1).repeat(3).into();
            let sent = Rc::default();
            let stuck = send_counted(stuck, requests, &sent);
            sleep(Duration::from_secs(1)).await;
            assert!(sent.get() > 1_400_000, "{} bytes are taken", sent.get());
            let began = now();
            let response = client.call(9, &produce_request("orders", 0, large().bytes().clone(), -1)).await;
            assert_eq!(response.responses[0].partition_responses[0].error_code, ErrorCode::None);
            assert!(began.elapsed() > Duration::from_secs(5), "{:?}", began.elapsed());
            let mut stuck = stuck.await;
            while stuck.take_some().await > 0 {}
        });
    }
}
