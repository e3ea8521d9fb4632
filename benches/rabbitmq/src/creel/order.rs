//! What readers see when one of them dies, and what can be read again. A partition has one reader in a group, so there
//! is a successor and no competitor.

use super::broker::Broker;
use super::client::{Client, topic};
use super::crash::{join, start};
use crate::arm::Arm;
use crate::error::Result;
use crate::figures::Order;
use crate::ledger::Ledger;
use crate::order::{COMMIT_EVERY, DIES_AFTER, PATIENCE, STORE_FOR};
use crate::settings::Settings;
use loadgen_engine::client::cluster::Topic;
use loadgen_engine::records::stamp::Stamp;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

const GROUP: &str = "handover";

/// On a broker of its own.
pub fn run(arm: Arm, binary: &Path, settings: &Settings) -> Result<Order> {
    let broker = Broker::start(binary, &settings.broker_cpus)?;
    let topic = topic(broker.address(), "order")?;
    let over = Arc::new(AtomicBool::new(false));
    let producing = start(&broker, arm, &topic, settings, &over);
    std::thread::sleep(STORE_FOR);
    over.store(true, Ordering::Release);
    let stored = join(producing, settings.producers)?;

    let (mut all, mut successor) = (stored.clone(), Ledger::new(settings.producers));
    first_reader(&broker, &topic, &mut all)?;
    let mut next = Client::open(broker.address(), &topic)?;
    let from = next.committed(GROUP)?;
    let end = read_from(&mut next, from, |stamp| {
        all.see(usize::from(stamp.producer), stamp.sequence);
        successor.see(usize::from(stamp.producer), stamp.sequence);
    })?;
    next.commit(GROUP, end)?;
    let (mut replayed, mut from_middle) = (0, 0);
    let mut another = Client::open(broker.address(), &topic)?;
    read_from(&mut another, 0, |_| replayed += 1)?;
    read_from(&mut another, end / 2, |_| from_middle += 1)?;
    broker.stop()?;
    let findings = all.findings();
    Ok(Order {
        arm,
        stored: stored.confirmed(),
        handover_twice: findings.duplicated,
        handover_reordered: successor.findings().reordered,
        handover_lost: findings.lost,
        competing_reordered: None,
        competing_reordered_for_one: None,
        replayed,
        replayed_from_middle: Some(from_middle),
    })
}

/// Reads and commits, and dies between two commits.
fn first_reader(broker: &Broker, topic: &Topic, all: &mut Ledger) -> Result<()> {
    let mut client = Client::open(broker.address(), topic)?;
    let (mut processed, mut next) = (0, 0);
    loop {
        let found = client.fetch(next, PATIENCE.as_millis() as i32)?;
        if found.is_empty() {
            return Ok(()); // fewer were stored than it was to live for
        }
        for (offset, stamp) in found {
            all.see(usize::from(stamp.producer), stamp.sequence);
            (processed, next) = (processed + 1, offset + 1);
            if processed % COMMIT_EVERY == 0 {
                client.commit(GROUP, next)?;
            }
            if processed == DIES_AFTER {
                return Ok(());
            }
        }
    }
}

/// Everything from an offset on; gives the offset behind it.
fn read_from(client: &mut Client, from: i64, mut on: impl FnMut(&Stamp)) -> Result<i64> {
    let mut next = from;
    loop {
        let found = client.fetch(next, PATIENCE.as_millis() as i32)?;
        let Some((last, _)) = found.last() else { return Ok(next) };
        next = last + 1;
        found.iter().for_each(|(_, stamp)| on(stamp));
    }
}
