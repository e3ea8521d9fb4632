//! Work for other cores: questions go out by mailbox, answers come back by ticket.
//!
//! The task that receives never waits for anything but a turn of its core with room, so two cores can't wait for each
//! other: whatever takes time is a task of its own, and only those that ask may wait for room in a mailbox. Messages between two cores keep their
//! order, and a share of a Produce is begun where it is received: so batches of one connection are appended in the
//! order they came in.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::rc::Rc;
use std::time::Duration;

use creel_io::local::{Receiver, Sender, oneshot};
use creel_io::{CoreId, Instant, rest, spawn};

use crate::api::{delete_records, describe_log_dirs, fetch, list_offsets, offset_for_leader_epoch, produce};
use crate::connection;
use crate::core::Core;
use crate::groups::runtime;
use crate::messages::{Answer, Ask, Message, Question, Ticket};
use crate::opening::Progress;
use crate::race::Boxed;
use crate::{parked, shutdown, topics};

/// Questions whose answers are awaited here.
#[derive(Default)]
pub(crate) struct Tickets {
    next: Cell<u64>,
    waiting: RefCell<BTreeMap<Ticket, Sender<Back>>>,
}

impl Tickets {
    fn issue(&self) -> (Ticket, Receiver<Back>) {
        let ticket = Ticket(self.next.replace(self.next.get() + 1));
        let (sender, receiver) = oneshot();
        self.waiting.borrow_mut().insert(ticket, sender);
        (ticket, receiver)
    }

    fn redeem(&self, ticket: Ticket, back: Back) {
        let sender = self.waiting.borrow_mut().remove(&ticket);
        // Nobody waits when the connection has gone in the meantime.
        if let Some(sender) = sender {
            let _ = sender.send(back);
        }
    }
}

/// An answer that has come back.
struct Back {
    answer: Answer,
    at: Instant,
    /// How long the other core took for it.
    spent: Duration,
}

/// An answer on its way. Dropping it tells the other core that nobody waits.
pub(crate) struct Awaited<Q> {
    core: Rc<Core>,
    to: CoreId,
    ticket: Ticket,
    since: Instant,
    receiver: Option<Receiver<Back>>,
    question: std::marker::PhantomData<Q>,
}

impl<Q> Awaited<Q> {
    pub(crate) fn ticket(&self) -> Ticket {
        self.ticket
    }

    pub(crate) fn core(&self) -> &Core {
        &self.core
    }
}

impl<Q: Question> Awaited<Q> {
    /// Waits for it. `None` when the other core has ended.
    pub(crate) async fn answer(self) -> Option<Q::Answer> {
        Q::take(self.back().await?.answer)
    }

    /// Waits for it, as a part of a request whose time is told. With it, how long it was on its way there and back.
    pub(crate) async fn timed(self) -> Option<(Q::Answer, Duration)> {
        let (core, since) = (self.core.clone(), self.since);
        let back = self.back().await?;
        let hop = core.stages.hopped(back.at - since, back.spent);
        Some((Q::take(back.answer)?, hop))
    }

    async fn back(mut self) -> Option<Back> {
        let back = self.receiver.as_mut()?.await.ok();
        self.receiver = None;
        back
    }
}

impl<Q> Drop for Awaited<Q> {
    fn drop(&mut self) {
        if self.receiver.take().is_none() {
            return;
        }
        self.core.tickets.waiting.borrow_mut().remove(&self.ticket);
        let (mailbox, to, ticket) = (self.core.mailbox.clone(), self.to, self.ticket);
        spawn(async move { mailbox.send(to, Message::Cancel(ticket)).await });
    }
}

/// Sends a question to another core; returns once it is in the mailbox, so that the order of questions is settled.
pub(crate) async fn ask<Q: Question>(core: &Rc<Core>, to: CoreId, question: Q) -> Awaited<Q> {
    let since = core.stages.clock();
    let (ticket, receiver) = core.tickets.issue();
    core.mailbox.send(to, Message::Ask(ticket, question.into_ask())).await;
    let question = std::marker::PhantomData;
    Awaited { core: core.clone(), to, ticket, since, receiver: Some(receiver), question }
}

/// Asks a core, be it this one or another, and waits for the answer.
pub(crate) async fn call<Q: Question>(core: &Rc<Core>, to: CoreId, question: Q) -> Option<Q::Answer> {
    if to == core.id {
        return Q::take(work(core.clone(), question.into_ask()).await);
    }
    ask(core, to, question).await.answer().await
}

/// Asks every core the same, in parallel; the answers in the order of cores.
pub(crate) async fn call_all<Q: Question>(core: &Rc<Core>, question: impl Fn() -> Q) -> Vec<Q::Answer> {
    let mut awaited = Vec::new();
    for to in core.node.all_cores().filter(|to| *to != core.id) {
        awaited.push((to, ask(core, to, question()).await));
    }
    let own = Q::take(work(core.clone(), question().into_ask()).await);
    let mut answers: BTreeMap<CoreId, Q::Answer> = own.map(|own| (core.id, own)).into_iter().collect();
    for (from, answer) in awaited {
        if let Some(answer) = answer.answer().await {
            answers.insert(from, answer);
        }
    }
    answers.into_values().collect()
}

/// Receives messages for as long as the core lives.
pub(crate) async fn receive(core: Rc<Core>) {
    let asked = Rc::new(Asked::default());
    loop {
        let (from, message) = core.mailbox.recv().await;
        match message {
            Message::Connection(stream, listener) => connection::start(&core, stream.attach(), listener),
            Message::Ask(ticket, ask) => {
                if start(&core, &asked, from, ticket, ask) == Length::Long {
                    rest().await;
                }
            }
            Message::Answer(ticket, answer, spent) => {
                core.tickets.redeem(ticket, Back { answer, at: core.stages.clock(), spent });
            }
            Message::Moved(ticket, moved) => core.outposts.moved(ticket, &moved),
            Message::Cancel(ticket) => asked.cancel(from, ticket),
            Message::Exit => core.exit.notify_all(),
        }
    }
}

/// Questions of others that may be cancelled: those that wait for something to happen.
#[derive(Default)]
struct Asked(RefCell<BTreeMap<(CoreId, Ticket), Sender<()>>>);

impl Asked {
    fn add(&self, from: CoreId, ticket: Ticket) -> Receiver<()> {
        let (sender, canceled) = oneshot();
        self.0.borrow_mut().insert((from, ticket), sender);
        canceled
    }

    /// Forgets it; the sender that goes away ends the wait, also one that has not begun yet.
    fn cancel(&self, from: CoreId, ticket: Ticket) {
        drop(self.0.borrow_mut().remove(&(from, ticket)));
    }
}

/// How much was done at once to begin an answer.
#[derive(PartialEq, Eq)]
enum Length {
    Short,
    Long,
}

fn start(core: &Rc<Core>, asked: &Rc<Asked>, from: CoreId, ticket: Ticket, ask: Ask) -> Length {
    let mut length = Length::Short;
    let asker = Asker { core: from, ticket, since: core.stages.clock() };
    match ask {
        Ask::Produce(share) => {
            let begun = produce::begin_share(core, share);
            if begun.is_long() {
                length = Length::Long;
            }
            let core = core.clone();
            spawn(async move { asker.tell(&core, Answer::Produce(begun.finish().await)).await });
        }
        Ask::Watch(share) => {
            let canceled = asked.add(from, ticket);
            let (core, asked) = (core.clone(), asked.clone());
            spawn(async move {
                crate::race::race(parked::watch(&core, share, from, ticket), canceled).await;
                asked.cancel(from, ticket);
            });
        }
        ask => {
            let core = core.clone();
            spawn(async move {
                let answer = work(core.clone(), ask).await;
                asker.tell(&core, answer).await;
            });
        }
    }
    length
}

/// Who waits for an answer, and since when it is worked on.
struct Asker {
    core: CoreId,
    ticket: Ticket,
    since: Instant,
}

impl Asker {
    async fn tell(&self, core: &Core, answer: Answer) {
        let spent = core.stages.clock() - self.since;
        core.mailbox.send(self.core, Message::Answer(self.ticket, answer, spent)).await;
    }
}

/// Does what is asked, on the core that is asked. Boxed, as what is asked may lead to further questions.
fn work(core: Rc<Core>, ask: Ask) -> Boxed<'static, Answer> {
    Box::pin(async move {
        match ask {
            Ask::Produce(share) => Answer::Produce(produce::begin_share(&core, share).finish().await),
            Ask::Fetch(share) => Answer::Fetch(fetch::read_share(&core, share).await),
            // Begun where it is received; one's own partitions are watched without asking.
            Ask::Watch(_) => Answer::Watch(()),
            Ask::ListOffsets(lookup) => Answer::ListOffsets(list_offsets::look_up(&core, lookup).await),
            Ask::EpochEnds(lookup) => {
                Answer::EpochEnds(offset_for_leader_epoch::look_up(&core, lookup).await)
            }
            Ask::DeleteRecords(records) => {
                Answer::DeleteRecords(delete_records::delete(&core, records).await)
            }
            Ask::Progress(_) => Answer::Progress(Progress::of(&core)),
            Ask::Stages(_) => Answer::Stages((core.id, core.stages.read())),
            Ask::Measure(_) => Answer::Measure(describe_log_dirs::measure(&core).await),
            Ask::Group(question) => Answer::Group(runtime::answer(&core, question).await),
            Ask::ListGroups(_) => Answer::ListGroups(runtime::list(&core)),
            Ask::ProducerIds(_) => Answer::ProducerIds(topics::take_producer_ids(&core).await),
            Ask::CreateTopics(question) => Answer::CreateTopics(topics::create(&core, question).await),
            Ask::DeleteTopics(question) => Answer::DeleteTopics(topics::delete(&core, question).await),
            Ask::AlterTopic(question) => Answer::AlterTopic(topics::alter(&core, question).await),
            Ask::UpdateTopic(question) => Answer::UpdateTopic(topics::update(&core, question.0).await),
            Ask::OpenTopics(question) => Answer::OpenTopics(topics::open(&core, &question.0).await),
            Ask::TakeBackUpdate(question) => {
                topics::roll_back_update(&core, question.0).await;
                Answer::TakeBackUpdate(())
            }
            Ask::ShowTopics(question) => {
                core.topics.show(&question.0);
                Answer::ShowTopics(())
            }
            Ask::RemoveTopics(question) => {
                topics::remove(&core, &question.0).await;
                Answer::RemoveTopics(())
            }
            Ask::Quiesce(_) => {
                shutdown::quiesce(&core).await;
                Answer::Quiesce(())
            }
            Ask::Checkpoint(question) => {
                Answer::Checkpoint(shutdown::checkpoint(&core, question.close).await)
            }
            Ask::WriteCheckpoint(_) => Answer::WriteCheckpoint(shutdown::write_checkpoint(&core).await),
        }
    })
}
