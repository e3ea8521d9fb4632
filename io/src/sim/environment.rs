//! Where simulated code runs: the bridge from a core to its node and world.

use std::ops::RangeInclusive;
use std::rc::{Rc, Weak};
use std::time::Duration;

use super::NodeId;
use super::node::Node;
use super::world::World;
use crate::clock::Instant;
use crate::executor::context;
use crate::executor::core_state::Backend;

/// How long heavy work seems to take.
const OFFLOAD: RangeInclusive<Duration> = Duration::from_micros(10)..=Duration::from_millis(1);

/// A core's place in the simulation.
pub(crate) struct Here {
    pub(crate) world: Weak<World>,
    pub(crate) node: Weak<Node>,
}

impl Here {
    pub(crate) fn world(&self) -> Rc<World> {
        self.world.upgrade().expect("a simulated core runs only inside its simulation")
    }

    pub(crate) fn now(&self) -> Instant {
        self.world().now()
    }

    pub(crate) fn wall_clock_ms(&self) -> i64 {
        self.world().wall_clock_ms()
    }

    pub(crate) fn random_u64(&self) -> u64 {
        self.world().chance.program.next()
    }

    pub(crate) fn random_bytes(&self, out: &mut [u8]) {
        self.world().chance.program.fill(out);
    }
}

/// The world and node of the running code, if it is simulated.
pub(crate) struct Place {
    pub(crate) world: Rc<World>,
    pub(crate) node: Rc<Node>,
}

/// `None` on a real core, and outside of any.
pub(crate) fn place() -> Option<Place> {
    context::try_with(|core| match core.map(|core| &core.backend) {
        Some(Backend::Sim(here)) => Some(Place { world: here.world.upgrade()?, node: here.node.upgrade()? }),
        Some(Backend::Ring(_)) | None => None,
    })
}

/// The place of code that holds something simulated.
pub(crate) fn place_of(thing: &str) -> Place {
    place().unwrap_or_else(|| {
        panic!(
            "a simulated {thing} is used outside of its simulation; use it on a simulated core, or inside of Handle::within"
        )
    })
}

impl Place {
    pub(crate) fn id(&self) -> NodeId {
        self.node.id
    }

    /// Work off the core is done in no time; that it is done is heard of somewhat later.
    pub(crate) async fn offload_pause(&self) {
        crate::timer::sleep(self.world.chance.schedule.within(&OFFLOAD)).await;
    }

    /// Waits for as long as chance says; for ever on a node that has died meanwhile.
    pub(crate) async fn pause(&self, range: &RangeInclusive<Duration>) {
        crate::timer::sleep(self.world.chance.disk.within(range)).await;
        if !self.node.is_alive() {
            std::future::pending::<()>().await;
        }
    }
}
