//! Crowds: thousands of idle connections, more connections than descriptors, clients that never read, never finish a
//! request, or are half-open. They cost bounded memory, nothing panics, and others are served.
#![allow(clippy::unwrap_used, reason = "a test says what went wrong by failing")]

mod real;
mod support;

use std::io::{ErrorKind, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::time::Duration;

use creel_io::sleep;
use creel_wire::api::fetch::FetchRequest;
use creel_wire::{ErrorCode, RequestHeader, frame};
use real::{Broker, free_address, on_core};
use support::{Connector, batch, fetch_request, values};

const IDLE: usize = 10_000;
const BUSY: usize = 1_000;
/// What one idle connection may cost the broker.
const IDLE_BYTES_MAX: u64 = 16 << 10;
/// What one that sends and never reads may cost: its unread requests, and up to `queued.max.requests` that wait.
const STUCK_BYTES_MAX: u64 = 1 << 20;
const STUCK: usize = 200;

/// Connections that send most of a large request each, and how large it is.
const LARGE: usize = 30;
const LARGE_BYTES: usize = 60_000_000;
/// What all of them may cost: what `queued.max.request.bytes` says, and some room for the allocator.
const QUEUED_BYTES: u64 = 200 << 20;
const LARGE_BYTES_MAX: u64 = QUEUED_BYTES + (64 << 20);

fn connect(address: SocketAddr, count: usize) -> Vec<TcpStream> {
    (0..count).map(|_| TcpStream::connect(address).unwrap()).collect()
}

/// Appends and reads back, as someone who has nothing to do with the crowd.
async fn is_served(address: SocketAddr, topic: &'static str) {
    let mut client = Connector::to(address).connect().await;
    client.create_topic(topic, 1).await;
    for at in 0..20 {
        let response = client.produce(topic, 0, &batch(&["a value"])).await;
        assert_eq!((response.error_code, response.base_offset), (ErrorCode::None, at));
    }
    assert_eq!(values(&client.fetch(topic, 0, 0).await).len(), 20);
}

/// Waits until the broker holds so many connections, or more.
async fn until_accepted(broker: &Broker, before: usize, count: usize) {
    while broker.descriptors() < before + count {
        sleep(Duration::from_millis(10)).await;
    }
}

fn request_of(offset: i64) -> Vec<u8> {
    let header = RequestHeader { api_key: 1, api_version: 12, correlation_id: 7, client_id: None };
    let request: FetchRequest = fetch_request("crowd", 0, offset, 0);
    frame::encode_request(&header, &request).to_vec()
}

#[test]
fn a_crowd_of_connections_costs_little_and_hinders_nobody() {
    on_core(|| async {
        let (address, dir) = (free_address(), tempfile::tempdir().unwrap());
        let mut broker = Broker::start(address, dir.path(), &[]);
        assert!(broker.comes_up());
        is_served(address, "before").await;
        let (memory, descriptors) = (broker.memory(), broker.descriptors());
        let idle = connect(address, IDLE);
        until_accepted(&broker, descriptors, IDLE).await;
        let each = broker.memory().saturating_sub(memory) / IDLE as u64;
        eprintln!("{each} bytes for each of {IDLE} idle connections");
        assert!(each <= IDLE_BYTES_MAX, "{each} bytes for an idle connection");

        // A thousand of them begin a request, a byte now and then, and never end it; some close their half.
        for (at, mut stream) in idle.iter().take(BUSY).enumerate() {
            stream.write_all(&request_of(0)[..1 + at % 20]).unwrap();
            if at % 10 == 0 {
                stream.shutdown(Shutdown::Write).unwrap();
            }
        }
        is_served(address, "meanwhile").await;
        let each = broker.memory().saturating_sub(memory) / IDLE as u64;
        assert!(each <= IDLE_BYTES_MAX, "{each} bytes for an idle connection, some with half a request");

        drop(idle);
        while broker.descriptors() > descriptors + 10 {
            sleep(Duration::from_millis(10)).await;
        }
        is_served(address, "afterwards").await;
        assert!(broker.is_running());
    });
}

#[test]
fn clients_that_ask_and_never_read_are_not_read_either() {
    on_core(|| async {
        let (address, dir) = (free_address(), tempfile::tempdir().unwrap());
        let mut broker = Broker::start(address, dir.path(), &[]);
        assert!(broker.comes_up());
        let mut client = Connector::to(address).connect().await;
        client.create_topic("crowd", 1).await;
        let large = "v".repeat(900_000);
        for _ in 0..4 {
            assert_eq!(client.produce("crowd", 0, &batch(&[&large])).await.error_code, ErrorCode::None);
        }
        let memory = broker.memory();
        let stuck = connect(address, STUCK);
        for mut stream in &stuck {
            stream.set_nonblocking(true).unwrap();
            // Until the broker reads no more; or as many as it has room for.
            for at in 0..200 {
                if stream.write_all(&request_of(at % 4)).is_err() {
                    break;
                }
            }
        }
        is_served(address, "meanwhile").await;
        let each = broker.memory().saturating_sub(memory) / STUCK as u64;
        eprintln!("{each} bytes for each of {STUCK} clients that never read");
        assert!(each <= STUCK_BYTES_MAX, "{each} bytes for a client that never reads");
        drop(stuck);
        is_served(address, "afterwards").await;
        assert!(broker.is_running());
    });
}

#[test]
fn large_requests_that_never_end_cost_no_more_together_than_they_may() {
    on_core(|| async {
        let (address, dir) = (free_address(), tempfile::tempdir().unwrap());
        let queued = format!("queued.max.request.bytes={QUEUED_BYTES}");
        let mut broker = Broker::start(address, dir.path(), &[&queued]);
        assert!(broker.comes_up());
        is_served(address, "before").await;
        let memory = broker.memory();
        let crowd = connect(address, LARGE);
        let mut begin = (LARGE_BYTES as u32).to_be_bytes().to_vec();
        // A Produce.
        begin.extend([0, 0, 0, 9]);
        for mut stream in &crowd {
            stream.write_all(&begin).unwrap();
            stream.set_nonblocking(true).unwrap();
        }
        // Until the broker reads no more of any, and none is whole.
        let (piece, mut sent) = (vec![0; 1 << 20], [0; LARGE]);
        let mut quiet = 0;
        while quiet < 20 {
            quiet += 1;
            for (mut stream, sent) in crowd.iter().zip(&mut sent) {
                let left = LARGE_BYTES - 1000 - *sent;
                while let Ok(bytes @ 1..) = stream.write(&piece[..left.min(piece.len())]) {
                    *sent += bytes;
                    quiet = 0;
                    if LARGE_BYTES - 1000 - *sent < piece.len() {
                        break;
                    }
                }
            }
            sleep(Duration::from_millis(20)).await;
        }
        is_served(address, "meanwhile").await;
        let cost = broker.memory().saturating_sub(memory);
        eprintln!("{cost} bytes for {} of {LARGE} large requests", sent.iter().sum::<usize>());
        assert!(cost <= LARGE_BYTES_MAX, "{cost} bytes for {LARGE} large requests");
        drop(crowd);
        is_served(address, "afterwards").await;
        assert!(broker.is_running());
    });
}

#[test]
fn connections_leave_descriptors_for_files() {
    on_core(|| async {
        let (address, dir) = (free_address(), tempfile::tempdir().unwrap());
        let mut broker = Broker::start_with_descriptors(256, address, dir.path(), &[]);
        assert!(broker.comes_up());
        let mut client = Connector::to(address).connect().await;
        client.create_topic("orders", 4).await;
        let crowd = connect(address, 1000);
        // Those that there is no descriptor for are closed; the broker neither ends nor spins.
        let refused = |mut stream: &TcpStream| {
            stream.set_read_timeout(Some(Duration::from_millis(1))).unwrap();
            match stream.read(&mut [0]) {
                Ok(count) => count == 0,
                Err(error) => error.kind() == ErrorKind::ConnectionReset,
            }
        };
        assert!(crowd.iter().any(refused));
        let ticks = broker.cpu_ticks();
        sleep(Duration::from_secs(1)).await;
        let used = broker.cpu_ticks() - ticks;
        assert!(used < 50, "{used} ticks of 100: it spins");
        for at in 0..40 {
            let response = client.produce("orders", at % 4, &batch(&["a value"])).await;
            assert_eq!(response.error_code, ErrorCode::None, "whoever is connected is served");
        }
        client.create_topic("more", 8).await;
        drop(crowd);
        is_served(address, "afterwards").await;
        assert!(broker.is_running());
    });
}
