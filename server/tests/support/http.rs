//! A client of the admin listener.
#![allow(clippy::unwrap_used, reason = "a test says what went wrong by failing")]
#![allow(dead_code, unreachable_pub, reason = "each test uses a part of it")]

use std::net::SocketAddr;

use bytes::{Bytes, BytesMut};
use creel_io::net::{More, TcpStream};

use super::Connector;

/// Where the tests' brokers have it.
pub const ADMIN_PORT: u16 = 9644;
/// The setting that says so.
pub const ADMIN: &str = "creel.admin.listener=0.0.0.0:9644";

/// A connection to it.
pub async fn connect(broker: Connector) -> TcpStream {
    TcpStream::connect(SocketAddr::new(broker.address().ip(), ADMIN_PORT)).await.unwrap()
}

/// Sends bytes as they are; what comes back until the connection is closed.
pub async fn exchange(broker: Connector, request: &[u8]) -> String {
    let stream = connect(broker).await;
    // It may have been refused before all of it was sent.
    let _ = stream.send_all(Bytes::copy_from_slice(request), More::No).await;
    rest(&stream).await
}

/// What comes until the connection is closed.
pub async fn rest(stream: &TcpStream) -> String {
    let mut buffer = BytesMut::new();
    loop {
        let (received, back) = stream.recv(buffer, 1).await;
        buffer = back;
        if !received.is_ok_and(|count| count > 0) {
            return String::from_utf8_lossy(&buffer).into_owned();
        }
    }
}

/// Status and body.
pub async fn get(broker: Connector, path: &str) -> (u16, String) {
    let answer = exchange(broker, format!("GET {path} HTTP/1.1\r\nHost: broker\r\n\r\n").as_bytes()).await;
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    (head.split(' ').nth(1).unwrap().parse().unwrap(), body.to_owned())
}
