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
    /// The work begins with the packet that the question came in, at `since`.
    pub(crate) fn new(peers: &Rc<Peers>, to: CoreId, ticket: Ticket, since: Instant) -> Self {
        Self { peers: peers.clone(), to, ticket, since }
    }

    /// Sends the answer. It leaves at the end of this turn.
    pub(crate) fn send(&self, answer: AnyAnswer) {
        let spent = self.peers.stages.clock() - self.since;
        self.peers.outgoing.put(self.to, Message::Answer(self.ticket, answer, spent));
    }
}
