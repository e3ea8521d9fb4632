//! rdkafka: librdkafka behind Rust futures.

use std::collections::HashMap;
use std::time::Duration;

use rdkafka::consumer::{CommitMode, Consumer, StreamConsumer};
use rdkafka::message::{BorrowedMessage, Header, Headers, OwnedHeaders};
use rdkafka::producer::{FutureProducer, FutureRecord, Producer as _};
use rdkafka::{ClientConfig, Message, Offset, TopicPartitionList};

use crate::records::{PARTITIONS, Read, Record};
use crate::wait::within;

pub struct Producer {
    producer: FutureProducer,
}

impl Producer {
    pub fn new(bootstrap: &str, codec: &str, idempotent: bool) -> Self {
        let producer = ClientConfig::new()
            .set("bootstrap.servers", bootstrap)
            .set("compression.type", codec)
            .set("enable.idempotence", idempotent.to_string())
            // Without idempotence a retry may overtake what was sent after it.
            .set("max.in.flight", if idempotent { "5" } else { "1" })
            .set("acks", "all")
            .create()
            .expect("a producer");
        Self { producer }
    }

    /// Returns when all are acknowledged, each in its partition.
    pub async fn send(&self, topic: &str, records: &[Record]) {
        let sent: Vec<_> = records.iter().map(|record| self.queue(topic, record)).collect();
        for (record, delivery) in records.iter().zip(sent) {
            let delivered = within(delivery, "a delivery report").await.expect("the producer is there");
            assert_eq!(delivered.expect("it is delivered").partition, record.partition);
        }
    }

    fn queue(&self, topic: &str, record: &Record) -> rdkafka::producer::future_producer::DeliveryFuture {
        let headers = record
            .headers
            .iter()
            .fold(OwnedHeaders::new(), |all, (key, value)| all.insert(Header { key, value: Some(value) }));
        let queued = self.producer.send_result(FutureRecord::<[u8], [u8]> {
            topic,
            partition: Some(record.partition),
            payload: record.value.as_deref(),
            key: record.key.as_deref(),
            timestamp: None,
            headers: Some(headers),
        });
        queued.map_err(|(error, _)| error).expect("the queue has room")
    }
}

impl Drop for Producer {
    fn drop(&mut self) {
        // Everything was waited for: nothing is left to flush.
        assert_eq!(self.producer.in_flight_count(), 0);
    }
}

/// The first `count` records of a topic, without a group.
pub async fn read(bootstrap: &str, topic: &str, count: usize) -> Vec<Read> {
    let consumer = consumer(bootstrap, "unused");
    let mut from_the_beginning = TopicPartitionList::new();
    for partition in PARTITIONS {
        from_the_beginning.add_partition_offset(topic, partition, Offset::Beginning).expect("a partition");
    }
    consumer.assign(&from_the_beginning).expect("an assignment");
    take(&consumer, count).await
}

/// A member of a group.
pub struct Member {
    consumer: StreamConsumer,
    topic: String,
}

impl Member {
    pub fn join(bootstrap: &str, group: &str, topic: &str) -> Self {
        let consumer = consumer(bootstrap, group);
        consumer.subscribe(&[topic]).expect("a subscription");
        Self { consumer, topic: topic.to_owned() }
    }

    pub async fn take(&self, count: usize) -> Vec<Read> {
        take(&self.consumer, count).await
    }

    /// The next record, if one comes soon.
    pub async fn poll(&self) -> Option<Read> {
        let next = tokio::time::timeout(Duration::from_millis(200), self.consumer.recv()).await.ok()?;
        Some(to_read(&next.expect("a record")))
    }

    /// Commits that these were read. In the middle of a rebalance a commit is refused.
    pub fn commit(&self, read: &[Read]) -> rdkafka::error::KafkaResult<()> {
        let mut next: HashMap<i32, i64> = HashMap::new();
        for one in read {
            next.insert(one.record.partition, one.offset + 1);
        }
        let mut offsets = TopicPartitionList::new();
        for (partition, offset) in next {
            offsets.add_partition_offset(&self.topic, partition, Offset::Offset(offset))?;
        }
        self.consumer.commit(&offsets, CommitMode::Sync)
    }

    pub fn assigned(&self) -> Vec<i32> {
        let assignment = self.consumer.assignment().expect("an assignment");
        let mut partitions: Vec<_> = assignment.elements().iter().map(|one| one.partition()).collect();
        partitions.sort_unstable();
        partitions
    }
}

fn consumer(bootstrap: &str, group: &str) -> StreamConsumer {
    ClientConfig::new()
        .set("bootstrap.servers", bootstrap)
        .set("group.id", group)
        .set("auto.offset.reset", "earliest")
        .set("enable.auto.commit", "false")
        .set("session.timeout.ms", "6000")
        .set("heartbeat.interval.ms", "500")
        .create()
        .expect("a consumer")
}

async fn take(consumer: &StreamConsumer, count: usize) -> Vec<Read> {
    let mut found = Vec::new();
    while found.len() < count {
        found.push(to_read(&within(consumer.recv(), "a record").await.expect("a record")));
    }
    found
}

fn to_read(message: &BorrowedMessage<'_>) -> Read {
    let header = |one: Header<'_, &[u8]>| (one.key.to_owned(), one.value.expect("it has a value").to_vec());
    let record = Record {
        partition: message.partition(),
        key: message.key().map(<[u8]>::to_vec),
        value: message.payload().map(<[u8]>::to_vec),
        headers: message.headers().map_or_else(Vec::new, |all| all.iter().map(header).collect()),
    };
    Read { offset: message.offset(), record }
}
