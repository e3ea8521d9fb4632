//! Where the time of requests goes, as the admin listener tells it, against loads and delays that are known.
#![allow(clippy::unwrap_used, reason = "a test says what went wrong by failing")]

mod support;

use std::cell::Cell;
use std::net::SocketAddr;
use std::rc::Rc;
use std::time::Duration;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use creel_io::sim::Config as SimConfig;
use creel_io::{now, sleep};
use creel_wire::api::fetch::FetchRequest;
use creel_wire::api::metadata::{MetadataRequest, MetadataResponsePartition};
use creel_wire::api::produce::ProduceRequest;
use hdrhistogram::Histogram;
use hdrhistogram::serialization::Deserializer;
use serde_json::Value;
use support::http::{ADMIN, get};
use support::{Client, Connector, World, batch, fetch_request, produce_request};

const STAGES: [&str; 8] = ["receive", "parse", "queue", "recompress", "hop", "write", "fsync", "send"];

/// All cores' stages together.
struct Told(Value);

impl Told {
    async fn by(broker: Connector) -> Self {
        let (status, body) = get(broker, "/stages").await;
        assert_eq!(status, 200, "{body}");
        Self(serde_json::from_str(&body).unwrap())
    }

    fn number(&self, stage: &str, field: &str) -> u64 {
        let cores = self.0["cores"].as_array().unwrap();
        cores.iter().map(|core| core["stages"][stage][field].as_u64().unwrap()).sum()
    }

    fn between_cores(&self, field: &str) -> u64 {
        let cores = self.0["cores"].as_array().unwrap();
        cores.iter().map(|core| core["between_cores"][field].as_u64().unwrap()).sum()
    }

    fn counts(&self) -> [u64; 8] {
        STAGES.map(|stage| self.number(stage, "count"))
    }

    fn sum(&self, stage: &str) -> Duration {
        Duration::from_nanos(self.number(stage, "sum_ns"))
    }

    fn whole(&self) -> Duration {
        STAGES.iter().map(|stage| self.sum(stage)).sum()
    }

    /// The fastest of a stage, on the core that has counted any.
    fn fastest(&self, stage: &str) -> Duration {
        let cores = self.0["cores"].as_array().unwrap().iter();
        let decoded = cores.map(|core| {
            let text = core["stages"][stage]["histogram"].as_str().unwrap();
            let bytes = BASE64_STANDARD.decode(text).unwrap();
            let read: Histogram<u64> = Deserializer::new().deserialize(&mut &bytes[..]).unwrap();
            read
        });
        let counted = decoded.filter(|histogram| !histogram.is_empty());
        Duration::from_nanos(counted.map(|histogram| histogram.min()).min().unwrap())
    }
}

/// Without what is left to chance.
fn calm(sync: Duration) -> SimConfig {
    let mut manners = SimConfig::calm();
    manners.disk.sync_latency = sync..=sync;
    manners
}

fn tell<F>(manners: SimConfig, cores: u16, settings: &[&str], story: impl FnOnce(Connector) -> F)
where
    F: Future<Output = ()> + 'static,
{
    let settings: Vec<_> = [ADMIN].into_iter().chain(settings.iter().copied()).collect();
    World::with(7, manners, cores, &settings).client(story);
}

async fn produce(client: &mut Client, partition: i32, acks: i16) {
    let request = produce_request("orders", partition, batch(&["a"]).bytes().clone(), acks);
    if acks == 0 {
        client.send(9, &request).await;
    } else {
        client.call::<ProduceRequest>(9, &request).await;
    }
}

#[test]
fn every_request_batch_and_reply_is_counted_once() {
    tell(calm(Duration::from_micros(500)), 1, &[], |broker| async move {
        let mut client = broker.connect().await;
        client.create_topic("orders", 1).await;
        for (times, acks) in [(5, -1), (3, 1), (2, 0)] {
            for _ in 0..times {
                produce(&mut client, 0, acks).await;
            }
        }
        for _ in 0..4 {
            client.fetch("orders", 0, 0).await;
        }
        let (requests, batches, durable, replies) = (5 + 3 + 2 + 4, 10, 5, 12);
        let expected = [requests, requests, requests, 0, 0, batches, durable, replies];
        assert_eq!(Told::by(broker).await.counts(), expected, "{STAGES:?}");
    });
}

#[test]
fn a_slow_disk_is_seen_in_fsync_and_nowhere_else() {
    let slow = Duration::from_millis(300);
    tell(calm(slow), 1, &[], move |broker| async move {
        let mut client = broker.connect().await;
        client.create_topic("orders", 1).await;
        for _ in 0..10 {
            produce(&mut client, 0, -1).await;
        }
        let told = Told::by(broker).await;
        // A histogram's values are known to the 32nd part.
        assert!(told.fastest("fsync") >= slow.mul_f64(0.96), "{:?}", told.fastest("fsync"));
        assert!(told.sum("fsync") >= 10 * slow, "{:?}", told.sum("fsync"));
        let others = told.whole() - told.sum("fsync");
        assert!(others < Duration::from_millis(10), "the other stages of ten requests took {others:?}");
    });
}

/// The simulator takes a moment for what is done off the core.
#[test]
fn batches_that_are_compressed_anew_are_seen_in_recompress_and_nowhere_else() {
    let settings = ["compression.type=zstd"];
    tell(calm(Duration::from_micros(500)), 1, &settings, |broker| async move {
        let mut client = broker.connect().await;
        client.create_topic("orders", 8).await;
        for _ in 0..5 {
            produce(&mut client, 0, 1).await;
        }
        let mut many = produce_request("orders", 0, batch(&["a"]).bytes().clone(), 1);
        for index in 1..8 {
            let one = produce_request("orders", index, batch(&["a"]).bytes().clone(), 1);
            many.topic_data[0]
                .partition_data
                .extend(one.topic_data.into_iter().flat_map(|it| it.partition_data));
        }
        let begun = now();
        client.call::<ProduceRequest>(9, &many).await;
        let took = now() - begun;
        let told = Told::by(broker).await;
        assert_eq!(told.counts(), [6, 6, 6, 5 + 8, 0, 5 + 8, 0, 6], "{STAGES:?}");
        let (fastest, recompress) = (told.fastest("recompress"), told.sum("recompress"));
        assert!(fastest > Duration::ZERO && recompress >= 13 * fastest.mul_f64(0.96), "{recompress:?}");
        let others = told.whole() - recompress;
        assert!(
            others < Duration::from_millis(1),
            "the other stages took {others:?}, and the last request {took:?}"
        );
    });
}

/// How long eight partitions take with acks=all, named by one request or by eight that are sent at once.
fn eight_durable(cores: u16, requests: usize, sync: Duration) -> Duration {
    let took = Rc::new(Cell::new(Duration::ZERO));
    let told = took.clone();
    tell(calm(sync), cores, &[], move |broker| async move {
        let mut client = broker.connect().await;
        client.create_topic("orders", 8).await;
        let one = |index: usize| produce_request("orders", index as i32, batch(&["a"]).bytes().clone(), -1);
        let merged = |first: usize| {
            let mut request = one(first);
            for other in first + 1..first + 8 / requests {
                request.topic_data[0].partition_data.extend(one(other).topic_data.remove(0).partition_data);
            }
            request
        };
        // The first sync of a partition also makes its names durable.
        for index in 0..8 {
            client.call::<ProduceRequest>(9, &one(index)).await;
        }
        let began = now();
        for at in 0..requests {
            client.send(9, &merged(at * 8 / requests)).await;
        }
        for _ in 0..requests {
            let (_, response) = client.receive::<ProduceRequest>(9).await;
            let partitions = &response.responses[0].partition_responses;
            assert_eq!(partitions.len(), 8 / requests);
            assert!(partitions.iter().all(|partition| partition.error_code.is_none()));
        }
        told.set(began.elapsed());
    });
    took.get()
}

#[test]
fn partitions_become_durable_side_by_side() {
    let sync = Duration::from_millis(300);
    for cores in [1, 2] {
        for requests in [1, 8] {
            let took = eight_durable(cores, requests, sync);
            assert!(took >= sync && took < 2 * sync, "{requests} requests, {cores} cores: {took:?}");
        }
    }
}

#[test]
fn a_frame_that_comes_in_two_pieces_is_seen_in_receive_and_nowhere_else() {
    tell(calm(Duration::from_micros(500)), 1, &[], |broker| async move {
        let mut client = broker.connect().await;
        client.create_topic("orders", 1).await;
        let whole = support::encoded(9, &produce_request("orders", 0, batch(&["a"]).bytes().clone(), 1));
        client.send_raw(&whole[..20]).await;
        sleep(Duration::from_secs(1)).await;
        client.send_raw(&whole[20..]).await;
        client.try_receive::<ProduceRequest>(9).await.unwrap();
        let told = Told::by(broker).await;
        assert!(told.sum("receive") >= Duration::from_millis(999), "{:?}", told.sum("receive"));
        let others = told.whole() - told.sum("receive");
        assert!(others < Duration::from_millis(10), "the other stages took {others:?}");
    });
}

#[test]
fn only_other_cores_partitions_are_a_hop() {
    tell(calm(Duration::from_micros(500)), 2, &[], |broker| async move {
        let mut client = broker.connect().await;
        // Neighbours: one of them lies on the connection's core.
        client.create_topic("orders", 2).await;
        for partition in [0, 1] {
            for acks in [-1, 1, 1] {
                produce(&mut client, partition, acks).await;
            }
            client.fetch("orders", partition, 0).await;
            client.fetch("orders", partition, 0).await;
        }
        let told = Told::by(broker).await;
        assert_eq!(told.counts(), [10, 10, 10, 0, 5, 6, 2, 10], "{STAGES:?}");
        assert_eq!(told.between_cores("requests_asking"), 5);
        // Three batches went there, and two fetches each found the one that was durable.
        let batch_bytes = batch(&["a"]).size_bytes() as u64;
        assert_eq!(told.between_cores("record_bytes") % batch_bytes, 0);
        assert!(told.between_cores("record_bytes") >= 5 * batch_bytes);
    });
}

#[test]
fn with_a_broker_for_each_core_no_request_is_a_hop() {
    tell(calm(Duration::from_micros(500)), 4, &["creel.core.brokers=4"], |broker| async move {
        let mut first = broker.connect().await;
        first.create_topic("orders", 8).await;
        let topic = first.topic("orders", false).await;
        let metadata = first.call(12, &MetadataRequest::default()).await;
        for shown in &metadata.brokers {
            let address = SocketAddr::new(broker.address().ip(), shown.port as u16);
            let mut client = Connector::to(address).connect().await;
            let leads = |partition: &&MetadataResponsePartition| partition.leader_id == shown.node_id;
            let own: Vec<_> = topic.partitions.iter().filter(leads).collect();
            assert_eq!(own.len(), 2);
            for partition in own {
                produce(&mut client, partition.partition_index, -1).await;
                client.fetch("orders", partition.partition_index, 0).await;
            }
        }
        let told = Told::by(broker).await;
        assert_eq!((told.number("hop", "count"), told.between_cores("requests_asking")), (0, 0));
        assert_eq!(told.number("write", "count"), 8);
    });
}

#[test]
fn what_a_turn_has_for_another_core_shares_one_place_in_its_mailbox() {
    tell(calm(Duration::from_micros(500)), 2, &[], |broker| async move {
        let mut client = broker.connect().await;
        client.create_topic("orders", 2).await;
        let before = Told::by(broker).await;
        let one = |partition| {
            support::encoded(9, &produce_request("orders", partition, batch(&["a"]).bytes().clone(), 1))
        };
        let both = [one(0), one(1)].concat();
        client.send_raw(&both.repeat(20)).await;
        for _ in 0..40 {
            client.try_receive::<ProduceRequest>(9).await.unwrap();
        }
        let after = Told::by(broker).await;
        let since = |field| after.between_cores(field) - before.between_cores(field);
        assert_eq!(since("requests_asking"), 20);
        // Twenty questions and their answers, and what the counting itself asks.
        let (messages, packets) = (since("messages"), since("packets"));
        assert!((40..44).contains(&messages), "{messages}");
        assert!(packets * 5 <= messages, "{messages} messages in {packets} packets");
    });
}

#[test]
fn the_stages_together_are_the_time_in_the_broker() {
    for cores in [1, 2] {
        tell(calm(Duration::from_millis(20)), cores, &[], |broker| async move {
            let mut client = broker.connect().await;
            client.create_topic("orders", 2).await;
            let began = now();
            for partition in [0, 1, 0, 1] {
                produce(&mut client, partition, -1).await;
                produce(&mut client, partition, 1).await;
                client.fetch("orders", partition, 0).await;
            }
            let seen_by_client = began.elapsed();
            let told = Told::by(broker).await.whole();
            // Twelve requests, each 50 us to the broker and 50 us back, and some polls of either side.
            let on_the_way = seen_by_client.checked_sub(told).expect("no time is counted twice");
            let expected = Duration::from_micros(12 * 100)..Duration::from_micros(12 * 150);
            assert!(expected.contains(&on_the_way), "{on_the_way:?} of {seen_by_client:?} are in no stage");
        });
    }
}

#[test]
fn batches_behind_one_another_are_each_counted_until_they_are_durable() {
    tell(calm(Duration::from_millis(100)), 1, &[], |broker| async move {
        let mut client = broker.connect().await;
        client.create_topic("orders", 1).await;
        for _ in 0..3 {
            client.send(9, &produce_request("orders", 0, batch(&["a"]).bytes().clone(), -1)).await;
            // Not in the same turn: the later ones need another sync.
            sleep(Duration::from_millis(1)).await;
        }
        for _ in 0..3 {
            client.receive::<ProduceRequest>(9).await;
        }
        let told = Told::by(broker).await;
        assert_eq!(told.counts(), [3, 3, 3, 0, 0, 3, 3, 3], "{STAGES:?}");
        // None waits for an earlier one longer than it is on its own way to the disk.
        assert!(told.sum("queue") < Duration::from_millis(5), "{:?}", told.sum("queue"));
    });
}

#[test]
fn a_request_behind_a_slow_one_waits_in_queue() {
    let slow = Duration::from_millis(100);
    tell(calm(slow), 1, &[], move |broker| async move {
        let mut client = broker.connect().await;
        client.create_topic("orders", 1).await;
        client.send(9, &produce_request("orders", 0, batch(&["a"]).bytes().clone(), -1)).await;
        client.send(12, &fetch_request("orders", 0, 0, 0)).await;
        client.receive::<ProduceRequest>(9).await;
        client.receive::<FetchRequest>(12).await;
        let told = Told::by(broker).await;
        let (queue, fsync) = (told.sum("queue"), told.sum("fsync"));
        assert!(fsync >= slow, "{fsync:?}");
        assert!(queue.abs_diff(fsync) < Duration::from_millis(1), "{queue:?} behind {fsync:?}");
    });
}

#[test]
fn waiting_for_records_to_come_counts_nowhere() {
    tell(calm(Duration::from_micros(500)), 2, &[], |broker| async move {
        let mut client = broker.connect().await;
        client.create_topic("orders", 2).await;
        for partition in [0, 1] {
            client.call(12, &fetch_request("orders", partition, 0, 5_000)).await;
        }
        let told = Told::by(broker).await;
        assert_eq!(told.number("send", "count"), 2);
        assert!(told.whole() < Duration::from_millis(10), "{:?}", told.whole());
    });
}

#[test]
fn switched_off_nothing_is_told() {
    tell(calm(Duration::from_micros(500)), 2, &["creel.stage.histograms=false"], |broker| async move {
        let mut client = broker.connect().await;
        client.create_topic("orders", 2).await;
        produce(&mut client, 0, -1).await;
        produce(&mut client, 1, -1).await;
        let told = Told::by(broker).await;
        let cores = told.0["cores"].as_array().unwrap();
        assert_eq!(cores.len(), 2);
        assert!(cores.iter().all(|core| core["stages"].as_object().unwrap().is_empty()));
        assert!(cores.iter().all(|core| core.get("between_cores").is_none()));
    });
}
