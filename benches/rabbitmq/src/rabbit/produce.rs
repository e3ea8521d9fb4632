//! One producer on a connection of its own: publishes when a message is due and no more than so many wait for their
//! confirms. Nothing is made ahead: what is due while the cap is full only gets older, as in loadgen.

use super::queues::{Link, Queues};
use crate::error::{BenchError, Result};
use crate::ledger::Ledger;
use crate::pacer::Pacer;
use futures_util::stream::{FuturesUnordered, StreamExt};
use futures_util::{FutureExt, poll};
use lapin::options::{BasicPublishOptions, ConfirmSelectOptions};
use lapin::{BasicProperties, Channel, Confirmation};
use loadgen_engine::clock::now_ns;
use loadgen_engine::payload::Payload;
use loadgen_engine::records::stamp::{PLAIN_BYTES, Stamp};
use loadgen_engine::schedule::{Load, ProducerSlot, Schedule, Span};
use loadgen_engine::window::Window;
use loadgen_result::latency::Latency;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::timeout;

/// Persistent, in AMQP's words.
const DELIVERY_MODE_PERSISTENT: u8 = 2;
/// After so many messages others get their turn.
const MESSAGES_PER_TURN: u32 = 64;
/// How long the last confirms may take.
const LAST_CONFIRMS_MAX: Duration = Duration::from_secs(20);
/// Pieces in which never-sent messages are added to the histogram.
const UNSENT_STEPS: u64 = 10_000;

/// What all producers of a load have in common.
#[derive(Clone)]
pub struct Job {
    /// Messages per second of all producers in an open loop; none is a closed one.
    pub rate: Option<f64>,
    /// How many producers.
    pub producers: usize,
    /// Unconfirmed messages of each, at most.
    pub unconfirmed: usize,
    /// The schedule's beginning.
    pub start_ns: u64,
    /// What is measured.
    pub window: Window,
    /// What messages hold.
    pub payload: Arc<Payload>,
    /// Where they go.
    pub queues: Queues,
}

/// What a producer did.
pub struct Produced {
    /// What was confirmed.
    pub ledger: Ledger,
    /// Confirm less intended time.
    pub response: Latency,
    /// Confirmed within the window.
    pub acked: u64,
    /// Due and not sent.
    pub unsent: u64,
    /// Why it ended early; in a crash that is as expected.
    pub failure: Option<BenchError>,
}

type Pending =
    FuturesUnordered<Pin<Box<dyn Future<Output = (u64, u64, lapin::Result<Confirmation>)> + Send>>>;

struct Producer {
    index: usize,
    job: Job,
    channel: Channel,
    schedule: Schedule,
    sequence: u64,
    value: usize,
    pending: Pending,
    done: Produced,
}

/// Runs producer `index` from the job's start to its window's end, and waits for the last confirms.
pub async fn produce(link: &Link, index: usize, job: Job) -> Result<Produced> {
    link.channel.confirm_select(ConfirmSelectOptions::default()).await?;
    let done = Produced {
        ledger: Ledger::new(job.producers),
        response: Latency::default(),
        acked: 0,
        unsent: 0,
        failure: None,
    };
    let producer = Producer {
        index,
        channel: link.channel.clone(),
        schedule: schedule(&job, index),
        sequence: 0,
        value: index * job.payload.count() / job.producers,
        pending: FuturesUnordered::new(),
        done,
        job,
    };
    producer.run().await
}

fn schedule(job: &Job, index: usize) -> Schedule {
    let load = job.rate.map_or(Load::Maximum, |rate| Load::Constant { rate });
    let span = Span { start_ns: job.start_ns, window: job.window };
    Schedule::new(&load, span, ProducerSlot { index, producers: job.producers, seed: 0 })
}

impl Producer {
    async fn run(mut self) -> Result<Produced> {
        let mut pacer = Pacer::new()?;
        pacer.until(self.job.start_ns).await?;
        let end_ns = self.job.window.to_ns;
        let mut turn = 0;
        while self.done.failure.is_none() && now_ns() < end_ns {
            while let Some(Some(confirmed)) = self.pending.next().now_or_never() {
                self.note(confirmed);
            }
            if self.has_room()
                && let Some(instant) = self.schedule.due(now_ns())
            {
                self.publish(instant).await;
                turn += 1;
                if turn % MESSAGES_PER_TURN == 0 {
                    tokio::task::yield_now().await;
                }
                continue;
            }
            let wake_ns =
                if self.has_room() { self.schedule.instant_ahead(0).unwrap_or(end_ns) } else { end_ns };
            tokio::select! {
                Some(confirmed) = self.pending.next(), if !self.pending.is_empty() => self.note(confirmed),
                woken = pacer.until(wake_ns.min(end_ns)) => woken?,
            }
        }
        self.note_unsent();
        self.take_last_confirms().await;
        Ok(self.done)
    }

    fn has_room(&self) -> bool {
        self.pending.len() < self.job.unconfirmed
    }

    /// Hands the next message to lapin. One poll puts its frames into the connection's queue, in order; waiting for
    /// them to be written, as the call's future does, would be a round trip between threads for every message.
    async fn publish(&mut self, instant: u64) {
        let stamp = Stamp {
            run: 0,
            producer: self.index as u16,
            sequence: self.sequence,
            intended_ns: instant,
            hash: None,
        };
        let value = self.job.payload.value(self.value);
        let mut body = vec![0; PLAIN_BYTES + value.len()];
        stamp.encode(&mut body);
        body[PLAIN_BYTES..].copy_from_slice(value);
        let (channel, sequence) = (self.channel.clone(), self.sequence);
        let (exchange, key) = (self.job.queues.exchange.clone(), self.job.queues.key.clone());
        let mut sent = Box::pin(async move {
            let properties = BasicProperties::default().with_delivery_mode(DELIVERY_MODE_PERSISTENT);
            let options = BasicPublishOptions::default();
            let sent = channel.basic_publish(exchange.into(), key.into(), options, &body, properties).await;
            let confirmed = match sent {
                Ok(confirm) => confirm.await,
                Err(error) => Err(error),
            };
            (sequence, instant, confirmed)
        });
        match poll!(sent.as_mut()) {
            std::task::Poll::Ready(confirmed) => self.note(confirmed),
            std::task::Poll::Pending => self.pending.push(sent),
        }
        self.sequence += 1;
        self.value = (self.value + 1) % self.job.payload.count();
        self.schedule.take();
    }

    fn note(&mut self, (sequence, instant, confirmed): (u64, u64, lapin::Result<Confirmation>)) {
        let now = now_ns();
        match confirmed {
            Ok(confirmation) if confirmation.is_ack() => {
                self.done.ledger.confirm(self.index, sequence);
                self.done.acked += u64::from(self.job.window.contains(now));
                if self.job.window.contains(instant) {
                    self.done.response.record(now.saturating_sub(instant), 1);
                }
            }
            Ok(_) => self.fail(BenchError::Said("the broker refused a message".into())),
            Err(error) => self.fail(error.into()),
        }
    }

    fn fail(&mut self, error: BenchError) {
        self.done.failure.get_or_insert(error);
    }

    /// Due and not sent when the load ended: their wait so far counts, it was real.
    fn note_unsent(&mut self) {
        let window = self.job.window;
        let unsent = self.schedule.overdue(window.to_ns);
        let step = unsent.div_ceil(UNSENT_STEPS).max(1);
        for first in (0..unsent).step_by(step as usize) {
            let instant = self.schedule.instant_ahead(first).filter(|instant| window.contains(*instant));
            if let Some(instant) = instant {
                self.done.response.record(window.to_ns - instant, step.min(unsent - first));
            }
        }
        self.done.unsent = unsent;
    }

    async fn take_last_confirms(&mut self) {
        while self.done.failure.is_none() && !self.pending.is_empty() {
            match timeout(LAST_CONFIRMS_MAX, self.pending.next()).await {
                Ok(Some(confirmed)) => self.note(confirmed),
                Ok(None) => break,
                Err(_) => self.fail(BenchError::Said("the last confirms did not come".into())),
            }
        }
        // After a failure: what was confirmed before it counts still.
        while let Some(Some(confirmed)) = self.pending.next().now_or_never() {
            self.note(confirmed);
        }
    }
}
