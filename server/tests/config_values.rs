//! Settings of topics over the wire are read as Apache Kafka 4.3.1 reads them, however they come, and described in its form.
#![allow(clippy::unwrap_used, reason = "a test says what went wrong by failing")]

mod support;

use creel_wire::api::alter_configs as whole;
use creel_wire::api::create_topics::{CreatableTopic, CreatableTopicConfig, CreateTopicsRequest};
use creel_wire::api::describe_configs::{DescribeConfigsRequest, DescribeConfigsResource};
use creel_wire::api::incremental_alter_configs as single;
use creel_wire::{ErrorCode, Str};
use support::{Client, World, batch, story, values};

const OF_TOPIC: i8 = 2;
/// What a setting's value comes from where the topic has it (DYNAMIC_TOPIC_CONFIG).
const TOPICS_OWN: i8 = 1;

/// A setting, what is given for it, and what is then described; `None` where it is refused with INVALID_CONFIG.
const CASES: &[(&str, &str, Option<&str>)] = &[
    ("retention.ms", " 1000", Some("1000")),
    ("retention.ms", "1000\t", Some("1000")),
    ("retention.ms", "+5", Some("5")),
    ("retention.ms", "-1", Some("-1")),
    ("retention.ms", "9223372036854775807", Some("9223372036854775807")),
    // The default's own value is the topic's all the same.
    ("retention.ms", "604800000", Some("604800000")),
    ("retention.ms", "9223372036854775808", None),
    ("retention.ms", "7d", None),
    ("retention.ms", "1_000", None),
    ("retention.ms", "1e3", None),
    ("retention.ms", "", None),
    ("retention.ms", "-2", None),
    ("retention.bytes", "1GiB", None),
    ("max.message.bytes", "2147483648", None),
    ("max.message.bytes", "1048588", Some("1048588")),
    ("preallocate", " True ", Some("true")),
    ("preallocate", "FALSE", Some("false")),
    ("preallocate", "yes", None),
    ("cleanup.policy", "delete, compact", Some("delete,compact")),
    ("cleanup.policy", "delete,delete", Some("delete")),
    ("cleanup.policy", "", Some("")),
    ("cleanup.policy", "delete,", None),
    ("cleanup.policy", "Delete", None),
    ("message.timestamp.type", " CreateTime", Some("CreateTime")),
    ("message.timestamp.type", "createtime", None),
    ("min.cleanable.dirty.ratio", ".5", Some("0.5")),
    ("min.cleanable.dirty.ratio", "1", Some("1.0")),
    ("min.cleanable.dirty.ratio", "0.0001", Some("1.0E-4")),
    ("min.cleanable.dirty.ratio", "1.1", None),
    ("compression.gzip.level", "0", None),
    ("leader.replication.throttled.replicas", "0:1, 1:1", Some("0:1,1:1")),
    ("leader.replication.throttled.replicas", "a", None),
    ("remote.storage.enable", "false", Some("false")),
    ("remote.storage.enable", "true", None),
    ("local.retention.ms", "1000", None),
    ("local.retention.ms", "-2", Some("-2")),
    ("segment.jitter.ms", "5000", Some("5000")),
    ("segment.jitter.ms", "-1", None),
    ("Retention.ms", "1000", None),
    ("no.such.setting", "1", None),
];

async fn create(
    client: &mut Client,
    name: &str,
    key: &'static str,
    value: Option<&'static str>,
) -> ErrorCode {
    let config = CreatableTopicConfig { name: key.into(), value: value.map(Str::from_static) };
    let topic = CreatableTopic {
        name: Str::from(name.to_owned()),
        num_partitions: 1,
        replication_factor: 1,
        configs: vec![config],
        ..Default::default()
    };
    let request = CreateTopicsRequest { topics: vec![topic], ..Default::default() };
    client.call(7, &request).await.topics.remove(0).error_code
}

async fn set(
    client: &mut Client,
    topic: &'static str,
    key: &'static str,
    operation: i8,
    value: &'static str,
) -> ErrorCode {
    let config =
        single::AlterableConfig { name: key.into(), config_operation: operation, value: Some(value.into()) };
    let resource = single::AlterConfigsResource {
        resource_type: OF_TOPIC,
        resource_name: topic.into(),
        configs: vec![config],
    };
    let request = single::IncrementalAlterConfigsRequest { resources: vec![resource], validate_only: false };
    client.call(1, &request).await.responses.remove(0).error_code
}

async fn replace(
    client: &mut Client,
    topic: &'static str,
    key: &'static str,
    value: &'static str,
) -> ErrorCode {
    let config = whole::AlterableConfig { name: key.into(), value: Some(value.into()) };
    let resource = whole::AlterConfigsResource {
        resource_type: OF_TOPIC,
        resource_name: topic.into(),
        configs: vec![config],
    };
    let request = whole::AlterConfigsRequest { resources: vec![resource], validate_only: false };
    client.call(2, &request).await.responses.remove(0).error_code
}

/// A setting's value and where it comes from.
async fn described(
    client: &mut Client,
    resource_type: i8,
    name: &str,
    key: &'static str,
) -> Vec<(Option<String>, i8)> {
    let resource = DescribeConfigsResource {
        resource_type,
        resource_name: Str::from(name.to_owned()),
        configuration_keys: Some(vec![key.into()]),
    };
    let request = DescribeConfigsRequest { resources: vec![resource], ..Default::default() };
    let configs = client.call(4, &request).await.results.remove(0).configs;
    configs.into_iter().map(|one| (one.value.map(|value| value.to_string()), one.config_source)).collect()
}

#[test]
fn values_are_read_as_kafka_reads_them_in_a_creation_and_in_a_change() {
    let mut world = World::new(1, 2, &[]);
    world.client(|broker| async move {
        let mut client = broker.connect().await;
        client.create_topic("changed", 1).await;
        for (index, (key, value, right)) in CASES.iter().enumerate() {
            let code = if right.is_some() { ErrorCode::None } else { ErrorCode::InvalidConfig };
            let expected: Vec<_> =
                right.iter().map(|right| (Some((*right).to_owned()), TOPICS_OWN)).collect();
            let name = format!("created-{index}");
            assert_eq!(create(&mut client, &name, key, Some(value)).await, code, "{key}={value:?}");
            assert_eq!(set(&mut client, "changed", key, 0, value).await, code, "{key}={value:?}");
            if right.is_some() {
                assert_eq!(described(&mut client, OF_TOPIC, &name, key).await, expected, "{key}={value:?}");
                assert_eq!(
                    described(&mut client, OF_TOPIC, "changed", key).await,
                    expected,
                    "{key}={value:?}"
                );
            }
            assert_eq!(replace(&mut client, "changed", key, value).await, code, "{key}={value:?}");
            if right.is_some() {
                assert_eq!(
                    described(&mut client, OF_TOPIC, "changed", key).await,
                    expected,
                    "{key}={value:?}"
                );
            }
        }
        assert_eq!(create(&mut client, "null", "retention.ms", None).await, ErrorCode::InvalidConfig);
    });
}

#[test]
fn what_is_in_a_list_is_not_added_again() {
    story(&[], |broker| async move {
        let mut client = broker.connect().await;
        client.create_topic("listed", 1).await;
        let policy = "cleanup.policy";
        for (operation, value, left) in
            [(2, "compact", "delete,compact"), (2, "delete", "delete,compact"), (3, "delete", "compact")]
        {
            assert_eq!(set(&mut client, "listed", policy, operation, value).await, ErrorCode::None);
            let told = described(&mut client, OF_TOPIC, "listed", policy).await;
            assert_eq!(told, [(Some(left.to_owned()), TOPICS_OWN)]);
        }
    });
}

/// Settings that are right by themselves and do not go together are refused, also where one of them is there already.
#[test]
fn what_does_not_go_together_is_refused_in_each_way() {
    story(&["log.cleaner.max.compaction.lag.ms=1000"], |broker| async move {
        let mut client = broker.connect().await;
        let (shortest, longest) = ("min.compaction.lag.ms", "max.compaction.lag.ms");
        client.create_topic("held", 1).await;
        assert_eq!(create(&mut client, "new", shortest, Some("1001")).await, ErrorCode::InvalidConfig);
        assert_eq!(create(&mut client, "new", shortest, Some("1000")).await, ErrorCode::None);
        assert_eq!(set(&mut client, "held", shortest, 0, "1001").await, ErrorCode::InvalidConfig);
        assert_eq!(replace(&mut client, "held", shortest, "1001").await, ErrorCode::InvalidConfig);
        assert_eq!(set(&mut client, "held", shortest, 0, "1000").await, ErrorCode::None);
        assert_eq!(set(&mut client, "held", longest, 0, "999").await, ErrorCode::InvalidConfig);
        let told = described(&mut client, OF_TOPIC, "held", longest).await;
        assert_eq!(told, [(Some("1000".to_owned()), 4)], "nothing of a refused change remains");
        assert_eq!(set(&mut client, "held", longest, 0, "5000").await, ErrorCode::None);
        assert_eq!(set(&mut client, "held", shortest, 0, "5000").await, ErrorCode::None);
        assert_eq!(set(&mut client, "held", longest, 1, "").await, ErrorCode::InvalidConfig);
    });
}

#[test]
fn every_setting_of_a_topic_is_documented_if_asked_for() {
    story(&[], |broker| async move {
        let mut client = broker.connect().await;
        client.create_topic("told", 1).await;
        for include_documentation in [false, true] {
            let resource = DescribeConfigsResource {
                resource_type: OF_TOPIC,
                resource_name: "told".into(),
                ..Default::default()
            };
            let resources = vec![resource];
            let request = DescribeConfigsRequest { resources, include_documentation, ..Default::default() };
            let configs = client.call(4, &request).await.results.remove(0).configs;
            // As many as Kafka 4.3.1 shows.
            assert_eq!(configs.len(), 33);
            assert!(configs.iter().all(|one| one.documentation.is_some() == include_documentation));
        }
    });
}

/// Tools take back settings that a later version has dropped.
#[test]
fn any_name_can_be_taken_back() {
    story(&[], |broker| async move {
        let mut client = broker.connect().await;
        client.create_topic("tidy", 1).await;
        for name in ["message.format.version", "no.such.setting", "retention.ms"] {
            assert_eq!(set(&mut client, "tidy", name, 1, "").await, ErrorCode::None, "{name}");
        }
        for operation in [0, 2, 3] {
            let refused = set(&mut client, "tidy", "no.such.setting", operation, "1").await;
            assert_eq!(refused, ErrorCode::InvalidConfig, "{operation}");
        }
    });
}

/// Kafka's broker settings are all described, but for those it hides, and no secret is.
#[test]
fn a_broker_describes_kafkas_settings() {
    story(&["delegation.token.secret.key=hush", "num.io.threads=5"], |broker| async move {
        let mut client = broker.connect().await;
        let told = described(&mut client, 4, "1", "num.io.threads").await;
        assert_eq!(told, [(Some("5".to_owned()), 4)]);
        let told = described(&mut client, 4, "1", "ssl.keystore.type").await;
        assert_eq!(told, [(Some("JKS".to_owned()), 5)]);
        assert_eq!(described(&mut client, 4, "1", "delegation.token.secret.key").await, [(None, 4)]);
        assert!(described(&mut client, 4, "1", "log.initial.task.delay.ms").await.is_empty());
    });
}

/// A policy that names nothing keeps everything, for however short a time records are to be kept.
#[test]
fn without_a_cleanup_policy_nothing_is_dropped() {
    let settings = ["log.retention.check.interval.ms=10", "log.segment.delete.delay.ms=0"];
    let mut world = World::new(1, 1, &settings);
    world.client(|broker| async move {
        let mut client = broker.connect().await;
        let configs = [("cleanup.policy", ""), ("retention.ms", "1")];
        let configs = configs
            .map(|(name, value)| CreatableTopicConfig { name: name.into(), value: Some(value.into()) });
        let topic = CreatableTopic {
            name: "kept".into(),
            num_partitions: 1,
            replication_factor: 1,
            configs: configs.to_vec(),
            ..Default::default()
        };
        client.call(7, &CreateTopicsRequest { topics: vec![topic], ..Default::default() }).await;
        client.produce("kept", 0, &batch(&["a"])).await;
        creel_io::sleep(std::time::Duration::from_secs(1)).await;
        assert_eq!(values(&client.fetch("kept", 0, 0).await), [(0, "a".to_owned())]);
    });
}
