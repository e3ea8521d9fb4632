//! Fetches that name very many partitions, or one very often: they are bounded in what they take, and others are served
//! in between. Computing takes no time in the simulator, so what counts is work: the most that is done in one go, and all
//! that is done.
#![allow(clippy::unwrap_used, reason = "a test says what went wrong by failing")]

mod support;

use std::time::Duration;

use creel_io::sim::Work;
use creel_io::{sleep, spawn};
use creel_wire::api::delete_records::{DeleteRecordsPartition, DeleteRecordsRequest, DeleteRecordsTopic};
use creel_wire::api::delete_topics::DeleteTopicsRequest;
use creel_wire::api::fetch::{FetchPartition, FetchRequest, FetchResponse, FetchTopic, ForgottenTopic};
use creel_wire::api::metadata::{MetadataRequest, MetadataRequestTopic};
use creel_wire::{ErrorCode, Records, Str};
use support::{Client, World, batch, encoded, values};

/// How much may be done in one go: what `creel_io::pace` allows, what two other tasks may do beyond it because they do
/// little (a look for the checkpoint, say), and the little that comes with each step.
const AT_ONCE: usize = creel_io::STEPS_A_TURN + 128 + 100;

/// Partitions of a large topic here.
const MANY: i32 = 1_500;

fn asked(partition: i32, fetch_offset: i64) -> FetchPartition {
    FetchPartition { partition, fetch_offset, partition_max_bytes: 1 << 20, ..Default::default() }
}

fn of_topic(topic: &str, partitions: Vec<FetchPartition>) -> FetchTopic {
    FetchTopic { topic: Str::from(topic.to_owned()), partitions, ..Default::default() }
}

fn request(topics: Vec<FetchTopic>, max_wait_ms: i32) -> FetchRequest {
    FetchRequest { max_wait_ms, min_bytes: 1, max_bytes: 1 << 20, topics, ..Default::default() }
}

fn in_session(session_id: i32, session_epoch: i32, request: FetchRequest) -> FetchRequest {
    FetchRequest { session_id, session_epoch, ..request }
}

/// Topic, partition, and how many records.
fn told(response: &FetchResponse) -> Vec<(String, i32, usize)> {
    assert_eq!(response.error_code, ErrorCode::None);
    let topics = response.responses.iter();
    let told = topics.flat_map(|topic| topic.partitions.iter().map(|one| (topic.topic.to_string(), one)));
    told.map(|(topic, one)| (topic, one.partition_index, values(one).len())).collect()
}

fn record(topic: &str, partition: i32, records: usize) -> (String, i32, usize) {
    (topic.to_owned(), partition, records)
}

/// The broker's work until now is not counted.
fn forget_work(world: &World) {
    world.sim.take_work(world.broker);
}

fn work(world: &World) -> Work {
    world.sim.take_work(world.broker)
}

/// Names two partitions of `orders` over and over, each with an offset that has nothing at last.
fn repeated(times: usize, last: [i64; 2]) -> Vec<FetchTopic> {
    let mut named: Vec<_> = (0..times).flat_map(|_| [asked(1, 0), asked(0, 0)]).collect();
    named.extend([asked(0, last[0]), asked(1, last[1])]);
    let apart = named.split_off(named.len() / 2);
    vec![of_topic("orders", named), of_topic("none", vec![asked(0, 0)]), of_topic("orders", apart)]
}

#[test]
fn a_partition_that_is_named_very_often_is_waited_for_and_answered_once() {
    for (seed, cores) in [(1, 1), (2, 3)] {
        let mut world = World::new(seed, cores, &[]);
        world.client(|connector| async move {
            let mut client = connector.connect().await;
            client.create_topic("orders", 2).await;
            client.produce("orders", 0, &batch(&["a", "b"])).await;
        });
        forget_work(&world);
        for times in [3, 50_000] {
            world.client(move |connector| async move {
                let mut client = connector.connect().await;
                // It waits for partition 1 first, then for its time to be over.
                for (offsets, expected) in [([2, 0], [0, 0]), ([1, 0], [0, 1])] {
                    let found = client.call(12, &request(repeated(times, offsets), 50)).await;
                    let [one, zero] = expected;
                    let zero = if zero == 0 { 0 } else { 2 };
                    let expected =
                        [record("orders", 1, one), record("orders", 0, zero), record("none", 0, 0)];
                    assert_eq!(told(&found), expected);
                }
            });
            let work = work(&world);
            assert!(work.longest <= AT_ONCE, "{work:?}");
            // A step for each time it is named, of two requests, and little more.
            assert!(work.total <= 2 * (2 * times + 200), "{work:?}");
        }
    }
}

#[test]
fn a_session_takes_what_is_named_very_often_once() {
    for (seed, cores) in [(1, 1), (2, 3)] {
        let mut world = World::new(seed, cores, &[]);
        world.client(|connector| async move {
            let mut client = connector.connect().await;
            client.create_topic("orders", 2).await;
            client.produce("orders", 0, &batch(&["a", "b"])).await;
            let full = in_session(0, 0, request(repeated(20_000, [2, 0]), 0));
            let answer = client.call(12, &full).await;
            let all = [record("orders", 1, 0), record("orders", 0, 0), record("none", 0, 0)];
            assert_eq!(told(&answer), all);
            let id = answer.session_id;
            assert_ne!(id, 0);
            // In a session, too, what is said last counts.
            let again = in_session(id, 1, request(repeated(20_000, [0, 0]), 0));
            assert_eq!(told(&client.call(12, &again).await), [record("orders", 0, 2), record("none", 0, 0)]);
            let forgotten_topics_data = vec![ForgottenTopic {
                topic: "orders".into(),
                partitions: vec![0; 20_000],
                ..Default::default()
            }];
            let without = FetchRequest { forgotten_topics_data, ..request(Vec::new(), 0) };
            assert_eq!(told(&client.call(12, &in_session(id, 2, without)).await), [record("none", 0, 0)]);
        });
        let work = work(&world);
        assert!(work.longest <= AT_ONCE, "{work:?}");
    }
}

/// All partitions of the large topic, from a half-way one on.
fn all(offset: i64) -> Vec<FetchTopic> {
    let order = (MANY / 2..MANY).chain(0..MANY / 2);
    vec![of_topic("large", order.map(|partition| asked(partition, offset)).collect())]
}

/// A broker with the large topic, and one record in partition 7 of it.
fn with_large_topic(seed: u64, cores: u16) -> World {
    let mut world = World::new(seed, cores, &[]);
    world.client(|connector| async move {
        let mut client = connector.connect().await;
        client.create_topic("large", MANY).await;
        client.produce("large", 7, &batch(&["seven"])).await;
    });
    forget_work(&world);
    world
}

/// Waits for all partitions, from offset 1 of the seventh on, until so many bytes are there.
async fn wait_for(mut client: Client, min_bytes: i32) -> FetchResponse {
    let topics = all(0);
    let topics = topics.into_iter().map(|mut topic| {
        topic.partitions.iter_mut().filter(|one| one.partition == 7).for_each(|one| one.fetch_offset = 1);
        topic
    });
    let request = FetchRequest { min_bytes, ..request(topics.collect(), 600_000) };
    client.call(12, &request).await
}

fn with_records(response: &FetchResponse) -> Vec<(i32, usize)> {
    let all = told(response).into_iter();
    all.filter(|(_, _, records)| *records > 0).map(|(_, partition, records)| (partition, records)).collect()
}

#[test]
fn a_wake_costs_what_has_moved_not_what_is_waited_for() {
    for (seed, cores) in [(1, 1), (2, 3)] {
        let mut world = with_large_topic(seed, cores);
        let handle = world.sim.handle();
        let broker = world.broker;
        world.client(move |connector| async move {
            let size = batch(&["a"]).size_bytes() as i32;
            let waiting = connector.connect().await;
            let waiting = spawn(wait_for(waiting, 41 * size));
            sleep(Duration::from_millis(500)).await;
            let parked = handle.take_work(broker);
            assert!(parked.longest <= AT_ONCE, "{parked:?}");
            let mut client = connector.connect().await;
            for turn in 0..40 {
                client.produce("large", turn % 10 * 97, &batch(&["a"])).await;
                sleep(Duration::from_millis(20)).await;
            }
            assert!(!waiting.is_finished());
            let woken = handle.take_work(broker);
            assert!(woken.total <= 40 * 60, "{woken:?}");
            client.produce("large", 7, &batch(&["b"])).await;
            let found = waiting.await;
            assert_eq!(found.responses[0].partitions.len(), MANY as usize);
            let mut expected: Vec<_> = (0..10).map(|at| (at * 97, 4)).chain([(7, 1)]).collect();
            expected.sort_by_key(|(partition, _)| (*partition + MANY / 2) % MANY);
            assert_eq!(with_records(&found), expected);
            let answered = handle.take_work(broker);
            assert!(answered.longest <= AT_ONCE, "{answered:?}");
        });
        world.sim.run_for(Duration::from_secs(1)).unwrap();
        let freed = work(&world);
        assert!(freed.longest <= AT_ONCE, "{freed:?}");
    }
}

#[test]
fn of_many_partitions_the_one_that_is_deleted_or_emptied_is_looked_at_again() {
    for (seed, cores) in [(1, 1), (2, 3)] {
        let mut world = with_large_topic(seed, cores);
        world.client(|connector| async move {
            let mut client = connector.connect().await;
            client.create_topic("other", 3).await;
            let size = batch(&["a"]).size_bytes() as i32;
            // Records that are deleted while the fetch waits for more are not answered.
            let waiting = spawn(wait_for(connector.connect().await, 2 * size));
            client.produce("large", 9, &batch(&["nine"])).await;
            sleep(Duration::from_millis(100)).await;
            let partition = DeleteRecordsPartition { partition_index: 9, offset: 1 };
            let topic = DeleteRecordsTopic { name: "large".into(), partitions: vec![partition] };
            let delete = DeleteRecordsRequest { topics: vec![topic], timeout_ms: 1000 };
            let deleted = client.call(2, &delete).await;
            assert_eq!(deleted.topics[0].partitions[0].error_code, ErrorCode::None);
            let found = waiting.await;
            let failed: Vec<_> = found.responses[0]
                .partitions
                .iter()
                .filter(|one| !one.error_code.is_none())
                .map(|one| (one.partition_index, one.error_code, one.records.clone()))
                .collect();
            assert_eq!(failed, [(9, ErrorCode::OffsetOutOfRange, Records::EMPTY)]);
            // A topic that is deleted is told at once, the rest as it is.
            let mut topics = all(5);
            topics[0].partitions.iter_mut().for_each(|one| one.fetch_offset = 0);
            topics[0].partitions.retain(|one| one.partition != 7 && one.partition != 9);
            topics.push(of_topic("other", (0..3).map(|partition| asked(partition, 0)).collect()));
            let mut consumer = connector.connect().await;
            let waiting = spawn(async move { consumer.call(12, &request(topics, 600_000)).await });
            sleep(Duration::from_millis(200)).await;
            assert!(!waiting.is_finished());
            let topic_names = vec!["other".into()];
            let delete = DeleteTopicsRequest { topic_names, timeout_ms: 1000, ..Default::default() };
            assert_eq!(client.call(5, &delete).await.responses[0].error_code, ErrorCode::None);
            let found = waiting.await;
            let gone = found.responses[1]
                .partitions
                .iter()
                .filter(|one| one.error_code == ErrorCode::UnknownTopicOrPartition);
            assert!(gone.count() > 0);
            assert!(found.responses[0].partitions.iter().all(|one| one.error_code.is_none()));
        });
        let work = work(&world);
        assert!(work.longest <= AT_ONCE, "{work:?}");
    }
}

#[test]
fn a_stop_is_not_held_up_by_those_who_wait() {
    for (seed, cores) in [(1, 1), (2, 3)] {
        let mut world = with_large_topic(seed, cores);
        let (handle, broker) = (world.sim.handle(), world.broker);
        world.client(move |connector| async move {
            let mut waiting = Vec::new();
            for _ in 0..5 {
                waiting.push(spawn(wait_for(connector.connect().await, 1)));
            }
            let mut client = connector.connect().await;
            let mut often = client.call(12, &request(repeated(10, [0, 0]), 0)).await;
            often.responses.clear();
            client.send(12, &request(vec![of_topic("large", vec![asked(3, 0); 30_000])], 600_000)).await;
            sleep(Duration::from_millis(500)).await;
            handle.take_work(broker);
            handle.ask_to_stop(broker);
            for waiting in waiting {
                assert_eq!(waiting.await.responses[0].partitions.len(), MANY as usize);
            }
            let (_, found) = client.receive::<FetchRequest>(12).await;
            assert_eq!(told(&found), [record("large", 3, 0)]);
        });
        world.sim.run_until_ended(world.broker).unwrap();
        let files = world.sim.handle().disk(world.broker).files();
        assert!(files.iter().any(|path| path.ends_with(".kafka_cleanshutdown")));
    }
}

#[test]
fn a_client_that_goes_is_no_longer_waited_for() {
    for (seed, cores) in [(1, 1), (2, 3)] {
        let mut world = with_large_topic(seed, cores);
        let (handle, broker, clients) = (world.sim.handle(), world.broker, world.clients());
        world.client(move |connector| async move {
            let waiting = spawn(wait_for(connector.connect().await, 1 << 20));
            sleep(Duration::from_millis(500)).await;
            handle.take_work(broker);
            // One that has only closed its side would be answered, at its time.
            handle.network().reset_connections(broker, clients);
            waiting.abort();
            sleep(Duration::from_millis(500)).await;
            let freed = handle.take_work(broker);
            assert!((1..=AT_ONCE).contains(&freed.longest), "{freed:?}");
            assert!(freed.total >= MANY as usize, "each partition is let go of: {freed:?}");
            let mut client = connector.connect().await;
            for partition in 0..10 {
                client.produce("large", partition, &batch(&["a"])).await;
            }
            let woken = handle.take_work(broker);
            assert!(woken.total <= 10 * 10, "nobody looks: {woken:?}");
        });
    }
}

#[test]
fn requests_sent_together_are_not_answered_in_one_go() {
    let mut world = with_large_topic(1, 1);
    let handle = world.sim.handle();
    let broker = world.broker;
    world.client(move |connector| async move {
        let mut client = connector.connect().await;
        let name = Some("large".into());
        let topics = Some(vec![MetadataRequestTopic { name, ..Default::default() }]);
        let request = encoded(7, &MetadataRequest { topics, ..Default::default() });
        sleep(Duration::from_millis(100)).await;
        handle.take_work(broker);
        client.send_raw(&request.repeat(100)).await;
        for _ in 0..100 {
            assert!(client.receive_frame().await.is_some());
        }
        let answered = handle.take_work(broker);
        // A partition in the answer is a tenth of a step.
        assert!(answered.total >= 10 * MANY as usize, "{answered:?}");
        assert!(answered.longest <= 3 * AT_ONCE, "{answered:?}");
    });
}
