//! Replies on their way out: in the order of their requests, and small ones that are ready together in one send.

use std::io;

use bytes::{Bytes, BytesMut};
use creel_io::local::QueueReceiver;
use creel_io::net::More;
use creel_io::{Instant, rest};

use super::reply::{Answered, Owed, PendingReply, Reply, Sent};
use super::transport::Transport;
use crate::limits::{REPLIES_BUFFER_KEPT_BYTES, REPLIES_TOGETHER_BYTES, SMALL_REPLY_BYTES};
use crate::stages::{AtHandSince, QueuedSince, Stages};

/// A reply at hand.
struct AtHand {
    reply: Reply,
    /// What its request counts as, in bytes.
    counted: usize,
    /// Since when, if that is timed.
    since: Option<AtHandSince>,
}

/// What follows the reply in hand.
enum NextReply {
    /// It is not known yet.
    Unknown,
    /// It is owed, and not ready.
    Owed(Owed),
    /// It is ready.
    Ready(AtHand),
}

/// Takes replies off the queue and sends them.
pub(crate) struct Outbox<'a> {
    transport: &'a Transport,
    stages: &'a Stages,
    owing: QueueReceiver<Owed>,
    /// Told what the answered requests count as. Returns when that was.
    answered: &'a dyn Fn(usize) -> Instant,
    /// Small replies, what their requests count as, and since when they are at hand.
    gathered: BytesMut,
    gathered_requests: usize,
    gathered_since: Vec<AtHandSince>,
}

impl<'a> Outbox<'a> {
    pub(crate) fn new(
        transport: &'a Transport,
        stages: &'a Stages,
        owing: QueueReceiver<Owed>,
        answered: &'a dyn Fn(usize) -> Instant,
    ) -> Self {
        let (gathered, gathered_since) = (BytesMut::new(), Vec::new());
        Self { transport, stages, owing, answered, gathered, gathered_requests: 0, gathered_since }
    }

    /// Sends until the queue has ended, or a reply says that the connection ends.
    pub(crate) async fn empty(mut self) -> io::Result<()> {
        let mut next = NextReply::Unknown;
        loop {
            let at_hand = match next {
                NextReply::Ready(at_hand) => at_hand,
                NextReply::Owed(owed) => self.wait(owed).await,
                NextReply::Unknown => match self.owing.recv().await {
                    Some(owed) => self.wait(owed).await,
                    None => return Ok(()),
                },
            };
            next = self.look_ahead().await;
            let more = matches!(&next, NextReply::Ready(next) if next.is_small());
            if self.post(at_hand, more).await? == Sent::Closed {
                return Ok(());
            }
            // Many requests that each take their millisecond must not take theirs in a row.
            rest().await;
        }
    }

    async fn wait(&self, owed: Owed) -> AtHand {
        let Owed { pending, counted, share, queued } = owed;
        let answered = match pending {
            PendingReply::Ready(reply) => reply.into(),
            PendingReply::Later(later) => later.await,
        };
        drop(share);
        self.at_hand(answered, counted, queued)
    }

    async fn look_ahead(&mut self) -> NextReply {
        let Some(Owed { pending, counted, share, queued }) = self.owing.try_recv() else {
            return NextReply::Unknown;
        };
        match pending.reply_now().await {
            Ok(answered) => NextReply::Ready(self.at_hand(answered, counted, queued)),
            Err(pending) => NextReply::Owed(Owed { pending, counted, share, queued }),
        }
    }

    fn at_hand(&self, answer: Answered, counted: usize, queued: Option<QueuedSince>) -> AtHand {
        let since = self.stages.answered(queued, answer.elsewhere);
        AtHand { reply: answer.reply, counted, since }
    }

    /// Sends a reply, or keeps it for the next one if `more` small ones are ready.
    async fn post(&mut self, at_hand: AtHand, more: bool) -> io::Result<Sent> {
        match at_hand {
            AtHand { reply: Reply::Frame(frame), counted, since }
                if is_small(&frame) && (more || !self.gathered.is_empty()) =>
            {
                self.gathered.extend_from_slice(&frame);
                self.gathered_requests += counted;
                self.gathered_since.extend(since);
                if !more || self.gathered.len() >= REPLIES_TOGETHER_BYTES {
                    self.send_gathered().await?;
                }
                Ok(Sent::Open)
            }
            AtHand { reply, counted, since } => {
                if !self.gathered.is_empty() {
                    self.send_gathered().await?;
                }
                let since = since.filter(|_| !matches!(reply, Reply::Silence));
                let sent = reply.send(self.transport).await?;
                let at = (self.answered)(counted);
                since.into_iter().for_each(|since| self.stages.sent(since, at));
                Ok(sent)
            }
        }
    }

    async fn send_gathered(&mut self) -> io::Result<()> {
        let gathered = self.gathered.split().freeze();
        if self.gathered.capacity() + gathered.len() > REPLIES_BUFFER_KEPT_BYTES {
            self.gathered = BytesMut::new();
        }
        self.transport.send(gathered, More::No).await?;
        let at = (self.answered)(std::mem::take(&mut self.gathered_requests));
        self.gathered_since.drain(..).for_each(|since| self.stages.sent(since, at));
        Ok(())
    }
}

impl AtHand {
    fn is_small(&self) -> bool {
        matches!(&self.reply, Reply::Frame(frame) if is_small(frame))
    }
}

fn is_small(frame: &Bytes) -> bool {
    frame.len() <= SMALL_REPLY_BYTES
}
