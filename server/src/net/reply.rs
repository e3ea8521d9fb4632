//! What a request becomes: a reply now, or the promise of one.

use std::future::{Future, poll_fn};
use std::pin::pin;
use std::task::Poll;
use std::time::Duration;

use bytes::Bytes;
use creel_io::fs::FileSlice;
use creel_io::net::More;
use creel_io::{now, sleep};
use creel_wire::EncodedFrame;

use crate::budget::AnswerRoom;
use crate::budget::descriptors::FileHold;
use crate::budget::request_memory::RequestShare;
use crate::limits::{ANSWER_PACE_BYTES, ANSWER_PATIENCE};
use crate::net::transport::Transport;
use crate::stages::QueuedSince;
use crate::tasks::LocalBoxFuture;
use crate::tasks::race::{First, race};

/// What is sent for a request.
pub(crate) enum Reply {
    /// A frame of bytes.
    Frame(Bytes),
    /// A frame's own bytes, and the pieces of files that belong between them.
    Sliced(Bytes, Slices),
    /// A frame of many bytes, and the room that it has until it is sent.
    Large(Bytes, AnswerRoom),
    /// The same with pieces of files.
    LargeSliced(Box<(Bytes, Slices, AnswerRoom)>),
    /// Nothing: acks=0.
    Silence,
    /// Nothing, and the connection ends.
    Close,
}

/// Pieces of files in their order, and what they count as until they are sent.
pub(crate) struct Slices {
    pub(crate) pieces: Vec<FilePiece>,
    pub(crate) hold: FileHold,
}

/// A piece of a file, which is sent after `at` of the frame's own bytes.
pub(crate) struct FilePiece {
    pub(crate) at: usize,
    pub(crate) slice: FileSlice,
}

/// A reply at hand.
pub(crate) struct Answered {
    pub(crate) reply: Reply,
    /// How much of its request's time other stages than `queue` have counted since it was decoded.
    pub(crate) elsewhere: Duration,
}

impl From<Reply> for Answered {
    fn from(reply: Reply) -> Self {
        Self { reply, elsewhere: Duration::ZERO }
    }
}

/// A request that has begun. The reply of a later one may be ready earlier; they leave in the order of requests.
pub(crate) enum PendingReply {
    Ready(Reply),
    Later(LocalBoxFuture<'static, Answered>),
}

impl PendingReply {
    /// The future is boxed as it is. Another one around it would hold it twice, and a connection may owe many.
    pub(crate) fn later(answer: impl Future<Output = Answered> + 'static) -> Self {
        Self::Later(Box::pin(answer))
    }

    /// The reply.
    pub(crate) async fn answered(self) -> Answered {
        match self {
            Self::Ready(reply) => reply.into(),
            Self::Later(later) => later.await,
        }
    }

    /// The reply, if it is ready by now.
    pub(crate) async fn reply_now(self) -> Result<Answered, Self> {
        let mut later = match self {
            Self::Ready(reply) => return Ok(reply.into()),
            Self::Later(later) => later,
        };
        let polled = poll_fn(|cx| Poll::Ready(later.as_mut().poll(cx))).await;
        match polled {
            Poll::Ready(answered) => Ok(answered),
            Poll::Pending => Err(Self::Later(later)),
        }
    }
}

/// A reply that is owed.
pub(crate) struct Owed {
    pub(crate) pending: PendingReply,
    /// How many bytes its request counts as.
    pub(crate) counted: usize,
    /// Its request's part of what connections hold together.
    pub(crate) share: Option<RequestShare>,
    /// Since when its request waits for it, if that is timed.
    pub(crate) queued: Option<QueuedSince>,
}

impl From<EncodedFrame> for Reply {
    fn from(frame: EncodedFrame) -> Self {
        debug_assert!(frame.cuts.is_empty(), "cuts need slices to fill them");
        Self::Frame(frame.bytes)
    }
}

/// Whether the connection goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Sent {
    Open,
    Closed,
}

impl Reply {
    /// Sends it.
    pub(crate) async fn send(self, transport: &Transport) -> std::io::Result<Sent> {
        match self {
            Self::Frame(bytes) => transport.send(bytes, More::No).await?,
            Self::Sliced(bytes, Slices { pieces, hold }) => {
                send_sliced(transport, bytes, &pieces).await?;
                drop((pieces, hold));
            }
            Self::Large(bytes, held) => {
                let length = bytes.len();
                return patiently(transport, &held, length, transport.send(bytes, More::No)).await;
            }
            Self::LargeSliced(large) => {
                let (bytes, slices, held) = *large;
                let of_files = slices.pieces.iter().map(|piece| piece.slice.length as usize).sum::<usize>();
                let length = bytes.len() + of_files;
                let sending = Box::pin(send_sliced(transport, bytes, &slices.pieces));
                return patiently(transport, &held, length, sending).await;
            }
            Self::Silence => {}
            Self::Close => return Ok(Sent::Closed),
        }
        Ok(Sent::Open)
    }
}

/// Sends an answer of so many bytes that counts. If somebody waits for the answer's room, and the client takes
/// nothing for too long, or too little, the client is disconnected.
async fn patiently(
    transport: &Transport,
    held: &AnswerRoom,
    bytes: usize,
    sending: impl Future<Output = std::io::Result<()>>,
) -> std::io::Result<Sent> {
    let mut sending = pin!(sending);
    let patience = ANSWER_PATIENCE;
    let all = patience.saturating_mul(u32::try_from(1 + bytes / ANSWER_PACE_BYTES).unwrap_or(u32::MAX));
    let begun = now();
    loop {
        match race(sending.as_mut(), sleep(patience)).await {
            First::Left(sent) => return sent.map(|()| Sent::Open),
            First::Right(()) if !held.is_awaited() => {}
            First::Right(()) => {
                let takes_nothing =
                    transport.blocked_since().is_some_and(|since| now().saturating_since(since) >= patience);
                if takes_nothing || now().saturating_since(begun) >= all {
                    transport.close();
                    // Until the send has failed the kernel has the answer, so nobody else can have its room.
                    sending.as_mut().await?;
                    return Ok(Sent::Closed);
                }
            }
        }
    }
}

async fn send_sliced(transport: &Transport, mut bytes: Bytes, pieces: &[FilePiece]) -> std::io::Result<()> {
    let mut sent = 0;
    let mut left = pieces.len();
    for FilePiece { at, slice } in pieces {
        let before = bytes.split_to(at - sent);
        sent = *at;
        left -= 1;
        if !before.is_empty() {
            transport.send(before, More::Yes).await?;
        }
        let more = if bytes.is_empty() && left == 0 { More::No } else { More::Yes };
        transport.send_slice(slice, more).await?;
    }
    if bytes.is_empty() { Ok(()) } else { transport.send(bytes, More::No).await }
}
