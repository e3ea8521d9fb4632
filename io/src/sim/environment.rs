//! Where simulated code runs: how to get from a core to its node and its world.
//!
//! Owns what a core asks of the simulation. Must not know files or streams: those start from here.

use std::any::Any;
use std::ops::RangeInclusive;
use std::rc::{Rc, Weak};
use std::time::Duration;

use super::node::Node;
use super::node_id::NodeId;
use super::world::World;
use crate::executor::context;
use crate::executor::environment::Environment;
use crate::instant::Instant;

/// How long offloaded work takes, in virtual time.
const OFFLOAD: RangeInclusive<Duration> = Duration::from_micros(10)..=Duration::from_millis(1);

/// What a simulated core runs in.
struct NodeEnvironment {
    world: Weak<World>,
    node: Weak<Node>,
}

/// Makes a node's cores, unless it has cores on which nothing was started yet.
pub(crate) fn boot_up(world: &Rc<World>, id: NodeId) -> Rc<Node> {
    let node = world.node(id);
    node.boot_up(|| Box::new(NodeEnvironment { world: Rc::downgrade(world), node: Rc::downgrade(&node) }));
    node
}

impl NodeEnvironment {
    fn world(&self) -> Rc<World> {
        self.world.upgrade().expect("a simulated core runs only inside its simulation")
    }
}

impl Environment for NodeEnvironment {
    fn now(&self) -> Instant {
        self.world().now()
    }

    fn wall_clock_ms(&self) -> i64 {
        self.world().wall_clock_ms()
    }

    fn random_u64(&self) -> u64 {
        self.world().chance.program.next()
    }

    fn random_bytes(&self, out: &mut [u8]) {
        self.world().chance.program.fill(out);
    }
}

/// A simulated world, and one of its nodes.
pub(crate) struct SimContext {
    pub(crate) world: Rc<World>,
    pub(crate) node: Rc<Node>,
}

/// The world and node of the running code. `None` on a real core, and outside a core.
pub(crate) fn context() -> Option<SimContext> {
    context::try_with(|core| {
        let environment: &dyn Any = core?.environment()?;
        let NodeEnvironment { world, node } = environment.downcast_ref()?;
        Some(SimContext { world: world.upgrade()?, node: node.upgrade()? })
    })
}

/// The same for code that uses something simulated: it panics elsewhere.
pub(crate) fn context_of(thing: &str) -> SimContext {
    context().unwrap_or_else(|| {
        panic!(
            "a simulated {thing} is used outside of its simulation; use it on a simulated core, or inside of Handle::within"
        )
    })
}

impl SimContext {
    pub(crate) fn id(&self) -> NodeId {
        self.node.id
    }

    /// Offloaded work itself takes no virtual time; its result arrives a little later.
    pub(crate) async fn offload_pause(&self) {
        crate::timer::sleep(self.world.chance.schedule.within(&OFFLOAD)).await;
    }

    /// Waits for a random time within the range. On a node that has gone down meanwhile it waits forever.
    pub(crate) async fn pause(&self, range: &RangeInclusive<Duration>) {
        crate::timer::sleep(self.world.chance.disk.within(range)).await;
        if !self.node.is_alive() {
            std::future::pending::<()>().await;
        }
    }
}
