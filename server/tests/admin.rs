//! What administrators ask for.
#![allow(clippy::unwrap_used, reason = "a test says what went wrong by failing")]

mod support;

use creel_wire::ErrorCode;
use creel_wire::api::create_partitions::{CreatePartitionsRequest, CreatePartitionsTopic};
use creel_wire::api::delete_records::{DeleteRecordsPartition, DeleteRecordsRequest, DeleteRecordsTopic};
use creel_wire::api::describe_configs::{DescribeConfigsRequest, DescribeConfigsResource};
use creel_wire::api::describe_log_dirs::{DescribableLogDirTopic, DescribeLogDirsRequest};
use creel_wire::api::describe_topic_partitions::{DescribeTopicPartitionsRequest, TopicRequest};
use creel_wire::api::find_coordinator::FindCoordinatorRequest;
use creel_wire::api::offset_commit::{
    OffsetCommitRequest, OffsetCommitRequestPartition, OffsetCommitRequestTopic, OffsetCommitResponse,
};
use creel_wire::api::offset_delete::{
    OffsetDeleteRequest, OffsetDeleteRequestPartition, OffsetDeleteRequestTopic,
};
use creel_wire::api::offset_fetch::{OffsetFetchRequest, OffsetFetchRequestTopic};
use creel_wire::api::{alter_configs as whole, incremental_alter_configs as single};
use support::{Client, SEEDS, World, batch, story};

async fn committed(client: &mut Client, partition: i32) -> i64 {
    let topic = OffsetFetchRequestTopic { name: "orders".into(), partition_indexes: vec![partition] };
    let request =
        OffsetFetchRequest { group_id: "shop".into(), topics: Some(vec![topic]), ..Default::default() };
    client.call(5, &request).await.topics[0].partitions[0].committed_offset
}

/// Asks for the group's coordinator, then commits offset 7 for these partitions of "orders", outside of any generation.
async fn commit_sevens(client: &mut Client, partitions: &[i32]) -> OffsetCommitResponse {
    let find = FindCoordinatorRequest { key: "shop".into(), ..Default::default() };
    assert_eq!(client.call(2, &find).await.error_code, ErrorCode::None);
    let partition = |index: &i32| OffsetCommitRequestPartition {
        partition_index: *index,
        committed_offset: 7,
        ..Default::default()
    };
    let partitions = partitions.iter().map(partition).collect();
    let topic = OffsetCommitRequestTopic { name: "orders".into(), partitions, ..Default::default() };
    let commit = OffsetCommitRequest {
        group_id: "shop".into(),
        topics: vec![topic],
        generation_id_or_member_epoch: -1,
        ..Default::default()
    };
    client.call(5, &commit).await
}

#[test]
fn deleted_offsets_are_gone_and_others_stay() {
    story(&["offsets.topic.num.partitions=3"], |broker| async move {
        let mut client = broker.connect().await;
        client.create_topic("orders", 2).await;
        let answer = commit_sevens(&mut client, &[0, 1]).await;
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

        let absent = OffsetDeleteRequestTopic {
            name: "absent".into(),
            partitions: vec![OffsetDeleteRequestPartition { partition_index: 0 }],
        };
        let of_group = |group_id: &'static str, topic: &OffsetDeleteRequestTopic| OffsetDeleteRequest {
            group_id: group_id.into(),
            topics: vec![topic.clone()],
        };
        for topic in [&delete.topics[0], &absent] {
            let answer = client.call(0, &of_group("nobody", topic)).await;
            assert_eq!((answer.error_code, answer.topics.len()), (ErrorCode::GroupIdNotFound, 0));
        }
        let answer = client.call(0, &of_group("shop", &absent)).await;
        assert_eq!(answer.error_code, ErrorCode::None);
        let code = answer.topics[0].partitions[0].error_code;
        assert_eq!(code, ErrorCode::UnknownTopicOrPartition);
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

async fn grow(client: &mut Client, count: i32, name: &'static str, validate_only: bool) -> ErrorCode {
    let topic = CreatePartitionsTopic { name: name.into(), count, ..Default::default() };
    let request = CreatePartitionsRequest { topics: vec![topic], validate_only, ..Default::default() };
    client.call(3, &request).await.results.remove(0).error_code
}

#[test]
fn new_partitions_are_usable_at_once() {
    story(&[], |broker| async move {
        let mut client = broker.connect().await;
        client.create_topic("orders", 2).await;
        client.produce("orders", 1, &batch(&["a"])).await;
        assert_eq!(grow(&mut client, 5, "orders", true).await, ErrorCode::None);
        assert_eq!(client.topic("orders", false).await.partitions.len(), 2);
        assert_eq!(grow(&mut client, 5, "orders", false).await, ErrorCode::None);
        assert_eq!(client.topic("orders", false).await.partitions.len(), 5);
        for partition in 0..5 {
            let appended = client.produce("orders", partition, &batch(&["b"])).await;
            assert_eq!(
                (appended.error_code, appended.base_offset),
                (ErrorCode::None, i64::from(partition == 1))
            );
        }
        assert_eq!(grow(&mut client, 5, "orders", false).await, ErrorCode::InvalidPartitions);
        assert_eq!(grow(&mut client, 1, "orders", false).await, ErrorCode::InvalidPartitions);
        assert_eq!(grow(&mut client, 1, "absent", false).await, ErrorCode::UnknownTopicOrPartition);
    });
}

async fn setting(client: &mut Client, name: &str) -> (String, i8) {
    let resource =
        DescribeConfigsResource { resource_type: 2, resource_name: "orders".into(), ..Default::default() };
    let request = DescribeConfigsRequest { resources: vec![resource], ..Default::default() };
    let all = client.call(4, &request).await.results.remove(0).configs;
    let found = all.into_iter().find(|one| one.name == name).unwrap();
    (found.value.unwrap().to_string(), found.config_source)
}

async fn set(client: &mut Client, name: &'static str, operation: i8, value: &'static str) -> ErrorCode {
    let config =
        single::AlterableConfig { name: name.into(), config_operation: operation, value: Some(value.into()) };
    let resource = single::AlterConfigsResource {
        resource_type: 2,
        resource_name: "orders".into(),
        configs: vec![config],
    };
    let request = single::IncrementalAlterConfigsRequest { resources: vec![resource], ..Default::default() };
    client.call(1, &request).await.responses.remove(0).error_code
}

#[test]
fn changed_settings_hold_on_every_core_and_are_shown() {
    story(&[], |broker| async move {
        let mut client = broker.connect().await;
        client.create_topic("orders", 4).await;
        assert_eq!(set(&mut client, "max.message.bytes", 0, "10").await, ErrorCode::None);
        assert_eq!(setting(&mut client, "max.message.bytes").await, ("10".to_owned(), 1));
        for partition in 0..4 {
            let refused = client.produce("orders", partition, &batch(&["a"])).await;
            assert_eq!(refused.error_code, ErrorCode::MessageTooLarge);
        }
        assert_eq!(set(&mut client, "cleanup.policy", 2, "compact").await, ErrorCode::None);
        assert_eq!(setting(&mut client, "cleanup.policy").await.0, "delete,compact");
        assert_eq!(set(&mut client, "cleanup.policy", 3, "delete").await, ErrorCode::None);
        assert_eq!(setting(&mut client, "cleanup.policy").await.0, "compact");
        assert_eq!(set(&mut client, "retention.ms", 0, "soon").await, ErrorCode::InvalidConfig);
        assert_eq!(set(&mut client, "retention.ms", 2, "1").await, ErrorCode::InvalidConfig);
        assert_eq!(set(&mut client, "no.such", 0, "1").await, ErrorCode::InvalidConfig);
        assert_eq!(set(&mut client, "retention.ms", 9, "1").await, ErrorCode::InvalidRequest);

        let config = whole::AlterableConfig { name: "retention.ms".into(), value: Some("5000".into()) };
        let resource = whole::AlterConfigsResource {
            resource_type: 2,
            resource_name: "orders".into(),
            configs: vec![config],
        };
        let request = whole::AlterConfigsRequest { resources: vec![resource], ..Default::default() };
        assert_eq!(client.call(2, &request).await.responses[0].error_code, ErrorCode::None);
        assert_eq!(setting(&mut client, "retention.ms").await, ("5000".to_owned(), 1));
        assert_eq!(setting(&mut client, "max.message.bytes").await, ("1048588".to_owned(), 5));
        assert_eq!(client.produce("orders", 0, &batch(&["a"])).await.error_code, ErrorCode::None);
    });
}

#[test]
fn changes_survive_a_restart() {
    for seed in SEEDS {
        let mut world = World::new(seed, 2, &[]);
        world.client(|broker| async move {
            let mut client = broker.connect().await;
            client.create_topic("orders", 1).await;
            assert_eq!(grow(&mut client, 3, "orders", false).await, ErrorCode::None);
            assert_eq!(set(&mut client, "retention.ms", 0, "77000").await, ErrorCode::None);
        });
        world.restart();
        world.client(|broker| async move {
            let mut client = broker.connect().await;
            assert_eq!(client.topic("orders", false).await.partitions.len(), 3);
            assert_eq!(setting(&mut client, "retention.ms").await, ("77000".to_owned(), 1));
        });
    }
}

#[test]
fn offsets_of_partitions_that_do_not_exist_are_not_committed() {
    story(&["offsets.topic.num.partitions=3"], |broker| async move {
        let mut client = broker.connect().await;
        client.create_topic("orders", 2).await;
        let answer = commit_sevens(&mut client, &[2, 1, -1]).await;
        let codes: Vec<_> = answer.topics[0].partitions.iter().map(|one| one.error_code).collect();
        let unknown = ErrorCode::UnknownTopicOrPartition;
        assert_eq!(codes, [unknown, ErrorCode::None, unknown]);
        assert_eq!((committed(&mut client, 1).await, committed(&mut client, 2).await), (7, -1));
    });
}

#[test]
fn a_setting_says_where_its_value_could_come_from() {
    story(&["message.max.bytes=5000"], |broker| async move {
        let mut client = broker.connect().await;
        client.create_topic("orders", 1).await;
        let resource = DescribeConfigsResource {
            resource_type: 2,
            resource_name: "orders".into(),
            // None at all means every one.
            configuration_keys: Some(Vec::new()),
        };
        let describe = DescribeConfigsRequest {
            resources: vec![resource],
            include_synonyms: true,
            ..Default::default()
        };
        let answer = client.call(4, &describe).await;
        let configs = &answer.results[0].configs;
        let synonyms = |name: &str| -> Vec<(String, i8)> {
            let found = configs.iter().find(|config| &*config.name == name).unwrap();
            found.synonyms.iter().map(|one| (one.name.to_string(), one.source)).collect()
        };
        let of_broker = |source| ("message.max.bytes".to_owned(), source);
        assert_eq!(synonyms("max.message.bytes"), [of_broker(4), of_broker(5)]);
        assert_eq!(synonyms("segment.jitter.ms"), []);
    });
}

/// Deletes the records of partitions of a topic before offsets: the codes, and where the logs start.
async fn delete_records(
    client: &mut Client,
    topic: &'static str,
    asked: &[(i32, i64)],
) -> Vec<(ErrorCode, i64)> {
    let partition = |(partition_index, offset): &(i32, i64)| DeleteRecordsPartition {
        partition_index: *partition_index,
        offset: *offset,
    };
    let partitions = asked.iter().map(partition).collect();
    let topics = vec![DeleteRecordsTopic { name: topic.into(), partitions }];
    let answer = client.call(2, &DeleteRecordsRequest { topics, timeout_ms: 1000 }).await;
    let results = &answer.topics[0].partitions;
    results.iter().map(|one| (one.error_code, one.low_watermark)).collect()
}

#[test]
fn deleted_records_stay_deleted_after_a_power_cut() {
    for seed in SEEDS {
        let mut world = World::new(seed, 3, &[]);
        world.client(|broker| async move {
            let mut client = broker.connect().await;
            client.create_topic("orders", 3).await;
            for partition in 0..3 {
                client.produce("orders", partition, &batch(&["a", "b", "c"])).await;
                client.produce("orders", partition, &batch(&["d"])).await;
            }
            let codes = delete_records(&mut client, "orders", &[(0, 1), (1, 3), (2, -1)]).await;
            let none = ErrorCode::None;
            assert_eq!(codes, [(none, 1), (none, 3), (none, 4)]);
        });
        world.sim.handle().crash(world.broker);
        world.start();
        world.client(|broker| async move {
            let mut client = broker.connect().await;
            for (partition, start) in [(0, 1), (1, 3), (2, 4)] {
                let before = client.fetch("orders", partition, start - 1).await;
                assert_eq!(before.error_code, ErrorCode::OffsetOutOfRange);
                let found = client.fetch("orders", partition, start).await;
                assert_eq!((found.error_code, found.log_start_offset), (ErrorCode::None, start));
                assert_eq!(found.high_watermark, 4);
                let offset = client.produce("orders", partition, &batch(&["e"])).await.base_offset;
                assert_eq!(offset, 4);
            }
        });
    }
}

#[test]
fn records_are_deleted_where_that_is_allowed_and_possible() {
    story(&[], |broker| async move {
        let mut client = broker.connect().await;
        client.create_topic("orders", 1).await;
        client.produce("orders", 0, &batch(&["a", "b"])).await;
        let out_of_range = (ErrorCode::OffsetOutOfRange, -1);
        for offset in [3, -2, i64::MIN] {
            assert_eq!(delete_records(&mut client, "orders", &[(0, offset)]).await, [out_of_range]);
        }
        let unknown = (ErrorCode::UnknownTopicOrPartition, -1);
        assert_eq!(
            delete_records(&mut client, "orders", &[(1, 0), (0, 1)]).await,
            [unknown, (ErrorCode::None, 1)]
        );
        assert_eq!(delete_records(&mut client, "orders", &[(0, 0)]).await, [(ErrorCode::None, 1)]);
        assert_eq!(delete_records(&mut client, "absent", &[(0, 0)]).await, [unknown]);
        let internal = (ErrorCode::InvalidTopicException, -1);
        assert_eq!(delete_records(&mut client, "__consumer_offsets", &[(0, 0)]).await, [internal]);
    });
}

#[test]
fn sizes_are_told_of_partitions_on_every_core() {
    story(&[], |broker| async move {
        let mut client = broker.connect().await;
        client.create_topic("orders", 3).await;
        client.create_topic("other", 1).await;
        let one = batch(&["a", "b"]);
        for _ in 0..2 {
            client.produce("orders", 1, &one).await;
        }
        let all = client.call(4, &DescribeLogDirsRequest { topics: None }).await;
        assert!(all.results[0].total_bytes > all.results[0].usable_bytes);
        let topics = &all.results[0].topics;
        let names: Vec<_> = topics.iter().map(|topic| topic.name.to_string()).collect();
        assert_eq!(names, ["orders", "other"]);
        let sizes: Vec<_> = topics[0].partitions.iter().map(|one| one.partition_size).collect();
        assert_eq!(sizes, [0, 2 * one.size_bytes() as i64, 0]);

        let wanted = DescribableLogDirTopic { topic: "orders".into(), partitions: vec![1, 9] };
        let some = client.call(4, &DescribeLogDirsRequest { topics: Some(vec![wanted]) }).await;
        let indexes: Vec<_> =
            some.results[0].topics[0].partitions.iter().map(|one| one.partition_index).collect();
        assert_eq!(indexes, [1]);
    });
}

#[test]
fn metrics_and_loggers_have_no_settings_and_groups_none_of_theirs() {
    const LOGGERS: i8 = 8;
    const METRICS: i8 = 16;
    const GROUP: i8 = 32;
    story(&["node.id=7"], |broker| async move {
        let mut client = broker.connect().await;
        let (none, invalid, wrong) = (ErrorCode::None, ErrorCode::InvalidRequest, ErrorCode::InvalidConfig);
        // Of each: described, one set, one taken back, all in place of all.
        for (kind, name, expected) in [
            (LOGGERS, "7", [none, wrong, wrong, invalid]),
            (LOGGERS, "8", [invalid; 4]),
            (LOGGERS, "", [invalid; 4]),
            (METRICS, "mine", [none, wrong, none, wrong]),
            (METRICS, "", [invalid; 4]),
            (GROUP, "shop", [none, wrong, none, wrong]),
            (GROUP, "", [invalid; 4]),
        ] {
            let (resource_type, resource_name) = (kind, name.into());
            let resource = DescribeConfigsResource { resource_type, resource_name, configuration_keys: None };
            let request = DescribeConfigsRequest { resources: vec![resource], ..Default::default() };
            let described = client.call(4, &request).await.results.remove(0);
            assert_eq!(described.configs.is_empty(), kind != GROUP || name.is_empty());
            let mut codes = vec![described.error_code];
            for (config_operation, value) in [(0, Some("1".into())), (1, None)] {
                let config = single::AlterableConfig { name: "interval.ms".into(), config_operation, value };
                let resource = single::AlterConfigsResource {
                    resource_type,
                    resource_name: name.into(),
                    configs: vec![config],
                };
                let request = single::IncrementalAlterConfigsRequest {
                    resources: vec![resource],
                    ..Default::default()
                };
                codes.push(client.call(1, &request).await.responses[0].error_code);
            }
            let config = whole::AlterableConfig { name: "interval.ms".into(), value: Some("1".into()) };
            let resource = whole::AlterConfigsResource {
                resource_type,
                resource_name: name.into(),
                configs: vec![config],
            };
            let request = whole::AlterConfigsRequest { resources: vec![resource], ..Default::default() };
            codes.push(client.call(2, &request).await.responses[0].error_code);
            assert_eq!(codes, expected, "{kind} {name:?}");
        }
    });
}

/// The setting of a group: its value and where it comes from, with where it could come from.
async fn of_group(client: &mut Client, name: &str) -> (String, i8, Vec<i8>) {
    let resource =
        DescribeConfigsResource { resource_type: 32, resource_name: "shop".into(), configuration_keys: None };
    let request =
        DescribeConfigsRequest { resources: vec![resource], include_synonyms: true, ..Default::default() };
    let all = client.call(4, &request).await.results.remove(0).configs;
    let found = all.into_iter().find(|one| one.name == name).unwrap();
    let synonyms = found.synonyms.iter().map(|one| one.source).collect();
    (found.value.unwrap().to_string(), found.config_source, synonyms)
}

async fn set_of_group(client: &mut Client, name: &'static str, value: Option<&'static str>) -> ErrorCode {
    let config_operation = if value.is_some() { 0 } else { 1 };
    let config =
        single::AlterableConfig { name: name.into(), config_operation, value: value.map(Into::into) };
    let resource = single::AlterConfigsResource {
        resource_type: 32,
        resource_name: "shop".into(),
        configs: vec![config],
    };
    let request = single::IncrementalAlterConfigsRequest { resources: vec![resource], ..Default::default() };
    client.call(1, &request).await.responses.remove(0).error_code
}

#[test]
fn settings_of_groups_are_checked_kept_and_described() {
    const SESSION: &str = "consumer.session.timeout.ms";
    const ISOLATION: &str = "share.isolation.level";
    for seed in SEEDS {
        let mut world = World::new(seed, 2, &["group.consumer.session.timeout.ms=46000"]);
        world.client(|broker| async move {
            let mut client = broker.connect().await;
            assert_eq!(of_group(&mut client, SESSION).await, ("46000".into(), 4, vec![4, 5]));
            assert_eq!(of_group(&mut client, ISOLATION).await, ("read_uncommitted".into(), 5, vec![5]));
            assert_eq!(set_of_group(&mut client, SESSION, Some("50000")).await, ErrorCode::None);
            assert_eq!(set_of_group(&mut client, ISOLATION, Some("read_committed")).await, ErrorCode::None);
            let (wrong, ok) = (ErrorCode::InvalidConfig, ErrorCode::None);
            for (value, code) in [("60001", wrong), ("44999", wrong), ("soon", wrong), ("60000", ok)] {
                assert_eq!(set_of_group(&mut client, SESSION, Some(value)).await, code, "{value}");
            }
            assert_eq!(of_group(&mut client, ISOLATION).await, ("read_committed".into(), 8, vec![8, 5]));
        });
        world.restart();
        world.client(|broker| async move {
            let mut client = broker.connect().await;
            assert_eq!(of_group(&mut client, SESSION).await, ("60000".into(), 8, vec![8, 4, 5]));
            assert_eq!(set_of_group(&mut client, SESSION, None).await, ErrorCode::None);
            assert_eq!(of_group(&mut client, SESSION).await.0, "46000");

            // All in place of all.
            let config = whole::AlterableConfig { name: SESSION.into(), value: Some("51000".into()) };
            let resource = whole::AlterConfigsResource {
                resource_type: 32,
                resource_name: "shop".into(),
                configs: vec![config],
            };
            let request = whole::AlterConfigsRequest { resources: vec![resource], ..Default::default() };
            assert_eq!(client.call(2, &request).await.responses[0].error_code, ErrorCode::None);
            assert_eq!(of_group(&mut client, SESSION).await.0, "51000");
            assert_eq!(of_group(&mut client, ISOLATION).await.0, "read_uncommitted");
        });
    }
}

#[test]
fn before_groups_had_an_error_of_their_own_their_partitions_showed_it() {
    story(&[], |broker| async move {
        let mut client = broker.connect().await;
        client.create_topic("orders", 2).await;
        // Nobody has asked for a coordinator yet, so there is none.
        let topic = OffsetFetchRequestTopic { name: "orders".into(), partition_indexes: vec![1, 0] };
        let request =
            OffsetFetchRequest { group_id: "shop".into(), topics: Some(vec![topic]), ..Default::default() };
        let answer = client.call(1, &request).await;
        let partitions = &answer.topics[0].partitions;
        let told: Vec<_> = partitions.iter().map(|one| (one.partition_index, one.error_code)).collect();
        assert_eq!(told, [(1, ErrorCode::NotCoordinator), (0, ErrorCode::NotCoordinator)]);
        assert_eq!(partitions[0].committed_offset, -1);
        let answer = client.call(2, &request).await;
        assert_eq!((answer.error_code, answer.topics.len()), (ErrorCode::NotCoordinator, 0));
    });
}
