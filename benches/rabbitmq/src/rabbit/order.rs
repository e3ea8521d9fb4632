//! What readers see when one of them dies: a successor, and a competitor. And what can be read again.

use super::consume::Reader;
use super::load::{confirmed, end_producers, job, start_producers};
use super::node::Node;
use super::queues::{Link, Queues};
use crate::arm::Arm;
use crate::error::Result;
use crate::figures::Order;
use crate::ledger::Ledger;
use crate::order::{DIES_AFTER, PATIENCE, STORE_FOR};
use crate::settings::Settings;
use std::time::Duration;

/// Delivered ahead of their acknowledgements, of which a third come together.
const PREFETCH: u16 = 300;

/// On a node of its own.
pub async fn run(arm: Arm, settings: &Settings) -> Result<Order> {
    let node = Node::start(&settings.broker_cpus)?;
    let control = Link::open(&node.uri()).await?;
    let (queues, stored) = store(&node, &control, arm, "handover", settings).await?;
    let handed_over = hand_over(&node, &queues, stored.clone()).await?;
    let replayed = read_again(&node, &queues).await?;
    let (queues, again) = store(&node, &control, arm, "competing", settings).await?;
    let (all, survivor) = compete(&node, &queues, again).await?;
    control.close().await;
    node.stop()?;
    let handover = handed_over.all.findings();
    Ok(Order {
        arm,
        stored: stored.confirmed(),
        handover_twice: handover.duplicated,
        handover_reordered: handed_over.successor.findings().reordered,
        handover_lost: handover.lost,
        competing_reordered: Some(all.findings().reordered),
        competing_reordered_for_one: Some(survivor.findings().reordered),
        replayed,
        replayed_from_middle: None,
    })
}

/// Fills a queue; the ledger knows what was confirmed.
async fn store(
    node: &Node,
    control: &Link,
    arm: Arm,
    name: &str,
    settings: &Settings,
) -> Result<(Queues, Ledger)> {
    let queues = Queues::declare(&control.channel, arm, name, 1).await?;
    let brief = Settings { warmup: Duration::ZERO, measure: STORE_FOR, ..settings.clone() };
    let producing = start_producers(node, &job(None, &brief, queues.clone())).await?;
    Ok((queues, confirmed(&end_producers(producing).await?)))
}

struct HandedOver {
    all: Ledger,
    successor: Ledger,
}

/// One reader dies between two acknowledgements, the next goes on.
async fn hand_over(node: &Node, queues: &Queues, mut all: Ledger) -> Result<HandedOver> {
    let queue = &queues.names[0];
    let link = Link::open(&node.uri()).await?;
    let mut first = Reader::open(&link, queue, PREFETCH).await?;
    let mut processed = 0;
    while processed < DIES_AFTER
        && let Some(stamp) = first.next(PATIENCE).await?
    {
        all.see(usize::from(stamp.producer), stamp.sequence);
        processed += 1;
    }
    link.close().await;
    let link = Link::open(&node.uri()).await?;
    let mut next = Reader::open(&link, queue, PREFETCH).await?;
    let mut successor = Ledger::new(usize::from(u8::MAX));
    while let Some(stamp) = next.next(PATIENCE).await? {
        all.see(usize::from(stamp.producer), stamp.sequence);
        successor.see(usize::from(stamp.producer), stamp.sequence);
    }
    link.close().await;
    Ok(HandedOver { all, successor })
}

/// Two readers take turns on one queue; one dies. Gives the book of both, in the order of processing, and the survivor's.
async fn compete(node: &Node, queues: &Queues, mut all: Ledger) -> Result<(Ledger, Ledger)> {
    let queue = &queues.names[0];
    let (mortal_link, link) = (Link::open(&node.uri()).await?, Link::open(&node.uri()).await?);
    let mut mortal = Reader::open(&mortal_link, queue, PREFETCH).await?;
    let mut reader = Reader::open(&link, queue, PREFETCH).await?;
    let mut survivor = Ledger::new(usize::from(u8::MAX));
    for _ in 0..DIES_AFTER {
        let (one, other) = tokio::join!(mortal.next(PATIENCE), reader.next(PATIENCE));
        if let Some(stamp) = one? {
            all.see(usize::from(stamp.producer), stamp.sequence);
        }
        if let Some(stamp) = other? {
            all.see(usize::from(stamp.producer), stamp.sequence);
            survivor.see(usize::from(stamp.producer), stamp.sequence);
        }
    }
    mortal_link.close().await;
    while let Some(stamp) = reader.next(PATIENCE).await? {
        all.see(usize::from(stamp.producer), stamp.sequence);
        survivor.see(usize::from(stamp.producer), stamp.sequence);
    }
    link.close().await;
    Ok((all, survivor))
}

/// A new reader asks for what was read and acknowledged.
async fn read_again(node: &Node, queues: &Queues) -> Result<u64> {
    let link = Link::open(&node.uri()).await?;
    let mut reader = Reader::open(&link, &queues.names[0], PREFETCH).await?;
    let mut replayed = 0;
    while reader.next(PATIENCE).await?.is_some() {
        replayed += 1;
    }
    link.close().await;
    Ok(replayed)
}
