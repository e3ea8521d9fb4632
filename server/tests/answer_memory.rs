//! Clients that ask and take nothing of their answers: what these take in memory, and the requests behind them, is bounded for
//! all connections of a core together, and who takes its own is answered.
#![allow(clippy::unwrap_used, reason = "a test says what went wrong by failing")]

mod support;

use std::time::Duration;

use allocation_counter::measure;
use bytes::Bytes;
use creel_io::{sleep, spawn};
use creel_wire::api::fetch::{FetchPartition, FetchRequest, FetchTopic};
use creel_wire::api::find_coordinator::FindCoordinatorRequest;
use creel_wire::api::join_group::{JoinGroupRequest, JoinGroupRequestProtocol};
use creel_wire::api::metadata::MetadataRequest;
use creel_wire::api::sync_group::{SyncGroupRequest, SyncGroupRequestAssignment};
use creel_wire::{ErrorCode, Request, Str};
use support::{Client, Connector, World, encoded};

const GROUP: Str = Str::from_static("readers");

/// What the answers of a core's connections may take together, and room for all else.
const HELD_BYTES: u64 = 256 << 20;
const ALL_ELSE_BYTES: u64 = 80 << 20;

/// Nothing here is stopped by the bound on steps.
fn world() -> World {
    let manners = creel_io::sim::Config { steps_max: u64::MAX, ..creel_io::sim::Config::calm() };
    World::with(1, manners, 1, &["offsets.topic.num.partitions=1"])
}

/// So many clients ask, each with what `request` makes, and take nothing. Then another one asks for the same.
fn silent<R: Request + 'static>(
    world: &mut World,
    clients: usize,
    version: i16,
    request: impl Fn() -> R + 'static,
) -> R::Response
where
    R::Response: 'static,
{
    let mut answer = None;
    let used = measure(|| {
        let answered = world.client(move |broker| async move {
            let mut silent = Vec::new();
            for _ in 0..clients {
                let mut client = broker.connect().await;
                client.send(version, &request()).await;
                silent.push(client);
            }
            sleep(Duration::from_secs(1)).await;
            broker.connect().await.try_call(version, &request()).await
        });
        answer = answered;
    });
    println!("{} bytes of memory", used.bytes_max);
    assert!(used.bytes_max < HELD_BYTES + ALL_ELSE_BYTES, "{} bytes of memory", used.bytes_max);
    answer.expect("whoever takes its answer gets it")
}

/// A group of one member, whose assignment is this large.
async fn assigned(broker: Connector, bytes: usize) -> (Client, SyncGroupRequest) {
    let mut client = broker.connect().await;
    let find = FindCoordinatorRequest { coordinator_keys: vec![GROUP], ..Default::default() };
    assert_eq!(client.call(4, &find).await.coordinators[0].error_code, ErrorCode::None);
    let protocol = JoinGroupRequestProtocol { name: "range".into(), metadata: Bytes::from_static(b"all") };
    let join = JoinGroupRequest {
        group_id: GROUP,
        session_timeout_ms: 1_800_000,
        rebalance_timeout_ms: 30_000,
        protocol_type: "consumer".into(),
        protocols: vec![protocol],
        ..Default::default()
    };
    let joined = client.call(3, &join).await;
    assert_eq!(joined.error_code, ErrorCode::None);
    let of_member = |assignments| SyncGroupRequest {
        group_id: GROUP,
        generation_id: joined.generation_id,
        member_id: joined.member_id.clone(),
        assignments,
        ..Default::default()
    };
    let assignment = vec![0; bytes].into();
    let all = SyncGroupRequestAssignment { member_id: joined.member_id.clone(), assignment };
    assert_eq!(client.call(3, &of_member(vec![all])).await.error_code, ErrorCode::None);
    (client, of_member(Vec::new()))
}

#[test]
fn assignments_of_a_megabyte_that_nobody_takes_are_bounded_together() {
    let mut world = world();
    let (_member, sync) = world.client(|broker| assigned(broker, 900_000));
    let answer = silent(&mut world, 500, 3, move || sync.clone());
    assert_eq!((answer.error_code, answer.assignment.len()), (ErrorCode::None, 900_000));
}

#[test]
fn answers_to_large_fetches_that_nobody_takes_are_bounded_together() {
    let answer = silent(&mut world(), 40, 4, || {
        let topic = |at: usize| FetchTopic {
            topic: format!("{at:030000}").into(),
            partitions: vec![FetchPartition::default()],
            ..Default::default()
        };
        FetchRequest { topics: (0..500).map(topic).collect(), ..Default::default() }
    });
    assert_eq!(answer.responses.len(), 500);
}

/// Small requests cost little to send, and each that has begun waits with what its answer needs.
#[test]
fn small_requests_behind_an_answer_that_nobody_takes_are_bounded_together() {
    let mut world = world();
    let (_member, sync) = world.client(|broker| assigned(broker, 140_000));
    let (one, all) = (encoded(3, &sync), encoded(4, &FetchRequest::default()).repeat(490));
    let used = measure(|| {
        world.client(|broker| async move {
            let mut silent = Vec::new();
            for _ in 0..400 {
                let mut client = broker.connect().await;
                client.send_raw(&one).await;
                silent.push(spawn({
                    let all = all.clone();
                    async move {
                        client.send_raw(&all).await;
                        client
                    }
                }));
            }
            sleep(Duration::from_secs(1)).await;
            let find = FindCoordinatorRequest { coordinator_keys: vec![GROUP], ..Default::default() };
            broker.connect().await.call(4, &find).await;
        });
    });
    println!("{} bytes of memory", used.bytes_max);
    // What they hold together, what each may without asking, and the answers.
    assert!(used.bytes_max < HELD_BYTES + 2 * ALL_ELSE_BYTES, "{} bytes of memory", used.bytes_max);
}

/// What the broker keeps for each connection that has had so many small answers together, and then does nothing.
fn kept_after(requests: usize) -> i64 {
    const CONNECTIONS: i64 = 100;
    let mut world = world();
    let all = encoded(2, &MetadataRequest::default()).repeat(requests);
    let owed = requests
        * world.client(|broker| async move {
            let mut client = broker.connect().await;
            client.send(2, &MetadataRequest::default()).await;
            4 + client.receive_frame().await.unwrap().len()
        });
    let mut clients = Vec::new();
    let used = measure(|| {
        clients = world.client(move |broker| async move {
            let mut clients = Vec::new();
            for _ in 0..CONNECTIONS {
                let mut client = broker.connect().await;
                client.send_raw(&all).await;
                let mut taken = 0;
                while taken < owed {
                    taken += client.take_some().await;
                }
                clients.push(client);
            }
            clients
        });
    });
    drop((world, clients));
    used.bytes_current / CONNECTIONS
}

#[test]
fn what_a_burst_of_small_answers_took_is_not_kept() {
    let (few, many) = (kept_after(1), kept_after(450));
    println!("{few} bytes a connection, {many} after a burst");
    assert!(many < few + (24 << 10), "{many} bytes, {few} after one");
}
