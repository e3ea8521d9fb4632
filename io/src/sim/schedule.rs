//! The simulation's loop: it does what is due, and then one poll on a core that chance picks. When no task can run, the
//! clock moves to the next event.
//!
//! Owns the order of events, crashes included. Must not know files or streams.

use std::fmt;
use std::rc::Rc;

use super::network::traffic::Traffic;
use super::node::{Node, NodeState, SimCore};
use super::node_id::NodeId;
use super::world::{Loss, World};

/// Why a run ended before its goal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stop {
    /// No task can run, and nothing will happen by itself: it is a deadlock, or everything is done.
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
    /// Takes one step. Returns false if there is none to take.
    pub(crate) fn step(&self) -> bool {
        self.carry_out_crashes();
        while let Some(arrival) = self.pop_due() {
            Traffic(self).arrive(arrival);
        }
        let Some((node, core)) = self.pick() else { return self.leap() };
        self.trace.borrow_mut().fold(u64::from(node.0) << 16 | u64::from(core.state.id.0));
        self.stepping.set(true);
        core.step(self.now(), &self.node(node));
        self.stepping.set(false);
        self.pass(self.chance.schedule.within(&self.config.poll_cost).as_nanos() as u64);
        self.carry_out_crashes();
        self.reap(node);
        true
    }

    fn pick(&self) -> Option<(NodeId, Rc<SimCore>)> {
        let mut runnable = Vec::new();
        self.each_core(|node, core| {
            if core.is_runnable(self.now()) {
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
        self.each_core(|_, core| anyone |= core.is_runnable(self.now()));
        anyone
    }

    fn leap(&self) -> bool {
        let Some(moment) = self.next_moment() else { return false };
        self.leap_to(moment);
        true
    }

    /// Takes a node down. Between two steps this happens at once. If running code asks for it, it happens before the
    /// next step.
    pub(crate) fn crash(&self, id: NodeId, loss: Loss) {
        self.node(id).begin_dying(|disk| match loss {
            Loss::Power => disk.crash(&self.chance.disk),
            Loss::Process => disk.process_ended(&self.chance.disk),
        });
        self.note(id, if loss == Loss::Power { "crash" } else { "kill" }, None, [0; 3]);
        self.crashes.borrow_mut().push((id, loss));
        if !self.stepping.get() {
            self.carry_out_crashes();
        }
    }

    pub(crate) fn carry_out_crashes(&self) {
        for (id, loss) in self.crashes.take() {
            self.node(id).tear_down(NodeState::Dead);
            Traffic(self).node_down(id, loss);
        }
    }

    /// Ends a node whose cores have all ended: its process has exited.
    pub(crate) fn end_node(&self, node: &Node) {
        self.note(node.id, "end", None, [0; 3]);
        node.tear_down(NodeState::Ended);
        node.disk.borrow_mut().process_ended(&self.chance.disk);
        Traffic(self).node_down(node.id, Loss::Process);
    }

    fn reap(&self, id: NodeId) {
        let node = self.node(id);
        if node.end_finished_cores() {
            self.end_node(&node);
        }
    }
}
