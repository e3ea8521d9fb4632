//! One client's connection on its core.
//!
//! The reader takes frames off the socket and begins requests in the order they came; the writer awaits their replies
//! and sends them in the same order. Between the two is a queue: its length bounds the requests in flight, and their
//! bytes are bounded too, of each connection and of all connections of a core together (`request_memory`). At either
//! bound the socket is not read, and TCP holds the client back.
//!
//! Whatever ends the reading, requests that came whole are answered before the connection is closed, also when the
//! client has shut down its side; unless the network has failed, or the client is idle (`idleness`).

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::pin::pin;
use std::rc::{Rc, Weak};
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use creel_io::local::{Full, Notify, QueueReceiver, QueueSender, queue};
use creel_io::net::TcpStream;
use creel_io::{Instant, JoinHandle, now, spawn};

use crate::api::dispatch::{self, Beginning, Begun};
use crate::budget::request_memory::{Pool, Share};
use crate::config::ListenerIndex;
use crate::core::Core;
use crate::limits::{OWN_ROOM_FROM_BYTES, OWN_ROOM_SPARE_BYTES};
use crate::logging::complaints::Complaints;
use crate::net::flight::{Admitted, Flight};
use crate::net::frames::{Framed, Large, is_produce, next_frame};
use crate::net::idleness::{Idleness, Reading};
use crate::net::outbox::Outbox;
use crate::net::reply::Pending;
use crate::net::transport::Transport;
use crate::stages::Passage;
use crate::tasks::race::{Boxed, First, race};

/// What handlers know about the client.
pub(crate) struct Client {
    /// Its connection's number, which no other one of this core has had.
    pub(crate) number: u64,
    pub(crate) peer: SocketAddr,
    /// The address the client reached us by.
    pub(crate) local: SocketAddr,
    /// The listener that address belongs to.
    pub(crate) listener: ListenerIndex,
}

impl Client {
    /// A client is told to come back to the address it came by: where that is not known, it can't be served.
    fn between(
        peer: io::Result<SocketAddr>,
        local: io::Result<SocketAddr>,
        number: u64,
        listener: ListenerIndex,
    ) -> io::Result<Self> {
        Ok(Self { number, peer: peer?, local: local?, listener })
    }
}

/// The connections of a core.
#[derive(Default)]
pub(crate) struct Connections {
    next: Cell<u64>,
    open: RefCell<BTreeMap<u64, Weak<Connection>>>,
    /// One has ended.
    pub(crate) ended: Notify,
}

impl Connections {
    pub(crate) fn is_empty(&self) -> bool {
        self.open.borrow().is_empty()
    }

    /// Ends all that are open, whatever they do.
    pub(crate) fn close_all(&self) {
        self.each(Connection::close);
    }

    /// Ends those in which nothing has moved for `idle` (see `Idleness::is_over`). `wanted`: others wait for memory.
    pub(crate) fn close_idle(&self, idle: Duration, wanted: bool) {
        self.each(|connection| {
            let Connection { transport, flight, idleness, .. } = connection;
            if idleness.is_over(idle, transport, flight, wanted) {
                connection.close();
            }
        });
    }

    /// Ends those that are too slow with the memory that others wait for.
    pub(crate) fn close_dawdlers(&self, complaints: &Complaints) {
        self.each(|connection| {
            if connection.idleness.dawdles(&connection.transport, &connection.flight) {
                complaints.closed(&connection.client.peer, &"too slow with memory that others wait for");
                connection.close();
            }
        });
    }

    fn each(&self, act: impl Fn(&Connection)) {
        let open: Vec<_> = self.open.borrow().values().filter_map(Weak::upgrade).collect();
        open.iter().for_each(|connection| act(connection));
    }
}

struct Connection {
    transport: Transport,
    client: Rc<Client>,
    flight: Flight,
    idleness: Idleness,
    /// It is to end, whatever is owed.
    closed: Notify,
}

impl Connection {
    fn close(&self) {
        self.transport.close();
        self.closed.notify_all();
    }
}

/// Serves a connection from now on.
pub(crate) fn start(core: &Rc<Core>, stream: TcpStream, listener: ListenerIndex) {
    let transport = Transport::plain(stream);
    let key = core.connections.next.replace(core.connections.next.get() + 1);
    let client = match Client::between(transport.peer(), transport.local(), key, listener) {
        Ok(client) => Rc::new(client),
        Err(error) => {
            core.complaints.refused_connection(&error);
            return core.node.connection_closed(core.id);
        }
    };
    let (flight, idleness, closed) = (Flight::default(), Idleness::new(), Notify::new());
    let connection = Rc::new(Connection { transport, client, flight, idleness, closed });
    core.connections.open.borrow_mut().insert(key, Rc::downgrade(&connection));
    let core = core.clone();
    spawn(async move {
        serve(&core, connection).await;
        core.connections.open.borrow_mut().remove(&key);
        core.sessions.borrow_mut().end_of(key);
        core.node.connection_closed(core.id);
        core.connections.ended.notify_all();
    });
}

/// A reply that is owed.
pub(crate) struct Owed {
    pub(crate) pending: Pending,
    /// How many bytes its request counts as.
    pub(crate) counted: usize,
    /// Its request's part of what connections hold together.
    pub(crate) share: Option<Share>,
    /// Its request's way so far, if that is timed.
    pub(crate) passage: Option<Passage>,
}

impl Owed {
    /// For a request that came so, was let in so, and had its turn to be decoded then.
    #[inline]
    fn of(core: &Core, begun: Begun, admitted: Admitted, came: &Came, turn_at: Instant) -> Self {
        let timed = |decoded_at| core.stages.begun((came.from, came.to), (turn_at, decoded_at));
        let passage = begun.decoded_at.and_then(timed);
        Self { pending: begun.pending, counted: admitted.counted, share: admitted.share, passage }
    }
}

async fn write(core: Rc<Core>, connection: Rc<Connection>, owing: QueueReceiver<Owed>) {
    let landed = |counted| {
        let at = now();
        connection.flight.land(counted);
        connection.idleness.moved(at);
        at
    };
    // A failed send is the network's end of the connection; the reader sees it too.
    let _ = Outbox::new(&connection.transport, &core.stages, owing, &landed).empty().await;
}

async fn serve(core: &Rc<Core>, connection: Rc<Connection>) {
    let bound = core.node.broker().queued_max_requests.unsigned_abs() as usize;
    let (owed, owing) = queue(bound);
    let mut writer = spawn(write(core.clone(), connection.clone(), owing));
    // Pinned where they are made, here and below: what a race is given to keep has its place twice, in each connection.
    {
        let talking = pin!(talk(core, &connection, owed, &mut writer));
        race(talking, connection.closed.notified()).await;
    }
    // Nobody waits for what it may still have.
    writer.abort();
    connection.transport.close();
}

/// Reads, and then lets the writer finish what has begun: its queue ends with its sender.
async fn talk(
    core: &Rc<Core>,
    connection: &Connection,
    owed: QueueSender<Owed>,
    mut writer: &mut JoinHandle<()>,
) {
    let reading = pin!(read(core, connection, owed));
    match race(reading, &mut writer).await {
        First::Left(Ended::Broken) | First::Right(()) => return,
        First::Left(Ended::Stopping | Ended::Finished) => {}
        First::Left(Ended::Refused(why)) => core.complaints.closed(&connection.client.peer, &why),
    }
    connection.idleness.reads(Reading::Ended);
    writer.await;
}

/// When the bytes at the head of the buffer were first seen, and the last ones.
#[derive(Default)]
struct Coming {
    since: Instant,
    last: Instant,
    frames_since: usize,
}

/// When a frame came.
struct Came {
    from: Instant,
    to: Instant,
    /// None was taken off the buffer between the last receive and this one.
    is_first: bool,
}

impl Coming {
    /// `is_new`: the buffer was empty before.
    fn received(&mut self, at: Instant, is_new: bool) {
        if is_new {
            self.since = at;
        }
        self.last = at;
        self.frames_since = 0;
    }

    /// A frame is whole. What is behind it came with its last bytes.
    fn whole(&mut self) -> Came {
        self.frames_since += 1;
        let from = std::mem::replace(&mut self.since, self.last);
        Came { from, to: self.last, is_first: self.frames_since == 1 }
    }
}

/// Why nothing more is read.
enum Ended {
    /// The network has failed, or nobody sends replies any more.
    Broken,
    /// The client will send no more. It may wait for what it is owed.
    Finished,
    /// The broker stops.
    Stopping,
    /// What the client sent is no request that can be answered.
    Refused(Box<dyn fmt::Display>),
}

async fn read(core: &Rc<Core>, connection: &Connection, owed: QueueSender<Owed>) -> Ended {
    let limit = core.node.broker().socket_request_max_bytes.unsigned_abs() as usize;
    let idleness = &connection.idleness;
    let mut buffer = BytesMut::new();
    let mut stopping = pin!(core.stopping.begun());
    let mut coming = Coming::default();
    // The large request that is coming.
    let mut large: Option<Admitted> = None;
    loop {
        let missing = match next_frame(&mut buffer, limit) {
            Err(no_request) => return Ended::Refused(Box::new(no_request)),
            Ok(Framed::Missing(missing)) => missing,
            Ok(Framed::Large(frame)) => {
                if large.is_none() {
                    let admitted = pin!(admit_large(core, connection, frame));
                    let First::Left(admitted) = race(admitted, stopping.as_mut()).await else {
                        return Ended::Stopping;
                    };
                    large = Some(admitted);
                    buffer = with_room(buffer, frame.missing);
                }
                frame.missing
            }
            Ok(Framed::Request(frame)) => {
                let came = coming.whole();
                let admitted = match large.take() {
                    Some(admitted) => {
                        idleness.whole();
                        buffer = apart(buffer, frame.len());
                        admitted
                    }
                    None => match admit(core, connection, &frame) {
                        Ok(admitted) => admitted,
                        Err(later) => later.await,
                    },
                };
                idleness.reads(Reading::Waiting);
                let turn_at =
                    if came.is_first && !admitted.has_waited { came.to } else { core.stages.clock() };
                let begun = match dispatch::begin(core, &connection.client, frame) {
                    Ok(Beginning::Now(begun)) => Ok(begun),
                    Ok(Beginning::Later(later)) => later.await,
                    Err(refusal) => Err(refusal),
                };
                let reply = match begun {
                    Ok(begun) => Owed::of(core, begun, admitted, &came, turn_at),
                    Err(refusal) => return Ended::Refused(Box::new(refusal)),
                };
                // There is room for it most often.
                if let Err(Full(reply)) = owed.try_send(reply)
                    && owed.send(reply).await.is_err()
                {
                    return Ended::Broken;
                }
                continue;
            }
        };
        let is_new = buffer.is_empty();
        idleness.reads(if is_new { Reading::Between } else { Reading::Within });
        let receiving = pin!(connection.transport.receive(buffer, missing));
        let received = race(receiving, stopping.as_mut()).await;
        let First::Left((received, back)) = received else { return Ended::Stopping };
        buffer = back;
        match taken_in(connection, received) {
            Ok(at) => coming.received(at, is_new),
            Err(ended) => return ended,
        }
    }
}

/// What has been received, and when that was.
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

/// Lets a request in that is whole. Waiting for it is not part of what every request moves: most are let in at once.
fn admit<'a>(
    core: &'a Core,
    connection: &'a Connection,
    frame: &Bytes,
) -> Result<Admitted, Boxed<'a, Admitted>> {
    let (counted, pool) = core.request_memory.counted(frame.len(), is_produce(frame));
    let admitted = connection.flight.admit_now(counted, pool);
    admitted.ok_or_else(|| -> Boxed<'a, Admitted> { Box::pin(admit_later(connection, counted, pool)) })
}

/// Waits until a large request may be held; it is received from then on.
async fn admit_large(core: &Core, connection: &Connection, frame: Large) -> Admitted {
    let (counted, pool) = core.request_memory.counted(frame.bytes, frame.is_produce);
    let admitted = match connection.flight.admit_now(counted, pool) {
        Some(admitted) => admitted,
        None => admit_later(connection, counted, pool).await,
    };
    connection.idleness.large_begins();
    admitted
}

/// Waits until a request may be held for which there was no room.
async fn admit_later(connection: &Connection, counted: usize, pool: &Rc<Pool>) -> Admitted {
    connection.idleness.reads(Reading::Waiting);
    connection.flight.admit(counted, pool).await
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

/// What has come behind a large request, so that it does not hold the request's room.
fn apart(rest: BytesMut, request_bytes: usize) -> BytesMut {
    if request_bytes < OWN_ROOM_FROM_BYTES { rest } else { BytesMut::from(&rest[..]) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nobody_is_told_to_come_back_to_an_address_that_is_not_known() {
        let address = |port| Ok(SocketAddr::from(([127, 0, 0, 1], port)));
        let between = |peer, local| Client::between(peer, local, 1, ListenerIndex(0));
        let gone = || Err(io::ErrorKind::NotConnected.into());
        assert_eq!(between(address(1), address(2)).unwrap().local.port(), 2);
        assert!(between(address(1), gone()).is_err());
        assert!(between(gone(), address(2)).is_err());
    }
}
