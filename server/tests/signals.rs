//! Signals that ask the real binary to stop: SIGTERM, SIGINT and SIGHUP, once and again.
#![allow(clippy::unwrap_used, reason = "a test says what went wrong by failing")]

mod real;
mod support;

use std::net::TcpStream;
use std::time::Duration;

use creel_io::sleep;
use creel_wire::api::join_group::{JoinGroupRequest, JoinGroupRequestProtocol};
use creel_wire::api::metadata::MetadataRequest;
use real::{Broker, free_address, on_core};
use support::{Client, Connector, batch, values};

const MARK: &str = ".kafka_cleanshutdown";

/// A client of a broker that holds one record.
async fn with_a_record(address: std::net::SocketAddr) -> Client {
    let mut client = Connector::to(address).connect().await;
    client.create_topic("orders", 1).await;
    assert_eq!(client.produce("orders", 0, &batch(&["a"])).await.base_offset, 0);
    client
}

#[test]
fn each_of_the_three_stops_it_cleanly() {
    on_core(|| async {
        for signal in ["TERM", "INT", "HUP"] {
            let (address, dir) = (free_address(), tempfile::tempdir().unwrap());
            let mut broker = Broker::start(address, dir.path(), &[]);
            assert!(broker.comes_up());
            let _client = with_a_record(address).await;
            broker.signal(signal);
            assert_eq!(broker.end(), Some(0), "{signal}");
            assert!(dir.path().join(MARK).exists(), "{signal}");
        }
    });
}

#[test]
fn a_hangup_that_it_was_told_to_ignore_is_ignored() {
    on_core(|| async {
        let (address, dir) = (free_address(), tempfile::tempdir().unwrap());
        let mut broker = Broker::start_below_nohup(address, dir.path(), &[]);
        assert!(broker.comes_up());
        let mut client = with_a_record(address).await;
        broker.signal("HUP");
        sleep(Duration::from_millis(500)).await;
        client.call(12, &MetadataRequest::default()).await;
        assert!(broker.is_running());
        broker.signal("TERM");
        assert_eq!(broker.end(), Some(0));
    });
}

#[test]
fn who_asks_twice_ends_it_at_once_and_what_was_acknowledged_is_there_again() {
    on_core(|| async {
        for (signal, code) in [("TERM", 143), ("INT", 130)] {
            let (address, dir) = (free_address(), tempfile::tempdir().unwrap());
            let mut broker = Broker::start(address, dir.path(), &["group.initial.rebalance.delay.ms=600000"]);
            assert!(broker.comes_up());
            let mut client = with_a_record(address).await;
            wait_for_a_group(&mut client).await;
            // The stop waits a while for what the member waits for.
            broker.signal("HUP");
            while TcpStream::connect(address).is_ok() {
                sleep(Duration::from_millis(1)).await;
            }
            // Hangups hurry nobody.
            broker.signal("HUP");
            sleep(Duration::from_millis(100)).await;
            assert!(broker.is_running());
            while broker.is_running() {
                broker.signal(signal);
            }
            assert_eq!(broker.end(), Some(code));
            assert!(!dir.path().join(MARK).exists());
            let mut broker = Broker::start(address, dir.path(), &[]);
            assert!(broker.comes_up());
            let found = Connector::to(address).connect().await.fetch("orders", 0, 0).await;
            assert_eq!(values(&found), [(0, "a".to_owned())]);
        }
    });
}

#[test]
fn who_signals_program_and_group_at_once_asks_once() {
    on_core(|| async {
        let (address, dir) = (free_address(), tempfile::tempdir().unwrap());
        let mut broker = Broker::start(address, dir.path(), &["group.initial.rebalance.delay.ms=600000"]);
        assert!(broker.comes_up());
        let mut client = with_a_record(address).await;
        wait_for_a_group(&mut client).await;
        // As GNU timeout does.
        broker.signal("TERM");
        broker.signal("TERM");
        assert_eq!(broker.end(), Some(0));
        assert!(dir.path().join(MARK).exists());
    });
}

/// Has a connection wait for a group that takes its time.
async fn wait_for_a_group(client: &mut Client) {
    let find = creel_wire::api::find_coordinator::FindCoordinatorRequest {
        key: "readers".into(),
        ..Default::default()
    };
    while !client.call(3, &find).await.error_code.is_none() {
        sleep(Duration::from_millis(10)).await;
    }
    let protocol = JoinGroupRequestProtocol { name: "range".into(), ..Default::default() };
    let request = JoinGroupRequest {
        group_id: "readers".into(),
        session_timeout_ms: 10_000,
        rebalance_timeout_ms: 600_000,
        protocol_type: "consumer".into(),
        protocols: vec![protocol],
        ..Default::default()
    };
    client.send(3, &request).await;
    sleep(Duration::from_millis(200)).await;
}
