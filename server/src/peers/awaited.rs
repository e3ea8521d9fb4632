//! An answer on its way.

use std::future::poll_fn;
use std::marker::PhantomData;
use std::rc::Rc;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use creel_io::{CoreId, Instant};

use super::questions::{AnyAnswer, Payload};
use super::tickets::{Ticket, Tickets};
use super::{Message, Peers};

/// An answer that has come back.
pub(super) struct Response {
    pub(super) answer: AnyAnswer,
    /// When it came.
    pub(super) at: Instant,
    /// How long the other core took for it.
    pub(super) spent: Duration,
}

/// A question that was asked.
pub(super) enum Asked {
    /// Nobody has looked for the answer, or somebody waits for it.
    Open(Option<Waker>),
    Answered(Response),
}

impl Tickets<Asked> {
    /// An answer has come. Nobody waits for it if the connection has gone in the meantime.
    pub(super) fn answered(&self, ticket: Ticket, response: Response) {
        let before = self.with(ticket, |asked| std::mem::replace(asked, Asked::Answered(response)));
        if let Some(Asked::Open(Some(waker))) = before {
            waker.wake();
        }
    }

    fn poll(&self, ticket: Ticket, cx: &Context<'_>) -> Poll<Option<Response>> {
        let is_open = self.with(ticket, |asked| match asked {
            Asked::Open(waker) => {
                *waker = Some(cx.waker().clone());
                true
            }
            Asked::Answered(_) => false,
        });
        if is_open == Some(true) {
            return Poll::Pending;
        }
        match self.take_back(ticket) {
            Some(Asked::Answered(response)) => Poll::Ready(Some(response)),
            Some(Asked::Open(_)) | None => Poll::Ready(None),
        }
    }
}

/// An answer on its way. If this is dropped, the answer is thrown away.
pub(crate) struct Awaited<Q> {
    peers: Rc<Peers>,
    ticket: Ticket,
    since: Instant,
    question: PhantomData<Q>,
}

/// Sends a question to another core. It returns once the question has its place among those that leave, so that their
/// order is settled.
pub(crate) async fn ask<Q: Payload>(peers: &Rc<Peers>, to: CoreId, question: Q) -> Awaited<Q> {
    let awaited = Awaited::new(peers);
    let message = Message::Question(awaited.ticket, question.into_question());
    peers.outgoing.put_with_room(to, message).await;
    awaited
}

/// The same where there is room for the question.
pub(super) fn ask_at_once<Q: Payload>(peers: &Rc<Peers>, to: CoreId, question: Q) -> Awaited<Q> {
    let awaited = Awaited::new(peers);
    peers.outgoing.put_asking(to, Message::Question(awaited.ticket, question.into_question()));
    awaited
}

impl<Q: Payload> Awaited<Q> {
    fn new(peers: &Rc<Peers>) -> Self {
        let since = peers.stages.clock();
        let ticket = peers.asked.issue(Asked::Open(None));
        Self { peers: peers.clone(), ticket, since, question: PhantomData }
    }

    /// Waits for it. `None`: what came back is no answer to this question.
    pub(crate) async fn answer(self) -> Option<Q::Answer> {
        Q::take(self.response().await?.answer)
    }

    /// Waits for it, as a part of a request whose time is measured. Returns it with the time it was on its way there
    /// and back.
    pub(crate) async fn timed(self) -> Option<(Q::Answer, Duration)> {
        let response = self.response().await?;
        let hop = self.peers.stages.hopped(response.at - self.since, response.spent);
        Some((Q::take(response.answer)?, hop))
    }

    fn response(&self) -> impl Future<Output = Option<Response>> {
        poll_fn(|cx| self.peers.asked.poll(self.ticket, cx))
    }
}

impl<Q> Drop for Awaited<Q> {
    fn drop(&mut self) {
        drop(self.peers.asked.take_back(self.ticket));
    }
}
