//! The driver: one core that keeps a number of requests in flight on each of its connections and checks every reply.

use std::cell::RefCell;
use std::net::SocketAddr;
use std::rc::Rc;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bytes::{Buf, Bytes, BytesMut};
use creel_io::net::{More, TcpStream};
use creel_io::runtime::{Config, CoreConfig, start};
use creel_io::{CoreId, Instant, spawn};

/// What a round of driving gave.
#[derive(Clone, Debug, Default)]
pub struct Driven {
    /// Answered requests.
    pub requests: u64,
    /// How long it took.
    pub seconds: f64,
    /// Response times in microseconds, sorted.
    pub latencies_us: Vec<u32>,
}

impl Driven {
    /// The response time below which the fraction `quantile` of all lies, in microseconds.
    #[must_use]
    pub fn percentile_us(&self, quantile: f64) -> u32 {
        let index = (self.latencies_us.len() as f64 * quantile) as usize;
        self.latencies_us.get(index.min(self.latencies_us.len().saturating_sub(1))).copied().unwrap_or(0)
    }
}

/// What to drive.
#[derive(Clone)]
pub struct Drive {
    /// The server.
    pub address: SocketAddr,
    /// Sent once on a connection of its own first, if any: makes the topic.
    pub greeting: Option<Bytes>,
    /// Sent over and over.
    pub request: Bytes,
    /// Looks at a reply's body; an error ends the bench.
    pub check: fn(&[u8]) -> Result<(), String>,
    /// Connections.
    pub connections: usize,
    /// Requests in flight on each.
    pub in_flight: usize,
    /// For how long.
    pub duration: Duration,
    /// The CPU the driver is pinned to.
    pub cpu: usize,
}

/// Drives the server and waits for the last reply.
pub fn drive(drive: &Drive) -> Result<Driven, String> {
    let config =
        Config { cores: vec![CoreConfig { id: CoreId(0), cpu: Some(drive.cpu) }], ..Config::unpinned(1) };
    let outcome = Arc::new(Mutex::new(Err("the driver ended early".to_owned())));
    let (place, plan) = (outcome.clone(), drive.clone());
    let cores = start(&config, move |_| {
        let (place, plan) = (place.clone(), plan.clone());
        async move {
            let result = run(plan).await;
            *place.lock().unwrap_or_else(PoisonError::into_inner) = result;
        }
    });
    cores.map_err(|e| e.to_string())?.join();
    outcome.lock().unwrap_or_else(PoisonError::into_inner).clone()
}

async fn run(plan: Drive) -> Result<Driven, String> {
    if let Some(greeting) = &plan.greeting {
        let stream = TcpStream::connect(plan.address).await.map_err(|e| e.to_string())?;
        stream.send_all(greeting.clone(), More::No).await.map_err(|e| e.to_string())?;
        read_reply(&stream, &mut BytesMut::new()).await?;
    }
    let begin = Instant::now();
    let until = begin + plan.duration;
    let latencies = Rc::new(RefCell::new(Vec::new()));
    let mut tasks = Vec::new();
    for _ in 0..plan.connections {
        let (plan, latencies) = (plan.clone(), latencies.clone());
        tasks.push(spawn(async move { one_connection(&plan, until, &latencies).await }));
    }
    for task in tasks {
        task.await?;
    }
    let seconds = begin.elapsed().as_secs_f64();
    let mut latencies_us = latencies.take();
    latencies_us.sort_unstable();
    Ok(Driven { requests: latencies_us.len() as u64, seconds, latencies_us })
}

async fn one_connection(plan: &Drive, until: Instant, latencies: &RefCell<Vec<u32>>) -> Result<(), String> {
    let stream = TcpStream::connect(plan.address).await.map_err(|e| e.to_string())?;
    let mut sent = std::collections::VecDeque::with_capacity(plan.in_flight);
    let mut buf = BytesMut::new();
    loop {
        while sent.len() < plan.in_flight && Instant::now() < until {
            sent.push_back(Instant::now());
            stream.send_all(plan.request.clone(), More::No).await.map_err(|e| e.to_string())?;
        }
        let Some(sent_at) = sent.pop_front() else { return Ok(()) };
        let reply = read_reply(&stream, &mut buf).await?;
        latencies.borrow_mut().push(u32::try_from(sent_at.elapsed().as_micros()).unwrap_or(u32::MAX));
        (plan.check)(&reply)?;
    }
}

async fn read_reply(stream: &TcpStream, buf: &mut BytesMut) -> Result<BytesMut, String> {
    loop {
        if buf.len() >= 4 {
            let size = (&buf[..4]).get_u32() as usize;
            if buf.len() >= 4 + size {
                buf.advance(4);
                return Ok(buf.split_to(size));
            }
        }
        let (n, back) = stream.recv(std::mem::take(buf), 4).await;
        *buf = back;
        match n {
            Ok(0) => return Err("the server closed the connection".to_owned()),
            Ok(_) => {}
            Err(error) => return Err(error.to_string()),
        }
    }
}

/// A Produce response, version 7, for one partition: its error must be 0.
pub fn check_produce_reply(reply: &[u8]) -> Result<(), String> {
    // correlation id 4, topic count 4, name 2 + n, partition count 4, index 4, error 2
    let name = reply.get(8..10).map_or(0, |mut n| n.get_u16() as usize);
    match reply.get(18 + name..20 + name).map(|mut code| code.get_i16()) {
        Some(0) => Ok(()),
        Some(code) => Err(format!("the broker answered a produce with error {code}")),
        None => Err(format!("a produce reply of {} bytes is too short", reply.len())),
    }
}

/// The floor's reply says nothing.
pub fn check_nothing(_: &[u8]) -> Result<(), String> {
    Ok(())
}
