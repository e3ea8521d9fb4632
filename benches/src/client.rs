//! The driver: one core that keeps a number of requests in flight on each of its connections and checks every reply.

use std::cell::RefCell;
use std::collections::VecDeque;
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

/// How long a round goes on.
#[derive(Clone, Copy, Debug)]
pub enum Until {
    /// For so long.
    Passed(Duration),
    /// Until each connection has had so many answers.
    Answered(u64),
    /// Until either.
    PassedOrAnswered(Duration, u64),
}

/// What to drive.
#[derive(Clone)]
pub struct Drive {
    /// The server.
    pub address: SocketAddr,
    /// Sent one after the other, again from the first after the last; each connection begins elsewhere.
    pub requests: Arc<[Bytes]>,
    /// Looks at a reply's body; an error ends the bench.
    pub check: Check,
    /// Connections.
    pub connections: usize,
    /// Requests in flight on each.
    pub in_flight: usize,
    /// The time between two requests of a connection; `None` for as fast as the answers come.
    pub interval: Option<Duration>,
    /// When it ends.
    pub until: Until,
}

/// What a reply has to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Check {
    /// The floor's: it says nothing.
    Nothing,
    /// A Produce response, version 7, for one partition, without an error.
    Produced,
    /// A Fetch response, version 4, for one partition, with exactly so many bytes of records.
    Fetched(usize),
}

/// Drives the server from `cpu` and waits for the last reply.
pub fn drive(cpu: usize, plan: Drive) -> Result<Driven, String> {
    let config = Config { cores: vec![CoreConfig { id: CoreId(0), cpu: Some(cpu) }], ..Config::unpinned(1) };
    let outcome = Arc::new(Mutex::new(Err("the driver ended early".to_owned())));
    let place = outcome.clone();
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
    let begin = Instant::now();
    let latencies = Rc::new(RefCell::new(Vec::new()));
    let mut tasks = Vec::new();
    for index in 0..plan.connections {
        let line = Line::open(&plan, index, begin).await?;
        let latencies = latencies.clone();
        tasks.push(spawn(async move {
            match line.plan.interval {
                None => line.keep_in_flight(&latencies).await,
                Some(interval) => line.keep_to_schedule(interval, &latencies).await,
            }
        }));
    }
    for task in tasks {
        task.await?;
    }
    let seconds = begin.elapsed().as_secs_f64();
    let mut latencies_us = latencies.take();
    latencies_us.sort_unstable();
    Ok(Driven { requests: latencies_us.len() as u64, seconds, latencies_us })
}

/// One connection.
struct Line {
    plan: Drive,
    stream: TcpStream,
    begin: Instant,
    /// Where among the requests this connection begins.
    first: usize,
    index: usize,
}

impl Line {
    async fn open(plan: &Drive, index: usize, begin: Instant) -> Result<Line, String> {
        let stream = TcpStream::connect(plan.address).await.map_err(|e| e.to_string())?;
        let first = index * plan.requests.len() / plan.connections;
        Ok(Line { plan: plan.clone(), stream, begin, first, index })
    }

    fn is_over(&self, sent: u64) -> bool {
        match self.plan.until {
            Until::Passed(duration) => self.begin.elapsed() >= duration,
            Until::Answered(count) => sent >= count,
            Until::PassedOrAnswered(duration, count) => sent >= count || self.begin.elapsed() >= duration,
        }
    }

    async fn send(&self, number: u64) -> Result<(), String> {
        let requests = &self.plan.requests;
        let request = requests[(self.first + number as usize) % requests.len()].clone();
        self.stream.send_all(request, More::No).await.map_err(|e| e.to_string())
    }

    /// Keeps its number of requests in flight.
    async fn keep_in_flight(&self, latencies: &RefCell<Vec<u32>>) -> Result<(), String> {
        let mut waiting = VecDeque::with_capacity(self.plan.in_flight);
        let (mut buf, mut sent) = (BytesMut::new(), 0);
        loop {
            while waiting.len() < self.plan.in_flight && !self.is_over(sent) {
                waiting.push_back(Instant::now());
                self.send(sent).await?;
                sent += 1;
            }
            let Some(sent_at) = waiting.pop_front() else { return Ok(()) };
            self.take_reply(&mut buf, sent_at, latencies).await?;
        }
    }

    /// Sends on time, whatever the answers do, and counts from the instant at which a request was due.
    async fn keep_to_schedule(self, interval: Duration, latencies: &RefCell<Vec<u32>>) -> Result<(), String> {
        let line = Rc::new(self);
        let due = Rc::new(RefCell::new(VecDeque::new()));
        let sender = spawn(line.clone().send_on_time(interval, due.clone()));
        let mut buf = BytesMut::new();
        let mut taken = 0;
        loop {
            let next = due.borrow_mut().pop_front();
            match next {
                Some(due_at) => {
                    line.take_reply(&mut buf, due_at, latencies).await?;
                    taken += 1;
                }
                None if line.is_over(taken) => return sender.await,
                None => creel_io::sleep(interval / 4).await,
            }
        }
    }

    async fn send_on_time(
        self: Rc<Self>,
        interval: Duration,
        due: Rc<RefCell<VecDeque<Instant>>>,
    ) -> Result<(), String> {
        // Spread over the interval, so that the connections do not all speak at once.
        let start = self.begin + interval * (self.index as u32) / (self.plan.connections as u32);
        let mut sent = 0;
        while !self.is_over(sent) {
            let due_at = start + interval * (sent as u32);
            creel_io::sleep_until(due_at).await;
            due.borrow_mut().push_back(due_at);
            self.send(sent).await?;
            sent += 1;
        }
        Ok(())
    }

    async fn take_reply(
        &self,
        buf: &mut BytesMut,
        since: Instant,
        latencies: &RefCell<Vec<u32>>,
    ) -> Result<(), String> {
        let reply = read_reply(&self.stream, buf).await?;
        latencies.borrow_mut().push(u32::try_from(since.elapsed().as_micros()).unwrap_or(u32::MAX));
        self.plan.check.look(&reply)
    }
}

async fn read_reply(stream: &TcpStream, buf: &mut BytesMut) -> Result<BytesMut, String> {
    loop {
        let missing = match buf.get(..4) {
            Some(mut size) => (4 + size.get_u32() as usize).saturating_sub(buf.len()),
            None => 4 - buf.len(),
        };
        if missing == 0 {
            let size = buf.get_u32() as usize;
            return Ok(buf.split_to(size));
        }
        let (n, back) = stream.recv(std::mem::take(buf), missing).await;
        *buf = back;
        match n {
            Ok(0) => return Err("the server closed the connection".to_owned()),
            Ok(_) => {}
            Err(error) => return Err(error.to_string()),
        }
    }
}

impl Check {
    fn look(self, reply: &[u8]) -> Result<(), String> {
        match self {
            Check::Nothing => Ok(()),
            Check::Produced => produced(reply),
            Check::Fetched(bytes) => fetched(reply, bytes),
        }
    }
}

fn produced(reply: &[u8]) -> Result<(), String> {
    // correlation id 4, topic count 4, name 2 + n, partition count 4, index 4, error 2
    let name = reply.get(8..10).map_or(0, |mut n| n.get_u16() as usize);
    no_error(reply, 18 + name)
}

fn fetched(reply: &[u8], bytes: usize) -> Result<(), String> {
    // correlation id 4, throttle 4, topic count 4, name 2 + n, partition count 4, index 4, error 2,
    // high watermark 8, last stable offset 8, aborted transactions 4 (none), size of the records 4
    let name = reply.get(12..14).map_or(0, |mut n| n.get_u16() as usize);
    no_error(reply, 22 + name)?;
    match reply.get(44 + name..48 + name).map(|mut size| size.get_u32() as usize) {
        Some(size) if size == bytes => Ok(()),
        size => Err(format!("a fetch of {bytes} bytes was answered with {size:?}")),
    }
}

fn no_error(reply: &[u8], at: usize) -> Result<(), String> {
    match reply.get(at..at + 2).map(|mut code| code.get_i16()) {
        Some(0) => Ok(()),
        Some(code) => Err(format!("the broker answered with error {code}")),
        None => Err(format!("a reply of {} bytes is too short", reply.len())),
    }
}
