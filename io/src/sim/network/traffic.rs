//! The network between simulated nodes: who listens, which connections there are, and what travels.
//!
//! State and its transitions. Whatever travels is a [`Segment`] in its receiver's pipe; an [`Arrival`] in the world's
//! list of due things makes it seen.

use std::collections::{BTreeMap, BTreeSet};
use std::net::{IpAddr, SocketAddr};
use std::task::Waker;
use std::time::Duration;

use bytes::Bytes;

use super::connection::{Connection, Segment};
use super::listener::Listener;
use crate::clock::Instant;
use crate::sim::NodeId;
use crate::sim::world::{Loss, World};

/// The first port handed out where none was asked for.
const FIRST_FREE_PORT: u16 = 32_768;
/// How long a peer whose power went may stay silent before the connection is given up.
const SILENCE_MAX: Duration = Duration::from_secs(30);

/// One end of a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct EndId {
    pub(crate) connection: u64,
    pub(super) side: usize,
}

impl EndId {
    pub(super) fn other(self) -> EndId {
        EndId { side: 1 - self.side, ..self }
    }
}

/// Segments for this end may have come.
pub(crate) struct Arrival(EndId);

pub(crate) struct Network {
    pub(super) listeners: BTreeMap<(NodeId, u16), Listener>,
    pub(super) connections: BTreeMap<u64, Connection>,
    cut: BTreeSet<(NodeId, NodeId)>,
    pub(super) next_connection: u64,
    next_port: u16,
    pub(crate) reset_probability: f64,
    pub(crate) delay: std::ops::RangeInclusive<Duration>,
}

impl Network {
    pub(crate) fn new(config: &crate::sim::NetworkConfig) -> Network {
        Network {
            listeners: BTreeMap::new(),
            connections: BTreeMap::new(),
            cut: BTreeSet::new(),
            next_connection: 0,
            next_port: FIRST_FREE_PORT,
            reset_probability: config.reset,
            delay: config.delay.clone(),
        }
    }

    pub(super) fn free_port(&mut self) -> u16 {
        self.next_port = self.next_port.checked_add(1).unwrap_or(FIRST_FREE_PORT);
        self.next_port
    }

    /// The connection, unless both sides have forgotten it.
    pub(super) fn connection(&mut self, end: EndId) -> Option<&mut Connection> {
        self.connections.get_mut(&end.connection)
    }

    pub(super) fn is_cut(&self, a: NodeId, b: NodeId) -> bool {
        self.cut.contains(&(a.min(b), a.max(b)))
    }

    fn forget_if_over(&mut self, end: EndId) {
        if self.connections.get(&end.connection).is_some_and(Connection::is_over) {
            self.connections.remove(&end.connection);
        }
    }
}

impl World {
    pub(super) fn delay(&self) -> Duration {
        let range = self.network.borrow().delay.clone();
        self.chance.network.within(&range)
    }

    /// Puts a segment on its way to `to`; it arrives after all that were sent there before.
    pub(super) fn post(&self, to: EndId, segment: Segment, delay: Duration) {
        let mut network = self.network.borrow_mut();
        let Some(connection) = network.connection(to) else { return };
        let at = self.now() + delay;
        connection.ends[to.side].enqueue(at, segment);
        drop(network);
        self.at(at, Arrival(to));
    }

    /// What has come for an end is there; its tasks learn of it.
    pub(crate) fn arrive(&self, Arrival(to): Arrival) {
        let now = self.now();
        let mut network = self.network.borrow_mut();
        let Some(connection) = network.connection(to) else { return };
        let (node, peer) = (connection.ends[to.side].node, connection.ends[1 - to.side].node);
        if network.is_cut(node, peer) {
            return;
        }
        let Some(connection) = network.connection(to) else { return };
        let answer_reset = connection.take_arrived(to.side, now) && self.node(node).is_alive();
        network.forget_if_over(to);
        drop(network);
        self.note(node, "arrive", None, [to.connection, to.side as u64, u64::from(answer_reset)]);
        if answer_reset {
            self.post(to.other(), Segment::Reset, self.delay());
        }
    }

    /// Closes one end, as the kernel does with a socket nobody holds any more: bytes that were not read turn the
    /// goodbye into a reset.
    pub(super) fn close(&self, end: EndId) {
        let mut network = self.network.borrow_mut();
        let Some(connection) = network.connection(end) else { return };
        let Some(goodbye) = connection.close(end.side) else { return };
        let node = connection.ends[end.side].node;
        network.forget_if_over(end);
        drop(network);
        self.note(node, "close", None, [end.connection, end.side as u64, 0]);
        if matches!(goodbye, Segment::Reset) && self.chance.network.chance(0.5) {
            self.drop_in_flight(end.other());
        }
        self.post(end.other(), goodbye, self.delay());
    }

    fn drop_in_flight(&self, to: EndId) {
        if let Some(connection) = self.network.borrow_mut().connection(to) {
            connection.ends[to.side].drop_in_flight();
        }
    }

    /// Breaks a connection from the outside: this end learns of it at once, the other one later.
    pub(super) fn reset(&self, end: EndId) {
        if let Some(connection) = self.network.borrow_mut().connection(end) {
            connection.ends[end.side].fail();
        }
        self.drop_in_flight(end.other());
        self.post(end.other(), Segment::Reset, self.delay());
    }

    /// Ends that live on a node.
    fn ends_on(&self, node: NodeId) -> Vec<EndId> {
        let network = self.network.borrow();
        let ends = network.connections.iter().flat_map(|(id, connection)| {
            [0, 1]
                .into_iter()
                .filter(|side| connection.ends[*side].node == node)
                .map(|side| EndId { connection: *id, side })
        });
        ends.collect()
    }

    /// The node's process has gone: so have its listeners and its ends of connections. Peers learn of it from its
    /// kernel, or, when the power has gone, whenever they lose patience.
    pub(crate) fn node_down(&self, node: NodeId, loss: Loss) {
        self.network.borrow_mut().listeners.retain(|(owner, _), _| *owner != node);
        for end in self.ends_on(node) {
            if loss == Loss::Process {
                self.close(end);
                continue;
            }
            if let Some(connection) = self.network.borrow_mut().connection(end) {
                connection.close(end.side);
            }
            let patience = if self.chance.network.chance(0.5) { self.delay() } else { self.silence() };
            self.post(end.other(), Segment::Reset, patience);
        }
    }

    fn silence(&self) -> Duration {
        self.chance.network.within(&(Duration::ZERO..=SILENCE_MAX))
    }

    // --- for tests

    pub(crate) fn cut(&self, a: NodeId, b: NodeId) {
        self.network.borrow_mut().cut.insert((a.min(b), a.max(b)));
    }

    /// What was held back travels on.
    pub(crate) fn heal(&self, a: NodeId, b: NodeId) {
        self.network.borrow_mut().cut.remove(&(a.min(b), a.max(b)));
        for end in self.ends_on(a).into_iter().chain(self.ends_on(b)) {
            self.at(self.now() + self.delay(), Arrival(end));
        }
    }

    pub(crate) fn reset_between(&self, a: NodeId, b: NodeId) {
        for end in self.ends_on(a) {
            let peer =
                self.network.borrow().connections.get(&end.connection).map(|c| c.ends[1 - end.side].node);
            if peer == Some(b) && (a != b || end.side == 0) {
                self.reset(end);
            }
        }
    }
}

/// The node an address belongs to, as seen from `from`.
pub(super) fn resolve(world: &World, from: NodeId, ip: IpAddr) -> Option<NodeId> {
    if ip.is_loopback() || ip.is_unspecified() {
        return Some(from);
    }
    world.nodes.borrow().iter().find(|node| node.address() == ip).map(|node| node.id)
}

/// Wakes tasks after the state has changed; a waker only queues its task.
pub(super) fn wake(waker: &mut Option<Waker>) {
    waker.take().into_iter().for_each(Waker::wake);
}

/// Both addresses of a connection.
#[derive(Clone, Copy, Debug)]
pub(super) struct Addresses {
    pub(super) client: SocketAddr,
    pub(super) server: SocketAddr,
}

/// What was sent and when it is there.
pub(super) struct InFlight {
    pub(super) at: Instant,
    pub(super) segment: Segment,
}

/// Splits what one send gave into the segments that travel.
pub(super) fn split(data: &Bytes, pieces: usize) -> Vec<Bytes> {
    let size = data.len().div_ceil(pieces.max(1)).max(1);
    (0..data.len()).step_by(size).map(|at| data.slice(at..data.len().min(at + size))).collect()
}
