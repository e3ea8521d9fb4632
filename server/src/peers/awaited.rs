//! An answer on its way.

use std::marker::PhantomData;
use std::rc::Rc;
use std::time::Duration;

use creel_io::local::Receiver;
use creel_io::{CoreId, Instant};

use super::questions::Payload;
use super::tickets::{Response, Ticket};
use super::{Message, Peers};

/// An answer on its way. If this is dropped, the answer is thrown away.
pub(crate) struct Awaited<Q> {
    peers: Rc<Peers>,
    ticket: Ticket,
    since: Instant,
    receiver: Option<Receiver<Response>>,
    question: PhantomData<Q>,
}

/// Sends a question to another core; returns once it is in the mailbox, so that the order of questions is settled.
pub(crate) async fn ask<Q: Payload>(peers: &Rc<Peers>, to: CoreId, question: Q) -> Awaited<Q> {
    let since = peers.clock.clock();
    let (ticket, receiver) = peers.tickets.issue();
    let receiver = Some(receiver);
    let awaited = Awaited { peers: peers.clone(), ticket, since, receiver, question: PhantomData };
    peers.mailbox.send(to, Message::Question(ticket, question.into_question())).await;
    awaited
}

impl<Q: Payload> Awaited<Q> {
    /// Waits for it. `None` when the other core has ended.
    pub(crate) async fn answer(self) -> Option<Q::Answer> {
        Q::take(self.response().await?.answer)
    }

    /// Waits for it, as a part of a request whose time is measured. Returns it with the time it was on its way there
    /// and back.
    pub(crate) async fn timed(self) -> Option<(Q::Answer, Duration)> {
        let (peers, since) = (self.peers.clone(), self.since);
        let response = self.response().await?;
        let hop = peers.clock.hopped(response.at - since, response.spent);
        Some((Q::take(response.answer)?, hop))
    }

    async fn response(mut self) -> Option<Response> {
        let response = self.receiver.as_mut()?.await.ok();
        self.receiver = None;
        response
    }
}

impl<Q> Drop for Awaited<Q> {
    fn drop(&mut self) {
        if self.receiver.take().is_some() {
            self.peers.tickets.forget(self.ticket);
        }
    }
}
