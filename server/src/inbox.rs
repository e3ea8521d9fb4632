//! Messages from other cores, each handed to the code that it is for.
//!
//! The task that receives waits for nothing but a turn of its core with room, so two cores can't wait for each other.
//! Whatever takes time is a task of its own. Only tasks that ask may wait for room in a mailbox. Messages between two
//! cores keep their order, and a share of a Produce begins where it is received. So batches of one connection are
//! appended in the order in which they came.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;

use creel_io::local::{Receiver, Sender, oneshot};
use creel_io::{CoreId, rest, spawn};

use crate::api::fetch::watch_for;
use crate::core::{Core, Question};
use crate::net::connection;
use crate::peers::questions::{AnyQuestion, Payload, WatchShare, for_each_question};
use crate::peers::{Message, Responder, Ticket};
use crate::tasks::race::race;

/// Receives messages for as long as the core lives.
pub(crate) async fn receive(core: Rc<Core>) {
    let inbound = Rc::new(Inbound::default());
    loop {
        let (from, message) = core.peers.recv().await;
        match message {
            Message::Connection(stream, listener) => {
                connection::start(&core.net, &core, stream.attach(), listener)
            }
            Message::Question(ticket, question) => {
                if begin(&core, Responder::new(&core.peers, from, ticket), question) {
                    rest().await;
                }
            }
            Message::Answer(ticket, answer, spent) => core.peers.answered(ticket, answer, spent),
            Message::Watch(ticket, share) => watch(&core, &inbound, from, ticket, share),
            Message::Moved(ticket, moved) => core.peers.moved(ticket, &moved),
            Message::Cancel(ticket) => inbound.cancel(from, ticket),
            Message::Exit => core.exit.notify_all(),
        }
    }
}

macro_rules! answers {
    ($($(#[$doc:meta])* $name:ident: $question:ty => $answer:ty;)*) => {
        /// Begins to answer a question. Returns whether it did so much that other tasks should run now.
        fn begin(core: &Rc<Core>, responder: Responder, question: AnyQuestion) -> bool {
            match question {
                $(AnyQuestion::$name(question) => answer(core, responder, question),)*
            }
        }
    };
}
for_each_question!(answers);

fn answer<Q: Question>(core: &Rc<Core>, responder: Responder, question: Q) -> bool {
    let is_long = question.is_long();
    let answer = question.answer_here(core.clone());
    spawn(async move { responder.send(<Q as Payload>::into_answer(answer.await)).await });
    is_long
}

/// Watches for other cores, which go on until they are cancelled.
#[derive(Default)]
struct Inbound(RefCell<BTreeMap<(CoreId, Ticket), Sender<()>>>);

impl Inbound {
    fn add(&self, from: CoreId, ticket: Ticket) -> Receiver<()> {
        let (sender, cancelled) = oneshot();
        self.0.borrow_mut().insert((from, ticket), sender);
        cancelled
    }

    /// Forgets a watch. Its sender is dropped, which ends the wait, even one that has not begun yet.
    fn cancel(&self, from: CoreId, ticket: Ticket) {
        drop(self.0.borrow_mut().remove(&(from, ticket)));
    }
}

fn watch(core: &Rc<Core>, inbound: &Rc<Inbound>, from: CoreId, ticket: Ticket, share: WatchShare) {
    let cancelled = inbound.add(from, ticket);
    let (core, inbound) = (core.clone(), inbound.clone());
    spawn(async move {
        race(watch_for(&core, share, from, ticket), cancelled).await;
        inbound.cancel(from, ticket);
    });
}
