//! What all simulated nodes share: the clock, chance, the trace, the network, and the list of due events.
//!
//! Owns that state. `schedule` changes it step by step. Must not know files, streams or tests.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::path::Path;
use std::rc::Rc;

use super::config::Config;
use super::network::state::{ArrivalAt, Network};
use super::node::{Node, NodeState, SimCore};
use super::node_id::NodeId;
use super::rng::Rng;
use super::trace::{Trace, TraceEvent};
use crate::instant::Instant;

/// The virtual clock does not begin at zero, so moments before the start can be expressed.
const CLOCK_START_NANOS: u64 = 3_600_000_000_000;

pub(crate) struct World {
    pub(crate) config: Config,
    pub(crate) chance: Chance,
    pub(crate) network: RefCell<Network>,
    pub(crate) trace: RefCell<Trace>,
    pub(crate) nodes: RefCell<Vec<Rc<Node>>>,
    clock: Cell<u64>,
    due: RefCell<BTreeMap<(Instant, u64), ArrivalAt>>,
    next_due: Cell<u64>,
    pub(super) crashes: RefCell<Vec<(NodeId, Loss)>>,
    pub(super) stepping: Cell<bool>,
}

/// The streams of random numbers.
pub(crate) struct Chance {
    pub(crate) schedule: Rng,
    pub(crate) disk: Rng,
    pub(crate) network: Rng,
    pub(crate) program: Rng,
}

/// What is lost when a node goes down.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Loss {
    /// The power: what the disk was not asked to keep may be lost too.
    Power,
    /// Only the process: what it wrote stays in the page cache.
    Process,
}

impl World {
    pub(crate) fn new(seed: u64, config: Config) -> Rc<World> {
        let chance = Chance {
            schedule: Rng::new(seed, 1),
            disk: Rng::new(seed, 2),
            network: Rng::new(seed, 3),
            program: Rng::new(seed, 4),
        };
        Rc::new(World {
            chance,
            network: RefCell::new(Network::new(&config.network)),
            trace: RefCell::new(Trace::new(seed, config.trace_events)),
            nodes: RefCell::default(),
            clock: Cell::new(CLOCK_START_NANOS),
            due: RefCell::default(),
            next_due: Cell::new(0),
            crashes: RefCell::default(),
            stepping: Cell::new(false),
            config,
        })
    }

    // --- time

    pub(crate) fn now(&self) -> Instant {
        Instant::from_nanos(self.clock.get())
    }

    pub(crate) fn wall_clock_ms(&self) -> i64 {
        self.config.epoch_ms + ((self.clock.get() - CLOCK_START_NANOS) / 1_000_000) as i64
    }

    pub(crate) fn pass(&self, nanos: u64) {
        self.clock.set(self.clock.get() + nanos);
    }

    /// Moves the clock to `moment`. It never goes back.
    pub(crate) fn leap_to(&self, moment: Instant) {
        self.clock.set(self.clock.get().max(moment.as_nanos()));
    }

    /// The next moment at which something happens by itself.
    pub(crate) fn next_moment(&self) -> Option<Instant> {
        let due = self.due.borrow().first_key_value().map(|((at, _), _)| *at);
        let mut first = due;
        self.each_core(|_, core| {
            let timer = core.state.timers.borrow().earliest();
            first = first.into_iter().chain(timer).min();
        });
        first
    }

    pub(crate) fn each_core(&self, mut f: impl FnMut(NodeId, &Rc<SimCore>)) {
        for node in self.nodes.borrow().iter() {
            node.each_core(|core| f(node.id, core));
        }
    }

    // --- what is due

    pub(crate) fn at(&self, moment: Instant, arrival: ArrivalAt) {
        self.next_due.set(self.next_due.get() + 1);
        self.due.borrow_mut().insert((moment, self.next_due.get()), arrival);
    }

    pub(crate) fn pop_due(&self) -> Option<ArrivalAt> {
        let mut due = self.due.borrow_mut();
        let first = due.first_entry().filter(|entry| entry.key().0 <= self.now())?;
        Some(first.remove())
    }

    // --- nodes

    pub(crate) fn add_node(&self, name: &str, cores: u16) -> NodeId {
        assert!(cores > 0, "a node has at least one core");
        let id = NodeId(self.nodes.borrow().len() as u16 + 1);
        let node = Rc::new(Node::new(id, name, cores, &self.config.disk));
        self.nodes.borrow_mut().push(node);
        id
    }

    pub(crate) fn node(&self, id: NodeId) -> Rc<Node> {
        self.nodes.borrow()[usize::from(id.0) - 1].clone()
    }

    /// Drops everything that runs on any node.
    pub(crate) fn tear_down(&self) {
        let nodes = self.nodes.borrow().clone();
        nodes.iter().for_each(|node| node.tear_down(NodeState::Dead));
    }

    // --- the trace

    pub(crate) fn note(&self, node: NodeId, what: &'static str, path: Option<&Path>, numbers: [u64; 3]) {
        let event = TraceEvent { at: self.now(), node, what, path: path.map(ToOwned::to_owned), numbers };
        self.trace.borrow_mut().add(event);
    }
}
