//! The other cores: questions go out by mailbox, answers come back by ticket.
//!
//! This room owns this core's end of the mailboxes, the questions whose answers it awaits, and the partitions that
//! other cores watch for it. It must not know how a question is answered: that stands beside each handler
//! (`core::Question`), and `inbox` finds it. What is asked and answered is plain data (`questions`).
//!
//! Messages between two cores keep their order. What a turn has for one core leaves at its end, together
//! (`outgoing`). The number of messages on their way is bounded: a sender waits for room.

mod awaited;
mod message;
mod outgoing;
pub(crate) mod questions;
mod remote_watch;
mod responder;
mod scatter;
mod tickets;
mod watches;

use std::rc::Rc;
use std::time::Duration;

use creel_io::mailbox::Mailbox;
use creel_io::net::DetachedStream;
use creel_io::{CoreId, Instant, spawn, wakes_sent};

pub(crate) use awaited::{Awaited, ask};
pub(crate) use message::Message;
pub(crate) use outgoing::Packet;
pub(crate) use remote_watch::RemoteWatch;
pub(crate) use responder::Responder;
pub(crate) use scatter::{ResponseSlot, Scatter};
pub(crate) use tickets::Ticket;

use crate::config::ListenerIndex;
use crate::stages::{Posted, Stages};
use awaited::{Asked, Response};
use outgoing::Outgoing;
use questions::AnyAnswer;
use tickets::Tickets;
use watches::Watches;

/// One core's way to the others.
pub(crate) struct Peers {
    id: CoreId,
    outgoing: Rc<Outgoing>,
    asked: Tickets<Asked>,
    watches: Watches,
    /// The clock for measured times.
    stages: Rc<Stages>,
}

impl Peers {
    /// What is sent leaves at the end of each turn, for as long as the core lives.
    pub(crate) fn new(id: CoreId, mailbox: Mailbox<Packet>, stages: Rc<Stages>) -> Rc<Self> {
        let outgoing = Rc::new(Outgoing::new(mailbox));
        let sending = outgoing.clone();
        spawn(async move { sending.send_packets().await });
        let (asked, watches) = Default::default();
        Rc::new(Self { id, outgoing, asked, watches, stages })
    }

    /// All cores but this one, in order.
    pub(crate) fn others(&self) -> impl Iterator<Item = CoreId> + use<> {
        let id = self.id;
        (0..self.outgoing.cores() as u16).map(CoreId).filter(move |other| *other != id)
    }

    /// Has another core serve a connection that came by this listener.
    pub(crate) async fn hand_over(&self, to: CoreId, stream: DetachedStream, listener: ListenerIndex) {
        self.outgoing.put_with_room(to, Message::Connection(stream, listener)).await;
    }

    /// Has all other cores end. Returns once they have been told.
    pub(crate) async fn end_others(&self) {
        for to in self.others() {
            self.outgoing.put(to, Message::Exit);
        }
        self.outgoing.all_left().await;
    }

    /// Tells another core which of the partitions that it has watched here have moved.
    pub(crate) async fn tell_moved(&self, to: CoreId, ticket: Ticket, moved: Vec<u32>) {
        self.outgoing.put_with_room(to, Message::Moved(ticket, moved)).await;
    }

    /// The next messages, who sent them, and when they were taken. Give the list back with [`Peers::recycle`].
    pub(crate) async fn recv(&self) -> (CoreId, Packet, Instant) {
        let (from, packet) = self.outgoing.recv().await;
        (from, packet, self.stages.clock())
    }

    /// Takes back a packet whose messages have been taken.
    pub(crate) fn recycle(&self, packet: Packet) {
        self.outgoing.recycle(packet);
    }

    /// An answer has come back at `at`; the core that was asked took `spent` for it.
    pub(crate) fn answered(&self, ticket: Ticket, answer: AnyAnswer, spent: Duration, at: Instant) {
        self.asked.answered(ticket, Response { answer, at, spent });
    }

    /// Partitions that another core watches for this one have moved.
    pub(crate) fn moved(&self, ticket: Ticket, moved: &[u32]) {
        self.watches.moved(ticket, moved);
    }

    /// What this core has sent to the others.
    pub(crate) fn posted(&self) -> Posted {
        let outgoing::Sent { messages, packets } = self.outgoing.sent();
        Posted { messages, packets, wakes: wakes_sent() }
    }
}
