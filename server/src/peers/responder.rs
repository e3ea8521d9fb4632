//! The way back to a core that has asked something.

use std::rc::Rc;

use creel_io::{CoreId, Instant};

use super::questions::AnyAnswer;
use super::{Message, Peers, Ticket};

/// Who waits for an answer, and since when it is worked on.
pub(crate) struct Responder {
    peers: Rc<Peers>,
    to: CoreId,
    ticket: Ticket,
    since: Instant,
}

impl Responder {
    /// The work begins now.
    pub(crate) fn new(peers: &Rc<Peers>, to: CoreId, ticket: Ticket) -> Self {
        Self { peers: peers.clone(), to, ticket, since: peers.clock.clock() }
    }

    pub(crate) async fn send(self, answer: AnyAnswer) {
        let spent = self.peers.clock.clock() - self.since;
        self.peers.mailbox.send(self.to, Message::Answer(self.ticket, answer, spent)).await;
    }
}
