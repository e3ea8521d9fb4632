//! The simulation's loop: what is due, then one poll on a core that chance picks; when nobody can run, the clock leaps.

use std::fmt;
use std::rc::Rc;

use super::NodeId;
use super::node::SimCore;
use super::world::World;

/// Why a run ended before its goal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stop {
    /// Nobody can run, and nothing will happen by itself: a deadlock, or everything is done.
    Stalled,
    /// [`Config::steps_max`](super::Config::steps_max) was reached.
    OutOfSteps,
    /// The node that was waited for has crashed.
    Crashed(NodeId),
}

impl fmt::Display for Stop {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Stop::Stalled => f.write_str("nothing can run and nothing is awaited from outside"),
            Stop::OutOfSteps => f.write_str("the goal was not reached within the allowed steps"),
            Stop::Crashed(node) => write!(f, "{node} crashed"),
        }
    }
}

impl std::error::Error for Stop {}

impl World {
    /// Takes one step; false when there is none to take.
    pub(crate) fn step(&self) -> bool {
        self.carry_out_crashes();
        while let Some(arrival) = self.pop_due() {
            self.arrive(arrival);
        }
        let Some((node, core)) = self.pick() else { return self.leap() };
        self.trace.borrow_mut().fold(u64::from(node.0) << 16 | u64::from(core.state.id.0));
        self.set_stepping(true);
        core.step(self, &self.node(node));
        self.set_stepping(false);
        self.pass(self.chance.schedule.within(&self.config.poll_cost).as_nanos() as u64);
        self.carry_out_crashes();
        self.reap(node);
        true
    }

    fn pick(&self) -> Option<(NodeId, Rc<SimCore>)> {
        let mut runnable = Vec::new();
        self.each_core(|node, core| {
            if core.is_runnable(self) {
                runnable.push((node, core.clone()));
            }
        });
        match runnable.len() {
            0 => None,
            1 => runnable.pop(),
            count => Some(runnable.swap_remove(self.chance.schedule.below(count as u64) as usize)),
        }
    }

    pub(crate) fn anyone_runnable(&self) -> bool {
        let mut anyone = false;
        self.each_core(|_, core| anyone |= core.is_runnable(self));
        anyone
    }

    fn leap(&self) -> bool {
        let Some(moment) = self.next_moment() else { return false };
        self.leap_to(moment);
        true
    }

    fn reap(&self, id: NodeId) {
        let node = self.node(id);
        if node.end_finished_cores() {
            self.end_node(&node);
        }
    }
}
