//! What administrators ask for.
#![allow(clippy::unwrap_used, reason = "a test says what went wrong by failing")]

mod support;

use creel_wire::ErrorCode;
use creel_wire::api::describe_topic_partitions::{DescribeTopicPartitionsRequest, TopicRequest};
use creel_wire::api::find_coordinator::FindCoordinatorRequest;
use creel_wire::api::offset_commit::{
    OffsetCommitRequest, OffsetCommitRequestPartition, OffsetCommitRequestTopic,
};
use creel_wire::api::offset_delete::{
    OffsetDeleteRequest, OffsetDeleteRequestPartition, OffsetDeleteRequestTopic,
};
use creel_wire::api::offset_fetch::{OffsetFetchRequest, OffsetFetchRequestTopic};
use support::{Client, story};

async fn committed(client: &mut Client, partition: i32) -> i64 {
    let topic = OffsetFetchRequestTopic { name: "orders".into(), partition_indexes: vec![partition] };
    let request =
        OffsetFetchRequest { group_id: "shop".into(), topics: Some(vec![topic]), ..Default::default() };
    client.call(5, &request).await.topics[0].partitions[0].committed_offset
}

#[test]
fn deleted_offsets_are_gone_and_others_stay() {
    story(&["offsets.topic.num.partitions=3"], |broker| async move {
        let mut client = broker.connect().await;
        client.create_topic("orders", 2).await;
        let find = FindCoordinatorRequest { key: "shop".into(), ..Default::default() };
        assert_eq!(client.call(2, &find).await.error_code, ErrorCode::None);
        let partition = |partition_index| OffsetCommitRequestPartition {
            partition_index,
            committed_offset: 7,
            ..Default::default()
        };
        let partitions = vec![partition(0), partition(1)];
        let topic = OffsetCommitRequestTopic { name: "orders".into(), partitions, ..Default::default() };
        let commit = OffsetCommitRequest {
            group_id: "shop".into(),
            topics: vec![topic],
            generation_id_or_member_epoch: -1,
            ..Default::default()
        };
        let answer = client.call(5, &commit).await;
        assert_eq!(answer.topics[0].partitions[1].error_code, ErrorCode::None);
        assert_eq!((committed(&mut client, 0).await, committed(&mut client, 1).await), (7, 7));

        let partition = |partition_index| OffsetDeleteRequestPartition { partition_index };
        let partitions = vec![partition(5), partition(0)];
        let topic = OffsetDeleteRequestTopic { name: "orders".into(), partitions };
        let delete = OffsetDeleteRequest { group_id: "shop".into(), topics: vec![topic] };
        let answer = client.call(0, &delete).await;
        let codes: Vec<_> = answer.topics[0].partitions.iter().map(|one| one.error_code).collect();
        assert_eq!(answer.error_code, ErrorCode::None);
        assert_eq!(codes, [ErrorCode::UnknownTopicOrPartition, ErrorCode::None]);
        assert_eq!((committed(&mut client, 0).await, committed(&mut client, 1).await), (-1, 7));

        let nobody = OffsetDeleteRequest { group_id: "nobody".into(), ..delete };
        let answer = client.call(0, &nobody).await;
        assert_eq!((answer.error_code, answer.topics.len()), (ErrorCode::GroupIdNotFound, 0));
    });
}

#[test]
fn topics_are_described_a_page_at_a_time() {
    story(&[], |broker| async move {
        let mut client = broker.connect().await;
        client.create_topic("b", 3).await;
        client.create_topic("a", 2).await;
        let mut request =
            DescribeTopicPartitionsRequest { response_partition_limit: 2, ..Default::default() };
        let mut seen = Vec::new();
        loop {
            let page = client.call(0, &request).await;
            for topic in page.topics {
                let name = topic.name.unwrap();
                seen.push((
                    name.to_string(),
                    topic.partitions.iter().map(|one| one.partition_index).collect(),
                ));
            }
            let Some(cursor) = page.next_cursor else { break };
            request.cursor = Some(cursor);
        }
        let expected: Vec<(String, Vec<i32>)> =
            vec![("a".into(), vec![0, 1]), ("b".into(), vec![0, 1]), ("b".into(), vec![2])];
        assert_eq!(seen, expected);
        let topics = vec![TopicRequest { name: "absent".into() }];
        let absent = client.call(0, &DescribeTopicPartitionsRequest { topics, ..Default::default() }).await;
        assert_eq!(absent.topics[0].error_code, ErrorCode::UnknownTopicOrPartition);
    });
}
