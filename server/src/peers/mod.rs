//! The other cores: questions go out by mailbox, answers come back by ticket.
//!
//! This room owns this core's end of the mailboxes, the questions whose answers it awaits, and the partitions that
//! other cores watch for it. It must not know how a question is answered: that stands beside each handler
//! (`core::Question`), and `inbox` finds it. What is asked and answered is plain data (`questions`).
//!
//! Messages between two cores keep their order, and their number is bounded: a sender waits for room.

mod awaited;
mod message;
pub(crate) mod questions;
mod remote_watch;
mod responder;
mod scatter;
mod tickets;
mod watches;

use std::rc::Rc;
use std::time::Duration;

use creel_io::CoreId;
use creel_io::mailbox::Mailbox;
use creel_io::net::DetachedStream;

pub(crate) use awaited::{Awaited, ask};
pub(crate) use message::Message;
pub(crate) use remote_watch::RemoteWatch;
pub(crate) use responder::Responder;
pub(crate) use scatter::{ResponseSlot, Scatter};
pub(crate) use tickets::Ticket;

use crate::config::ListenerIndex;
use crate::stages::Stages;
use questions::AnyAnswer;
use tickets::{Response, Tickets};
use watches::Watches;

/// One core's way to the others.
pub(crate) struct Peers {
    id: CoreId,
    mailbox: Mailbox<Message>,
    tickets: Tickets,
    watches: Watches,
    /// The clock for measured times.
    clock: Rc<Stages>,
}

impl Peers {
    pub(crate) fn new(id: CoreId, mailbox: Mailbox<Message>, clock: Rc<Stages>) -> Rc<Self> {
        let (tickets, watches) = (Tickets::default(), Watches::default());
        Rc::new(Self { id, mailbox, tickets, watches, clock })
    }

    /// All cores but this one, in order.
    pub(crate) fn others(&self) -> impl Iterator<Item = CoreId> + use<> {
        let id = self.id;
        (0..self.mailbox.cores() as u16).map(CoreId).filter(move |other| *other != id)
    }

    /// Has another core serve a connection that came by this listener.
    pub(crate) async fn hand_over(&self, to: CoreId, stream: DetachedStream, listener: ListenerIndex) {
        self.mailbox.send(to, Message::Connection(stream, listener)).await;
    }

    /// Has all other cores end.
    pub(crate) async fn end_others(&self) {
        for to in self.others() {
            self.mailbox.send(to, Message::Exit).await;
        }
    }

    /// Tells another core which of the partitions that it has watched here have moved.
    pub(crate) async fn tell_moved(&self, to: CoreId, ticket: Ticket, moved: Vec<u32>) {
        self.mailbox.send(to, Message::Moved(ticket, moved)).await;
    }

    /// The next message, and who sent it.
    pub(crate) async fn recv(&self) -> (CoreId, Message) {
        self.mailbox.recv().await
    }

    /// An answer has come back; the core that was asked took `spent` for it.
    pub(crate) fn answered(&self, ticket: Ticket, answer: AnyAnswer, spent: Duration) {
        self.tickets.redeem(ticket, Response { answer, at: self.clock.clock(), spent });
    }

    /// Partitions that another core watches for this one have moved.
    pub(crate) fn moved(&self, ticket: Ticket, moved: &[u32]) {
        self.watches.moved(ticket, moved);
    }
}
