//! What rdkafka is asked to do: all that clients/python/stories.py tells.

use crate::broker::Broker;
use crate::group::Group;
use crate::rdkafka::{Member, Producer, read};
use crate::records::{self, Read, Record, assert_same, numbered, unique};

pub async fn records_come_back_equal_and_in_order(broker: &Broker, codec: &str) {
    comes_back(broker, &records::varied(700), codec, false).await;
}

pub async fn json_values_come_back(broker: &Broker) {
    records::assert_json(&comes_back(broker, &records::json(), "zstd", false).await);
}

pub async fn idempotent_producer_writes_every_record_once(broker: &Broker) {
    comes_back(broker, &numbered(0, 3_000), "none", true).await;
}

pub async fn idempotent_producer_goes_on_across_a_restart(broker: &Broker) {
    let (topic, sent) = (unique("rdkafka"), numbered(0, 600));
    let producer = Producer::new(&broker.bootstrap, "none", true);
    producer.send(&topic, &sent[..300]).await;
    broker.restart();
    producer.send(&topic, &sent[300..]).await;
    assert_same(&sent, &read(&broker.bootstrap, &topic, sent.len()).await);
}

/// A group of two, when a third joins and when one is killed.
pub async fn group_rebalances(broker: &Broker) {
    let topic = unique("rdkafka");
    let producer = Producer::new(&broker.bootstrap, "none", false);
    let (first, second, third) = (numbered(0, 60), numbered(60, 60), numbered(120, 60));
    producer.send(&topic, &first).await;
    let mut group = Group::new(&broker.bootstrap, unique("group"), &topic);
    group.join();
    group.join();
    group.until_shared().await;
    group.until_read(&first).await;
    group.join();
    group.until_shared().await;
    producer.send(&topic, &second).await;
    group.until_read(&second).await;
    group.kill_first();
    group.until_shared().await;
    producer.send(&topic, &third).await;
    group.until_read(&third).await;
}

/// Reads and commits a part, stops, and gets exactly the rest: nothing twice, nothing left out.
pub async fn resumes_exactly_at_its_commit(broker: &Broker, between: impl FnOnce()) {
    let (topic, group, sent) = (unique("rdkafka"), unique("group"), numbered(0, 200));
    Producer::new(&broker.bootstrap, "none", false).send(&topic, &sent).await;
    let join = || Member::join(&broker.bootstrap, &group, &topic);

    let member = join();
    let before = member.take(80).await;
    member.commit(&before).expect("a commit");
    drop(member);
    // Read, but not committed: these have to come again.
    let uncommitted = join().take(30).await;
    between();
    let after = join().take(sent.len() - before.len()).await;

    let mut all: Vec<usize> =
        before.iter().chain(&after).map(|one| one.value().parse().expect("a number")).collect();
    all.sort_unstable();
    assert_eq!(all, (0..sent.len()).collect::<Vec<_>>());
    let again: Vec<_> = after.iter().map(Read::value).collect();
    assert!(uncommitted.iter().all(|one| again.contains(&one.value())));
}

/// Sends one record more to each partition at the end: whatever was written twice lies before it.
async fn comes_back(broker: &Broker, sent: &[Record], codec: &str, idempotent: bool) -> Vec<Read> {
    let topic = unique("rdkafka");
    let ends = records::PARTITIONS.map(|partition| Record {
        partition,
        value: Some(b"{}".to_vec()),
        ..Record::default()
    });
    let all = [sent, &ends].concat();
    let producer = Producer::new(&broker.bootstrap, codec, idempotent);
    producer.send(&topic, sent).await;
    producer.send(&topic, &ends).await;
    let found = read(&broker.bootstrap, &topic, all.len()).await;
    assert_same(&all, &found);
    found
}
