//! rskafka: pure Rust. It knows partitions and nothing of groups or idempotence.

use chrono::DateTime;
use rskafka::client::partition::{Compression, OffsetAt, PartitionClient, UnknownTopicHandling};
use rskafka::client::{Client, ClientBuilder};

use crate::records::{PARTITIONS, Read, Record};
use crate::wait::within;

/// A client of every partition of one topic.
pub struct Partitions {
    partitions: Vec<PartitionClient>,
}

impl Partitions {
    /// Creates the topic if it is not there.
    pub async fn of(bootstrap: &str, topic: &str) -> Self {
        let client = within(ClientBuilder::new(vec![bootstrap.to_owned()]).build(), "a client")
            .await
            .expect("a client");
        let known = client.list_topics().await.expect("the topics");
        if !known.iter().any(|one| one.name == topic) {
            create(&client, topic).await;
        }
        let mut partitions = Vec::new();
        for index in PARTITIONS {
            let partition = client.partition_client(topic, index, UnknownTopicHandling::Retry);
            partitions.push(within(partition, "a partition").await.expect("a partition"));
        }
        Self { partitions }
    }

    /// Each partition's records in batches of a hundred.
    pub async fn send(&self, records: &[Record], compression: Compression) {
        for partition in &self.partitions {
            let of_partition = records.iter().filter(|one| one.partition == partition.partition());
            let converted: Vec<_> = of_partition.map(to_rskafka).collect();
            for batch in converted.chunks(100) {
                let end = within(partition.get_offset(OffsetAt::Latest), "the end").await.expect("the end");
                let sent = within(partition.produce(batch.to_vec(), compression), "an acknowledgement").await;
                let offsets: Vec<_> = (end..end + batch.len() as i64).collect();
                assert_eq!(sent.expect("an acknowledgement"), offsets);
            }
        }
    }

    /// All there is, from this offset on in each partition.
    pub async fn read(&self, from: i64) -> Vec<Read> {
        let mut found = Vec::new();
        for partition in &self.partitions {
            let end = within(partition.get_offset(OffsetAt::Latest), "the end").await.expect("the end");
            let mut next = from;
            while next < end {
                let fetch = partition.fetch_records(next, 1..200_000, 500);
                let (records, high_watermark) = within(fetch, "records").await.expect("records");
                assert_eq!(high_watermark, end);
                next = records.last().map_or(next, |last| last.offset + 1);
                found.extend(records.into_iter().map(|one| Read {
                    offset: one.offset,
                    record: from_rskafka(partition.partition(), one.record),
                }));
            }
        }
        found
    }
}

async fn create(client: &Client, topic: &str) {
    let controller = client.controller_client().expect("a controller");
    within(controller.create_topic(topic, PARTITIONS.len() as i32, 1, 30_000), "a topic")
        .await
        .expect("a topic");
}

fn to_rskafka(record: &Record) -> rskafka::record::Record {
    rskafka::record::Record {
        key: record.key.clone(),
        value: record.value.clone(),
        headers: record.headers.iter().cloned().collect(),
        timestamp: DateTime::from_timestamp_millis(1_790_000_000_000).expect("a time"),
    }
}

fn from_rskafka(partition: i32, record: rskafka::record::Record) -> Record {
    Record { partition, key: record.key, value: record.value, headers: record.headers.into_iter().collect() }
}
