//! A log on a simulated disk, whose power is cut while the outside world remembers what it was promised.

use std::cell::RefCell;
use std::future::Future;
use std::rc::Rc;

use creel_engine::LogConfig;
use creel_io::sim::{Config, NodeId, Simulation};

/// A node with a disk, and what the outside world knows of the log there: it outlives the node's power.
pub(crate) struct World<K> {
    pub(crate) simulation: Simulation,
    pub(crate) node: NodeId,
    pub(crate) config: LogConfig,
    pub(crate) known: Rc<RefCell<K>>,
}

impl<K: Default + 'static> World<K> {
    pub(crate) fn with(seed: u64, rough: Config, config: LogConfig) -> Self {
        let mut simulation = Simulation::new(seed, rough);
        let node = simulation.add_node("broker", 1);
        Self { simulation, node, config, known: Rc::default() }
    }

    /// The power goes after this many operations on the disk, counted from now.
    pub(crate) fn cut_power_after(&mut self, operations: u64) {
        self.simulation.crash_after_io(self.node, operations);
    }

    /// The power stays on.
    pub(crate) fn keep_power_on(&mut self) {
        self.cut_power_after(1 << 40);
    }

    /// Runs `life` to its end, or until the power goes. Returns whether it came to its end.
    pub(crate) fn run<F>(&mut self, life: impl FnOnce(LogConfig, Rc<RefCell<K>>) -> F) -> bool
    where
        F: Future<Output = ()> + 'static,
    {
        let life = life(self.config.clone(), self.known.clone());
        self.simulation.block_on(self.node, life).is_ok()
    }
}

/// The disk of a log whose segments are reused. In a segment that is not, a write of two system calls, of which a sector
/// holds the first alone, can be taken for damage.
pub(crate) fn without_short_writes() -> Config {
    let mut rough = Config::default();
    rough.disk.short = 0.0;
    rough
}
