//! kill -9 in the middle of a closed loop that nobody reads; then the node starts again and everything is read.

use super::consume::{Reader, consume};
use super::load::{confirmed, end_producers, job, start_producers};
use super::node::Node;
use super::queues::{Link, Queues};
use crate::arm::Arm;
use crate::error::{BenchError, Result};
use crate::figures::Crash;
use crate::settings::Settings;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::time::{Duration, Instant};
use tokio::time::timeout;

const QUEUE: &str = "crash";
/// The producers would go on longer than the node lives.
const LOAD_MAX: Duration = Duration::from_secs(120);

/// A queue may take longer than its node until it serves.
const QUEUE_READY_MAX: Duration = Duration::from_secs(30);
const TRY_AGAIN: Duration = Duration::from_millis(200);

/// On a node of its own.
pub async fn run(arm: Arm, settings: &Settings) -> Result<Crash> {
    let mut node = Node::start(&settings.broker_cpus)?;
    let control = Link::open(&node.uri()).await?;
    let queues = Queues::declare(&control.channel, arm, QUEUE, 1).await?;
    if arm == Arm::Quorum {
        wait_until_saved(&node, &queues.names[0]).await?;
    }
    let empty_bytes = node.disk_bytes();
    let endless = Settings { measure: LOAD_MAX, ..settings.clone() };
    let producing = start_producers(&node, &job(None, &endless, queues.clone())).await?;
    tokio::time::sleep(settings.warmup + settings.measure).await;
    node.kill_nine();
    let mut ledger = confirmed(&end_producers(producing).await?);
    let stored_bytes = node.disk_bytes().saturating_sub(empty_bytes);
    let began = Instant::now();
    node.start_again()?;
    let (link, reader) = reader_after_restart(&node, &queues.names[0], settings.prefetch).await?;
    let restart_s = began.elapsed().as_secs_f64();
    let goal = Arc::new(AtomicU64::new(ledger.confirmed()));
    let none = loadgen_engine::window::Window { from_ns: 0, to_ns: 0 };
    let mut read = consume(reader, settings.producers, none, goal).await?.ledger;
    read.confirm_all_of(&ledger);
    std::mem::swap(&mut ledger, &mut read);
    link.close().await;
    node.stop()?;
    Ok(crate::crash::told(arm, &ledger, stored_bytes, restart_s))
}

/// What a kill does to a queue that is half a second old is told on the page; what it does to messages is measured here.
async fn wait_until_saved(node: &Node, queue: &str) -> Result<()> {
    let saved = async {
        while !node.has_saved(queue) {
            tokio::time::sleep(TRY_AGAIN).await;
        }
    };
    let late = |_| BenchError::Said("the node did not save the name of its queue".into());
    timeout(QUEUE_READY_MAX, saved).await.map_err(late)
}

/// A reader as soon as the queue takes one: the node accepts connections before a quorum queue has its leader.
async fn reader_after_restart(node: &Node, queue: &str, prefetch: u16) -> Result<(Link, Reader)> {
    let late = |_| {
        let seconds = QUEUE_READY_MAX.as_secs();
        BenchError::Said(format!("the queue took no reader within {seconds} s of the restart"))
    };
    timeout(QUEUE_READY_MAX, try_until_open(node, queue, prefetch)).await.map_err(late)
}

async fn try_until_open(node: &Node, queue: &str, prefetch: u16) -> (Link, Reader) {
    loop {
        if let Ok(link) = Link::open(&node.uri()).await
            && let Ok(reader) = Reader::open(&link, queue, prefetch).await
        {
            return (link, reader);
        }
        tokio::time::sleep(TRY_AGAIN).await;
    }
}
