//! The admin listener and those who ask it the wrong way: it answers, refuses or closes, and the broker serves on.
#![allow(clippy::unwrap_used, reason = "a test says what went wrong by failing")]

mod support;

use std::time::Duration;

use bytes::Bytes;
use creel_engine::COMMIT_LINGER;
use creel_io::net::More;
use creel_io::{now, sleep, spawn};
use creel_server::config::Config;
use creel_wire::api::metadata::MetadataRequest;
use creel_wire::api::produce::ProduceRequest;
use serde_json::Value;
use support::http::{ADMIN, connect, exchange, get, rest};
use support::{Connector, batch, produce_request, story};

async fn is_healthy(broker: Connector) -> bool {
    get(broker, "/health").await == (200, "ok\n".to_owned())
}

#[test]
fn it_answers_and_closes() {
    story(&[ADMIN], |broker| async move {
        assert!(is_healthy(broker).await);
        let (status, body) = get(broker, "/stages").await;
        assert!(status == 200 && body.starts_with("{\"unit\":\"ns\","), "{status} {body}");
        assert_eq!(get(broker, "/other").await.0, 404);
        let two = "GET /health HTTP/1.1\r\nHost: broker\r\n\r\n".repeat(2);
        assert_eq!(exchange(broker, two.as_bytes()).await.matches("HTTP/1.1").count(), 1);
    });
}

/// The numbers of partitions, records and bytes of `GET /durability`, over all cores.
async fn not_durable(broker: Connector) -> [u64; 3] {
    let (status, body) = get(broker, "/durability").await;
    assert_eq!(status, 200, "{body}");
    let told: Value = serde_json::from_str(&body).unwrap();
    let sum = |field: fn(&Value) -> &Value| {
        told["cores"].as_array().unwrap().iter().map(|core| field(core).as_u64().unwrap()).sum()
    };
    [
        sum(|core| &core["partitions"]),
        sum(|core| &core["acked_not_durable"]["records"]),
        sum(|core| &core["acked_not_durable"]["bytes"]),
    ]
}

#[test]
fn it_tells_what_is_acknowledged_and_not_durable() {
    story(&[ADMIN], |broker| async move {
        let mut client = broker.connect().await;
        client.create_topic("orders", 2).await;
        let records = batch(&["a", "b"]);
        let size = records.bytes().len() as u64;
        for partition in [0, 1, 1] {
            let request = produce_request("orders", partition, records.bytes().clone(), 1);
            client.call::<ProduceRequest>(9, &request).await;
        }
        assert_eq!(not_durable(broker).await, [2, 6, 3 * size]);
        let request = produce_request("orders", 1, records.bytes().clone(), -1);
        client.call::<ProduceRequest>(9, &request).await;
        assert_eq!(not_durable(broker).await, [1, 2, size]);
        sleep(2 * COMMIT_LINGER).await;
        assert_eq!(not_durable(broker).await, [0, 0, 0]);
    });
}

#[test]
fn it_answers_who_shuts_down_its_side_after_the_request() {
    story(&[ADMIN], |broker| async move {
        for path in ["/health", "/stages", "/durability"] {
            let stream = connect(broker).await;
            let request = format!("GET {path} HTTP/1.1\r\nHost: broker\r\n\r\n");
            stream.send_all(Bytes::from(request), More::No).await.unwrap();
            stream.finish().unwrap();
            let answer = rest(&stream).await;
            assert!(answer.starts_with("HTTP/1.1 200 "), "{path}: {answer:?}");
        }
    });
}

#[test]
fn it_changes_nothing_so_it_takes_no_post() {
    story(&[ADMIN], |broker| async move {
        let post = b"POST /stages HTTP/1.1\r\nHost: broker\r\nContent-Length: 2\r\n\r\n{}";
        let answer = exchange(broker, post).await;
        assert!(answer.starts_with("HTTP/1.1 405 ") && answer.contains("allow: GET, HEAD"), "{answer}");
    });
}

#[test]
fn what_is_no_http_is_refused_and_the_broker_serves_on() {
    story(&[ADMIN], |broker| async move {
        let long_header = format!("GET / HTTP/1.1\r\nX: {}\r\n\r\n", "x".repeat(1 << 20));
        let many_headers = format!("GET / HTTP/1.1\r\n{}\r\n", "X: y\r\n".repeat(1000));
        let hostile: [&[u8]; 6] = [
            b"\x00\x00\x00\x10\x00\x12\x00\x03garbage",
            b"GET\r\n\r\n",
            b"GET / HTTP/9.9\r\n\r\n",
            b"GET /stages HTTP/1.1\r\nContent-Length: -1\r\n\r\n",
            long_header.as_bytes(),
            many_headers.as_bytes(),
        ];
        for request in hostile {
            let answer = exchange(broker, request).await;
            assert!(answer.is_empty() || answer.starts_with("HTTP/1.1 4"), "{answer}");
        }
        assert!(is_healthy(broker).await);
        broker.connect().await.call(1, &MetadataRequest::default()).await;
    });
}

#[test]
fn who_dawdles_is_closed() {
    story(&[ADMIN], |broker| async move {
        let began = now();
        let silent = connect(broker).await;
        let slow = connect(broker).await;
        let drip = spawn(async move {
            while slow.send_all(Bytes::from_static(b"G"), More::No).await.is_ok() {
                sleep(Duration::from_secs(1)).await;
            }
        });
        assert_eq!(rest(&silent).await, "");
        drip.await;
        let waited = began.elapsed();
        assert!(waited > Duration::from_secs(9) && waited < Duration::from_secs(15), "{waited:?}");
        assert!(is_healthy(broker).await);
    });
}

#[test]
fn a_crowd_is_closed_at_once_and_room_comes_back() {
    story(&[ADMIN], |broker| async move {
        let mut crowd = Vec::new();
        for _ in 0..16 {
            crowd.push(connect(broker).await);
        }
        // The others are open, and wait for the broker.
        assert_eq!(rest(&connect(broker).await).await, "");
        crowd.clear();
        sleep(Duration::from_secs(1)).await;
        assert!(is_healthy(broker).await);
    });
}

#[test]
fn an_address_that_is_none_is_refused() {
    let error = Config::with(&["creel.admin.listener=nowhere"]).unwrap_err().to_string();
    assert!(error.contains("creel.admin.listener") && error.contains("host:port"), "{error}");
    assert_eq!(Config::with(&[]).unwrap().admin, None);
}
