//! A core's group coordinators: one for each partition of `__consumer_offsets` that the core owns.
//!
//! `groups::Coordinator` decides; this gives it a clock, appends what it wants written, tells it when that is durable,
//! and hands its replies to those who wait. A partition's coordinator knows all that its log holds before it answers.
//! `folding` keeps the log from growing without end.

use super::folding::Folding;
use crate::core::Core;
use crate::core::Question;
use crate::core::ask_all_cores;
use crate::core::ask_core;
use crate::groups::Client;
use crate::groups::Coordinator;
use crate::groups::Event;
use crate::groups::Forgetting;
use crate::groups::FoundGroup;
use crate::groups::GroupError;
use crate::groups::GroupLimits;
use crate::groups::Millis;
use crate::groups::Now;
use crate::groups::Outputs;
use crate::groups::Reply;
use crate::groups::Room;
use crate::groups::Token;
use crate::groups::Write;
use crate::groups::WriteId;
use crate::limits::COORDINATOR_READ_BYTES;
use crate::logging::ChangeLog;
use crate::offsets;
use crate::offsets::BatchContent;
use crate::offsets::batch_of;
use crate::peers::questions::GroupAnswer;
use crate::peers::questions::GroupQuestion;
use crate::peers::questions::GroupRequest;
use crate::peers::questions::ListGroups;
use crate::placement::core_of;
use crate::tasks::race::race;
use creel_engine::AppendError;
use creel_engine::AppendOrigin;
use creel_engine::Isolation;
use creel_engine::LoggedBatch;
use creel_engine::Partition;
use creel_engine::PendingAck;
use creel_io::Instant;
use creel_io::STEPS_A_TURN;
use creel_io::count_work;
use creel_io::local::Notify;
use creel_io::local::Sender;
use creel_io::local::oneshot;
use creel_io::now;
use creel_io::pace;
use creel_io::rest;
use creel_io::sleep_until;
use creel_io::spawn;
use creel_io::wall_clock_ms;
use creel_wire::ErrorCode;
use std::cell::Cell;
use std::cell::RefCell;
use std::cell::RefMut;
use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::rc::Rc;

/// So many records are settled in a turn of their own: they take some hundred microseconds.
const RECORDS_OF_A_LARGE_WRITE: usize = 100;

/// The coordinators of a core.
#[derive(Default)]
pub(crate) struct Coordinators {
    by_partition: RefCell<BTreeMap<i32, Rc<Hosted>>>,
}

impl Coordinators {
    /// What more the members of this core's groups may take, and those of one client.
    fn room_of(&self, client: Client) -> Room {
        let all = self.by_partition.borrow();
        let sum = |bytes: &dyn Fn(&Coordinator) -> usize| {
            all.values().map(|hosted| bytes(&hosted.coordinator.borrow())).fold(0, usize::saturating_add)
        };
        let of_client = sum(&|coordinator| coordinator.members_bytes_of(client));
        Room::left(sum(&Coordinator::members_bytes), of_client)
    }

    fn get(&self, partition: i32) -> Option<Rc<Hosted>> {
        self.by_partition.borrow().get(&partition).cloned()
    }

    /// Topics have been deleted: nobody will ask for their offsets again. Others are let in meanwhile.
    pub(crate) async fn topics_deleted(&self, topics: &Rc<BTreeSet<String>>) {
        if topics.is_empty() {
            return;
        }
        let all: Vec<_> = self.by_partition.borrow().values().cloned().collect();
        for hosted in &all {
            hosted.forget_topics(topics).await;
        }
    }

    /// `__consumer_offsets` itself has been deleted: its groups are gone.
    pub(crate) fn clear(&self) {
        let all = std::mem::take(&mut *self.by_partition.borrow_mut());
        for hosted in all.into_values() {
            hosted.is_closed.set(true);
            hosted.waiting.borrow_mut().clear();
            hosted.rescheduled.notify_all();
            hosted.settled.notify_all();
        }
    }

    /// The broker stops: what is being folded is left to the next start.
    pub(crate) fn stop_folding(&self) {
        self.by_partition.borrow().values().for_each(|hosted| hosted.folding.stop());
    }
}

/// A coordinator with its log.
pub(super) struct Hosted {
    pub(super) partition: Partition,
    pub(super) coordinator: RefCell<Coordinator>,
    waiting: RefCell<BTreeMap<Token, Sender<Reply>>>,
    next_token: Cell<u64>,
    /// When the next tick is due has changed, or it has been closed.
    rescheduled: Notify,
    /// The fate of a write is known, or it has been closed.
    pub(super) settled: Notify,
    pub(super) folding: Folding,
    news: Rc<ChangeLog>,
    pub(super) is_closed: Cell<bool>,
}

impl Question for GroupQuestion {
    /// Answers a question about a group of one of this core's partitions.
    async fn answer_here(self, core: Rc<Core>) -> Result<GroupAnswer, ErrorCode> {
        let hosted = core.coordinators.get(self.partition).ok_or(ErrorCode::NotCoordinator)?;
        match self.request {
            GroupRequest::Event(event) => {
                let reply = hosted.ask(&core.coordinators, event);
                drop(hosted);
                reply.await.map(GroupAnswer::Reply).map_err(|_| ErrorCode::NotCoordinator)
            }
            GroupRequest::Fetch(request) => {
                Ok(GroupAnswer::Fetched(hosted.coordinator.borrow().fetch(&request)))
            }
            GroupRequest::Describe(group) => {
                Ok(GroupAnswer::Described(hosted.coordinator.borrow().describe(&group)))
            }
        }
    }
}

/// Begins to coordinate the groups of a partition, once its log has been read.
pub(crate) async fn host(core: &Rc<Core>, index: i32, partition: Partition) -> Result<(), String> {
    let mut coordinator = Coordinator::new(GroupLimits::from(core.node.broker()));
    load(&partition, &mut coordinator)
        .await
        .map_err(|error| format!("cannot read {}: {error}", partition.name()))?;
    let outputs = coordinator.loaded(clock());
    let hosted = Rc::new(Hosted {
        folding: Folding::after_load(&partition, &coordinator),
        news: core.change_log.clone(),
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
    core.coordinators.by_partition.borrow_mut().insert(index, hosted);
    Ok(())
}

/// Feeds the partition's log to its coordinator, a piece at a time.
async fn load(partition: &Partition, coordinator: &mut Coordinator) -> Result<(), String> {
    let mut from = partition.log_start();
    while from < partition.high_watermark() {
        let read = partition.read(from, Isolation::HighWatermark, COORDINATOR_READ_BYTES, true).await;
        let Some(slice) = read.map_err(|error| error.to_string())?.slice else { break };
        let bytes = slice.file.read_exact_at(slice.position, slice.length as usize).await;
        let mut bytes = bytes.map_err(|error| error.to_string())?.freeze();
        // The last batch of what was read may be cut: the next read begins with it.
        while let Some(batch) = LoggedBatch::split_from(&mut bytes).map_err(|error| error.to_string())? {
            from = batch.header().end_offset();
            replay(partition, coordinator, &batch);
        }
    }
    Ok(())
}

/// A batch that cannot be read is told and left out: the others are worth having.
fn replay(partition: &Partition, coordinator: &mut Coordinator, batch: &LoggedBatch) {
    let problem = match BatchContent::read(batch) {
        Ok(content) => coordinator.replay(content).err().map(|error| error.to_string()),
        Err(error) => Some(error.to_string()),
    };
    if let Some(problem) = problem {
        coordinator.replay_failed();
        let offset = batch.header().base_offset;
        tracing::error!(partition = %partition.name(), %offset, %problem, "a batch of group records is left out");
    }
}

/// Tells the coordinator the time whenever it has asked for that, for as long as it is there.
async fn tick(hosted: Rc<Hosted>) {
    while !hosted.is_closed.get() {
        let deadline = hosted.coordinator.borrow().next_deadline();
        match deadline.map(|deadline| Instant::from_nanos(deadline.0.saturating_mul(1_000_000))) {
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

pub(super) fn clock() -> Now {
    Now { monotonic: Millis(now().as_nanos() / 1_000_000), wall_ms: wall_clock_ms() }
}

impl Hosted {
    fn ask(
        self: &Rc<Self>,
        all: &Coordinators,
        event: Box<dyn FnOnce(Token) -> Event + Send>,
    ) -> creel_io::local::Receiver<Reply> {
        let token = Token(self.next_token.replace(self.next_token.get().wrapping_add(1)));
        let (sender, receiver) = oneshot();
        self.waiting.borrow_mut().insert(token, sender);
        let event = event(token);
        if let Some(client) = event.brings_members_of() {
            let room = all.room_of(client);
            self.coordinator.borrow_mut().set_room(room);
        }
        self.handle(event);
        receiver
    }

    /// The coordinator, which goes by how large a batch the log takes by now.
    pub(super) fn coordinator(&self) -> RefMut<'_, Coordinator> {
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
    async fn forget_topics(self: &Rc<Self>, topics: &Rc<BTreeSet<String>>) {
        let mut forgetting = Forgetting::of(topics.clone());
        while !self.is_closed.get() {
            let (outputs, step) = self.coordinator().forget_topics(clock(), &mut forgetting);
            self.carry_out(outputs);
            count_work(step.work);
            rest().await;
            if step.is_last {
                return;
            }
        }
    }

    pub(super) fn carry_out(self: &Rc<Self>, outputs: Outputs) {
        outputs.news.iter().for_each(|news| self.news.of_group(news));
        for (token, reply) in outputs.replies {
            let sender = self.waiting.borrow_mut().remove(&token);
            // Nobody waits when the member's connection has gone; it is missed soon enough.
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
        self.partition.append(&batch, AppendOrigin::Coordinator).map_err(group_error)
    }

    async fn settle(
        self: Rc<Self>,
        write: WriteId,
        records: usize,
        appended: Result<PendingAck, GroupError>,
    ) {
        let fate = match appended {
            Ok(pending) => pending.durable().await.map_err(group_error),
            Err(error) => Err(error),
        };
        if records >= RECORDS_OF_A_LARGE_WRITE {
            // One sync may bring the news of many of them.
            pace(STEPS_A_TURN).await;
        }
        self.handle(match fate {
            Ok(ack) => Event::Persisted(write, ack.base_offset.0),
            Err(error) => Event::Refused(write, error),
        });
        self.settled.notify_all();
        self.fold_if_due();
    }
}

fn group_error(error: AppendError) -> GroupError {
    match error {
        AppendError::Storage | AppendError::Closed => GroupError::NotCoordinator,
        AppendError::DiskFull | AppendError::NoDescriptor => GroupError::CoordinatorNotAvailable,
        AppendError::TooLarge { .. }
        | AppendError::InvalidRecord(_)
        | AppendError::InvalidTimestamp(_)
        | AppendError::Producer(_) => GroupError::UnknownServerError,
    }
}

/// Asks the coordinator of a group, on whichever core it is.
pub(crate) async fn ask(
    core: &Rc<Core>,
    group: &str,
    request: GroupRequest,
) -> Result<GroupAnswer, ErrorCode> {
    let local = core.topics.by_name(offsets::TOPIC).ok_or(ErrorCode::NotCoordinator)?;
    let partition = offsets::partition_for(group, local.topic.partitions);
    let to = core_of(&local.topic.id, partition, core.node.cores);
    let answer = ask_core(core, to, GroupQuestion { partition, request }).await;
    answer.unwrap_or(Err(ErrorCode::NotCoordinator))
}

/// All groups of this broker, by name.
pub(crate) async fn list_all(core: &Rc<Core>) -> Vec<FoundGroup> {
    let mut all: Vec<_> = ask_all_cores(core, || ListGroups).await.into_iter().flatten().collect();
    all.sort_by(|one, other| one.group.cmp(&other.group));
    all
}

impl Question for ListGroups {
    /// The groups that this core coordinates.
    async fn answer_here(self, core: Rc<Core>) -> Vec<FoundGroup> {
        let hosted = core.coordinators.by_partition.borrow();
        hosted.values().flat_map(|hosted| hosted.coordinator.borrow().list()).collect()
    }
}

/// Asks for something that changes a group, or waits for it to change.
pub(crate) async fn ask_for_reply(
    core: &Rc<Core>,
    group: &str,
    event: impl FnOnce(Token) -> Event + Send + 'static,
) -> Result<Reply, ErrorCode> {
    match ask(core, group, GroupRequest::Event(Box::new(event))).await? {
        GroupAnswer::Reply(reply) => Ok(reply),
        GroupAnswer::Fetched(_) | GroupAnswer::Described(_) => Err(ErrorCode::UnknownServerError),
    }
}

/// Kafka's code for a group's error, 0 for none.
pub(crate) fn code_of(error: Option<GroupError>) -> ErrorCode {
    error.map_or(ErrorCode::None, |error| ErrorCode::from(error.code()))
}
