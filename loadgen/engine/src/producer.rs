//! One producer: makes records when they are due, fills batches per partition, and sends them while requests may be
//! in flight.
//!
//! It makes nothing ahead. If a record is due while all in-flight requests are taken, it is not made yet and only
//! gets older. Its latency counts from its intended instant all the same. So memory is bounded and no wait is
//! omitted.

use crate::clock::{Alarm, now_ns, wall_at_zero_ms};
use crate::codec::Encoder;
use crate::error::EngineError;
use crate::link::{InstantRun, Link, ProducerShared, ReadyBatch};
use crate::outcomes::Outcomes;
use crate::plan::Plan;
use crate::records::build::{OpenBatch, record_bytes_max};
use crate::records::stamp::{Stamp, encoded_bytes};
use crate::runtime::{self, TimerFile};
use crate::schedule::{ProducerSlot, Punctuality, Schedule};
use crate::source::{Choice, Source};
use loadgen_result::report::verification::Level;
use std::collections::{BTreeMap, VecDeque};
use std::net::SocketAddr;
use std::rc::Rc;
use std::sync::Arc;

/// After so many records the clock is read again, and batches whose linger may be over are looked at.
const RECORDS_PER_LOOK: usize = 256;
/// After so many looks other tasks of the thread get their turn.
const LOOKS_PER_TURN: usize = 64;
/// Pieces in which never-sent records are added to the histogram.
const UNSENT_STEPS: u64 = 10_000;

/// Why the maker of records stopped making.
#[derive(Debug, PartialEq, Eq)]
enum Pause {
    /// Nothing to do before this instant.
    Until(u64),
    /// A full batch needs an in-flight slot.
    NoSlot,
    /// Others' turn.
    Yield,
}

/// One partition's batch being filled.
struct Slot {
    link: usize,
    open: Option<OpenBatch>,
    /// Counts batches of this slot, so that an old entry of the linger queue can be told from a new one.
    serial: u64,
    instants: Vec<InstantRun>,
    payload_bytes: u64,
    next_sequence: u64,
}

/// A producer with its connections.
pub struct Producer {
    id: u16,
    plan: Arc<Plan>,
    shared: Rc<ProducerShared>,
    links: Vec<Rc<Link>>,
    slots: Vec<Slot>,
    /// Open batches in the order of their deadlines: (deadline, partition, serial).
    lingering: VecDeque<(u64, usize, u64)>,
    fullest_bytes: usize,
    source: Source,
    schedule: Schedule,
    encoder: Encoder,
    alarm: Alarm,
    alarm_ns: u64,
    wall_at_zero_ms: i64,
    blocked_since_ns: Option<u64>,
    punctuality: Punctuality,
}

/// What became of a producer's records.
pub struct Produced {
    /// Which producer.
    pub id: u16,
    /// Per partition.
    pub outcomes: Vec<Outcomes>,
}

impl Producer {
    /// Opens all connections.
    pub fn open(id: u16, plan: &Arc<Plan>, shared: Rc<ProducerShared>) -> Result<Producer, EngineError> {
        let mut link_of = BTreeMap::<SocketAddr, usize>::new();
        let mut links = Vec::new();
        for leader in plan.topic.by_leader().into_keys() {
            link_of.insert(leader, links.len());
            links.push(Link::open(leader, plan, &shared)?);
        }
        let slot = |leader: &SocketAddr| Slot {
            link: link_of[leader],
            open: None,
            serial: 0,
            instants: Vec::new(),
            payload_bytes: 0,
            next_sequence: 0,
        };
        let (alarm, timer) = Alarm::new().map_err(EngineError::system("a timer"))?;
        runtime::spawn(ring_alarm(timer, shared.clone()));
        Ok(Producer {
            id,
            slots: plan.topic.leaders.iter().map(slot).collect(),
            links,
            lingering: VecDeque::new(),
            fullest_bytes: 0,
            source: Source::new(plan.clone(), usize::from(id)),
            schedule: Schedule::Maximum,
            encoder: Encoder::new(plan.settings.codec),
            alarm,
            alarm_ns: 0,
            wall_at_zero_ms: wall_at_zero_ms(),
            blocked_since_ns: None,
            punctuality: Punctuality::default(),
            plan: plan.clone(),
            shared,
        })
    }

    /// The connections, to be watched.
    pub fn links(&self) -> Vec<Rc<Link>> {
        self.links.clone()
    }

    /// Produces from `start_ns` until the window ends, then waits for the last acks.
    pub async fn run(mut self, start_ns: u64) -> Result<Produced, EngineError> {
        let turn = ProducerSlot {
            index: usize::from(self.id),
            producers: self.plan.producers,
            seed: self.plan.seed,
        };
        self.schedule = Schedule::new(&self.plan.load, self.shared.run_state.grid().span(), turn);
        self.alarm_at(start_ns)?;
        while now_ns() < start_ns && !self.shared.run_state.has_failed() {
            self.shared.wake.wait().await;
        }
        while !self.is_over() {
            self.note_lateness();
            match self.make()? {
                Pause::Until(instant) => {
                    self.punctuality.plan(instant);
                    self.alarm_at(instant.min(self.shared.run_state.window().to_ns))?;
                    self.shared.wake.wait().await;
                }
                Pause::NoSlot => {
                    self.punctuality.excuse();
                    self.alarm_at(self.shared.run_state.window().to_ns)?;
                    self.shared.wake.wait().await;
                }
                Pause::Yield => runtime::yield_now().await,
            }
        }
        self.note_slot(now_ns());
        if !self.shared.run_state.has_failed() {
            self.make_last()?;
        }
        self.note_unsent();
        self.flush().await?;
        if self.shared.run_state.has_failed() {
            self.note_unanswered();
        }
        self.links.iter().for_each(|link| link.close());
        self.shared.run_state.produced();
        // A copy: after a failure answers may still come to the links.
        let outcomes = self.shared.outcomes.borrow().clone();
        Ok(Produced { id: self.id, outcomes })
    }

    fn is_over(&self) -> bool {
        self.shared.run_state.has_failed() || now_ns() >= self.shared.run_state.window().to_ns
    }

    /// Wakes the producer at `instant`. Setting the alarm is a system call, which is not made if the alarm is set to
    /// that instant already and the instant is still to come.
    fn alarm_at(&mut self, instant: u64) -> Result<(), EngineError> {
        if self.alarm_ns == instant && instant > now_ns() {
            return Ok(());
        }
        self.alarm_ns = instant;
        self.alarm.set(instant).map_err(EngineError::system("a timer"))
    }

    /// Notes how much later than planned the producer got to work. Waiting for a slot is the broker's time, not its
    /// own.
    fn note_lateness(&mut self) {
        let now = now_ns();
        if let Some(late) = self.punctuality.lateness(now)
            && self.schedule.is_open_loop()
            && self.shared.run_state.window().contains(now)
        {
            self.shared.metrics.borrow_mut().lateness.record(late, 1);
        }
    }

    /// Makes every record that is due and sends every batch that is full or has lingered.
    fn make(&mut self) -> Result<Pause, EngineError> {
        for _ in 0..LOOKS_PER_TURN {
            let now = now_ns();
            if now >= self.shared.run_state.window().to_ns {
                return Ok(Pause::Until(now));
            }
            self.note_slot(now);
            // More is due. It goes into the open batches first, even into those whose linger is over. Otherwise a
            // producer behind schedule would send ever smaller batches, and so never catch up.
            let Some(pause) = self.make_some(now)? else { continue };
            let lingered = self.send_lingered(now)?;
            if pause == Pause::NoSlot || !lingered {
                self.blocked_since_ns.get_or_insert(now);
                return Ok(Pause::NoSlot);
            }
            return Ok(Pause::Until(self.next_instant()));
        }
        self.send_lingered(now_ns())?;
        // Still behind: the next record should have been made by the end of its linger at the latest.
        if let Some(instant) = self.schedule.instant_ahead(0) {
            self.punctuality.plan(instant + self.plan.settings.linger_ns);
        }
        Ok(Pause::Yield)
    }

    /// When the load ends, records that were due and only waited for their linger are made. A backlog is not worked
    /// off.
    fn make_last(&mut self) -> Result<(), EngineError> {
        let last_ns = self.shared.run_state.window().to_ns - 1;
        for _ in 0..LOOKS_PER_TURN {
            if !self.schedule.is_open_loop() || self.make_some(last_ns)?.is_some() {
                break;
            }
        }
        Ok(())
    }

    /// Up to [`RECORDS_PER_LOOK`] records. `None`: there may be more.
    fn make_some(&mut self, now: u64) -> Result<Option<Pause>, EngineError> {
        for _ in 0..RECORDS_PER_LOOK {
            let Some(instant) = self.schedule.due(now) else { return Ok(Some(Pause::Until(now))) };
            let choice = self.source.peek();
            let (partition, payload) = (choice.partition, &self.plan.payload);
            let key_bytes = choice.key(payload).map_or(0, <[u8]>::len);
            let bytes = record_bytes_max(key_bytes, payload.value(choice.value).len(), self.stamp_bytes());
            if self.is_full(partition, bytes) {
                if !self.try_send(partition)? {
                    return Ok(Some(Pause::NoSlot));
                }
                continue; // without a key the record now goes to another partition
            }
            if self.slots[partition].open.is_none() {
                if !self.may_open(partition) {
                    return Ok(Some(Pause::NoSlot));
                }
                self.open_batch(partition, instant, bytes);
            }
            self.push(&choice, instant);
        }
        Ok(None)
    }

    fn stamp_bytes(&self) -> usize {
        encoded_bytes(self.plan.verify == Level::Full)
    }

    fn is_full(&self, partition: usize, more: usize) -> bool {
        let open = self.slots[partition].open.as_ref();
        open.is_some_and(|open| open.records_bytes() + more > self.plan.settings.batch_bytes)
    }

    /// At maximum a batch begins when it can be sent. Its records' instant is that moment, and if it were made
    /// earlier its wait would look like the broker's latency.
    fn may_open(&self, partition: usize) -> bool {
        self.schedule.is_open_loop() || self.links[self.slots[partition].link].has_slot()
    }

    fn open_batch(&mut self, partition: usize, instant: u64, record_bytes: usize) {
        let settings = &self.plan.settings;
        // Keyed load has a batch open for each partition, most of them small.
        let room = if self.plan.has_partitions_of_keys() {
            record_bytes
        } else {
            settings.batch_bytes + record_bytes
        };
        let bytes = self.shared.spare_buffers.borrow_mut().pop().unwrap_or_default();
        let slot = &mut self.slots[partition];
        slot.open = Some(OpenBatch::new(bytes, room));
        slot.instants = self.shared.spare_runs.borrow_mut().pop().unwrap_or_default();
        slot.payload_bytes = 0;
        slot.serial += 1;
        self.lingering.push_back((instant + settings.linger_ns, partition, slot.serial));
    }

    /// Writes the next record of the source into its partition's open batch.
    #[inline]
    fn push(&mut self, choice: &Choice, instant: u64) {
        let slot = &mut self.slots[choice.partition];
        let payload = &self.plan.payload;
        let stamp = Stamp {
            run: self.plan.run,
            producer: self.id,
            sequence: slot.next_sequence,
            intended_ns: instant,
            hash: choice.hash(payload),
        };
        let (key, value) = (choice.key(payload), payload.sent(choice.value));
        let timestamp_ms = self.wall_at_zero_ms + (instant / 1_000_000) as i64;
        let open = slot.open.as_mut().expect("opened before the push");
        open.push(key, value, &stamp, timestamp_ms);
        slot.next_sequence += 1;
        slot.payload_bytes += (key.map_or(0, <[u8]>::len) + value.map_or(0, <[u8]>::len)) as u64;
        match slot.instants.last_mut() {
            Some((last, count)) if *last == instant => *count += 1,
            _ => slot.instants.push((instant, 1)),
        }
        self.fullest_bytes = self.fullest_bytes.max(open.records_bytes());
        self.source.take();
        self.schedule.take();
    }

    /// Sends a partition's batch if its link has a slot.
    fn try_send(&mut self, partition: usize) -> Result<bool, EngineError> {
        let slot = &mut self.slots[partition];
        let link = &self.links[slot.link];
        if !link.has_slot() {
            return Ok(false);
        }
        let Some(open) = slot.open.take() else { return Ok(true) };
        let spare = self.shared.spare_buffers.borrow_mut().pop().unwrap_or_default();
        let (batch, spare) = open.finish(&mut self.encoder, spare);
        if spare.capacity() > 0 {
            self.shared.spare_buffers.borrow_mut().push(spare);
        }
        let instants = std::mem::take(&mut slot.instants);
        link.send(ReadyBatch { batch, partition, payload_bytes: slot.payload_bytes, instants })?;
        self.source.next_partition();
        let open_bytes =
            self.slots.iter().filter_map(|slot| slot.open.as_ref()).map(OpenBatch::records_bytes);
        self.fullest_bytes = open_bytes.max().unwrap_or(0);
        Ok(true)
    }

    /// Sends the batches whose linger is over; false when one has to wait for a slot.
    fn send_lingered(&mut self, now: u64) -> Result<bool, EngineError> {
        while let Some((deadline, partition, serial)) = self.lingering.front().copied() {
            let is_current = self.slots[partition].serial == serial && self.slots[partition].open.is_some();
            if is_current && deadline > now {
                break;
            }
            if is_current && !self.try_send(partition)? {
                return Ok(false);
            }
            self.lingering.pop_front();
        }
        Ok(true)
    }

    /// When there will be something to do: a linger is over, or enough records are due to fill a batch.
    fn next_instant(&self) -> u64 {
        let record_bytes = self.plan.payload.mean_bytes() as usize + self.stamp_bytes() + 8;
        let to_fill = self.plan.settings.batch_bytes.saturating_sub(self.fullest_bytes) / record_bytes.max(1);
        let next = self.schedule.instant_ahead(0).unwrap_or(u64::MAX);
        let filled = self.schedule.instant_ahead(to_fill as u64).unwrap_or(u64::MAX);
        let lingered = self.lingering.front().map_or(u64::MAX, |(deadline, ..)| *deadline);
        let lingered_later = next.saturating_add(self.plan.settings.linger_ns);
        filled.min(lingered).min(lingered_later).max(next.min(lingered))
    }

    /// Counts the time in which no slot was free, as far as it was measured time.
    fn note_slot(&mut self, now: u64) {
        let Some(since) = self.blocked_since_ns.take() else { return };
        let waited_ns = self.shared.run_state.window().overlap_ns(since, now);
        if waited_ns > 0 {
            let mut metrics = self.shared.metrics.borrow_mut();
            metrics.cap_waits += 1;
            metrics.cap_wait_ns += waited_ns;
        }
    }

    /// Records that were due and not made when the load ended. Their wait so far counts, because it was real.
    fn note_unsent(&mut self) {
        let window = self.shared.run_state.window();
        let unsent = self.schedule.overdue(window.to_ns);
        let mut metrics = self.shared.metrics.borrow_mut();
        let step = unsent.div_ceil(UNSENT_STEPS).max(1);
        for first in (0..unsent).step_by(step as usize) {
            let (instant, count) = (self.schedule.instant_ahead(first), step.min(unsent - first));
            if let Some(instant) = instant {
                metrics.unsent_records += metrics.given_up(window, window.to_ns, None, (instant, count));
            }
        }
    }

    /// Records that a run which was cut short has made, and whose acks never came. They waited until the end.
    fn note_unanswered(&self) {
        self.links.iter().for_each(|link| link.note_unanswered());
        let window = self.shared.run_state.window();
        let mut metrics = self.shared.metrics.borrow_mut();
        for run in self.slots.iter().flat_map(|slot| &slot.instants) {
            metrics.unanswered_records += metrics.given_up(window, window.to_ns, None, *run);
        }
    }

    /// Sends what is open and waits for every ack.
    async fn flush(&mut self) -> Result<(), EngineError> {
        for partition in 0..self.slots.len() {
            while !self.shared.run_state.has_failed() && !self.try_send(partition)? {
                self.shared.wake.wait().await;
            }
        }
        while !self.shared.run_state.has_failed() && !self.links.iter().all(|link| link.is_idle()) {
            self.shared.wake.wait().await;
        }
        Ok(())
    }
}

/// Wakes the producer whenever its alarm rings.
async fn ring_alarm(mut timer: TimerFile, shared: Rc<ProducerShared>) {
    loop {
        if let Err(why) = timer.rung().await {
            shared.run_state.fail(EngineError::System { what: "a timer", why });
        }
        shared.wake.raise();
        if shared.run_state.has_failed() {
            return;
        }
    }
}
