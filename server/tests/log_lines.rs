//! What the broker logs about what its clients do: topics, groups, and requests that it cannot serve.
#![allow(clippy::unwrap_used, reason = "a test says what went wrong by failing")]

mod real;
mod support;

use std::io::Read;
use std::time::Duration;

use creel_io::sim::Config as SimConfig;
use creel_io::sleep;
use creel_wire::api::create_partitions::{CreatePartitionsRequest, CreatePartitionsTopic};
use creel_wire::api::create_topics::{CreatableTopic, CreateTopicsRequest};
use creel_wire::api::delete_groups::DeleteGroupsRequest;
use creel_wire::api::delete_topics::DeleteTopicsRequest;
use creel_wire::api::find_coordinator::FindCoordinatorRequest;
use creel_wire::api::incremental_alter_configs::{
    AlterConfigsResource, AlterableConfig, IncrementalAlterConfigsRequest,
};
use creel_wire::api::init_producer_id::InitProducerIdRequest;
use creel_wire::api::join_group::{JoinGroupRequest, JoinGroupRequestProtocol, JoinGroupResponse};
use creel_wire::api::leave_group::{LeaveGroupRequest, MemberIdentity};
use creel_wire::api::sasl_handshake::SaslHandshakeRequest;
use creel_wire::api::sync_group::SyncGroupRequest;
use creel_wire::{ErrorCode, Str};
use real::{Broker, free_address};
use support::log::Log;
use support::{Client, Connector, World, batch};

/// The lines that one core's broker logs meanwhile, without what they begin with: time, level and place.
fn lines_of<F>(story: impl FnOnce(Connector) -> F) -> Vec<String>
where
    F: Future<Output = ()> + 'static,
{
    let lines = Log::of(|| World::new(1, 1, &[]).client(story));
    let said = |line: String| line.split_once(": ").map_or(line.clone(), |(_, said)| said.to_owned());
    lines.into_iter().map(said).collect()
}

/// The lines that begin so.
fn about(lines: &[String], what: &str) -> Vec<String> {
    lines.iter().filter(|line| line.starts_with(what)).cloned().collect()
}

async fn send_and_be_closed(connector: Connector, bytes: &[u8]) {
    let mut client = connector.connect().await;
    client.send_raw(bytes).await;
    assert!(client.receive_frame().await.is_none());
    // So that each has a line of its own.
    sleep(Duration::from_secs(2)).await;
}

#[test]
fn who_speaks_another_protocol_is_told_by_its_name() {
    let lines = lines_of(|connector| async move {
        // The beginning of a client's hello, in TLS 1.3.
        send_and_be_closed(connector, b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03").await;
        send_and_be_closed(connector, b"GET / HTTP/1.1\r\nHost: a\r\n\r\n").await;
        send_and_be_closed(connector, b"SSH-2.0-OpenSSH\r\n").await;
        send_and_be_closed(connector, b"\0\0\0\x01\0\0\0\0\0\0\0\0").await;
        let mut client = connector.connect().await;
        assert!(client.try_call(1, &SaslHandshakeRequest::default()).await.is_none());
    });
    let closed = about(&lines, "connection closed");
    let expected = [
        "the client speaks TLS, which is not supported yet",
        "HTTP on a port of Kafka's protocol",
        "it begins with \"SSH-\"",
        "this is not Kafka's protocol: no request has 1 bytes",
        "SaslHandshake is not supported yet: set the client's security.protocol to PLAINTEXT",
    ];
    assert_eq!(closed.len(), expected.len(), "{lines:#?}");
    for (line, expected) in closed.iter().zip(expected) {
        assert!(line.contains(expected) && !line.contains("left_out"), "{line}");
    }
}

#[test]
fn a_flood_of_rubbish_is_a_few_lines_that_count_the_others() {
    let lines = lines_of(|connector| async move {
        for _ in 0..50 {
            let mut client = connector.connect().await;
            client.send_raw(b"rubbish!").await;
            assert!(client.receive_frame().await.is_none());
        }
        sleep(Duration::from_secs(2)).await;
        send_and_be_closed(connector, b"rubbish!").await;
    });
    let closed = about(&lines, "connection closed");
    assert!(closed.len() == 2 && closed[1].contains(" left_out=49"), "{lines:#?}");
}

#[test]
fn a_client_that_wants_transactions_gives_up_at_once_and_the_log_says_why() {
    let lines = lines_of(|connector| async move {
        let mut client = connector.connect().await;
        for version in 0..=4 {
            let find = FindCoordinatorRequest {
                key: "pay\nments".into(),
                coordinator_keys: vec!["pay\nments".into()],
                key_type: 1,
            };
            let answer = client.call(version, &find).await;
            let (code, words) = match version {
                // It can only ask for groups.
                0 => continue,
                1..4 => (answer.error_code, answer.error_message),
                _ => (answer.coordinators[0].error_code, answer.coordinators[0].error_message.clone()),
            };
            assert_eq!(code, ErrorCode::TransactionalIdAuthorizationFailed);
            assert!(words.unwrap().contains("transactions are not supported yet"));
        }
        let transactional_id = Some(Str::from_static("payments"));
        let init = InitProducerIdRequest { transactional_id, ..Default::default() };
        let code = client.call(4, &init).await.error_code;
        assert_eq!(code, ErrorCode::TransactionalIdAuthorizationFailed);
        // As Kafka has it.
        let init = InitProducerIdRequest { transactional_id: Some(Str::default()), ..Default::default() };
        assert_eq!(client.call(4, &init).await.error_code, ErrorCode::InvalidRequest);
    });
    let told = about(&lines, "transactions are not supported yet");
    assert_eq!(told.len(), 1, "{lines:#?}");
    assert!(
        told[0].contains("client=\"story\"") && told[0].contains("transactional_id=\"pay\\nments\""),
        "{told:?}"
    );
}

async fn change(client: &mut Client, topic: &'static str, changes: &[(&'static str, Option<&'static str>)]) {
    let one = |(name, value): &(&'static str, Option<&'static str>)| AlterableConfig {
        name: Str::from_static(name),
        config_operation: if value.is_some() { 0 } else { 1 },
        value: value.map(Str::from_static),
    };
    let resource = AlterConfigsResource {
        resource_type: 2,
        resource_name: topic.into(),
        configs: changes.iter().map(one).collect(),
    };
    let request = IncrementalAlterConfigsRequest { resources: vec![resource], ..Default::default() };
    assert_eq!(client.call(1, &request).await.responses[0].error_code, ErrorCode::None);
}

#[test]
fn what_becomes_of_topics_is_on_the_log() {
    let lines = lines_of(|connector| async move {
        let mut client = connector.connect().await;
        client.create_topic("orders", 3).await;
        client.topic("by-use", true).await;
        change(&mut client, "orders", &[("retention.ms", Some("1000")), ("segment.bytes", Some("2000000"))])
            .await;
        change(&mut client, "orders", &[("retention.ms", None)]).await;
        // Nothing changes, and nothing is said.
        change(&mut client, "orders", &[("segment.bytes", Some("2000000"))]).await;
        let grown = CreatePartitionsTopic { name: "orders".into(), count: 5, ..Default::default() };
        let grow = |validate_only| CreatePartitionsRequest {
            topics: vec![grown.clone()],
            validate_only,
            ..Default::default()
        };
        client.call(3, &grow(true)).await;
        client.call(3, &grow(false)).await;
        let deletion = DeleteTopicsRequest { topic_names: vec!["orders".into()], ..Default::default() };
        client.call(5, &deletion).await;
    });
    let told = lines.iter().filter(|line| line.contains("topic=")).cloned();
    let without_id = |line: String| {
        let words = line.split(' ').filter(|word| !word.starts_with("id="));
        words.collect::<Vec<_>>().join(" ")
    };
    let told: Vec<_> = told.map(without_id).collect();
    let expected = [
        "topic created topic=orders partitions=3",
        "topic created topic=by-use partitions=1",
        "settings of a topic changed topic=orders settings=\"retention.ms=1000, segment.bytes=2000000\"",
        "settings of a topic changed topic=orders settings=\"retention.ms unset\"",
        "topic has more partitions topic=orders from=3 to=5",
        "topic deleted topic=orders partitions=5",
    ];
    assert_eq!(told, expected);
}

#[test]
fn a_flood_of_topics_is_a_few_lines_and_the_count_of_the_others() {
    let lines = lines_of(|connector| async move {
        let mut client = connector.connect().await;
        let topic = |at: usize| CreatableTopic {
            name: format!("topic{at}").into(),
            num_partitions: 1,
            replication_factor: 1,
            ..Default::default()
        };
        let request = CreateTopicsRequest { topics: (0..500).map(topic).collect(), ..Default::default() };
        let answer = client.call(7, &request).await;
        assert!(answer.topics.iter().all(|topic| topic.error_code.is_none()));
        sleep(Duration::from_secs(60)).await;
    });
    assert_eq!(about(&lines, "topic created").len(), 20);
    let rest = about(&lines, "log lines were left out: there were too many changes in a second");
    assert!(rest.len() == 1 && rest[0].contains("lines=480 of=\"topics\""), "{lines:#?}");
}

/// Joins with an id or, in two steps, without.
async fn join(client: &mut Client, member_id: Str, reason: Option<&'static str>) -> JoinGroupResponse {
    let protocol = JoinGroupRequestProtocol { name: "range".into(), metadata: Default::default() };
    let mut request = JoinGroupRequest {
        group_id: "shop".into(),
        session_timeout_ms: 6_000,
        rebalance_timeout_ms: 5_000,
        member_id,
        protocol_type: "consumer".into(),
        protocols: vec![protocol],
        reason: reason.map(Str::from_static),
        ..Default::default()
    };
    let mut answer = client.call(9, &request).await;
    if answer.error_code == ErrorCode::MemberIdRequired {
        request.member_id = answer.member_id;
        answer = client.call(9, &request).await;
    }
    assert_eq!(answer.error_code, ErrorCode::None);
    answer
}

async fn sync(client: &mut Client, joined: &JoinGroupResponse) {
    let request = SyncGroupRequest {
        group_id: "shop".into(),
        generation_id: joined.generation_id,
        member_id: joined.member_id.clone(),
        ..Default::default()
    };
    assert_eq!(client.call(3, &request).await.error_code, ErrorCode::None);
}

#[test]
fn a_group_that_rebalances_says_why_and_what_came_of_it() {
    let lines = lines_of(|connector| async move {
        let mut one = connector.connect().await;
        let find = FindCoordinatorRequest { key: "shop".into(), ..Default::default() };
        one.call(1, &find).await;
        let first = join(&mut one, Str::default(), None).await;
        sync(&mut one, &first).await;
        // A second member: the first does not come back in time.
        let mut two = connector.connect().await;
        let second = join(&mut two, Str::default(), Some("in its own\nwords")).await;
        sync(&mut two, &second).await;
        let leaving = MemberIdentity { member_id: second.member_id.clone(), ..Default::default() };
        let leave =
            LeaveGroupRequest { group_id: "shop".into(), members: vec![leaving], ..Default::default() };
        two.call(5, &leave).await;
        let mut three = connector.connect().await;
        let third = join(&mut three, Str::default(), None).await;
        sync(&mut three, &third).await;
        // Says no more.
        sleep(Duration::from_secs(10)).await;
        let delete = DeleteGroupsRequest { groups_names: vec!["shop".into()] };
        assert_eq!(three.call(2, &delete).await.results[0].error_code, ErrorCode::None);
    });
    let told = lines.into_iter().filter(|line| line.contains("group=\"shop\""));
    // Members have ids that nobody knows before.
    let plain = |line: String| {
        let mut words: Vec<_> = line.split(' ').map(str::to_owned).collect();
        for word in words.iter_mut().filter(|word| word.contains("\"story-")) {
            let (before, _) = word.split_once("\"story-").unwrap();
            *word = format!("{before}MEMBER");
        }
        words.join(" ")
    };
    let told: Vec<_> = told.map(plain).collect();
    let expected = [
        "group rebalances group=\"shop\" generation=0 members=1 reason=MEMBER joined",
        "group is stable group=\"shop\" generation=1 members=1 protocol=\"range\"",
        "group rebalances group=\"shop\" generation=1 members=2 reason=MEMBER joined (\"in its own\\nwords\")",
        "members did not join the group in time, and were removed group=\"shop\" generation=1 members=1 missing=MEMBER",
        "group is stable group=\"shop\" generation=2 members=1 protocol=\"range\"",
        "group rebalances group=\"shop\" generation=2 members=0 reason=MEMBER left",
        "group has no members group=\"shop\" generation=3",
        "group rebalances group=\"shop\" generation=3 members=1 reason=MEMBER joined",
        "group is stable group=\"shop\" generation=4 members=1 protocol=\"range\"",
        "group rebalances group=\"shop\" generation=4 members=0 reason=MEMBER sent no heartbeat within session.timeout.ms",
        "group has no members group=\"shop\" generation=5",
        "group deleted group=\"shop\"",
    ];
    assert_eq!(told, expected);
}

#[test]
fn a_storm_of_rebalances_is_a_few_lines_and_the_count_of_the_others() {
    let lines = lines_of(|connector| async move {
        let mut client = connector.connect().await;
        let find = FindCoordinatorRequest { key: "shop".into(), ..Default::default() };
        client.call(1, &find).await;
        for _ in 0..200 {
            let joined = join(&mut client, Str::default(), None).await;
            let leaving = MemberIdentity { member_id: joined.member_id, ..Default::default() };
            let leave =
                LeaveGroupRequest { group_id: "shop".into(), members: vec![leaving], ..Default::default() };
            client.call(5, &leave).await;
        }
        sleep(Duration::from_secs(60)).await;
    });
    let said = about(&lines, "group ").len();
    let rest = about(&lines, "log lines were left out: there were too many changes in a second");
    // Each round is a member that joins, one that leaves, and a group that is empty.
    let number = |line: &String| line.split_once("=").unwrap().1.split(' ').next().unwrap().parse::<usize>();
    let left_out = lines.iter().filter_map(|line| line.split_once("left_out=")?.1.parse::<usize>().ok());
    let unsaid = left_out.chain(rest.iter().map(|line| number(line).unwrap())).sum::<usize>();
    assert!(said < 100, "{lines:#?}");
    assert_eq!(said + unsaid, 600, "{lines:#?}");
}

#[test]
fn an_address_that_others_reach_is_warned_of() {
    let settings = [support::http::ADMIN];
    let lines = Log::of(|| World::new(1, 1, &settings).client(|_| sleep(Duration::from_secs(1))));
    let warned = |what: &str| lines.iter().filter(|line| line.contains(what)).count();
    assert_eq!(
        warned("anyone who can reach this address can read, write and delete everything"),
        1,
        "{lines:#?}"
    );
    assert_eq!(warned("anyone who can reach the admin listener"), 1, "{lines:#?}");
}

#[test]
fn an_address_of_this_machine_alone_is_not() {
    let dir = tempfile::tempdir().unwrap();
    let admin = "creel.admin.listener=127.0.0.1:0";
    let mut broker = Broker::start_with_log(free_address(), dir.path(), &[admin]);
    assert!(broker.comes_up());
    let mut log = broker.log();
    broker.signal("TERM");
    assert_eq!(broker.end(), Some(0));
    let mut said = String::new();
    log.read_to_string(&mut said).unwrap();
    assert!(said.contains("admin listener") && !said.contains("anyone"), "{said}");
}

#[test]
fn a_start_that_takes_long_says_how_far_it_is_and_a_short_one_does_not() {
    const TOPICS: [&str; 3] = ["a", "b", "c"];
    let lines = Log::of(|| {
        let mut manners = SimConfig::calm();
        manners.disk.cold = 1.0;
        manners.disk.read_latency = Duration::from_secs(1)..=Duration::from_secs(2);
        let mut world = World::with(1, manners, 2, &[]);
        world.client(|connector| async move {
            let mut client = connector.connect().await;
            let value = "v".repeat(500_000);
            for topic in TOPICS {
                client.create_topic(topic, 1).await;
                for _ in 0..12 {
                    client.produce(topic, 0, &batch(&[&value])).await;
                }
            }
        });
        world.sim.handle().kill(world.broker);
        world.start();
        world.client(|connector| async move {
            let mut client = connector.connect().await;
            for topic in TOPICS {
                assert_eq!(client.topic(topic, false).await.error_code, ErrorCode::None);
            }
        });
        // What is not looked at needs no time, so that there is nothing to say.
        world.restart();
        world.client(|connector| async move { drop(connector.connect().await) });
    });
    let told: Vec<_> = lines
        .iter()
        .filter(|line| line.contains("recovering partitions: the last stop was not clean"))
        .collect();
    assert!(told.len() >= 2, "{lines:#?}");
    let percent = |line: &&String| {
        let (_, rest) = line.split_once("percent=").unwrap();
        rest.split(' ').next().unwrap().parse::<u32>().unwrap()
    };
    assert!(told.iter().map(percent).is_sorted_by(|one, next| one <= next), "{told:#?}");
    assert!(told.iter().map(percent).any(|percent| 0 < percent && percent < 100), "{told:#?}");
    assert!(told[0].contains(" of=17.2MiB ") && told[0].contains(" partitions=3 "), "{told:#?}");
}
