//! Topics with a codec of their own (`compression.type`): what producers send is compressed anew, and everything else about
//! it stays as it was, the order first of all.
#![allow(clippy::unwrap_used, reason = "a test says what went wrong by failing")]

mod support;

use bytes::Bytes;
use creel_engine::{
    BATCH_HEADER_BYTES, Batch, BatchBuilder, BatchHeader, Codec, Compression, RecordRules, Records,
    TimestampRules, TimestampType, UncheckedBatch,
};
use creel_wire::ErrorCode;
use creel_wire::api::create_topics::{CreatableTopic, CreatableTopicConfig, CreateTopicsRequest};
use creel_wire::api::incremental_alter_configs as single;
use creel_wire::api::produce::{PartitionProduceData, PartitionProduceResponse, ProduceRequest};
use creel_wire::{Records as Sent, Str};
use support::{Client, World, altered, batch, batch_of_producer, produce_request, story, values};

const CODECS: [(&str, Compression); 5] = [
    ("uncompressed", Compression::None),
    ("gzip", Compression::Gzip(-1)),
    ("snappy", Compression::Snappy),
    ("lz4", Compression::Lz4(9)),
    ("zstd", Compression::Zstd(3)),
];

/// The batch as a producer with this codec sends it.
fn sent_as(batch: &Batch, how: Compression) -> Batch {
    let kind = TimestampType::CreateTime;
    let times = TimestampRules { kind, before_max_ms: i64::MAX, after_max_ms: i64::MAX };
    let sent = batch.look(&RecordRules::new(times, false, Some(how)), 0).unwrap();
    UncheckedBatch::new(sent.bytes().clone()).verify().unwrap()
}

async fn create(client: &mut Client, name: &'static str, partitions: i32, configs: &[(&'static str, &str)]) {
    let config = |(name, value): &(&'static str, &str)| CreatableTopicConfig {
        name: Str::from_static(name),
        value: Some(Str::from((*value).to_owned())),
    };
    let topic = CreatableTopic {
        name: name.into(),
        num_partitions: partitions,
        replication_factor: 1,
        configs: configs.iter().map(config).collect(),
        ..Default::default()
    };
    let request = CreateTopicsRequest { topics: vec![topic], ..Default::default() };
    assert_eq!(client.call(7, &request).await.topics[0].error_code, ErrorCode::None);
}

async fn set(client: &mut Client, topic: &'static str, name: &'static str, value: &'static str) {
    let config =
        single::AlterableConfig { name: name.into(), config_operation: 0, value: Some(value.into()) };
    let resource =
        single::AlterConfigsResource { resource_type: 2, resource_name: topic.into(), configs: vec![config] };
    let request = single::IncrementalAlterConfigsRequest { resources: vec![resource], validate_only: false };
    assert_eq!(client.call(1, &request).await.responses[0].error_code, ErrorCode::None);
}

/// The batches that a partition holds.
async fn stored(client: &mut Client, topic: &'static str, partition: i32) -> Vec<Batch> {
    let mut batches = Vec::new();
    let mut next = 0;
    loop {
        let data = client.fetch(topic, partition, next).await;
        if next >= data.high_watermark {
            return batches;
        }
        let mut bytes: Bytes = data.records.inline().clone();
        while !bytes.is_empty() {
            let header = BatchHeader::parse(&bytes).unwrap();
            batches.push(UncheckedBatch::new(bytes.split_to(header.size_bytes)).verify().unwrap());
            next = header.end_offset().get();
        }
    }
}

async fn answered(client: &mut Client) -> PartitionProduceResponse {
    let (_, mut response) = client.receive::<ProduceRequest>(9).await;
    response.responses.remove(0).partition_responses.remove(0)
}

#[test]
fn every_codec_becomes_the_topics_and_the_records_stay() {
    story(&[], |broker| async move {
        let mut client = broker.connect().await;
        let headers = [("from", Some(&b"us"[..])), ("", None)];
        let plain = BatchBuilder::new(5000)
            .record_with_headers(5007, Some(b"k"), Some(&[9; 3000]), &headers)
            .record(5000, None, None)
            .record(4990, Some(b""), Some(b"value"))
            .build()
            .unwrap();
        let expected: Vec<_> = Records::of(&plain).unwrap().map(|record| record.unwrap()).collect();
        for (name, to) in CODECS {
            create(&mut client, name, 1, &[("compression.type", name)]).await;
            for (_, from) in CODECS {
                let sent = sent_as(&plain, from);
                assert_eq!(client.produce(name, 0, &sent).await.error_code, ErrorCode::None, "{from:?}");
            }
            let stored = stored(&mut client, name, 0).await;
            assert_eq!(stored.len(), CODECS.len());
            for (at, (batch, (_, from))) in stored.iter().zip(CODECS).enumerate() {
                assert_eq!(batch.codec(), to.codec(), "{from:?}");
                let base = 3 * at as i64;
                assert_eq!(batch.header().base_offset.get(), base);
                assert_eq!(batch.header().max_timestamp, 5007);
                let records = Records::decompress(batch).unwrap().map(|record| record.unwrap());
                for (record, expected) in records.zip(&expected) {
                    assert_eq!(record.offset.get(), base + expected.offset.get());
                    assert_eq!((record.timestamp, &record.key), (expected.timestamp, &expected.key));
                    assert_eq!((&record.value, &record.headers), (&expected.value, &expected.headers));
                }
                if from.codec() == to.codec() {
                    assert_eq!(batch.bytes()[61..], sent_as(&plain, from).bytes()[61..], "as it came");
                }
            }
        }
    });
}

/// Half of the batches have the topic's codec already. They could be appended at once, and must not be.
#[test]
fn what_comes_behind_a_batch_that_is_compressed_anew_stays_behind_it() {
    story(&["compression.type=lz4"], |broker| async move {
        let mut client = broker.connect().await;
        client.create_topic("orders", 2).await;
        for number in 0..20 {
            let values: Vec<_> = (0..3).map(|at| format!("{number}-{at}")).collect();
            let values: Vec<_> = values.iter().map(String::as_str).collect();
            let how = if number % 2 == 0 { Compression::None } else { Compression::Lz4(9) };
            let records = sent_as(&batch(&values), how).bytes().clone();
            client.send(9, &produce_request("orders", 0, records, 1)).await;
        }
        for number in 0..20 {
            let answered = answered(&mut client).await;
            assert_eq!((answered.error_code, answered.base_offset), (ErrorCode::None, 3 * number));
        }
        let mut read = Vec::new();
        while read.len() < 60 {
            read.extend(values(&client.fetch("orders", 0, read.len() as i64).await));
        }
        let expected: Vec<_> = (0..60).map(|at| (at, format!("{}-{}", at / 3, at % 3))).collect();
        assert_eq!(read, expected);
    });
}

#[test]
fn an_idempotent_producers_sequences_hold_and_its_retries_are_known() {
    story(&["compression.type=zstd"], |broker| async move {
        let mut client = broker.connect().await;
        client.create_topic("orders", 1).await;
        let sent = |number: i32| {
            let how = if number % 3 == 0 { Compression::Zstd(1) } else { Compression::Gzip(-1) };
            sent_as(&batch_of_producer(7, 0, 2 * number, &["a", "b"]), how)
        };
        for round in 0..2 {
            for number in 0..5 {
                client.send(9, &produce_request("orders", 0, sent(number).bytes().clone(), -1)).await;
            }
            for number in 0..5 {
                let answered = answered(&mut client).await;
                let expected = (ErrorCode::None, 2 * i64::from(number));
                assert_eq!((answered.error_code, answered.base_offset), expected, "round {round}");
            }
        }
        let skipping = sent_as(&batch_of_producer(7, 0, 12, &["c"]), Compression::Snappy);
        let refused = client.produce("orders", 0, &skipping).await;
        assert_eq!(refused.error_code, ErrorCode::OutOfOrderSequenceNumber);
        let stored = stored(&mut client, "orders", 0).await;
        let told = |batch: &Batch| (batch.header().producer_id, batch.header().base_sequence, batch.codec());
        let expected: Vec<_> = (0..5).map(|number| (7, 2 * number, Codec::Zstd)).collect();
        assert_eq!(stored.iter().map(told).collect::<Vec<_>>(), expected);
    });
}

#[test]
fn one_request_for_many_partitions_keeps_each_ones_order() {
    story(&["compression.type=snappy"], |broker| async move {
        let mut client = broker.connect().await;
        client.create_topic("orders", 40).await;
        for round in 0..3 {
            let value = format!("{round}");
            let mut request = produce_request("orders", 0, Bytes::new(), -1);
            request.topic_data[0].partition_data = (0..40)
                .map(|index| {
                    let how = CODECS[(index as usize + round) % CODECS.len()].1;
                    let records = sent_as(&batch(&[&value]), how).bytes().clone();
                    PartitionProduceData { index, records: Sent::Inline(records) }
                })
                .collect();
            client.send(9, &request).await;
        }
        for round in 0..3 {
            let (_, response) = client.receive::<ProduceRequest>(9).await;
            for (index, answered) in response.responses[0].partition_responses.iter().enumerate() {
                assert_eq!(answered.index, index as i32);
                assert_eq!((answered.error_code, answered.base_offset), (ErrorCode::None, round));
            }
        }
        for index in 0..40 {
            let batches = stored(&mut client, "orders", index).await;
            assert!(batches.iter().all(|batch| batch.codec() == Codec::Snappy));
            let read: Vec<_> = batches.iter().flat_map(|batch| Records::decompress(batch).unwrap()).collect();
            let read: Vec<_> = read.into_iter().map(|record| record.unwrap().value.unwrap()).collect();
            assert_eq!(read, ["0", "1", "2"]);
        }
    });
}

#[test]
fn a_batch_must_be_within_the_limit_as_it_comes_and_as_it_is_stored() {
    story(&[], |broker| async move {
        let mut client = broker.connect().await;
        let large = batch(&["x".repeat(5000).as_str()]);
        let packed = sent_as(&large, Compression::Zstd(3));
        let limit = [("max.message.bytes", "1000")];
        create(&mut client, "unpacked", 1, &[limit[0], ("compression.type", "uncompressed")]).await;
        create(&mut client, "packed", 1, &[limit[0], ("compression.type", "zstd")]).await;
        for (topic, batch, expected) in [
            ("unpacked", &packed, ErrorCode::MessageTooLarge),
            ("unpacked", &large, ErrorCode::MessageTooLarge),
            ("packed", &large, ErrorCode::MessageTooLarge),
            ("packed", &packed, ErrorCode::None),
        ] {
            assert_eq!(client.produce(topic, 0, batch).await.error_code, expected, "{topic}");
        }
        assert_eq!(client.fetch("unpacked", 0, 0).await.high_watermark, 0);
    });
}

/// What other cores' partitions get is sent to them before it has become much.
#[test]
fn batches_that_become_large_reach_the_partitions_of_every_core() {
    World::new(5, 3, &["compression.type=uncompressed"]).client(|broker| async move {
        let mut client = broker.connect().await;
        client.create_topic("orders", 24).await;
        let packed = sent_as(&batch(&["x".repeat(900_000).as_str()]), Compression::Zstd(3));
        for offset in 0..2 {
            let mut request = produce_request("orders", 0, Bytes::new(), -1);
            request.topic_data[0].partition_data = (0..24)
                .map(|index| PartitionProduceData { index, records: Sent::Inline(packed.bytes().clone()) })
                .collect();
            let response = client.call::<ProduceRequest>(9, &request).await;
            let answered = &response.responses[0].partition_responses;
            assert_eq!(answered.len(), 24);
            for (index, one) in answered.iter().enumerate() {
                assert_eq!(
                    (one.index, one.error_code, one.base_offset),
                    (index as i32, ErrorCode::None, offset)
                );
            }
        }
    });
}

#[test]
fn control_batches_of_clients_are_refused_in_every_codec() {
    story(&[], |broker| async move {
        let mut client = broker.connect().await;
        for topic in ["producer", "lz4"] {
            create(&mut client, topic, 1, &[("compression.type", topic)]).await;
            for attributes in [0x20, 0x30] {
                let plain = batch_of_producer(7, 0, 0, &["a"]);
                let control = altered(&plain, attributes, &plain.bytes()[BATCH_HEADER_BYTES..]);
                let request = produce_request(topic, 0, control, -1);
                client.send(9, &request).await;
                assert_eq!(answered(&mut client).await.error_code, ErrorCode::InvalidRecord, "{topic}");
            }
            assert_eq!(client.fetch(topic, 0, 0).await.high_watermark, 0);
        }
    });
}

/// A batch with this body, whose header says zstd.
fn claiming_zstd(body: &[u8]) -> Bytes {
    altered(&batch(&["a"]), 4, body)
}

#[test]
fn records_that_do_not_decompress_are_refused_and_those_behind_them_are_not() {
    let bomb = zstd::bulk::compress(&vec![0; creel_engine::DECOMPRESSED_BYTES_MAX + 1], 1).unwrap();
    let mut world = World::new(1, 1, &["compression.type=gzip"]);
    world.client(|broker| async move {
        let mut client = broker.connect().await;
        client.create_topic("orders", 1).await;
        for records in [claiming_zstd(b"no such thing"), claiming_zstd(&bomb)] {
            client.send(9, &produce_request("orders", 0, records, -1)).await;
            let sound = batch(&["a"]).bytes().clone();
            client.send(9, &produce_request("orders", 0, sound, -1)).await;
            assert_eq!(answered(&mut client).await.error_code, ErrorCode::InvalidRecord);
            assert_eq!(answered(&mut client).await.error_code, ErrorCode::None);
        }
    });
}

#[test]
fn the_brokers_time_and_the_topics_codec_go_together() {
    story(&[], |broker| async move {
        let mut client = broker.connect().await;
        let settings = [("compression.type", "lz4"), ("message.timestamp.type", "LogAppendTime")];
        create(&mut client, "orders", 1, &settings).await;
        // Of which lz4 makes hardly less.
        let long: String = (0..100_000_u32)
            .map(|at| char::from(b'a' + (at.wrapping_mul(2_654_435_761) >> 24) as u8 % 26))
            .collect();
        for sent in [batch(&["a", "b"]), sent_as(&batch(&[&long]), Compression::Lz4(9))] {
            let answered = client.produce("orders", 0, &sent).await;
            assert_eq!(answered.error_code, ErrorCode::None);
            let stored = stored(&mut client, "orders", 0).await.pop().unwrap();
            assert_eq!(stored.codec(), Codec::Lz4);
            assert!(stored.header().attributes.is_log_append_time());
            assert_eq!(stored.header().max_timestamp, answered.log_append_time_ms);
        }
    });
}

#[test]
fn a_changed_codec_holds_for_what_comes_later() {
    story(&[], |broker| async move {
        let mut client = broker.connect().await;
        client.create_topic("orders", 1).await;
        for value in ["producer", "zstd", "uncompressed", "gzip"] {
            set(&mut client, "orders", "compression.type", value).await;
            assert_eq!(client.produce("orders", 0, &batch(&["a"])).await.error_code, ErrorCode::None);
        }
        let codecs: Vec<_> = stored(&mut client, "orders", 0).await.iter().map(Batch::codec).collect();
        assert_eq!(codecs, [Codec::None, Codec::Zstd, Codec::None, Codec::Gzip]);
    });
}

/// A level is the topic's own, the broker's, or the default.
#[test]
fn a_closer_level_stores_less() {
    story(&["compression.zstd.level=-50"], |broker| async move {
        let mut client = broker.connect().await;
        let lines: String =
            (0..3000).map(|at| format!("{{\"order\":{at},\"sum\":{}}}\n", at * 77 % 1000)).collect();
        create(&mut client, "quick", 1, &[("compression.type", "zstd")]).await;
        let close = [("compression.type", "zstd"), ("compression.zstd.level", "19")];
        create(&mut client, "close", 1, &close).await;
        let mut sizes = Vec::new();
        for topic in ["quick", "close"] {
            client.produce(topic, 0, &batch(&[&lines])).await;
            sizes.push(stored(&mut client, topic, 0).await[0].size_bytes());
        }
        assert!(2 * sizes[1] < sizes[0], "{sizes:?}");
    });
}

/// Compaction goes by keys. Records of every codec are looked at.
#[test]
fn records_without_a_key_are_named_in_a_compacted_topic_whatever_their_codec() {
    story(&["log.cleanup.policy=compact"], |broker| async move {
        let mut client = broker.connect().await;
        client.create_topic("orders", 1).await;
        let many = |keys: usize, without: &[usize]| {
            let add = |builder: BatchBuilder, at: usize| {
                let key = (!without.contains(&at)).then_some(&b"k"[..]);
                builder.record(1000, key, Some(&[at as u8; 30]))
            };
            (0..keys).fold(BatchBuilder::new(1000), add).build().unwrap()
        };
        for (name, how) in CODECS {
            // Few enough to be looked at on the core, and too many for that.
            for keys in [3, 20_000] {
                let refused = client.produce("orders", 0, &sent_as(&many(keys, &[1, 2]), how)).await;
                assert_eq!(refused.error_code, ErrorCode::InvalidRecord, "{name}");
                let named: Vec<_> = refused.record_errors.iter().map(|one| one.batch_index).collect();
                assert_eq!(named, [1, 2], "{name}");
                let words = "Compacted topic cannot accept message without key";
                assert_eq!(refused.error_message.as_deref(), Some(words));
                let said = &refused.record_errors[0].batch_index_error_message;
                assert_eq!(said.as_deref(), Some(words));
                let taken = client.produce("orders", 0, &sent_as(&many(keys, &[]), how)).await;
                assert_eq!(taken.error_code, ErrorCode::None, "{name}");
            }
        }
        let codecs: Vec<_> = stored(&mut client, "orders", 0).await.iter().map(Batch::codec).collect();
        let expected: Vec<_> = CODECS.iter().flat_map(|(_, how)| [how.codec(); 2]).collect();
        assert_eq!(codecs, expected, "as they came");
    });
}
