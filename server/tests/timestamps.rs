//! Whose timestamps count: each record's own, whatever the header of its batch says.
#![allow(clippy::unwrap_used, reason = "a test says what went wrong by failing")]

mod support;

use bytes::{Bytes, BytesMut};
use creel_engine::crc32c;
use creel_engine::{Batch, BatchBuilder, BatchHeader, UncheckedBatch};
use creel_io::wall_clock_ms;
use creel_wire::ErrorCode::{self, InvalidTimestamp};
use creel_wire::api::alter_configs::{AlterConfigsRequest, AlterConfigsResource, AlterableConfig};
use creel_wire::api::init_producer_id::InitProducerIdRequest;
use creel_wire::api::list_offsets::{ListOffsetsPartition, ListOffsetsRequest, ListOffsetsTopic};
use creel_wire::api::produce::{PartitionProduceData, ProduceRequest, TopicProduceData};
use creel_wire::{Records, Str};
use support::{Client, produce_request, story};

const HOUR: i64 = 3_600_000;
const BEFORE_1970: i64 = -7_240_509_273_709;

/// How a batch says when its records were made.
#[derive(Clone, Copy, Debug)]
struct Form {
    is_compressed: bool,
    /// The header has no largest timestamp.
    is_silent: bool,
}

const FORMS: [Form; 4] = [
    Form { is_compressed: false, is_silent: false },
    Form { is_compressed: false, is_silent: true },
    Form { is_compressed: true, is_silent: false },
    Form { is_compressed: true, is_silent: true },
];

impl Form {
    fn of(self, batch: &Batch) -> Batch {
        let mut bytes = BytesMut::from(&batch.bytes()[..61]);
        let body = &batch.bytes()[61..];
        match self.is_compressed {
            true => bytes.extend(zstd::stream::encode_all(body, 1).unwrap()),
            false => bytes.extend(body),
        }
        let length = bytes.len() as i32 - 12;
        bytes[8..12].copy_from_slice(&length.to_be_bytes());
        if self.is_compressed {
            bytes[22] |= 4;
        }
        if self.is_silent {
            bytes[35..43].copy_from_slice(&(-1_i64).to_be_bytes());
        }
        sealed(bytes)
    }

    fn at(self, times: &[i64]) -> Batch {
        self.of(&batch_at(times))
    }
}

fn sealed(mut bytes: BytesMut) -> Batch {
    let crc = crc32c(&bytes[21..]);
    bytes[17..21].copy_from_slice(&crc.to_be_bytes());
    UncheckedBatch::new(bytes.freeze()).verify().unwrap()
}

fn batch_at(times: &[i64]) -> Batch {
    let add = |builder: BatchBuilder, time: &i64| builder.record(*time, Some(b"key"), Some(b"value"));
    times.iter().fold(BatchBuilder::new(times[0]), add).build().unwrap()
}

async fn set(client: &mut Client, topic: &'static str, name: &'static str, value: String) {
    let config = AlterableConfig { name: name.into(), value: Some(Str::from(value)) };
    let resource =
        AlterConfigsResource { resource_type: 2, resource_name: topic.into(), configs: vec![config] };
    let request = AlterConfigsRequest { resources: vec![resource], ..Default::default() };
    assert_eq!(client.call(2, &request).await.responses[0].error_code, ErrorCode::None);
}

async fn offset_at(client: &mut Client, topic: &'static str, timestamp: i64) -> (i64, i64) {
    let asked = ListOffsetsPartition { timestamp, ..Default::default() };
    let topic = ListOffsetsTopic { name: topic.into(), partitions: vec![asked] };
    let request = ListOffsetsRequest { topics: vec![topic], ..Default::default() };
    let found = client.call(7, &request).await.topics.remove(0).partitions.remove(0);
    (found.offset, found.timestamp)
}

fn headers(mut bytes: Bytes) -> Vec<BatchHeader> {
    let mut headers = Vec::new();
    while !bytes.is_empty() {
        let header = BatchHeader::parse(&bytes).unwrap();
        // With the checksum that belongs to what the broker has put right.
        UncheckedBatch::new(bytes.split_to(header.size_bytes)).verify().unwrap();
        headers.push(header);
    }
    headers
}

#[test]
fn every_record_is_held_against_the_limits() {
    story(&[], |broker| async move {
        let mut client = broker.connect().await;
        client.create_topic("any", 1).await;
        client.create_topic("days", 1).await;
        set(&mut client, "days", "message.timestamp.before.max.ms", (24 * HOUR).to_string()).await;
        let now = wall_clock_ms();
        for form in FORMS {
            for (topic, times, blamed) in [
                ("any", [now, BEFORE_1970, now], &[][..]),
                ("any", [BEFORE_1970; 3], &[]),
                ("any", [-1; 3], &[]),
                ("any", [now * 1000; 3], &[0, 1, 2]),
                ("any", [now, now + 2 * HOUR, now], &[1]),
                ("days", [now, now - 48 * HOUR, now], &[1]),
                ("days", [now - 48 * HOUR, now, now], &[0]),
                ("days", [-5000; 3], &[0, 1, 2]),
                ("days", [-1; 3], &[]),
                ("days", [now - 23 * HOUR, now, now + HOUR / 2], &[]),
            ] {
                let outcome = client.produce(topic, 0, &form.at(&times)).await;
                let expected = if blamed.is_empty() { ErrorCode::None } else { InvalidTimestamp };
                assert_eq!(outcome.error_code, expected, "{topic} {times:?} {form:?}");
                let named: Vec<_> = outcome.record_errors.iter().map(|record| record.batch_index).collect();
                assert_eq!(named, blamed, "{topic} {times:?} {form:?}");
            }
        }
    });
}

/// The header promises more than is there: only records are refused.
#[test]
fn a_header_that_exaggerates_is_put_right() {
    story(&[], |broker| async move {
        let mut client = broker.connect().await;
        client.create_topic("any", 1).await;
        let now = wall_clock_ms();
        for form in FORMS.into_iter().filter(|form| !form.is_silent) {
            let mut bytes = BytesMut::from(&form.at(&[now, now - 7]).bytes()[..]);
            bytes[35..43].copy_from_slice(&(now + 2 * HOUR).to_be_bytes());
            let outcome = client.produce("any", 0, &sealed(bytes)).await;
            assert_eq!(outcome.error_code, ErrorCode::None, "{form:?}");
        }
        let found = client.fetch("any", 0, 0).await.records.inline().clone();
        assert!(headers(found).iter().all(|header| header.max_timestamp == now));
    });
}

#[test]
fn the_brokers_time_replaces_them_all() {
    story(&["log.message.timestamp.type=LogAppendTime"], |broker| async move {
        let mut client = broker.connect().await;
        client.create_topic("any", 1).await;
        let now = wall_clock_ms();
        for form in FORMS {
            let outcome = client.produce("any", 0, &form.at(&[now + 48 * HOUR, -5, 0])).await;
            assert_eq!(outcome.error_code, ErrorCode::None);
            assert!(outcome.log_append_time_ms >= now);
        }
        let found = client.fetch("any", 0, 0).await.records.inline().clone();
        assert!(headers(found).iter().all(|header| (now..now + HOUR).contains(&header.max_timestamp)));
    });
}

#[test]
fn fetch_and_list_offsets_know_the_records_times() {
    story(&[], |broker| async move {
        let mut client = broker.connect().await;
        let now = wall_clock_ms();
        for (topic, form) in ["a", "b", "c", "d"].into_iter().zip(FORMS) {
            client.create_topic(topic, 1).await;
            client.produce(topic, 0, &form.at(&[-1, -1])).await;
            client.produce(topic, 0, &form.at(&[now, now + 20, now + 10])).await;
            client.produce(topic, 0, &form.at(&[BEFORE_1970, now + 5])).await;
            client.produce(topic, 0, &form.at(&[-1])).await;
            let found = client.fetch(topic, 0, 0).await.records.inline().clone();
            let times: Vec<_> = headers(found).iter().map(|header| header.max_timestamp).collect();
            assert_eq!(times, [-1, now + 20, now + 5, -1], "{form:?}");
            assert_eq!(offset_at(&mut client, topic, -3).await, (3, now + 20), "{form:?}");
            assert_eq!(offset_at(&mut client, topic, now).await, (2, now));
            assert_eq!(offset_at(&mut client, topic, now + 1).await, (3, now + 20));
            assert_eq!(offset_at(&mut client, topic, now + 21).await, (-1, -1));
        }
    });
}

/// Some batches are decompressed off the core first, some are not looked into at all: none overtakes another.
#[test]
fn batches_that_are_looked_into_keep_their_places() {
    story(&[], |broker| async move {
        let mut client = broker.connect().await;
        client.create_topic("orders", 3).await;
        let id = client.call(4, &InitProducerIdRequest::default()).await.producer_id;
        let mut sent = Vec::new();
        for number in 0..48 {
            let now = wall_clock_ms();
            let builder = BatchBuilder::new(now).producer(id, 0, number);
            let batch = builder.record(now, None, Some(number.to_string().as_bytes())).build().unwrap();
            // Two partitions in one request, and a third in one of its own.
            let mut request =
                produce_request("orders", 0, FORMS[number as usize % 4].of(&batch).bytes().clone(), -1);
            let form = FORMS[(number as usize / 4) % 4];
            let records = Records::Inline(form.of(&batch).bytes().clone());
            request.topic_data[0].partition_data.push(PartitionProduceData { index: 1, records });
            request.acks = if number % 3 == 0 { 1 } else { -1 };
            sent.push(client.send(9, &request).await);
            let third = FORMS[3 - number as usize % 4].of(&batch);
            sent.push(client.send(9, &produce_request("orders", 2, third.bytes().clone(), -1)).await);
        }
        for (at, expected) in sent.into_iter().enumerate() {
            let (answered, response) = client.receive::<ProduceRequest>(9).await;
            assert_eq!(answered, expected);
            for ack in &response.responses[0].partition_responses {
                assert_eq!(
                    (ack.error_code, ack.base_offset),
                    (ErrorCode::None, at as i64 / 2),
                    "{}",
                    ack.index
                );
            }
        }
    });
}

/// The same partition twice in one request: the second waits for the look at the first.
#[test]
fn a_request_keeps_its_own_order() {
    story(&[], |broker| async move {
        let mut client = broker.connect().await;
        client.create_topic("orders", 1).await;
        let id = client.call(4, &InitProducerIdRequest::default()).await.producer_id;
        let now = wall_clock_ms();
        let data = |(sequence, form): (i32, Form)| {
            let builder = BatchBuilder::new(now).producer(id, 0, sequence);
            let batch = form.of(&builder.record(now, None, None).build().unwrap());
            PartitionProduceData { index: 0, records: Records::Inline(batch.bytes().clone()) }
        };
        let partition_data = (0..).zip(FORMS.into_iter().rev()).map(data).collect();
        let topic = TopicProduceData { name: "orders".into(), partition_data, ..Default::default() };
        let request =
            ProduceRequest { acks: -1, timeout_ms: 30_000, topic_data: vec![topic], ..Default::default() };
        let response = client.call(9, &request).await;
        let outcomes = response.responses[0].partition_responses.iter();
        let offsets: Vec<_> = outcomes.map(|one| (one.error_code, one.base_offset)).collect();
        assert_eq!(offsets, (0..4).map(|at| (ErrorCode::None, at)).collect::<Vec<_>>());
    });
}

/// The same batch, saying that its times are the broker's.
fn claiming(batch: &Batch) -> Batch {
    let mut bytes = BytesMut::from(&batch.bytes()[..]);
    bytes[22] |= 8;
    sealed(bytes)
}

#[test]
fn who_says_that_the_times_are_the_brokers_is_refused_only_where_they_are() {
    story(&[], |broker| async move {
        let mut client = broker.connect().await;
        client.create_topic("clients", 1).await;
        client.create_topic("brokers", 1).await;
        set(&mut client, "brokers", "message.timestamp.type", "LogAppendTime".to_owned()).await;
        let now = wall_clock_ms();
        for form in FORMS {
            let batch = claiming(&form.at(&[now, now + 20]));
            let expected = if form.is_silent { InvalidTimestamp } else { ErrorCode::None };
            assert_eq!(client.produce("clients", 0, &batch).await.error_code, expected, "{form:?}");
            let refused = client.produce("brokers", 0, &batch).await;
            assert_eq!(refused.error_code, InvalidTimestamp);
            assert_eq!(refused.record_errors.iter().map(|one| one.batch_index).collect::<Vec<_>>(), [0, 1]);
        }
        let found = headers(client.fetch("clients", 0, 0).await.records.inline().clone());
        assert_eq!(found.len(), 2);
        for header in found {
            assert!(!header.attributes.is_log_append_time(), "it is taken back");
            assert_eq!(header.max_timestamp, now + 20);
        }
        assert_eq!(client.fetch("brokers", 0, 0).await.high_watermark, 0);
        assert_eq!(offset_at(&mut client, "clients", now + 1).await, (1, now + 20));
    });
}

#[test]
fn where_no_record_has_a_timestamp_the_first_is_the_latest() {
    story(&[], |broker| async move {
        let mut client = broker.connect().await;
        for (topic, form) in ["a", "b", "c", "d"].into_iter().zip(FORMS) {
            client.create_topic(topic, 1).await;
            assert_eq!(offset_at(&mut client, topic, -3).await, (-1, -1), "an empty log");
            client.produce(topic, 0, &form.at(&[-1, -1])).await;
            client.produce(topic, 0, &form.at(&[-1])).await;
            assert_eq!(offset_at(&mut client, topic, -3).await, (0, -1), "{form:?}");
        }
        client.create_topic("old", 1).await;
        client.produce("old", 0, &batch_at(&[BEFORE_1970])).await;
        assert_eq!(offset_at(&mut client, "old", -3).await, (-1, -1));
    });
}

#[test]
fn a_single_records_time_is_known_without_a_header() {
    story(&[], |broker| async move {
        let mut client = broker.connect().await;
        client.create_topic("any", 1).await;
        let now = wall_clock_ms();
        let mut bytes = BytesMut::from(&batch_at(&[now]).bytes()[..]);
        bytes[35..43].copy_from_slice(&(now + HOUR / 2).to_be_bytes());
        client.produce("any", 0, &sealed(bytes)).await;
        assert_eq!(offset_at(&mut client, "any", -3).await, (0, now));
    });
}
