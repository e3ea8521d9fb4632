//! What rskafka is asked to do: the stories of a client without groups and without idempotence.

use rskafka::client::partition::Compression;

use crate::broker::Broker;
use crate::records::{self, PARTITIONS, assert_same, numbered, unique};
use crate::rskafka::Partitions;

pub async fn records_come_back_equal_and_in_order(broker: &Broker, codec: Compression) {
    let partitions = Partitions::of(&broker.bootstrap, &unique("rskafka")).await;
    let sent = records::varied(700);
    partitions.send(&sent, codec).await;
    assert_same(&sent, &partitions.read(0).await);
}

pub async fn json_values_come_back(broker: &Broker) {
    let partitions = Partitions::of(&broker.bootstrap, &unique("rskafka")).await;
    let sent = records::json();
    partitions.send(&sent, Compression::Zstd).await;
    let read = partitions.read(0).await;
    assert_same(&sent, &read);
    records::assert_json(&read);
}

/// The same clients write and read on after a restart; a new one finds all of it.
pub async fn clients_go_on_across_a_restart(broker: &Broker) {
    let topic = unique("rskafka");
    let partitions = Partitions::of(&broker.bootstrap, &topic).await;
    let sent = numbered(0, 600);
    partitions.send(&sent[..300], Compression::NoCompression).await;
    let before = partitions.read(0).await;
    broker.restart();
    partitions.send(&sent[300..], Compression::NoCompression).await;
    let after = partitions.read((300 / PARTITIONS.len()) as i64).await;
    let all = [before, after].concat();
    assert_same(&sent, &all);
    assert_same(&sent, &Partitions::of(&broker.bootstrap, &topic).await.read(0).await);
}
