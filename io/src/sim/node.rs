//! A simulated machine: its cores, its disk, and whether it runs.
//!
//! Owns everything that belongs to the machine. Must not know other nodes, the network or the world: the caller says
//! what time it is.

use std::cell::{Cell, RefCell};
use std::net::{IpAddr, Ipv4Addr};
use std::rc::Rc;
use std::sync::Arc;
use std::task::Waker;

use super::config::DiskConfig;
use super::descriptors::Descriptors;
use super::disk::Disk;
use super::faults::Faults;
use super::node_id::NodeId;
use crate::core_id::CoreId;
use crate::executor::core_state::{CoreBackend, CoreState};
use crate::executor::environment::Environment;
use crate::executor::tasks::Executor;
use crate::executor::{budget, context};
use crate::instant::Instant;
use crate::spawn::{JoinHandle, spawn};
use crate::wake::task::CoreShared;

/// Work that was counted by [`crate::count_work`] and [`crate::pace`], in steps.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Work {
    /// The most work in one turn of a core, by all of its tasks. For that long nobody got an answer of the network or
    /// the disk.
    pub longest: usize,
    /// All work.
    pub total: usize,
}

pub(crate) struct Node {
    pub(crate) id: NodeId,
    pub(crate) name: String,
    pub(crate) disk: RefCell<Disk>,
    pub(crate) faults: RefCell<Faults>,
    pub(crate) descriptors: Arc<Descriptors>,
    /// What the disk will hold once the node is down.
    disk_left: RefCell<Option<Disk>>,
    cores: RefCell<Vec<Rc<SimCore>>>,
    core_count: u16,
    /// The number of starts. Handles from before the last start are dead.
    boot: Cell<u32>,
    state: Cell<NodeState>,
    stop_asked: Cell<bool>,
    stop_waiters: RefCell<Vec<Waker>>,
    /// The work that its tasks have counted.
    work: Cell<Work>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum NodeState {
    /// Its cores were made, and nothing was started.
    Ready,
    Running,
    /// It crashed in the middle of a poll. The code goes on to the end of the poll and sees its disk as before. But
    /// what the disk will hold is decided, and nothing that the code does has an effect any more.
    Dying,
    /// Crashed or killed.
    Dead,
    /// Every core's main future has ended.
    Ended,
}

/// One core of a node, and the state of its turn.
pub(crate) struct SimCore {
    pub(crate) state: Rc<CoreState>,
    main: RefCell<Option<JoinHandle<()>>>,
    in_turn: Cell<bool>,
    /// The work of its turn so far, in steps.
    work: Cell<usize>,
}

impl Node {
    pub(crate) fn new(id: NodeId, name: &str, cores: u16, config: &DiskConfig) -> Node {
        Node {
            id,
            name: name.to_owned(),
            disk: RefCell::new(Disk::new(config.capacity_bytes)),
            faults: RefCell::new(Faults::new(config.errors)),
            descriptors: Arc::default(),
            disk_left: RefCell::default(),
            cores: RefCell::default(),
            core_count: cores,
            boot: Cell::new(0),
            state: Cell::new(NodeState::Dead),
            stop_asked: Cell::new(false),
            stop_waiters: RefCell::default(),
            work: Cell::default(),
        }
    }

    pub(crate) fn address(&self) -> IpAddr {
        IpAddr::V4(Ipv4Addr::new(10, 0, (self.id.0 >> 8) as u8, self.id.0 as u8))
    }

    pub(crate) fn boot(&self) -> u32 {
        self.boot.get()
    }

    pub(crate) fn state(&self) -> NodeState {
        self.state.get()
    }

    /// Ends the node. `end` decides what remains on its disk.
    pub(crate) fn begin_dying(&self, end: impl FnOnce(&mut Disk)) {
        let mut left = self.disk.borrow().clone();
        end(&mut left);
        *self.disk_left.borrow_mut() = Some(left);
        self.state.set(NodeState::Dying);
    }

    /// Whether what it does has an effect on the world.
    pub(crate) fn is_alive(&self) -> bool {
        matches!(self.state.get(), NodeState::Ready | NodeState::Running)
    }

    /// A poll on one of its cores has counted `steps` of work, and the whole turn `of_turn` so far.
    pub(crate) fn note_work(&self, steps: usize, of_turn: usize) {
        let Work { longest, total } = self.work.get();
        self.work.set(Work { longest: longest.max(of_turn), total: total + steps });
    }

    /// The work that was counted since the last call.
    pub(crate) fn take_work(&self) -> Work {
        self.work.take()
    }

    pub(crate) fn cores(&self) -> Vec<Rc<SimCore>> {
        self.cores.borrow().clone()
    }

    pub(crate) fn each_core(&self, f: impl FnMut(&Rc<SimCore>)) {
        self.cores.borrow().iter().for_each(f);
    }

    /// Makes new cores, unless it has cores on which nothing was started yet.
    pub(crate) fn boot_up(&self, environment: impl Fn() -> Box<dyn Environment>) {
        if self.state.get() == NodeState::Ready {
            return;
        }
        assert!(
            !matches!(self.state.get(), NodeState::Running | NodeState::Dying),
            "{} runs already",
            self.name
        );
        self.boot.set(self.boot.get() + 1);
        self.stop_asked.set(false);
        let cores = (0..self.core_count).map(|index| SimCore::new(CoreId(index), environment()));
        *self.cores.borrow_mut() = cores.collect();
        self.state.set(NodeState::Ready);
    }

    /// Starts `main` on every core.
    pub(crate) fn start<F>(&self, main: impl Fn(CoreId) -> F)
    where
        F: Future<Output = ()> + 'static,
    {
        self.state.set(NodeState::Running);
        for core in self.cores() {
            let _entered = context::enter(core.state.clone());
            let handle = spawn(main(core.state.id));
            *core.main.borrow_mut() = Some(handle);
        }
    }

    /// Drops everything that runs on the node, then its cores.
    pub(crate) fn tear_down(&self, state: NodeState) {
        self.state.set(NodeState::Dying);
        for core in self.cores() {
            core.drop_tasks();
        }
        self.cores.borrow_mut().clear();
        self.stop_waiters.borrow_mut().clear();
        if let Some(left) = self.disk_left.take() {
            *self.disk.borrow_mut() = left;
        }
        self.state.set(state);
    }

    /// Ends the cores whose main future has ended. Returns true if that was the last one.
    pub(crate) fn end_finished_cores(&self) -> bool {
        let mut all = true;
        for core in self.cores() {
            let finished = core.main.borrow().as_ref().is_some_and(JoinHandle::is_finished);
            if finished {
                core.main.borrow_mut().take();
                core.drop_tasks();
            }
            all &= core.main.borrow().is_none();
        }
        all && self.state.get() == NodeState::Running
    }

    pub(crate) fn ask_to_stop(&self) {
        self.stop_asked.set(true);
        self.stop_waiters.take().into_iter().for_each(Waker::wake);
    }

    pub(crate) async fn stop_signal(&self) {
        std::future::poll_fn(|cx| {
            if self.stop_asked.get() {
                return std::task::Poll::Ready(());
            }
            self.stop_waiters.borrow_mut().push(cx.waker().clone());
            std::task::Poll::Pending
        })
        .await;
    }
}

impl SimCore {
    fn new(id: CoreId, environment: Box<dyn Environment>) -> Rc<SimCore> {
        let state = CoreState {
            id,
            executor: Executor::new(Arc::new(CoreShared::simulated())),
            timers: RefCell::default(),
            backend: CoreBackend::Sim(environment),
            wakes_sent: Cell::default(),
        };
        Rc::new(SimCore {
            state: Rc::new(state),
            main: RefCell::default(),
            in_turn: Cell::new(false),
            work: Cell::new(0),
        })
    }

    pub(crate) fn is_runnable(&self, now: Instant) -> bool {
        self.in_turn.get()
            || self.state.has_work()
            || self.state.timers.borrow().earliest().is_some_and(|deadline| deadline <= now)
    }

    /// Does one poll, and begins and ends the turns of the loop where they fall.
    pub(crate) fn step(&self, now: Instant, node: &Node) {
        let _entered = context::enter(self.state.clone());
        budget::turn_goes_on(self.work.get());
        if !self.in_turn.replace(true) {
            self.state.take_inputs(now);
        }
        let (executor, before) = (&self.state.executor, budget::work());
        if !executor.poll_one() {
            executor.wake_at_end_of_turn();
        }
        self.work.set(budget::work());
        node.note_work(budget::work() - before, budget::work());
        if !executor.has_ready() && !executor.wake_deferred_if_room() {
            executor.end_turn();
            self.in_turn.set(false);
        }
    }

    fn drop_tasks(&self) {
        let _entered = context::enter(self.state.clone());
        self.state.executor.drop_all();
    }
}
