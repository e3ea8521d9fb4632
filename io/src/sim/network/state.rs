//! What the network consists of: who listens, which connections exist, and between which nodes the network is cut.
//!
//! Owns that state. Must not know the world or the time: `traffic` decides what arrives when.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::net::{IpAddr, SocketAddr};
use std::ops::RangeInclusive;
use std::task::Waker;
use std::time::Duration;

use super::connection::Connection;
use crate::sim::config::NetworkConfig;
use crate::sim::node_id::NodeId;

/// The first port that is given out where no port was asked for.
const FIRST_FREE_PORT: u16 = 32_768;

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

/// Segments for this end may have arrived.
pub(crate) struct ArrivalAt(pub(super) EndId);

pub(super) struct Listener {
    pub(super) address: SocketAddr,
    pub(super) waiting: VecDeque<(EndId, SocketAddr)>,
    pub(super) acceptor: Option<Waker>,
}

impl Listener {
    pub(super) fn answers(&self, ip: IpAddr) -> bool {
        self.address.ip().is_unspecified() || self.address.ip() == ip
    }
}

pub(crate) struct Network {
    pub(super) listeners: BTreeMap<(NodeId, u16), Listener>,
    pub(super) connections: BTreeMap<u64, Connection>,
    pub(super) cut: BTreeSet<(NodeId, NodeId)>,
    pub(super) next_connection: u64,
    next_port: u16,
    pub(crate) reset_probability: f64,
    pub(crate) delay: RangeInclusive<Duration>,
}

impl Network {
    pub(crate) fn new(config: &NetworkConfig) -> Network {
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

    pub(super) fn forget_if_over(&mut self, end: EndId) {
        if self.connections.get(&end.connection).is_some_and(Connection::is_over) {
            self.connections.remove(&end.connection);
        }
    }
}
