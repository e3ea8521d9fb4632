//! Messages from other cores, each handed to the code that it is for.
//!
//! The task that receives waits for nothing but a turn of its core with room, so two cores can't wait for each other.
//! Whatever takes time is a task of its own: one for each question that is not answered at once, and one for all
//! batches of a packet that wait for their acks. Only tasks that ask may wait for room in a mailbox. Messages between
//! two cores keep their order, and a share of a Produce begins where it is received. So batches of one connection are
//! appended in the order in which they came.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;
use std::task::{Context, Poll, Waker};

use creel_io::local::{Receiver, Sender, oneshot};
use creel_io::{CoreId, Instant, has_room, rest, spawn};

use crate::api::fetch::watch_for;
use crate::api::produce::BegunShares;
use crate::core::{Core, Question};
use crate::net::connection;
use crate::peers::questions::{AnyQuestion, Payload, WatchShare, for_each_question};
use crate::peers::{Message, Responder, Ticket};
use crate::tasks::race::race;

/// Receives messages for as long as the core lives.
pub(crate) async fn receive(core: Rc<Core>) {
    let mut inbox = Inbox { core, watched: Rc::default(), shares: BegunShares::default() };
    loop {
        let (from, mut packet, at) = inbox.core.peers.recv().await;
        for message in packet.drain(..) {
            if inbox.take(from, message, at) {
                inbox.shares.answer_later();
                rest().await;
            }
        }
        inbox.shares.answer_later();
        inbox.core.peers.recycle(packet);
        rest().await;
    }
}

struct Inbox {
    core: Rc<Core>,
    watched: Rc<Inbound>,
    /// Of the packet whose messages are taken.
    shares: BegunShares,
}

impl Inbox {
    /// Takes a message. Returns whether that did so much that other tasks should run now.
    fn take(&mut self, from: CoreId, message: Message, at: Instant) -> bool {
        let core = &self.core;
        match message {
            Message::Question(ticket, question) => {
                let responder = Responder::new(&core.peers, from, ticket, at);
                return match question {
                    AnyQuestion::Produce(share) => self.shares.begin(core, responder, share),
                    other => begin(core, responder, other),
                };
            }
            Message::Answer(ticket, answer, spent) => core.peers.answered(ticket, answer, spent, at),
            Message::Connection(stream, listener) => {
                connection::start(&core.net, core, stream.attach(), listener)
            }
            Message::Watch(ticket, share) => watch(core, &self.watched, from, ticket, share),
            Message::Moved(ticket, moved) => core.peers.moved(ticket, &moved),
            Message::Cancel(ticket) => self.watched.cancel(from, ticket),
            Message::Exit => core.exit.notify_all(),
        }
        false
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
    let mut answer = Box::pin(question.answer_here(core.clone()));
    if has_room(1) {
        // What has to wait gets a task, which polls it again.
        let polled = answer.as_mut().poll(&mut Context::from_waker(Waker::noop()));
        if let Poll::Ready(answer) = polled {
            responder.send(<Q as Payload>::into_answer(answer));
            return is_long;
        }
    }
    spawn(async move { responder.send(<Q as Payload>::into_answer(answer.await)) });
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
