//! What all cores of a node know: its configuration and the few facts that its start found out.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicUsize, Ordering};

use creel_io::CoreId;

use super::shown_brokers::{BrokerIndex, ShownBrokers};
use crate::config::{BrokerConfig, Config};

/// What a node is started for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Purpose {
    /// To serve, until it is stopped.
    Serve,
    /// To append what only the journals hold. Nobody asks it anything, so nothing else is appended.
    Replay,
}

/// Shared by every core, never changed after the start but for the counters.
#[derive(Debug)]
pub(crate) struct Node {
    pub(crate) config: Config,
    pub(crate) cores: usize,
    pub(crate) brokers: ShownBrokers,
    pub(crate) purpose: Purpose,
    /// Known once core 0 has read the metadata.
    pub(crate) cluster_id: OnceLock<String>,
    /// Open connections of each core, so that the next one goes to the least loaded. This is a hint, so the order is
    /// relaxed.
    connections: Vec<AtomicUsize>,
}

impl Node {
    pub(crate) fn new(config: Config, cores: usize, purpose: Purpose) -> Self {
        let connections = (0..cores).map(|_| AtomicUsize::new(0)).collect();
        let brokers = ShownBrokers::new(config.broker.node_id, config.broker.creel_core_brokers, cores);
        Self { config, cores, brokers, purpose, cluster_id: OnceLock::new(), connections }
    }

    pub(crate) fn broker(&self) -> &BrokerConfig {
        &self.config.broker
    }

    pub(crate) fn cluster_id(&self) -> &str {
        self.cluster_id.get().map_or("", String::as_str)
    }

    /// Every core's name.
    pub(crate) fn all_cores(&self) -> impl Iterator<Item = CoreId> + use<> {
        (0..self.cores as u16).map(CoreId)
    }

    pub(crate) fn connection_opened(&self, core: CoreId) {
        self.connections[core.index()].fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn connection_closed(&self, core: CoreId) {
        self.connections[core.index()].fetch_sub(1, Ordering::Relaxed);
    }

    /// Open connections of all cores.
    pub(crate) fn connections(&self) -> usize {
        self.connections.iter().map(|count| count.load(Ordering::Relaxed)).sum()
    }

    /// The core of this broker with the fewest connections, the first of several.
    pub(crate) fn least_loaded(&self, broker: BrokerIndex) -> CoreId {
        let load = |core: &CoreId| self.connections[core.index()].load(Ordering::Relaxed);
        let its_own = self.all_cores().filter(|core| self.brokers.of_core(*core) == broker);
        its_own.min_by_key(load).unwrap_or_default()
    }
}
