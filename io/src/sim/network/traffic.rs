//! What is sent between simulated nodes: segments, closings, resets, and what a node that goes down leaves.
//!
//! Owns no state: it changes the network and the connections, by the world's clock and chance. Everything that is sent
//! is a [`Segment`] in the queue of its receiver. An [`ArrivalAt`] in the world's list of due events makes it visible.

use std::time::Duration;

use super::connection::Segment;
use super::state::{ArrivalAt, EndId};
use crate::sim::node_id::NodeId;
use crate::sim::world::{Loss, World};

/// How long a peer whose power was cut may be silent before its connection is given up.
const SILENCE_MAX: Duration = Duration::from_secs(30);

/// The world, for what is sent through it.
pub(crate) struct Traffic<'a>(pub(crate) &'a World);

impl Traffic<'_> {
    pub(super) fn delay(&self) -> Duration {
        let range = self.0.network.borrow().delay.clone();
        self.0.chance.network.within(&range)
    }

    /// Sends a segment to `to`, with a random delay.
    pub(super) fn send(&self, to: EndId, segment: Segment) {
        self.post(to, segment, self.delay());
    }

    /// Sends a segment to `to`. It arrives after everything that was sent there before.
    pub(super) fn post(&self, to: EndId, segment: Segment, delay: Duration) {
        let mut network = self.0.network.borrow_mut();
        let Some(connection) = network.connection(to) else { return };
        let at = self.0.now() + delay;
        connection.ends[to.side].enqueue(at, segment);
        drop(network);
        self.0.at(at, ArrivalAt(to));
    }

    /// What was sent to an end has arrived. Its tasks are woken.
    pub(crate) fn arrive(&self, ArrivalAt(to): ArrivalAt) {
        let now = self.0.now();
        let mut network = self.0.network.borrow_mut();
        let Some(connection) = network.connection(to) else { return };
        let (node, peer) = (connection.ends[to.side].node, connection.ends[1 - to.side].node);
        if network.is_cut(node, peer) {
            return;
        }
        let Some(connection) = network.connection(to) else { return };
        let answer_reset = connection.take_arrived(to.side, now) && self.0.node(node).is_alive();
        network.forget_if_over(to);
        drop(network);
        self.0.note(node, "arrive", None, [to.connection, to.side as u64, u64::from(answer_reset)]);
        if answer_reset {
            self.post(to.other(), Segment::Reset, self.delay());
        }
    }

    /// Closes one end, as the kernel does with a socket that nobody holds any more. If bytes were not read, the other
    /// side gets a reset instead of a normal close.
    pub(super) fn close(&self, end: EndId) {
        let mut network = self.0.network.borrow_mut();
        let Some(connection) = network.connection(end) else { return };
        let Some(goodbye) = connection.close(end.side) else { return };
        let node = connection.ends[end.side].node;
        network.forget_if_over(end);
        drop(network);
        self.0.note(node, "close", None, [end.connection, end.side as u64, 0]);
        if matches!(goodbye, Segment::Reset) && self.0.chance.network.chance(0.5) {
            self.drop_in_flight(end.other());
        }
        self.post(end.other(), goodbye, self.delay());
    }

    fn drop_in_flight(&self, to: EndId) {
        if let Some(connection) = self.0.network.borrow_mut().connection(to) {
            connection.ends[to.side].drop_in_flight();
        }
    }

    /// Breaks a connection from outside. This end learns of it at once, the other one later.
    pub(super) fn reset(&self, end: EndId) {
        if let Some(connection) = self.0.network.borrow_mut().connection(end) {
            connection.ends[end.side].fail();
        }
        self.drop_in_flight(end.other());
        self.post(end.other(), Segment::Reset, self.delay());
    }

    /// The ends on a node.
    fn ends_on(&self, node: NodeId) -> Vec<EndId> {
        let network = self.0.network.borrow();
        let ends = network.connections.iter().flat_map(|(id, connection)| {
            [0, 1]
                .into_iter()
                .filter(|side| connection.ends[*side].node == node)
                .map(|side| EndId { connection: *id, side })
        });
        ends.collect()
    }

    /// The node's process has ended, and with it its listeners and its ends of connections. Its kernel tells the peers.
    /// If the power was cut, they only learn of it when they give up waiting.
    pub(crate) fn node_down(&self, node: NodeId, loss: Loss) {
        self.0.network.borrow_mut().listeners.retain(|(owner, _), _| *owner != node);
        for end in self.ends_on(node) {
            if loss == Loss::Process {
                self.close(end);
                continue;
            }
            if let Some(connection) = self.0.network.borrow_mut().connection(end) {
                connection.close(end.side);
            }
            let patience = if self.0.chance.network.chance(0.5) { self.delay() } else { self.silence() };
            self.post(end.other(), Segment::Reset, patience);
        }
    }

    fn silence(&self) -> Duration {
        self.0.chance.network.within(&(Duration::ZERO..=SILENCE_MAX))
    }

    // --- for tests

    pub(crate) fn cut(&self, a: NodeId, b: NodeId) {
        self.0.network.borrow_mut().cut.insert((a.min(b), a.max(b)));
    }

    /// What was held back goes on.
    pub(crate) fn heal(&self, a: NodeId, b: NodeId) {
        self.0.network.borrow_mut().cut.remove(&(a.min(b), a.max(b)));
        for end in self.ends_on(a).into_iter().chain(self.ends_on(b)) {
            self.0.at(self.0.now() + self.delay(), ArrivalAt(end));
        }
    }

    pub(crate) fn reset_between(&self, a: NodeId, b: NodeId) {
        for end in self.ends_on(a) {
            let peer =
                self.0.network.borrow().connections.get(&end.connection).map(|c| c.ends[1 - end.side].node);
            if peer == Some(b) && (a != b || end.side == 0) {
                self.reset(end);
            }
        }
    }
}
