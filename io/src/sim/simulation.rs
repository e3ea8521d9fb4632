//! Makes nodes, starts them, and lets time pass.
//!
//! Owns the world. Must not know how a step is taken.

use std::cell::{Cell, RefCell};
use std::ops::Deref;
use std::rc::Rc;
use std::time::Duration;

use super::config::Config;
use super::environment::boot_up;
use super::handle::Handle;
use super::node::NodeState;
use super::node_id::NodeId;
use super::schedule::Stop;
use super::world::World;
use crate::core_id::CoreId;

/// A simulated world. It has all methods of [`Handle`] too.
pub struct Simulation {
    handle: Handle,
    seed: u64,
}

impl Deref for Simulation {
    type Target = Handle;

    fn deref(&self) -> &Handle {
        &self.handle
    }
}

impl Simulation {
    /// An empty world. Everything that is left to chance follows from `seed`.
    #[must_use]
    pub fn new(seed: u64, config: Config) -> Simulation {
        Simulation { handle: Handle { world: World::new(seed, config) }, seed }
    }

    fn world(&self) -> &Rc<World> {
        &self.handle.world
    }

    /// A handle for tasks and closures that control the simulation.
    #[must_use]
    pub fn handle(&self) -> Handle {
        self.handle.clone()
    }

    /// Adds a machine with `cores` cores and an empty disk (except for `/data` and `/tmp`).
    pub fn add_node(&mut self, name: &str, cores: u16) -> NodeId {
        let id = self.world().add_node(name, cores);
        boot_up(self.world(), id);
        id
    }

    /// Starts `main` on each of the node's cores, as [`crate::runtime::start`] does. A node that is down starts again,
    /// with the disk that it had. Panics if it is running already.
    pub fn start<F>(&mut self, node: NodeId, main: impl Fn(CoreId) -> F)
    where
        F: Future<Output = ()> + 'static,
    {
        self.world().note(node, "start", None, [0; 3]);
        boot_up(self.world(), node).start(main);
    }

    /// The same as [`Simulation::start`], for a node that has crashed.
    pub fn restart<F>(&mut self, node: NodeId, main: impl Fn(CoreId) -> F)
    where
        F: Future<Output = ()> + 'static,
    {
        self.start(node, main);
    }

    /// Runs until `goal` is true. It is checked between steps.
    pub fn run_until(&mut self, mut goal: impl FnMut() -> bool) -> Result<(), Stop> {
        for _ in 0..self.world().config.steps_max {
            if goal() {
                return Ok(());
            }
            if !self.world().step() {
                return Err(Stop::Stalled);
            }
        }
        Err(Stop::OutOfSteps)
    }

    /// Lets `duration` of virtual time pass. When nothing is left to happen, only the clock moves.
    pub fn run_for(&mut self, duration: Duration) -> Result<(), Stop> {
        let (world, until) = (self.world().clone(), self.now() + duration);
        for _ in 0..world.config.steps_max {
            let idle = !world.anyone_runnable();
            if idle && world.next_moment().is_none_or(|moment| moment > until) {
                world.leap_to(until);
                return Ok(());
            }
            if world.now() >= until {
                return Ok(());
            }
            world.step();
        }
        Err(Stop::OutOfSteps)
    }

    /// Runs until all of the node's cores have ended by themselves.
    pub fn run_until_ended(&mut self, node: NodeId) -> Result<(), Stop> {
        let watched = self.world().node(node);
        self.run_until(|| matches!(watched.state(), NodeState::Ended | NodeState::Dead))?;
        if watched.state() == NodeState::Ended { Ok(()) } else { Err(Stop::Crashed(node)) }
    }

    /// Runs `body` as the main future of the node's first core (other cores are idle) and returns its value. The node
    /// ends with it. A node that is down is started first, with the disk that it had, so recovery begins here.
    pub fn block_on<T, F>(&mut self, node: NodeId, body: F) -> Result<T, Stop>
    where
        T: 'static,
        F: Future<Output = T> + 'static,
    {
        let value = Rc::new(RefCell::new(None));
        let (slot, body) = (value.clone(), Cell::new(Some(body)));
        self.start(node, move |_| {
            let (slot, body) = (slot.clone(), body.take());
            async move {
                if let Some(body) = body {
                    let value = body.await;
                    *slot.borrow_mut() = Some(value);
                }
            }
        });
        self.run_until_ended(node)?;
        let value = value.borrow_mut().take();
        value.ok_or(Stop::Stalled)
    }
}

impl Drop for Simulation {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("simulation with seed {}; its last events:\n{}", self.seed, self.trace());
        }
        self.world().tear_down();
    }
}

/// Runs `body` on the only core of the only node of a new world with the default [`Config`]. Panics if it does not end.
pub fn run<T, F>(seed: u64, body: impl FnOnce(Handle) -> F) -> T
where
    T: 'static,
    F: Future<Output = T> + 'static,
{
    run_with(seed, Config::default(), body)
}

/// [`run`] with another configuration.
pub fn run_with<T, F>(seed: u64, config: Config, body: impl FnOnce(Handle) -> F) -> T
where
    T: 'static,
    F: Future<Output = T> + 'static,
{
    let mut simulation = Simulation::new(seed, config);
    let node = simulation.add_node("node", 1);
    let body = body(simulation.handle());
    match simulation.block_on(node, body) {
        Ok(value) => value,
        Err(stop) => panic!("the simulation with seed {seed} did not end: {stop}"),
    }
}
