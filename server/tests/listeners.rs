//! Several listeners: each is bound, and each tells those who come by it its own address. And several brokers, which the cores can
//! show themselves as.
#![allow(clippy::unwrap_used, reason = "a test says what went wrong by failing")]

mod support;

use std::net::SocketAddr;

use creel_wire::api::describe_cluster::DescribeClusterRequest;
use creel_wire::api::find_coordinator::FindCoordinatorRequest;
use creel_wire::api::metadata::MetadataRequest;
use support::{Client, Connector, World, batch, story, values};

const SETTINGS: &[&str] = &[
    "listeners=INTERNAL://:9092,EXTERNAL://:9093,BARE://:9094,CONTROLLER://:9095",
    "listener.security.protocol.map=INTERNAL:PLAINTEXT,EXTERNAL:PLAINTEXT,BARE:PLAINTEXT,CONTROLLER:PLAINTEXT",
    "advertised.listeners=EXTERNAL://creel.example:19093,INTERNAL://[fd00::5]:19092",
    "inter.broker.listener.name=INTERNAL",
    "controller.listener.names=CONTROLLER",
];

fn at(broker: Connector, port: u16) -> Connector {
    Connector::to(SocketAddr::new(broker.address().ip(), port))
}

/// Where Metadata, FindCoordinator and DescribeCluster say that the broker is, which is one place.
async fn told(client: &mut Client) -> (String, i32) {
    let metadata = client.call(12, &MetadataRequest::default()).await.brokers.remove(0);
    let group = FindCoordinatorRequest { key: "group".into(), ..Default::default() };
    let coordinator = client.call(3, &group).await;
    let cluster = DescribeClusterRequest { endpoint_type: 1, ..Default::default() };
    let cluster = client.call(1, &cluster).await.brokers.remove(0);
    let told = (metadata.host.to_string(), metadata.port);
    assert_eq!((coordinator.host.to_string(), coordinator.port), told);
    assert_eq!((cluster.host.to_string(), cluster.port), told);
    told
}

#[test]
fn each_listener_tells_its_clients_its_own_address() {
    story(SETTINGS, |broker| async move {
        let by_itself = (broker.address().ip().to_string(), 9094);
        let expected = [
            (9092, ("fd00::5".to_owned(), 19092)),
            (9093, ("creel.example".to_owned(), 19093)),
            // Nothing is advertised: the address that it was reached by.
            (9094, by_itself),
        ];
        // Several connections each, so that every core has some of each listener.
        for (port, expected) in expected.iter().cycle().take(9) {
            assert_eq!(told(&mut at(broker, *port).connect().await).await, *expected, "port {port}");
        }
    });
}

#[test]
fn what_comes_by_one_listener_is_read_by_another_and_the_controllers_is_not_bound() {
    story(SETTINGS, |broker| async move {
        let (mut inside, mut outside) = (at(broker, 9092).connect().await, at(broker, 9093).connect().await);
        inside.create_topic("shared", 1).await;
        assert!(inside.produce("shared", 0, &batch(&["a"])).await.error_code.is_none());
        assert_eq!(values(&outside.fetch("shared", 0, 0).await), [(0, "a".to_owned())]);
        assert!(at(broker, 9095).try_connect().await.is_none());
    });
}

#[test]
fn an_address_that_cannot_be_had_is_refused_with_what_to_do() {
    for (address, advice) in [
        ("listeners=192.0.2.1:9092", "choose an address that this machine has (--listen, or listeners)"),
        (
            "creel.admin.listener=192.0.2.1:9644",
            "choose an address that this machine has (creel.admin.listener)",
        ),
    ] {
        let mut world = World::new(1, 1, &[]);
        world.sim.handle().kill(world.broker);
        world.set(address);
        let setup = world.start();
        world.sim.run_until_ended(world.broker).unwrap();
        let why = setup.failure().unwrap().to_string();
        assert!(why.starts_with("cannot listen on 192.0.2.1:") && why.ends_with(advice), "{why}");
    }
}

#[test]
fn a_stop_closes_every_listener() {
    for seed in support::SEEDS {
        let mut world = World::new(seed, 2, SETTINGS);
        let first = world.client(|broker| async move { told(&mut at(broker, 9093).connect().await).await });
        world.restart();
        let again = world.client(|broker| async move { told(&mut at(broker, 9093).connect().await).await });
        assert_eq!(first, again);
    }
}

/// What Metadata says: the brokers' ids and ports, and the leader of each partition of the topic.
async fn brokers_and_leaders(client: &mut Client) -> (Vec<(i32, i32)>, Vec<i32>) {
    let topic = client.topic("orders", false).await;
    let metadata = client.call(12, &MetadataRequest::default()).await;
    let brokers = metadata.brokers.iter().map(|broker| (broker.node_id, broker.port)).collect();
    let cluster = DescribeClusterRequest { endpoint_type: 1, ..Default::default() };
    let cluster = client.call(1, &cluster).await;
    let described: Vec<_> = cluster.brokers.iter().map(|broker| (broker.broker_id, broker.port)).collect();
    assert_eq!(brokers, described);
    (brokers, topic.partitions.iter().map(|partition| partition.leader_id).collect())
}

#[test]
fn cores_can_show_themselves_as_brokers() {
    let settings = ["creel.core.brokers=2", "node.id=5"].into_iter().chain(SETTINGS.iter().copied());
    let settings = settings.map(|one| match one.starts_with("listeners=") {
        true => "listeners=INTERNAL://:9092,EXTERNAL://:9094,BARE://:9096,CONTROLLER://:9098",
        false => one,
    });
    World::new(3, 4, &settings.collect::<Vec<_>>()).client(|broker| async move {
        let mut bare = at(broker, 9096).connect().await;
        bare.create_topic("orders", 4).await;
        let (brokers, leaders) = brokers_and_leaders(&mut bare).await;
        assert_eq!(brokers, [(5, 9096), (6, 9097)]);
        // Neighbouring partitions lie on neighbouring cores.
        assert!(leaders == [5, 6, 5, 6] || leaders == [6, 5, 6, 5], "{leaders:?}");
        // The second broker of the second listener says the same, with that listener's addresses.
        let mut outside = at(broker, 9095).connect().await;
        assert_eq!(brokers_and_leaders(&mut outside).await, (vec![(5, 19093), (6, 19094)], leaders));
        let group = FindCoordinatorRequest { key: "group".into(), ..Default::default() };
        let found = outside.call(3, &group).await;
        assert!(brokers.iter().any(|(id, _)| *id == found.node_id), "{found:?}");
        assert_eq!(found.port, 19093 + found.node_id - 5);
    });
}

#[test]
fn there_are_as_many_brokers_as_cores_at_most() {
    World::new(3, 2, &["creel.core.brokers=8"]).client(|broker| async move {
        let metadata = broker.connect().await.call(12, &MetadataRequest::default()).await;
        assert_eq!(metadata.brokers.len(), 2);
    });
}

#[test]
fn ports_beyond_the_last_are_refused() {
    let mut world = World::new(1, 2, &[]);
    world.sim.handle().kill(world.broker);
    world.set("creel.core.brokers=2");
    world.set("listeners=PLAINTEXT://:65535");
    let setup = world.start();
    world.sim.run_until_ended(world.broker).unwrap();
    let why = setup.failure().unwrap().to_string();
    assert!(why.contains("the ports of creel.core.brokers end beyond 65535"), "{why}");
}
