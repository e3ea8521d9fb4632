//! All that the simulated nodes share: the clock, chance, the trace, the network, and what is due when.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::path::Path;
use std::rc::{Rc, Weak};

use super::NodeId;
use super::config::Config;
use super::network::{Arrival, Network};
use super::node::{Node, SimCore, Stage};
use super::rng::Rng;
use super::trace::{Event, Trace};
use crate::clock::Instant;

/// The virtual clock does not begin at zero, so that moments before the start can be named.
const CLOCK_START_NANOS: u64 = 3_600_000_000_000;

pub(crate) struct World {
    pub(crate) config: Config,
    pub(crate) chance: Chance,
    pub(crate) network: RefCell<Network>,
    pub(crate) trace: RefCell<Trace>,
    pub(crate) nodes: RefCell<Vec<Rc<Node>>>,
    me: Weak<World>,
    clock: Cell<u64>,
    due: RefCell<BTreeMap<(Instant, u64), Arrival>>,
    next_due: Cell<u64>,
    crashes: RefCell<Vec<(NodeId, Loss)>>,
    stepping: Cell<bool>,
}

/// The seed's streams.
pub(crate) struct Chance {
    pub(crate) schedule: Rng,
    pub(crate) disk: Rng,
    pub(crate) network: Rng,
    pub(crate) program: Rng,
}

/// What a crash takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Loss {
    /// The power: also what the disk has not been asked to keep.
    Power,
    /// The process alone: what it wrote stays in the page cache.
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
        Rc::new_cyclic(|me| World {
            me: me.clone(),
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

    /// The clock leaps to `moment`; it never goes back.
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

    pub(crate) fn at(&self, moment: Instant, arrival: Arrival) {
        self.next_due.set(self.next_due.get() + 1);
        self.due.borrow_mut().insert((moment, self.next_due.get()), arrival);
    }

    pub(crate) fn pop_due(&self) -> Option<Arrival> {
        let mut due = self.due.borrow_mut();
        let first = due.first_entry().filter(|entry| entry.key().0 <= self.now())?;
        Some(first.remove())
    }

    // --- nodes

    pub(crate) fn add_node(&self, name: &str, cores: u16) -> NodeId {
        assert!(cores > 0, "a node has at least one core");
        let id = NodeId(self.nodes.borrow().len() as u16 + 1);
        let node = Rc::new(Node::new(id, name, cores, &self.config.disk));
        node.boot_up(&self.me);
        self.nodes.borrow_mut().push(node);
        id
    }

    pub(crate) fn node(&self, id: NodeId) -> Rc<Node> {
        self.nodes.borrow()[usize::from(id.0) - 1].clone()
    }

    pub(crate) fn boot_up(&self, id: NodeId) -> Rc<Node> {
        let node = self.node(id);
        node.boot_up(&self.me);
        node
    }

    // --- crashes

    /// Takes a node down: at once between two steps, before the next one if asked for by something that runs.
    pub(crate) fn crash(&self, id: NodeId, loss: Loss) {
        self.node(id).begin_dying(|disk| match loss {
            Loss::Power => disk.crash(&self.chance.disk),
            Loss::Process => disk.process_ended(),
        });
        self.note(id, if loss == Loss::Power { "crash" } else { "kill" }, None, [0; 3]);
        self.crashes.borrow_mut().push((id, loss));
        if !self.stepping.get() {
            self.carry_out_crashes();
        }
    }

    pub(crate) fn carry_out_crashes(&self) {
        for (id, loss) in self.crashes.take() {
            self.node(id).tear_down(Stage::Dead);
            self.node_down(id, loss);
        }
    }

    /// A node whose cores have all ended: its process has exited.
    pub(crate) fn end_node(&self, node: &Node) {
        self.note(node.id, "end", None, [0; 3]);
        node.tear_down(Stage::Ended);
        node.disk.borrow_mut().process_ended();
        self.node_down(node.id, Loss::Process);
    }

    /// Drops all that runs anywhere.
    pub(crate) fn tear_down(&self) {
        let nodes = self.nodes.borrow().clone();
        nodes.iter().for_each(|node| node.tear_down(Stage::Dead));
    }

    pub(crate) fn set_stepping(&self, stepping: bool) {
        self.stepping.set(stepping);
    }

    // --- the trace

    pub(crate) fn note(&self, node: NodeId, what: &'static str, path: Option<&Path>, numbers: [u64; 3]) {
        let event = Event { at: self.now(), node, what, path: path.map(ToOwned::to_owned), numbers };
        self.trace.borrow_mut().add(event);
    }
}
