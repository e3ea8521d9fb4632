//! Work for other cores: questions go out by mailbox, answers come back by ticket.
//!
//! The task that receives never waits for anything, so two cores can't wait for each other: whatever takes time is a
//! task of its own, and only those that ask may wait for room in a mailbox. Messages between two cores keep their
//! order, and a share of a Produce is begun where it is received: so batches of one connection are appended in the
//! order they came in.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::rc::Rc;

use creel_io::local::{Receiver, Sender, oneshot};
use creel_io::{CoreId, spawn};

use crate::api::{delete_records, describe_log_dirs, fetch, list_offsets, offset_for_leader_epoch, produce};
use crate::connection;
use crate::coordinators;
use crate::core::Core;
use crate::messages::{Answer, Ask, Message, Question, Ticket};
use crate::race::Boxed;
use crate::{parked, shutdown, topics};

/// Questions whose answers are awaited here.
#[derive(Default)]
pub(crate) struct Tickets {
    next: Cell<u64>,
    waiting: RefCell<BTreeMap<Ticket, Sender<Answer>>>,
}

impl Tickets {
    fn issue(&self) -> (Ticket, Receiver<Answer>) {
        let ticket = Ticket(self.next.replace(self.next.get() + 1));
        let (sender, receiver) = oneshot();
        self.waiting.borrow_mut().insert(ticket, sender);
        (ticket, receiver)
    }

    fn redeem(&self, ticket: Ticket, answer: Answer) {
        let sender = self.waiting.borrow_mut().remove(&ticket);
        // Nobody waits when the connection has gone in the meantime.
        if let Some(sender) = sender {
            let _ = sender.send(answer);
        }
    }
}

/// An answer on its way. Dropping it tells the other core that nobody waits.
pub(crate) struct Awaited<Q> {
    core: Rc<Core>,
    to: CoreId,
    ticket: Ticket,
    receiver: Option<Receiver<Answer>>,
    question: std::marker::PhantomData<Q>,
}

impl<Q: Question> Awaited<Q> {
    /// Waits for it. `None` when the other core has ended.
    pub(crate) async fn answer(mut self) -> Option<Q::Answer> {
        let answer = self.receiver.as_mut()?.await.ok();
        self.receiver = None;
        answer.and_then(Q::take)
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
    let (ticket, receiver) = core.tickets.issue();
    core.mailbox.send(to, Message::Ask(ticket, question.into_ask())).await;
    Awaited { core: core.clone(), to, ticket, receiver: Some(receiver), question: std::marker::PhantomData }
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
            Message::Connection(stream) => connection::start(&core, stream.attach()),
            Message::Ask(ticket, ask) => start(&core, &asked, from, ticket, ask),
            Message::Answer(ticket, answer) => core.tickets.redeem(ticket, answer),
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

fn start(core: &Rc<Core>, asked: &Rc<Asked>, from: CoreId, ticket: Ticket, ask: Ask) {
    match ask {
        Ask::Produce(share) => {
            let begun = produce::begin_share(core, share);
            let core = core.clone();
            spawn(async move { reply(&core, from, ticket, Answer::Produce(begun.finish().await)).await });
        }
        Ask::Watch(share) => {
            let canceled = asked.add(from, ticket);
            let (core, asked) = (core.clone(), asked.clone());
            spawn(async move {
                let outcome = crate::race::race(parked::watch(&core, share), canceled).await;
                asked.cancel(from, ticket);
                if matches!(outcome, crate::race::First::Left(())) {
                    reply(&core, from, ticket, Answer::Watch(())).await;
                }
            });
        }
        ask => {
            let core = core.clone();
            spawn(async move {
                let answer = work(core.clone(), ask).await;
                reply(&core, from, ticket, answer).await;
            });
        }
    }
}

async fn reply(core: &Rc<Core>, to: CoreId, ticket: Ticket, answer: Answer) {
    core.mailbox.send(to, Message::Answer(ticket, answer)).await;
}

/// Does what is asked, on the core that is asked. Boxed, as what is asked may lead to further questions.
fn work(core: Rc<Core>, ask: Ask) -> Boxed<'static, Answer> {
    Box::pin(async move {
        match ask {
            Ask::Produce(share) => Answer::Produce(produce::begin_share(&core, share).finish().await),
            Ask::Fetch(share) => Answer::Fetch(fetch::read_share(&core, share).await),
            Ask::Watch(share) => {
                parked::watch(&core, share).await;
                Answer::Watch(())
            }
            Ask::ListOffsets(lookup) => Answer::ListOffsets(list_offsets::look_up(&core, lookup).await),
            Ask::EpochEnds(lookup) => Answer::EpochEnds(offset_for_leader_epoch::look_up(&core, lookup)),
            Ask::DeleteRecords(records) => {
                Answer::DeleteRecords(delete_records::delete(&core, records).await)
            }
            Ask::Measure(_) => Answer::Measure(describe_log_dirs::measure(&core)),
            Ask::Group(question) => Answer::Group(coordinators::answer(&core, question).await),
            Ask::ListGroups(_) => Answer::ListGroups(coordinators::list(&core)),
            Ask::ProducerIds(_) => Answer::ProducerIds(topics::take_producer_ids(&core).await),
            Ask::CreateTopics(question) => Answer::CreateTopics(topics::create(&core, question).await),
            Ask::DeleteTopics(question) => Answer::DeleteTopics(topics::delete(&core, question).await),
            Ask::AlterTopic(question) => Answer::AlterTopic(topics::alter(&core, question).await),
            Ask::UpdateTopic(question) => Answer::UpdateTopic(topics::update(&core, question.0).await),
            Ask::OpenTopics(question) => Answer::OpenTopics(topics::open(&core, &question.0).await),
            Ask::ShowTopics(question) => {
                core.topics.show(&question.0);
                Answer::ShowTopics(())
            }
            Ask::RemoveTopic(question) => {
                topics::remove(&core, question.0).await;
                Answer::RemoveTopic(())
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
