//! kill -9 in the middle of a closed loop that nobody reads; then the broker starts again and everything is read.

use super::broker::Broker;
use super::client::{Client, topic};
use crate::arm::Arm;
use crate::error::{BenchError, Result};
use crate::figures::Crash;
use crate::ledger::Ledger;
use crate::settings::{Settings, UNCONFIRMED_MAX};
use loadgen_engine::client::cluster::Topic;
use loadgen_engine::payload::Payload;
use loadgen_engine::records::stamp::Stamp;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;

/// Records of one request; the client has one request in flight.
const BATCH_RECORDS: u64 = 60;
const _: () = assert!(BATCH_RECORDS as usize <= UNCONFIRMED_MAX);
const LAST_WAIT_MS: i32 = 500;

/// On a broker of its own.
pub fn run(arm: Arm, binary: &Path, settings: &Settings) -> Result<Crash> {
    let mut broker = Broker::start(binary, &settings.broker_cpus)?;
    let topic = topic(broker.address(), "crash")?;
    let empty_bytes = broker.disk_bytes();
    let producing = start(&broker, arm, &topic, settings, &Arc::default());
    std::thread::sleep(settings.warmup + settings.measure);
    broker.kill_nine();
    let mut ledger = join(producing, settings.producers)?;
    let stored_bytes = broker.disk_bytes().saturating_sub(empty_bytes);
    let restart_s = broker.start_again()?;
    read_into(&mut ledger, &mut Client::open(broker.address(), &topic)?)?;
    broker.stop()?;
    Ok(crate::crash::told(arm, &ledger, stored_bytes, restart_s))
}

/// Producers at work; each gives how many of its records were acked.
pub type Producing = Vec<JoinHandle<Result<u64>>>;

/// Begins them. They end when `over` says so, or when the broker is gone.
pub fn start(
    broker: &Broker,
    arm: Arm,
    topic: &Topic,
    settings: &Settings,
    over: &Arc<AtomicBool>,
) -> Producing {
    let begin = |producer| {
        let (address, acks, topic) = (broker.address(), arm.acks(), topic.clone());
        let (payload, over) = (settings.payload.clone(), over.clone());
        std::thread::spawn(move || produce(address, acks, &topic, producer, &payload, &over))
    };
    (0..settings.producers as u16).map(begin).collect()
}

/// The book of what they got acked.
pub fn join(producing: Producing, producers: usize) -> Result<Ledger> {
    let mut ledger = Ledger::new(producers);
    for (index, producer) in producing.into_iter().enumerate() {
        let acked = producer.join().map_err(|_| BenchError::Said("a producer panicked".into()))??;
        (0..acked).for_each(|sequence| ledger.confirm(index, sequence));
    }
    Ok(ledger)
}

/// Reads all there is.
pub fn read_into(ledger: &mut Ledger, client: &mut Client) -> Result<()> {
    let mut next = 0;
    loop {
        let found = client.fetch(next, LAST_WAIT_MS)?;
        let Some((last, _)) = found.last() else { return Ok(()) };
        next = last + 1;
        for (_, stamp) in found {
            ledger.see(usize::from(stamp.producer), stamp.sequence);
        }
    }
}

/// Only a connection that was open can end as expected; not being able to open one is an error.
fn produce(
    address: SocketAddr,
    acks: i16,
    topic: &Topic,
    producer: u16,
    payload: &Payload,
    over: &AtomicBool,
) -> Result<u64> {
    let (mut client, mut acked) = (Client::open(address, topic)?, 0);
    while !over.load(Ordering::Acquire) {
        let record = |sequence: u64| {
            let stamp = Stamp { run: 0, producer, sequence, intended_ns: 0, hash: None };
            (stamp, payload.value(sequence as usize % payload.count()))
        };
        match client.produce(acks, (acked..acked + BATCH_RECORDS).map(record)) {
            Ok(()) => acked += BATCH_RECORDS,
            Err(BenchError::Engine(_)) => break, // the broker is gone
            Err(error) => return Err(error),
        }
    }
    Ok(acked)
}
