//! One client's connection on its core.
//!
//! The reader takes frames off the socket and begins requests in the order they came; the writer awaits their replies
//! and sends them in the same order. Between the two is a queue: its length bounds the requests in flight, and their
//! bytes are bounded too. At either bound the socket is not read, and TCP holds the client back.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::fmt;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::pin::pin;
use std::rc::{Rc, Weak};
use std::time::Duration;

use bytes::BytesMut;
use creel_io::local::{Notify, QueueReceiver, QueueSender, queue};
use creel_io::net::TcpStream;
use creel_io::{Instant, now, spawn};

use crate::core::Core;
use crate::dispatch;
use crate::frames::{Framed, next_frame};
use crate::limits::REQUEST_BYTES_IN_FLIGHT;
use crate::outbox::Outbox;
use crate::race::{First, race};
use crate::reply::Pending;
use crate::stages::Passage;
use crate::transport::Transport;

/// What handlers know about the client.
pub(crate) struct Client {
    /// Its connection's number, which no other one of this core has had.
    pub(crate) number: u64,
    pub(crate) peer: SocketAddr,
    /// The address the client reached us by.
    pub(crate) local: SocketAddr,
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
        self.each(|connection| connection.transport.close());
    }

    /// Ends those that have done nothing for `idle` and owe no reply.
    pub(crate) fn close_idle(&self, idle: Duration) {
        self.each(|connection| {
            let is_idle = now().saturating_since(connection.last_active.get()) >= idle;
            if is_idle && connection.flight.bytes.get() == 0 {
                connection.transport.close();
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
    last_active: Cell<Instant>,
}

/// Bytes of requests that are not answered yet.
#[derive(Default)]
struct Flight {
    bytes: Cell<usize>,
    landed: Notify,
}

impl Flight {
    /// Waits until there is room for so many bytes. Whether it had to.
    async fn take_off(&self, bytes: usize) -> bool {
        let mut has_waited = false;
        while self.bytes.get() > 0 && self.bytes.get() + bytes > REQUEST_BYTES_IN_FLIGHT {
            self.landed.notified().await;
            has_waited = true;
        }
        self.bytes.set(self.bytes.get() + bytes);
        has_waited
    }

    fn land(&self, bytes: usize) {
        self.bytes.set(self.bytes.get() - bytes);
        self.landed.notify_one();
    }
}

/// Serves a connection from now on.
pub(crate) fn start(core: &Rc<Core>, stream: TcpStream) {
    let nowhere = SocketAddr::new(IpAddr::V4(Ipv4Addr::UNSPECIFIED), 0);
    let transport = Transport::plain(stream);
    let key = core.connections.next.replace(core.connections.next.get() + 1);
    let client = Rc::new(Client {
        number: key,
        peer: transport.peer().unwrap_or(nowhere),
        local: transport.local().unwrap_or(nowhere),
    });
    let (flight, last_active) = (Flight::default(), Cell::new(now()));
    let connection = Rc::new(Connection { transport, client, flight, last_active });
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
    /// How many bytes its request took.
    pub(crate) bytes: usize,
    /// Its request's way so far, if that is timed.
    pub(crate) passage: Option<Passage>,
}

async fn write(core: Rc<Core>, connection: Rc<Connection>, owing: QueueReceiver<Owed>) {
    let landed = |bytes| {
        let at = now();
        connection.flight.land(bytes);
        connection.last_active.set(at);
        at
    };
    // A failed send is the network's end of the connection; the reader sees it too.
    let _ = Outbox::new(&connection.transport, &core.stages, owing, &landed).empty().await;
}

async fn serve(core: &Rc<Core>, connection: Rc<Connection>) {
    let bound = core.node.broker().queued_max_requests.unsigned_abs() as usize;
    let (owed, owing) = queue(bound);
    let mut writer = spawn(write(core.clone(), connection.clone(), owing));
    match race(read(core, &connection, owed), &mut writer).await {
        // What has begun is finished; the queue ends with its sender.
        First::Left(Ended::Stopping) => writer.await,
        First::Left(Ended::Gone) => writer.abort(),
        First::Left(Ended::Refused(why)) => {
            core.complaints.closed(&connection.client.peer, &why);
            writer.abort();
        }
        First::Right(()) => {}
    }
    connection.transport.close();
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
    /// The client has closed, or the network has failed.
    Gone,
    /// The broker stops.
    Stopping,
    /// What the client sent is no request that can be answered.
    Refused(Box<dyn fmt::Display>),
}

async fn read(core: &Rc<Core>, connection: &Connection, owed: QueueSender<Owed>) -> Ended {
    let limit = core.node.broker().socket_request_max_bytes.unsigned_abs() as usize;
    let mut buffer = BytesMut::new();
    let mut stopping = pin!(core.stopping.begun());
    let mut coming = Coming::default();
    loop {
        let missing = match next_frame(&mut buffer, limit) {
            Err(bad_size) => return Ended::Refused(Box::new(bad_size)),
            Ok(Framed::Missing(missing)) => missing,
            Ok(Framed::Request(frame)) => {
                let bytes = frame.len();
                let came = coming.whole();
                let waited = connection.flight.take_off(bytes).await;
                let turn_at = if came.is_first && !waited { came.to } else { core.stages.clock() };
                let begun = match dispatch::begin(core, &connection.client, frame).await {
                    Ok(begun) => begun,
                    Err(refusal) => return Ended::Refused(Box::new(refusal)),
                };
                let timed = |decoded_at| core.stages.begun((came.from, came.to), (turn_at, decoded_at));
                let passage = begun.decoded_at.and_then(timed);
                if owed.send(Owed { pending: begun.pending, bytes, passage }).await.is_err() {
                    return Ended::Gone;
                }
                continue;
            }
        };
        let is_new = buffer.is_empty();
        let received = race(connection.transport.receive(buffer, missing), stopping.as_mut()).await;
        let First::Left((received, back)) = received else { return Ended::Stopping };
        buffer = back;
        let at = now();
        connection.last_active.set(at);
        coming.received(at, is_new);
        if !received.is_ok_and(|count| count > 0) {
            return Ended::Gone;
        }
    }
}
