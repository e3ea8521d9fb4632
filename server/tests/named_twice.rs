//! Whatever a request names twice is taken once: answered once, in the order in which things are named first, or refused as
//! Apache Kafka 4.3.1 refuses it.
#![allow(clippy::unwrap_used, reason = "a test says what went wrong by failing")]

mod support;

use std::future::Future;

use creel_wire::api::create_partitions::{CreatePartitionsRequest, CreatePartitionsTopic};
use creel_wire::api::create_topics::{CreatableTopic, CreateTopicsRequest};
use creel_wire::api::delete_groups::DeleteGroupsRequest;
use creel_wire::api::delete_records::{DeleteRecordsPartition, DeleteRecordsRequest, DeleteRecordsTopic};
use creel_wire::api::delete_topics::{DeleteTopicState, DeleteTopicsRequest};
use creel_wire::api::describe_configs::{DescribeConfigsRequest, DescribeConfigsResource};
use creel_wire::api::describe_groups::DescribeGroupsRequest;
use creel_wire::api::describe_log_dirs::{DescribableLogDirTopic, DescribeLogDirsRequest};
use creel_wire::api::describe_topic_partitions::{DescribeTopicPartitionsRequest, TopicRequest};
use creel_wire::api::find_coordinator::FindCoordinatorRequest;
use creel_wire::api::leave_group::{LeaveGroupRequest, MemberIdentity};
use creel_wire::api::list_offsets::{ListOffsetsPartition, ListOffsetsRequest, ListOffsetsTopic};
use creel_wire::api::metadata::{MetadataRequest, MetadataRequestTopic};
use creel_wire::api::offset_commit::{
    OffsetCommitRequest, OffsetCommitRequestPartition, OffsetCommitRequestTopic,
};
use creel_wire::api::offset_delete::{
    OffsetDeleteRequest, OffsetDeleteRequestPartition, OffsetDeleteRequestTopic,
};
use creel_wire::api::offset_fetch::{
    OffsetFetchRequest, OffsetFetchRequestGroup, OffsetFetchRequestTopic, OffsetFetchRequestTopics,
};
use creel_wire::api::offset_for_leader_epoch::{
    OffsetForLeaderEpochRequest, OffsetForLeaderPartition, OffsetForLeaderTopic,
};
use creel_wire::api::{alter_configs as whole, incremental_alter_configs as single};
use creel_wire::{ErrorCode, Str};
use support::{Client, Connector, batch, story};

const OF_TOPIC: i8 = 2;
const OF_BROKER: i8 = 4;
const GROUP: Str = Str::from_static("shop");
const UNKNOWN: ErrorCode = ErrorCode::UnknownTopicOrPartition;

/// Topics `a` with three partitions and `b` with one, and a group's coordinator.
async fn prepared(broker: Connector) -> Client {
    let mut client = broker.connect().await;
    client.create_topic("a", 3).await;
    client.create_topic("b", 1).await;
    let find = FindCoordinatorRequest { key: GROUP, ..Default::default() };
    assert_eq!(client.call(2, &find).await.error_code, ErrorCode::None);
    client
}

fn told<F: Future<Output = ()> + 'static>(tell: impl Fn(Client) -> F + Copy + 'static) {
    story(
        &["offsets.topic.num.partitions=2"],
        move |broker| async move { tell(prepared(broker).await).await },
    );
}

fn texts(names: &[&'static str]) -> Vec<Str> {
    names.iter().map(|name| Str::from_static(name)).collect()
}

#[test]
fn described_configs() {
    told(|mut client| async move {
        let resource = |resource_type, resource_name: &'static str, keys: Option<&[&'static str]>| {
            DescribeConfigsResource {
                resource_type,
                resource_name: resource_name.into(),
                configuration_keys: keys.map(texts),
            }
        };
        let node = client.call(9, &MetadataRequest::default()).await.brokers[0].node_id;
        let (node, spelled) = (node.to_string(), format!("+0{node}"));
        let broker = |name: &str| DescribeConfigsResource {
            resource_type: OF_BROKER,
            resource_name: Str::from(name.to_owned()),
            configuration_keys: None,
        };
        let resources = vec![
            resource(OF_TOPIC, "b", None),
            resource(OF_TOPIC, "a", Some(&["segment.ms", "retention.ms", "segment.ms"])),
            broker(&node),
            resource(OF_TOPIC, "b", Some(&["segment.ms"])),
            broker(&spelled),
            resource(OF_TOPIC, "nowhere", None),
            resource(OF_TOPIC, "nowhere", None),
            broker(&node),
        ];
        let request = DescribeConfigsRequest { resources, ..Default::default() };
        let answer = client.call(4, &request).await;
        let names: Vec<_> = answer.results.iter().map(|one| one.resource_name.as_str().to_owned()).collect();
        assert_eq!(names, ["b", "a", &node, "nowhere"]);
        let keys: Vec<_> = answer.results[1].configs.iter().map(|one| one.name.as_str()).collect();
        assert_eq!(keys.len(), 2, "{keys:?}");
        assert!(answer.results[0].configs.len() > 20, "the first of the two counts");
    });
}

#[test]
fn metadata_and_described_topics() {
    told(|mut client| async move {
        let names = ["b", "a", "b", "nowhere", "a", "nowhere"];
        let named = |name: &str| MetadataRequestTopic {
            name: Some(Str::from(name.to_owned())),
            ..Default::default()
        };
        let request = MetadataRequest {
            topics: Some(names.map(named).to_vec()),
            allow_auto_topic_creation: false,
            ..Default::default()
        };
        let answer = client.call(9, &request).await;
        let shown: Vec<_> = answer.topics.iter().map(|topic| topic.name.clone().unwrap()).collect();
        assert_eq!(shown, ["b", "a", "nowhere"].map(Str::from));

        let topics = texts(&names).into_iter().map(|name| TopicRequest { name }).collect();
        let request =
            DescribeTopicPartitionsRequest { topics, response_partition_limit: 100, ..Default::default() };
        let answer = client.call(0, &request).await;
        let shown: Vec<_> = answer.topics.iter().map(|topic| topic.name.clone().unwrap()).collect();
        assert_eq!(shown, ["a", "b", "nowhere"].map(Str::from));
    });
}

#[test]
fn measured_log_dirs() {
    told(|mut client| async move {
        let topic = |name: &'static str, partitions: &[i32]| DescribableLogDirTopic {
            topic: name.into(),
            partitions: partitions.to_vec(),
        };
        let topics = vec![topic("a", &[2, 0, 2]), topic("b", &[0, 7]), topic("a", &[0, 1])];
        let request = DescribeLogDirsRequest { topics: Some(topics) };
        let shown = client.call(4, &request).await.results.remove(0).topics;
        let shown: Vec<_> = shown
            .iter()
            .map(|topic| {
                (&*topic.name, topic.partitions.iter().map(|one| one.partition_index).collect::<Vec<_>>())
            })
            .collect();
        assert_eq!(shown, [("a", vec![0, 1, 2]), ("b", vec![0])]);
    });
}

#[test]
fn offsets_that_are_asked_for() {
    told(|mut client| async move {
        let partition = |partition_index: &i32| ListOffsetsPartition {
            partition_index: *partition_index,
            timestamp: -1,
            ..Default::default()
        };
        let topic = |name: &'static str, partitions: &[i32]| ListOffsetsTopic {
            name: name.into(),
            partitions: partitions.iter().map(partition).collect(),
        };
        let topics =
            vec![topic("a", &[0, 1]), topic("b", &[0, 0]), topic("a", &[0, 2]), topic("nowhere", &[4, 4])];
        let answer = client.call(5, &ListOffsetsRequest { topics, ..Default::default() }).await;
        let shown: Vec<_> = answer
            .topics
            .iter()
            .map(|topic| {
                let codes = topic.partitions.iter().map(|one| (one.partition_index, one.error_code));
                (&*topic.name, codes.collect::<Vec<_>>())
            })
            .collect();
        let (good, twice) = (ErrorCode::None, ErrorCode::InvalidRequest);
        assert_eq!(
            shown,
            [
                ("a", vec![(0, twice), (1, good), (2, good)]),
                ("b", vec![(0, twice)]),
                ("nowhere", vec![(4, twice)])
            ]
        );
    });
}

#[test]
fn ends_of_epochs() {
    told(|mut client| async move {
        let partition = |(partition, leader_epoch): &(i32, i32)| OffsetForLeaderPartition {
            partition: *partition,
            leader_epoch: *leader_epoch,
            ..Default::default()
        };
        let topic = |name: &'static str, asked: &[(i32, i32)]| OffsetForLeaderTopic {
            topic: name.into(),
            partitions: asked.iter().map(partition).collect(),
        };
        let topics = vec![topic("a", &[(0, 0), (0, 5), (0, 0)]), topic("a", &[(1, 0), (0, 5)])];
        let request = OffsetForLeaderEpochRequest { topics, ..Default::default() };
        let answer = client.call(3, &request).await;
        assert_eq!(answer.topics.len(), 1);
        let ends: Vec<_> =
            answer.topics[0].partitions.iter().map(|one| (one.partition, one.leader_epoch)).collect();
        assert_eq!(ends, [(0, 0), (0, -1), (1, 0)], "other epochs of a partition are other questions");
    });
}

#[test]
fn deleted_records() {
    told(|mut client| async move {
        client.produce("a", 0, &batch(&["1", "2", "3"])).await;
        let partition = |(partition_index, offset): &(i32, i64)| DeleteRecordsPartition {
            partition_index: *partition_index,
            offset: *offset,
        };
        let topic = |name: &'static str, asked: &[(i32, i64)]| DeleteRecordsTopic {
            name: name.into(),
            partitions: asked.iter().map(partition).collect(),
        };
        let topics =
            vec![topic("a", &[(0, 2), (0, 9)]), topic("nowhere", &[(0, 0), (0, 0)]), topic("a", &[(0, 1)])];
        let answer = client.call(2, &DeleteRecordsRequest { topics, ..Default::default() }).await;
        let shown: Vec<_> = answer
            .topics
            .iter()
            .map(|topic| {
                let results = topic.partitions.iter().map(|one| (one.low_watermark, one.error_code));
                (&*topic.name, results.collect::<Vec<_>>())
            })
            .collect();
        assert_eq!(shown, [("a", vec![(1, ErrorCode::None)]), ("nowhere", vec![(-1, UNKNOWN)])]);
    });
}

#[test]
fn groups() {
    told(|mut client| async move {
        let groups = texts(&["x", "shop", "x", "y", "shop"]);
        let request = DescribeGroupsRequest { groups: groups.clone(), ..Default::default() };
        let answer = client.call(5, &request).await;
        let shown: Vec<_> = answer.groups.iter().map(|group| group.group_id.as_str()).collect();
        assert_eq!(shown, ["x", "shop", "y"]);

        let request = FindCoordinatorRequest { coordinator_keys: groups.clone(), ..Default::default() };
        let answer = client.call(4, &request).await;
        let shown: Vec<_> = answer.coordinators.iter().map(|one| (&*one.key, one.error_code)).collect();
        assert_eq!(shown, ["x", "shop", "y"].map(|key| (key, ErrorCode::None)));

        let answer = client.call(2, &DeleteGroupsRequest { groups_names: groups }).await;
        let shown: Vec<_> = answer.results.iter().map(|one| (&*one.group_id, one.error_code)).collect();
        assert_eq!(shown, ["x", "shop", "y"].map(|group| (group, ErrorCode::GroupIdNotFound)));
    });
}

#[test]
fn members_that_leave() {
    told(|mut client| async move {
        let member = |member_id: &'static str, instance: Option<&'static str>| MemberIdentity {
            member_id: member_id.into(),
            group_instance_id: instance.map(Str::from_static),
            ..Default::default()
        };
        let members =
            vec![member("m", None), member("m", None), member("", Some("i")), member("", Some("i"))];
        let request = LeaveGroupRequest { group_id: GROUP, members, ..Default::default() };
        let answer = client.call(4, &request).await;
        assert_eq!(answer.members.len(), 2);
        assert!(answer.members.iter().all(|member| member.error_code == ErrorCode::UnknownMemberId));
    });
}

/// Commits offsets and shows what was answered for each partition.
async fn commit(
    client: &mut Client,
    topics: &[(&'static str, &[(i32, i64)])],
) -> Vec<(String, Vec<(i32, ErrorCode)>)> {
    let partition = |(partition_index, committed_offset): &(i32, i64)| OffsetCommitRequestPartition {
        partition_index: *partition_index,
        committed_offset: *committed_offset,
        ..Default::default()
    };
    let topic = |(name, offsets): &(&'static str, &[(i32, i64)])| OffsetCommitRequestTopic {
        name: Str::from_static(name),
        partitions: offsets.iter().map(partition).collect(),
        ..Default::default()
    };
    let request = OffsetCommitRequest {
        group_id: GROUP,
        generation_id_or_member_epoch: -1,
        topics: topics.iter().map(topic).collect(),
        ..Default::default()
    };
    let answer = client.call(5, &request).await;
    let codes = |topic: &creel_wire::api::offset_commit::OffsetCommitResponseTopic| {
        topic.partitions.iter().map(|one| (one.partition_index, one.error_code)).collect()
    };
    answer.topics.iter().map(|topic| (topic.name.as_str().to_owned(), codes(topic))).collect()
}

#[test]
fn committed_offsets() {
    told(|mut client| async move {
        let topics: &[(&str, &[(i32, i64)])] = &[
            ("a", &[(0, 1), (1, 1), (0, 2)]),
            ("nowhere", &[(0, 1), (0, 1)]),
            ("a", &[(0, 5), (9, 1), (9, 1)]),
        ];
        let good = ErrorCode::None;
        assert_eq!(
            commit(&mut client, topics).await,
            [
                ("a".to_owned(), vec![(0, good), (1, good), (9, UNKNOWN)]),
                ("nowhere".to_owned(), vec![(0, UNKNOWN)])
            ]
        );

        let topic = |name: &'static str, indexes: &[i32]| OffsetFetchRequestTopic {
            name: name.into(),
            partition_indexes: indexes.to_vec(),
        };
        let topics = vec![topic("a", &[1, 0, 0]), topic("b", &[0]), topic("a", &[2, 0])];
        let request = OffsetFetchRequest { group_id: GROUP, topics: Some(topics), ..Default::default() };
        let answer = client.call(5, &request).await;
        let shown: Vec<_> = answer
            .topics
            .iter()
            .map(|topic| {
                let offsets = topic.partitions.iter().map(|one| (one.partition_index, one.committed_offset));
                (&*topic.name, offsets.collect::<Vec<_>>())
            })
            .collect();
        // What is said last counts.
        assert_eq!(shown, [("a", vec![(1, 1), (0, 5), (2, -1)]), ("b", vec![(0, -1)])]);
    });
}

#[test]
fn groups_whose_offsets_are_asked_for() {
    told(|mut client| async move {
        commit(&mut client, &[("a", &[(0, 7)]), ("b", &[(0, 8)])]).await;
        let topic = |name: &'static str| OffsetFetchRequestTopics {
            name: name.into(),
            partition_indexes: vec![0],
            ..Default::default()
        };
        let group = |group_id: Str, topics: Option<Vec<_>>| OffsetFetchRequestGroup {
            group_id,
            topics,
            ..Default::default()
        };
        let groups = vec![
            group(GROUP, Some(vec![topic("a")])),
            group("other".into(), Some(vec![topic("a")])),
            group(GROUP, Some(vec![topic("b"), topic("a")])),
        ];
        let answer = client.call(8, &OffsetFetchRequest { groups, ..Default::default() }).await;
        let shown: Vec<_> = answer
            .groups
            .iter()
            .map(|group| {
                let offsets = group.topics.iter().map(|one| (&*one.name, one.partitions[0].committed_offset));
                (&*group.group_id, offsets.collect::<Vec<_>>())
            })
            .collect();
        assert_eq!(shown, [("shop", vec![("a", 7), ("b", 8)]), ("other", vec![("a", -1)])]);

        let groups = vec![group(GROUP, Some(vec![topic("a")])), group(GROUP, None)];
        let answer = client.call(8, &OffsetFetchRequest { groups, ..Default::default() }).await;
        assert_eq!((answer.groups.len(), answer.groups[0].topics.len()), (1, 2), "null asks for all");
    });
}

#[test]
fn offsets_asked_for_in_pieces_are_answered_as_one() {
    told(|mut client| async move {
        commit(&mut client, &[("a", &[(2, 7)]), ("b", &[(0, 8)])]).await;
        let topic = |name: &'static str, partition_indexes: Vec<i32>| OffsetFetchRequestTopic {
            name: name.into(),
            partition_indexes,
        };
        let many: Vec<i32> = (0..5000).rev().collect();
        let topics = vec![
            topic("b", vec![0]),
            topic("a", many.clone()),
            topic("nowhere", vec![]),
            topic("c", vec![1]),
        ];
        let request = OffsetFetchRequest { group_id: GROUP, topics: Some(topics), ..Default::default() };
        let answer = client.call(5, &request).await;
        let names: Vec<_> = answer.topics.iter().map(|topic| &*topic.name).collect();
        assert_eq!(names, ["b", "a", "nowhere", "c"]);
        let indexes: Vec<_> = answer.topics[1].partitions.iter().map(|one| one.partition_index).collect();
        assert_eq!(indexes, many);
        assert_eq!(answer.topics[1].partitions[4997].committed_offset, 7);
        assert_eq!(answer.topics[0].partitions[0].committed_offset, 8);
        let none = OffsetFetchRequest { group_id: GROUP, topics: Some(Vec::new()), ..Default::default() };
        assert!(client.call(5, &none).await.topics.is_empty());
    });
}

#[test]
fn deleted_offsets() {
    told(|mut client| async move {
        commit(&mut client, &[("a", &[(0, 7), (1, 7)]), ("b", &[(0, 8)])]).await;
        let topic = |name: &'static str, indexes: &[i32]| OffsetDeleteRequestTopic {
            name: name.into(),
            partitions: indexes
                .iter()
                .map(|index| OffsetDeleteRequestPartition { partition_index: *index })
                .collect(),
        };
        let topics =
            vec![topic("a", &[0, 0, 1]), topic("b", &[0]), topic("a", &[0, 2]), topic("nowhere", &[1, 1])];
        let answer = client.call(0, &OffsetDeleteRequest { group_id: GROUP, topics }).await;
        let shown: Vec<_> = answer
            .topics
            .iter()
            .map(|topic| {
                let codes = topic.partitions.iter().map(|one| (one.partition_index, one.error_code));
                (&*topic.name, codes.collect::<Vec<_>>())
            })
            .collect();
        let good = ErrorCode::None;
        assert_eq!(
            shown,
            [
                ("a", vec![(0, good), (1, good), (2, good)]),
                ("b", vec![(0, good)]),
                ("nowhere", vec![(1, UNKNOWN)])
            ]
        );
    });
}

#[test]
fn topics_that_are_made_grown_and_deleted() {
    told(|mut client| async move {
        let new = |name: &'static str| CreatableTopic {
            name: name.into(),
            num_partitions: 1,
            replication_factor: 1,
            ..Default::default()
        };
        let topics = ["d", "e", "d"].map(new).to_vec();
        let answer = client.call(7, &CreateTopicsRequest { topics, ..Default::default() }).await;
        let shown: Vec<_> = answer.topics.iter().map(|topic| (&*topic.name, topic.error_code)).collect();
        assert_eq!(shown, [("d", ErrorCode::InvalidRequest), ("e", ErrorCode::None)]);

        let more = |(name, count): (&'static str, i32)| CreatePartitionsTopic {
            name: name.into(),
            count,
            ..Default::default()
        };
        let topics = [("b", 2), ("a", 5), ("b", 3)].map(more).to_vec();
        let answer = client.call(3, &CreatePartitionsRequest { topics, ..Default::default() }).await;
        let shown: Vec<_> = answer.results.iter().map(|topic| (&*topic.name, topic.error_code)).collect();
        assert_eq!(shown, [("a", ErrorCode::None), ("b", ErrorCode::InvalidRequest)]);

        let id = client.topic("a", false).await.topic_id;
        let named = |name: &'static str| DeleteTopicState { name: Some(name.into()), ..Default::default() };
        let by_id = DeleteTopicState { name: None, topic_id: id };
        let topics = vec![named("a"), named("e"), named("b"), by_id, named("e")];
        let answer = client.call(6, &DeleteTopicsRequest { topics, ..Default::default() }).await;
        let shown: Vec<_> =
            answer.responses.iter().map(|one| (one.name.clone().unwrap(), one.error_code)).collect();
        let (twice, good) = (ErrorCode::InvalidRequest, ErrorCode::None);
        assert_eq!(
            shown,
            [("a", twice), ("e", twice), ("b", good)].map(|(name, code)| (Str::from(name), code))
        );
        assert_eq!(client.topic("a", false).await.error_code, good, "who contradicts himself loses nothing");
    });
}

#[test]
fn settings_that_are_changed() {
    told(|mut client| async move {
        let config = |value: &'static str| whole::AlterableConfig {
            name: "retention.ms".into(),
            value: Some(value.into()),
        };
        let resource = |name: &'static str, configs: Vec<whole::AlterableConfig>| {
            whole::AlterConfigsResource { resource_type: OF_TOPIC, resource_name: name.into(), configs }
        };
        let resources = vec![
            resource("b", vec![config("1")]),
            resource("a", vec![config("1")]),
            resource("b", vec![config("2")]),
        ];
        let request = whole::AlterConfigsRequest { resources, ..Default::default() };
        let answer = client.call(2, &request).await;
        let shown: Vec<_> =
            answer.responses.iter().map(|one| (&*one.resource_name, one.error_code)).collect();
        assert_eq!(shown, [("b", ErrorCode::InvalidRequest), ("a", ErrorCode::None)]);

        let config = single::AlterableConfig {
            name: "retention.ms".into(),
            value: Some("5".into()),
            ..Default::default()
        };
        let resource = |name: &'static str, times| single::AlterConfigsResource {
            resource_type: OF_TOPIC,
            resource_name: name.into(),
            configs: vec![config.clone(); times],
        };
        let resources = vec![resource("b", 1), resource("a", 2), resource("b", 1)];
        let request = single::IncrementalAlterConfigsRequest { resources, ..Default::default() };
        let answer = client.call(1, &request).await;
        let shown: Vec<_> =
            answer.responses.iter().map(|one| (&*one.resource_name, one.error_code)).collect();
        assert_eq!(shown, [("b", ErrorCode::InvalidRequest), ("a", ErrorCode::InvalidRequest)]);
    });
}
