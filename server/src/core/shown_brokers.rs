//! The brokers that clients are shown: one, or several with `creel.core.brokers`. Then each has a node id, a port of
//! every listener, and a part of the cores, and a client sends a partition's requests to the part that owns it.

use std::net::SocketAddr;
use std::sync::OnceLock;

use creel_io::CoreId;

use crate::config::ListenerIndex;

/// Which of the shown brokers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct BrokerIndex(pub(crate) usize);

/// How the node shows itself.
#[derive(Debug)]
pub(crate) struct ShownBrokers {
    first_id: i32,
    count: usize,
    /// The real port of each listener and broker: those of a listener follow each other.
    ports: OnceLock<Vec<u16>>,
}

impl ShownBrokers {
    /// As many as were asked for, and no more than there are cores. The first has the node's own id, the others those
    /// behind it.
    pub(crate) fn new(first_id: i32, asked: i32, cores: usize) -> Self {
        let count = usize::try_from(asked).unwrap_or(1).clamp(1, cores.max(1));
        Self { first_id, count, ports: OnceLock::new() }
    }

    pub(crate) fn count(&self) -> usize {
        self.count
    }

    pub(crate) fn all(&self) -> impl Iterator<Item = BrokerIndex> + use<> {
        (0..self.count).map(BrokerIndex)
    }

    /// The broker that this core belongs to.
    pub(crate) fn of_core(&self, core: CoreId) -> BrokerIndex {
        BrokerIndex(core.index() % self.count)
    }

    pub(crate) fn node_id(&self, broker: BrokerIndex) -> i32 {
        self.first_id.saturating_add(broker.0 as i32)
    }

    /// Whether this node answers for that id.
    pub(crate) fn has_id(&self, id: i32) -> bool {
        self.all().any(|broker| self.node_id(broker) == id)
    }

    /// Says where all listen, in the order of the listeners, and of the brokers within one.
    pub(crate) fn listen_on(&self, addresses: &[SocketAddr]) {
        let _ = self.ports.set(addresses.iter().map(SocketAddr::port).collect());
    }

    /// The port that a broker has of a listener, once it listens.
    pub(crate) fn port(&self, listener: ListenerIndex, broker: BrokerIndex) -> Option<u16> {
        self.ports.get()?.get(listener.0 * self.count + broker.0).copied()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_broker_has_its_part_of_the_cores() {
        let shown = ShownBrokers::new(7, 2, 4);
        let brokers: Vec<_> = (0..4).map(|core| shown.of_core(CoreId(core)).0).collect();
        assert_eq!(brokers, [0, 1, 0, 1]);
        assert_eq!(shown.all().map(|broker| shown.node_id(broker)).collect::<Vec<_>>(), [7, 8]);
        assert!(shown.has_id(8) && !shown.has_id(9));
    }

    #[test]
    fn there_are_no_more_brokers_than_cores() {
        assert_eq!(ShownBrokers::new(1, 64, 3).count(), 3);
        assert_eq!(ShownBrokers::new(1, 1, 3).count(), 1);
    }

    #[test]
    fn ports_are_those_of_the_listener() {
        let shown = ShownBrokers::new(1, 2, 2);
        assert_eq!(shown.port(ListenerIndex(0), BrokerIndex(0)), None);
        let address = |port: u16| SocketAddr::from(([127, 0, 0, 1], port));
        shown.listen_on(&[address(10), address(11), address(20), address(21)]);
        assert_eq!(shown.port(ListenerIndex(1), BrokerIndex(0)), Some(20));
        assert_eq!(shown.port(ListenerIndex(1), BrokerIndex(1)), Some(21));
    }
}
