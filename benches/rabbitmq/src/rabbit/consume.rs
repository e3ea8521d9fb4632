//! A reader with acknowledgements of its own: of many messages at once while there are many, at once when it runs dry.

use super::queues::Link;
use crate::error::{BenchError, Result};
use crate::ledger::Ledger;
use futures_util::{FutureExt, StreamExt};
use lapin::message::Delivery;
use lapin::options::{BasicAckOptions, BasicConsumeOptions, BasicQosOptions};
use lapin::types::FieldTable;
use lapin::{Channel, Consumer};
use loadgen_engine::clock::now_ns;
use loadgen_engine::records::stamp::{PLAIN_BYTES, Stamp};
use loadgen_engine::window::Window;
use loadgen_result::latency::Latency;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};
use tokio::time::timeout;

const LOOK: Duration = Duration::from_millis(100);
/// How long messages that must come may take.
const MISSING_PATIENCE: Duration = Duration::from_secs(8);
/// How long to wait for what need not come.
const EXTRA_PATIENCE: Duration = Duration::from_millis(300);

/// A consumer of one queue.
pub struct Reader {
    channel: Channel,
    consumer: Consumer,
    last_tag: u64,
    unacked: u16,
    ack_every: u16,
}

impl Reader {
    /// Subscribes; up to `prefetch` messages are delivered ahead of their acknowledgements.
    pub async fn open(link: &Link, queue: &str, prefetch: u16) -> Result<Reader> {
        let channel = link.channel.clone();
        channel.basic_qos(prefetch, BasicQosOptions::default()).await?;
        let (options, none) = (BasicConsumeOptions::default(), FieldTable::default());
        let consumer = channel.basic_consume(queue.into(), "".into(), options, none).await?;
        Ok(Reader { channel, consumer, last_tag: 0, unacked: 0, ack_every: prefetch / 3 })
    }

    /// The next message's stamp; `None` when none came within `patience`. What was given before counts as processed.
    pub async fn next(&mut self, patience: Duration) -> Result<Option<Stamp>> {
        if self.unacked >= self.ack_every {
            self.acknowledge().await?;
        }
        let delivery = match self.consumer.next().now_or_never() {
            Some(delivery) => delivery,
            None => {
                self.acknowledge().await?;
                match timeout(patience, self.consumer.next()).await {
                    Ok(delivery) => delivery,
                    Err(_) => return Ok(None),
                }
            }
        };
        let delivery = delivery.ok_or_else(|| BenchError::Said("the broker ended a consumer".into()))??;
        (self.last_tag, self.unacked) = (delivery.delivery_tag, self.unacked + 1);
        stamp_of(&delivery).map(Some)
    }

    /// Acknowledges everything given so far.
    pub async fn acknowledge(&mut self) -> Result<()> {
        if std::mem::take(&mut self.unacked) > 0 {
            self.channel.basic_ack(self.last_tag, BasicAckOptions { multiple: true }).await?;
        }
        Ok(())
    }
}

fn stamp_of(delivery: &Delivery) -> Result<Stamp> {
    let stamp = delivery.data.get(..PLAIN_BYTES).and_then(Stamp::decode_headers);
    stamp.ok_or_else(|| BenchError::Said("a message came back without its stamp".into()))
}

/// What a reader of a load saw.
pub struct Consumed {
    /// In the order read.
    pub ledger: Ledger,
    /// Read less intended time.
    pub end_to_end: Latency,
    /// Read within the window.
    pub read: u64,
}

/// Reads until as many different messages came as `goal` says once it is known, and then what else there is.
pub async fn consume(
    mut reader: Reader,
    producers: usize,
    window: Window,
    goal: Arc<AtomicU64>,
) -> Result<Consumed> {
    let mut seen = Consumed { ledger: Ledger::new(producers), end_to_end: Latency::default(), read: 0 };
    let mut last = Instant::now();
    loop {
        match reader.next(LOOK).await? {
            Some(stamp) => {
                last = Instant::now();
                seen.note(&stamp, window);
            }
            None => {
                let goal = goal.load(Ordering::Acquire);
                let is_complete = seen.ledger.seen_once() >= goal;
                let patience = if is_complete { EXTRA_PATIENCE } else { MISSING_PATIENCE };
                if goal != GOAL_UNKNOWN && last.elapsed() > patience {
                    return Ok(seen);
                }
            }
        }
    }
}

/// While producers are at work.
pub const GOAL_UNKNOWN: u64 = u64::MAX;

impl Consumed {
    fn note(&mut self, stamp: &Stamp, window: Window) {
        let now = now_ns();
        let is_first = self.ledger.see(usize::from(stamp.producer), stamp.sequence);
        self.read += u64::from(window.contains(now));
        if is_first && window.contains(stamp.intended_ns) {
            self.end_to_end.record(now.saturating_sub(stamp.intended_ns), 1);
        }
    }
}
