//! Replies on their way out: in the order of their requests, and small ones that are ready together in one send.

use std::io;

use bytes::{Bytes, BytesMut};
use creel_io::local::QueueReceiver;
use creel_io::net::More;

use crate::connection::Owed;
use crate::limits::{REPLIES_TOGETHER_BYTES, SMALL_REPLY_BYTES};
use crate::reply::{Pending, Reply, Sent};
use crate::transport::Transport;

/// What follows the reply in hand.
enum Next {
    /// It is not known yet.
    Unknown,
    /// It is owed, and not ready.
    Owed(Pending, usize),
    /// It is ready.
    Ready(Reply, usize),
}

/// Takes replies off the queue and sends them.
pub(crate) struct Outbox<'a> {
    transport: &'a Transport,
    owing: QueueReceiver<Owed>,
    /// Told how many bytes of requests have been answered.
    landed: &'a dyn Fn(usize),
    /// Small replies, and the bytes of their requests.
    gathered: BytesMut,
    gathered_requests: usize,
}

impl<'a> Outbox<'a> {
    pub(crate) fn new(
        transport: &'a Transport,
        owing: QueueReceiver<Owed>,
        landed: &'a dyn Fn(usize),
    ) -> Self {
        Self { transport, owing, landed, gathered: BytesMut::new(), gathered_requests: 0 }
    }

    /// Sends until the queue has ended, or a reply says that the connection ends.
    pub(crate) async fn empty(mut self) -> io::Result<()> {
        let mut next = Next::Unknown;
        loop {
            let (reply, bytes) = match next {
                Next::Ready(reply, bytes) => (reply, bytes),
                Next::Owed(pending, bytes) => (pending.reply().await, bytes),
                Next::Unknown => match self.owing.recv().await {
                    Some((pending, bytes)) => (pending.reply().await, bytes),
                    None => return Ok(()),
                },
            };
            next = self.look_ahead().await;
            let more = matches!(&next, Next::Ready(Reply::Frame(frame), _) if is_small(frame));
            if self.post(reply, bytes, more).await? == Sent::Closed {
                return Ok(());
            }
        }
    }

    async fn look_ahead(&mut self) -> Next {
        match self.owing.try_recv() {
            None => Next::Unknown,
            Some((pending, bytes)) => match pending.reply_now().await {
                Ok(reply) => Next::Ready(reply, bytes),
                Err(pending) => Next::Owed(pending, bytes),
            },
        }
    }

    /// Sends a reply, or keeps it for the next one if `more` small ones are ready.
    async fn post(&mut self, reply: Reply, bytes: usize, more: bool) -> io::Result<Sent> {
        match reply {
            Reply::Frame(frame) if is_small(&frame) && (more || !self.gathered.is_empty()) => {
                self.gathered.extend_from_slice(&frame);
                self.gathered_requests += bytes;
                if !more || self.gathered.len() >= REPLIES_TOGETHER_BYTES {
                    self.send_gathered().await?;
                }
                Ok(Sent::Open)
            }
            reply => {
                self.send_gathered().await?;
                let sent = reply.send(self.transport).await?;
                (self.landed)(bytes);
                Ok(sent)
            }
        }
    }

    async fn send_gathered(&mut self) -> io::Result<()> {
        if !self.gathered.is_empty() {
            self.transport.send(self.gathered.split().freeze(), More::No).await?;
            (self.landed)(std::mem::take(&mut self.gathered_requests));
        }
        Ok(())
    }
}

fn is_small(frame: &Bytes) -> bool {
    frame.len() <= SMALL_REPLY_BYTES
}
