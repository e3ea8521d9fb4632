//! A coordinator with its log.
//!
//! `groups::Coordinator` decides. This file gives it a clock, appends what it wants written, tells it when that is
//! durable, and hands its replies to those who wait. A partition's coordinator knows all that its log holds before it
//! answers.

use std::cell::{Cell, RefCell, RefMut};
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use creel_engine::{AppendOrigin, Partition, PendingAck};
use creel_io::local::{Notify, Sender, oneshot};
use creel_io::{STEPS_A_TURN, count_work, now, pace, rest, sleep_until, spawn, wall_clock_ms};

use super::folding::{Folding, due_at};
use super::load::load;
use crate::groups::{
    Coordinator, Event, FoldStep, GroupClient, GroupError, GroupLimits, GroupReply, Now, OffsetCleanup,
    Outputs, Room, Token, Write, WriteId,
};
use crate::logging::ChangeLog;
use crate::offsets::batch_of;
use crate::tasks::race::race;

/// A coordinator with its log.
pub(super) struct Hosted {
    partition: Partition,
    pub(super) coordinator: RefCell<Coordinator>,
    waiting: RefCell<BTreeMap<Token, Sender<GroupReply>>>,
    next_token: Cell<u64>,
    /// When the next tick is due has changed, or it has been closed.
    rescheduled: Notify,
    /// A write has ended, or it has been closed.
    settled: Notify,
    pub(super) folding: Folding,
    news: Rc<ChangeLog>,
    is_closed: Cell<bool>,
}

/// Tells the coordinator the time whenever it has asked for that, until it is closed.
async fn tick(hosted: Rc<Hosted>) {
    while !hosted.is_closed.get() {
        let deadline = hosted.coordinator.borrow().next_deadline();
        match deadline {
            Some(at) if at <= now() => {
                // Many coordinators may have something to do at the same time, one after the other.
                pace(STEPS_A_TURN).await;
                hosted.handle(Event::Tick);
            }
            Some(at) => {
                race(sleep_until(at), hosted.rescheduled.notified()).await;
            }
            None => hosted.rescheduled.notified().await,
        }
    }
}

fn clock() -> Now {
    Now { monotonic: now(), wall_ms: wall_clock_ms() }
}

impl Hosted {
    /// Begins to coordinate, once the log has been read.
    pub(super) async fn start(
        partition: Partition,
        limits: GroupLimits,
        news: Rc<ChangeLog>,
    ) -> Result<Rc<Self>, String> {
        let mut coordinator = Coordinator::new(limits);
        load(&partition, &mut coordinator)
            .await
            .map_err(|error| format!("cannot read {}: {error}", partition.name()))?;
        let outputs = coordinator.loaded(clock());
        let hosted = Rc::new(Self {
            folding: Folding::after_load(&partition, &coordinator),
            news,
            partition,
            coordinator: RefCell::new(coordinator),
            waiting: RefCell::default(),
            next_token: Cell::new(0),
            rescheduled: Notify::new(),
            settled: Notify::new(),
            is_closed: Cell::new(false),
        });
        hosted.carry_out(outputs);
        hosted.fold_if_due();
        spawn(tick(hosted.clone()));
        Ok(hosted)
    }

    /// `__consumer_offsets` has been deleted: whoever waits is told so.
    pub(super) fn close(&self) {
        self.is_closed.set(true);
        self.waiting.borrow_mut().clear();
        self.rescheduled.notify_all();
        self.settled.notify_all();
    }

    /// Hands in an event that is answered. `room_of` says how much more the members of a client may take.
    pub(super) fn ask(
        self: &Rc<Self>,
        event: Box<dyn FnOnce(Token) -> Event + Send>,
        room_of: impl FnOnce(GroupClient) -> Room,
    ) -> creel_io::local::Receiver<GroupReply> {
        let token = Token(self.next_token.replace(self.next_token.get().wrapping_add(1)));
        let (sender, receiver) = oneshot();
        self.waiting.borrow_mut().insert(token, sender);
        let event = event(token);
        if let Some(client) = event.brings_members_of() {
            let room = room_of(client);
            self.coordinator.borrow_mut().set_room(room);
        }
        self.handle(event);
        receiver
    }

    /// The coordinator, after it was told how large a batch the log takes by now.
    fn coordinator(&self) -> RefMut<'_, Coordinator> {
        let mut coordinator = self.coordinator.borrow_mut();
        coordinator.set_batch_bytes_max(self.partition.config().max_message_bytes);
        coordinator
    }

    fn handle(self: &Rc<Self>, event: Event) {
        let before = self.coordinator.borrow().next_deadline();
        let outputs = self.coordinator().handle(clock(), event);
        self.carry_out(outputs);
        if self.coordinator.borrow().next_deadline() != before {
            self.rescheduled.notify_all();
        }
    }

    /// Takes back all offsets that were committed for topics, a piece at a time.
    pub(super) async fn remove_offsets_of(self: &Rc<Self>, topics: &Rc<BTreeSet<String>>) {
        let mut cleanup = OffsetCleanup::of(topics.clone());
        while !self.is_closed.get() {
            let (outputs, step) = self.coordinator().clean_up_topics(clock(), &mut cleanup);
            self.carry_out(outputs);
            count_work(step.work);
            rest().await;
            if step.is_last {
                return;
            }
        }
    }

    fn carry_out(self: &Rc<Self>, outputs: Outputs) {
        outputs.log_lines.iter().for_each(|line| self.news.of_group(line));
        for (token, reply) in outputs.replies {
            let sender = self.waiting.borrow_mut().remove(&token);
            // If the member's connection has gone nobody waits. The group misses the member soon enough.
            if let Some(sender) = sender {
                let _ = sender.send(reply);
            }
        }
        for write in outputs.writes {
            let (id, records) = (write.id, write.records.len());
            let appended = self.append(&write);
            let hosted = self.clone();
            spawn(async move { hosted.settle(id, records, appended).await });
        }
    }

    fn append(&self, write: &Write) -> Result<PendingAck, GroupError> {
        let batch = batch_of(&write.records, wall_clock_ms()).ok_or(GroupError::UnknownServerError)?;
        self.partition.append(&batch, AppendOrigin::Coordinator).map_err(GroupError::from)
    }

    async fn settle(
        self: Rc<Self>,
        write: WriteId,
        records: usize,
        appended: Result<PendingAck, GroupError>,
    ) {
        let result = match appended {
            Ok(pending) => pending.durable().await.map_err(GroupError::from),
            Err(error) => Err(error),
        };
        // One sync may end many writes, and each of their records is a step.
        pace(records).await;
        self.handle(match result {
            Ok(ack) => Event::Persisted(write, ack.base_offset.get()),
            Err(error) => Event::WriteFailed(write, error),
        });
        self.settled.notify_all();
        self.fold_if_due();
    }

    /// Begins to fold if the log has grown enough.
    fn fold_if_due(self: &Rc<Self>) {
        if self.folding.begin_if_due(self.partition.size_bytes()) {
            spawn(self.clone().fold_once());
        }
    }

    async fn fold_once(self: Rc<Self>) {
        let due_at = match self.fold().await {
            Ok(live_bytes) => due_at(&self.partition, live_bytes),
            // The broker stops, or the topic is deleted.
            Err(_) if self.folding.is_stopped() || self.is_closed.get() => return,
            Err(error) => {
                tracing::warn!(partition = %self.partition.name(), error, "cannot compact committed offsets now");
                // Tried again when there is more of it.
                self.partition.size_bytes().saturating_add(due_at(&self.partition, 0))
            }
        };
        self.folding.end(due_at);
    }

    /// Returns the number of bytes that were live. If the broker stops meanwhile, nothing is known of them.
    async fn fold(self: &Rc<Self>) -> Result<u64, String> {
        let from = self.partition.roll().map_err(|error| error.to_string())?;
        self.coordinator.borrow_mut().begin_fold(from.get());
        let live = loop {
            if self.folding.is_stopped() || self.is_closed.get() {
                return Ok(0);
            }
            let settled = self.settled.notified();
            let (outputs, step) = self.coordinator().fold(clock());
            self.carry_out(outputs);
            match step {
                FoldStep::More { work } => {
                    count_work(work);
                    rest().await;
                }
                FoldStep::Waits => settled.await,
                FoldStep::Done(live) => break live,
                FoldStep::Failed(error) => return Err(format!("{error:?}")),
            }
        };
        // Where durability is relaxed the copies may be in the page cache alone.
        self.partition.sync().await.map_err(|error| error.to_string())?;
        self.partition.advance_log_start(from).await.map_err(|error| error.to_string())?;
        Ok(live)
    }
}
