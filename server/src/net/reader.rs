//! The reading half of a connection: bytes become frames, and frames requests that have begun.

use std::future::Future;
use std::io;
use std::mem::take;
use std::pin::{Pin, pin};
use std::rc::Rc;

use bytes::{Bytes, BytesMut};
use creel_io::local::{Full, QueueSender};
use creel_io::{Instant, now};

use super::Net;
use super::connections::Connection;
use super::frames::{Framed, Large, is_produce, next_frame};
use super::idleness::ReaderState;
use super::in_flight::Admitted;
use super::reply::Owed;
use super::service::{Beginning, Begun, Refused, Service};
use crate::budget::request_memory::RequestPool;
use crate::limits::{OWN_ROOM_FROM_BYTES, OWN_ROOM_SPARE_BYTES};
use crate::stages::FrameClock;
use crate::tasks::LocalBoxFuture;
use crate::tasks::race::{First, race};

/// Why nothing more is read.
pub(super) enum Ended {
    /// The network has failed, or nobody sends replies any more.
    Broken,
    /// The client will send no more. It may wait for what it is owed.
    Finished,
    /// The broker stops.
    Stopping,
    /// What the client sent is no request that can be answered.
    Refused(Refused),
}

/// Reads until something ends it.
pub(super) async fn read<S: Service>(
    net: &Net,
    service: &Rc<S>,
    connection: &Connection,
    owed: QueueSender<Owed>,
) -> Ended {
    let stopping = pin!(net.stopping.begun());
    let (buffer, clock) = (BytesMut::new(), FrameClock::default());
    let mut reader = FrameReader { net, service, connection, owed, stopping, buffer, clock, large: None };
    loop {
        if let Err(ended) = reader.step().await {
            return ended;
        }
    }
}

struct FrameReader<'a, S, F> {
    net: &'a Net,
    service: &'a Rc<S>,
    connection: &'a Connection,
    owed: QueueSender<Owed>,
    stopping: Pin<&'a mut F>,
    buffer: BytesMut,
    clock: FrameClock,
    /// The large request that is coming.
    large: Option<Admitted>,
}

impl<S: Service, F: Future<Output = ()>> FrameReader<'_, S, F> {
    /// Begins the next request, or receives more of it.
    #[inline]
    async fn step(&mut self) -> Result<(), Ended> {
        let framed = next_frame(&mut self.buffer, self.net.request_bytes_max);
        match framed.map_err(|no_request| Ended::Refused(no_request.into()))? {
            Framed::Request(frame) => self.begin(frame).await,
            Framed::Missing(missing) => self.receive(missing).await,
            Framed::Large(frame) => {
                if self.large.is_none() {
                    self.admit_large(frame).await?;
                }
                self.receive(frame.missing).await
            }
        }
    }

    #[inline]
    async fn receive(&mut self, missing: usize) -> Result<(), Ended> {
        let is_new = self.buffer.is_empty();
        self.connection.idleness.reads(if is_new { ReaderState::Between } else { ReaderState::Within });
        let receiving = pin!(self.connection.transport.receive(take(&mut self.buffer), missing));
        let received = race(receiving, self.stopping.as_mut()).await;
        let First::Left((received, buffer)) = received else { return Err(Ended::Stopping) };
        self.buffer = buffer;
        self.clock.received(taken_in(self.connection, received)?, is_new);
        Ok(())
    }

    /// Waits until a large request may be held; it is received from then on.
    async fn admit_large(&mut self, frame: Large) -> Result<(), Ended> {
        let (counted, pool) = self.net.request_memory.counted(frame.bytes, frame.is_produce);
        let admitted = match self.connection.in_flight.try_acquire(counted, pool) {
            Some(admitted) => admitted,
            None => {
                let waiting = pin!(admit_later(self.connection, counted, pool));
                let First::Left(admitted) = race(waiting, self.stopping.as_mut()).await else {
                    return Err(Ended::Stopping);
                };
                admitted
            }
        };
        self.connection.idleness.large_begins();
        self.large = Some(admitted);
        self.buffer = with_room(take(&mut self.buffer), frame.missing);
        Ok(())
    }

    /// Begins a request that is whole; its reply is owed from then on.
    #[inline]
    async fn begin(&mut self, frame: Bytes) -> Result<(), Ended> {
        let admitted = match self.admit(&frame) {
            Ok(admitted) => admitted,
            Err(later) => later.await,
        };
        self.connection.idleness.reads(ReaderState::Waiting);
        let times = self.clock.whole(&self.net.stages, admitted.has_waited);
        let begun = match self.service.begin(&self.connection.client, frame, times) {
            Ok(Beginning::Now(begun)) => Ok(begun),
            Ok(Beginning::Later(later)) => later.await,
            Err(refused) => Err(refused),
        };
        let Begun { pending, queued } = begun.map_err(Ended::Refused)?;
        let owed = Owed { pending, counted: admitted.counted, share: admitted.share, queued };
        // There is room for it most often.
        if let Err(Full(owed)) = self.owed.try_send(owed)
            && self.owed.send(owed).await.is_err()
        {
            return Err(Ended::Broken);
        }
        Ok(())
    }

    /// Lets a whole request in. The wait is a future of its own, so that not every request carries it: most are let
    /// in at once.
    fn admit(&mut self, frame: &Bytes) -> Result<Admitted, LocalBoxFuture<'_, Admitted>> {
        if let Some(admitted) = self.large.take() {
            self.connection.idleness.whole();
            self.buffer = apart(take(&mut self.buffer), frame.len());
            return Ok(admitted);
        }
        let (connection, memory) = (self.connection, &self.net.request_memory);
        let (counted, pool) = memory.counted(frame.len(), is_produce(frame));
        let admitted = connection.in_flight.try_acquire(counted, pool);
        admitted.ok_or_else(|| -> LocalBoxFuture<'_, Admitted> {
            Box::pin(admit_later(connection, counted, pool))
        })
    }
}

/// Waits until a request may be held for which there was no room.
async fn admit_later(connection: &Connection, counted: usize, pool: &Rc<RequestPool>) -> Admitted {
    connection.idleness.reads(ReaderState::Waiting);
    connection.in_flight.acquire(counted, pool).await
}

/// When something has been received.
fn taken_in(connection: &Connection, received: io::Result<usize>) -> Result<Instant, Ended> {
    let at = now();
    match received {
        Ok(0) => Err(Ended::Finished),
        Ok(count) => {
            connection.idleness.received(at, count);
            Ok(at)
        }
        Err(_) => Err(Ended::Broken),
    }
}

/// A buffer for a large request that has its share: in one piece, of no more than what is missing.
fn with_room(begun: BytesMut, missing: usize) -> BytesMut {
    if begun.len() + missing < OWN_ROOM_FROM_BYTES {
        return begun;
    }
    let mut own = BytesMut::with_capacity(begun.len() + missing + OWN_ROOM_SPARE_BYTES);
    own.extend_from_slice(&begun);
    own
}

/// What came behind a large request, copied apart so that it does not hold the request's memory.
fn apart(rest: BytesMut, request_bytes: usize) -> BytesMut {
    if request_bytes < OWN_ROOM_FROM_BYTES { rest } else { BytesMut::from(&rest[..]) }
}
