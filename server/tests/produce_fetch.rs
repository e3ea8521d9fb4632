//! What is produced is fetched: equal, whole, in order, from every core.
#![allow(clippy::unwrap_used, reason = "a test says what went wrong by failing")]

mod support;

use bytes::{BufMut, BytesMut};
use creel_wire::ErrorCode;
use creel_wire::Records;
use creel_wire::api::fetch::{FetchPartition, FetchRequest, FetchTopic};
use creel_wire::api::produce::{PartitionProduceData, ProduceRequest, TopicProduceData};
use support::{batch, fetch_request, one, produce_request, story, values};

#[test]
fn records_come_back_from_every_partition() {
    story(&[], |broker| async move {
        let mut client = broker.connect().await;
        client.create_topic("orders", 5).await;
        for partition in 0..5 {
            let texts = [format!("a{partition}"), format!("b{partition}")];
            let batch = batch(&[&texts[0], &texts[1]]);
            let ack = client.produce("orders", partition, &batch).await;
            assert_eq!((ack.error_code, ack.base_offset), (ErrorCode::None, 0));
        }
        let mut other = broker.connect().await;
        for partition in 0..5 {
            let found = other.fetch("orders", partition, 0).await;
            assert_eq!((found.error_code, found.high_watermark), (ErrorCode::None, 2));
            assert_eq!(values(&found), [(0, format!("a{partition}")), (1, format!("b{partition}"))]);
        }
    });
}

#[test]
fn one_request_reaches_the_partitions_of_all_cores() {
    story(&[], |broker| async move {
        let mut client = broker.connect().await;
        client.create_topic("orders", 4).await;
        let data = |index| PartitionProduceData {
            index,
            records: Records::Inline(batch(&["x", "y"]).bytes().clone()),
        };
        // Partition 9 is not there: the others are written all the same, each answered in its place.
        let partition_data = [3, 9, 0, 2, 1].map(data).to_vec();
        let topic = TopicProduceData { name: "orders".into(), partition_data, ..Default::default() };
        let request = ProduceRequest { acks: 1, topic_data: vec![topic], ..Default::default() };
        let response = client.call(9, &request).await;
        let answered = &response.responses[0].partition_responses;
        let codes: Vec<_> = answered.iter().map(|one| (one.index, one.error_code, one.base_offset)).collect();
        let fine = |index| (index, ErrorCode::None, 0);
        let missing = (9, ErrorCode::UnknownTopicOrPartition, -1);
        assert_eq!(codes, [fine(3), missing, fine(0), fine(2), fine(1)]);

        // Acked when written; readable once durable, which the fetch waits for.
        let asked =
            |partition| FetchPartition { partition, partition_max_bytes: 1 << 20, ..Default::default() };
        let partitions = [2, 0, 3, 1].map(asked).to_vec();
        let size = batch(&["x", "y"]).size_bytes() as i32;
        let request = FetchRequest {
            max_wait_ms: 10_000,
            min_bytes: 4 * size,
            max_bytes: 1 << 20,
            topics: vec![FetchTopic { topic: "orders".into(), partitions, ..Default::default() }],
            ..Default::default()
        };
        let response = client.call(12, &request).await;
        let found: Vec<_> = response.responses[0]
            .partitions
            .iter()
            .map(|one| (one.partition_index, values(one).len()))
            .collect();
        assert_eq!(found, [(2, 2), (0, 2), (3, 2), (1, 2)]);
    });
}

#[test]
fn an_offset_inside_a_batch_gives_the_whole_batch() {
    story(&[], |broker| async move {
        let mut client = broker.connect().await;
        client.create_topic("orders", 1).await;
        client.produce("orders", 0, &batch(&["a", "b", "c"])).await;
        client.produce("orders", 0, &batch(&["d"])).await;
        let found = client.fetch("orders", 0, 1).await;
        let offsets: Vec<_> = values(&found).into_iter().map(|(offset, _)| offset).collect();
        assert_eq!(offsets, [0, 1, 2, 3]);
        assert_eq!(values(&client.fetch("orders", 0, 3).await), [(3, "d".to_owned())]);
    });
}

#[test]
fn the_first_records_ignore_the_limits_and_later_ones_do_not() {
    story(&[], |broker| async move {
        let mut client = broker.connect().await;
        client.create_topic("orders", 2).await;
        client.produce("orders", 0, &batch(&["a"])).await;
        client.produce("orders", 1, &batch(&["b"])).await;
        let asked = |partition| FetchPartition { partition, partition_max_bytes: 1, ..Default::default() };
        let partitions = [0, 1].map(asked).to_vec();
        let topics = vec![FetchTopic { topic: "orders".into(), partitions, ..Default::default() }];
        let request = FetchRequest { max_bytes: 1, topics, ..Default::default() };
        let response = client.call(12, &request).await;
        let found = &response.responses[0].partitions;
        assert_eq!(values(&found[0]).len(), 1);
        assert_eq!(found[1].records, Records::EMPTY);
        assert_eq!(found[1].high_watermark, 1);
    });
}

#[test]
fn offsets_outside_the_log_are_out_of_range() {
    story(&[], |broker| async move {
        let mut client = broker.connect().await;
        client.create_topic("orders", 1).await;
        client.produce("orders", 0, &batch(&["a"])).await;
        assert_eq!(client.fetch("orders", 0, 1).await.error_code, ErrorCode::None);
        for offset in [-1, 2] {
            // An error is answered at once, however long the client would wait.
            let found = one(client.call(12, &fetch_request("orders", 0, offset, i32::MAX)).await);
            assert_eq!(found.error_code, ErrorCode::OffsetOutOfRange);
            assert_eq!(found.records, Records::EMPTY);
        }
    });
}

#[test]
fn what_is_no_single_sound_batch_is_refused() {
    story(&["message.max.bytes=200"], |broker| async move {
        let mut client = broker.connect().await;
        client.create_topic("orders", 1).await;
        let good = batch(&["a"]).bytes().clone();
        let mut twice = BytesMut::from(&good[..]);
        twice.put_slice(&good);
        let mut flipped = BytesMut::from(&good[..]);
        *flipped.last_mut().unwrap() ^= 1;
        let mut old = BytesMut::from(&good[..]);
        old[16] = 1;
        let cases = [
            (twice.freeze(), ErrorCode::InvalidRecord),
            (flipped.freeze(), ErrorCode::CorruptMessage),
            (old.freeze(), ErrorCode::InvalidRecord),
            (batch(&["a".repeat(300).as_str()]).bytes().clone(), ErrorCode::MessageTooLarge),
        ];
        for (records, expected) in cases {
            let response = client.call(9, &produce_request("orders", 0, records, -1)).await;
            let answered = &response.responses[0].partition_responses[0];
            assert_eq!((answered.error_code, answered.base_offset), (expected, -1));
        }
        let response = client.call(9, &produce_request("orders", 0, good, 2)).await;
        let answered = &response.responses[0].partition_responses[0];
        assert_eq!(answered.error_code, ErrorCode::InvalidRequiredAcks);
        assert_eq!(client.fetch("orders", 0, 0).await.high_watermark, 0, "nothing was appended");
    });
}

#[test]
fn records_without_a_key_are_refused_where_compaction_needs_keys() {
    story(&["log.cleanup.policy=compact"], |broker| async move {
        let mut client = broker.connect().await;
        client.create_topic("orders", 1).await;
        let keyless = creel_engine::BatchBuilder::new(0)
            .record(0, Some(b"k"), Some(b"v"))
            .record(0, None, Some(b"v"))
            .build()
            .unwrap();
        let answered = client.produce("orders", 0, &keyless).await;
        assert_eq!(answered.error_code, ErrorCode::InvalidRecord);
        assert_eq!(answered.record_errors.iter().map(|one| one.batch_index).collect::<Vec<_>>(), [1]);
        assert_eq!(client.produce("orders", 0, &batch(&["a"])).await.error_code, ErrorCode::None);
    });
}
