//! What a test can see and do, from outside the nodes or from a task on one of them.
//!
//! Owns nothing but a reference to the world. Must not know how a step is taken.

use std::io;
use std::net::IpAddr;
use std::ops::{Deref, RangeInclusive};
use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::time::Duration;

use super::config::ErrorRates;
use super::faults::{Device, Operation};
use super::network::traffic::Traffic;
use super::node::{Node, NodeState, Work};
use super::node_id::NodeId;
use super::world::{Loss, World};
use crate::executor::context;
use crate::instant::Instant;

/// A simulation, as seen by a test that controls it. Clones are the same simulation.
#[derive(Clone)]
pub struct Handle {
    pub(super) world: Rc<World>,
}

impl Handle {
    /// The virtual clock. (In a simulated task, [`crate::now`] is the same.)
    #[must_use]
    pub fn now(&self) -> Instant {
        self.world.now()
    }

    /// The running hash of everything that has happened. It is equal for equal seeds and programs.
    #[must_use]
    pub fn trace_hash(&self) -> u64 {
        self.world.trace.borrow().hash()
    }

    /// The last events, one per line: time in seconds, node, what happened, and its numbers.
    #[must_use]
    pub fn trace(&self) -> String {
        self.world.trace.borrow().recent().collect::<Vec<_>>().join("\n")
    }

    /// A random number from the simulation's seed, for the test's own choices.
    #[must_use]
    pub fn random_u64(&self) -> u64 {
        self.world.chance.program.next()
    }

    /// The node's IP address: 10.0.0.N. On the node itself 127.0.0.1 works too.
    #[must_use]
    pub fn address(&self, node: NodeId) -> IpAddr {
        self.world.node(node).address()
    }

    /// Cuts the node's power. Its tasks are gone, and chance decides what remains of everything that was not synced.
    /// Between steps this happens at once. If a running task asks for it, it happens before the next step, and nothing
    /// that the node does until then has an effect.
    pub fn crash(&self, node: NodeId) {
        if self.is_up(node) {
            self.world.crash(node, Loss::Power);
        }
    }

    /// Ends the node's process as kill -9 does. Its tasks are gone and its connections are reset; the page cache stays.
    pub fn kill(&self, node: NodeId) {
        if self.is_up(node) {
            self.world.crash(node, Loss::Process);
        }
    }

    /// False once the node has crashed, was killed, or all of its cores have ended.
    #[must_use]
    pub fn is_up(&self, node: NodeId) -> bool {
        self.world.node(node).is_alive()
    }

    /// Whether every core's main future has ended by itself.
    #[must_use]
    pub fn has_ended(&self, node: NodeId) -> bool {
        self.world.node(node).state() == NodeState::Ended
    }

    /// What SIGTERM does: [`crate::shutdown_signal`] returns on the node.
    pub fn ask_to_stop(&self, node: NodeId) {
        self.world.node(node).ask_to_stop();
    }

    /// Crashes the node right after `operations` more operations that changed its disk (writes, cuts, allocations,
    /// creations, renames, removals, and the ends of syncs).
    pub fn crash_after_io(&self, node: NodeId, operations: u64) {
        let node = self.world.node(node);
        let mut faults = node.faults.borrow_mut();
        faults.crash_after = Some(faults.operations + operations.max(1));
    }

    /// Cancels a [`Handle::crash_after_io`] that has not happened yet.
    pub fn cancel_crash(&self, node: NodeId) {
        self.world.node(node).faults.borrow_mut().crash_after = None;
    }

    /// How many operations have changed the node's disk since the simulation began.
    #[must_use]
    pub fn io_count(&self, node: NodeId) -> u64 {
        self.world.node(node).faults.borrow().operations
    }

    /// The node's disk.
    #[must_use]
    pub fn disk(&self, node: NodeId) -> DiskHandle {
        DiskHandle { device: DeviceHandle { node: self.world.node(node), below: PathBuf::from("/") } }
    }

    /// The network between the nodes.
    #[must_use]
    pub fn network(&self) -> NetworkHandle {
        NetworkHandle { world: self.world.clone() }
    }

    /// The work that the node has counted since the last call. Computing takes no virtual time, so a test checks this
    /// instead.
    pub fn take_work(&self, node: NodeId) -> Work {
        self.world.node(node).take_work()
    }

    /// Runs `f` as code of the node's first core, so files, time and randomness are the node's. For preparations. It
    /// must not wait.
    pub fn within<R>(&self, node: NodeId, f: impl FnOnce() -> R) -> R {
        let node = self.world.node(node);
        let core = node.cores().first().map(|core| core.state.clone());
        let _entered = context::enter(core.expect("the node is up; restart it first"));
        f()
    }
}

/// The network, as a test sees it.
pub struct NetworkHandle {
    world: Rc<World>,
}

impl NetworkHandle {
    /// From now on each segment is in transit for a time from this range.
    pub fn set_delay(&self, delay: RangeInclusive<Duration>) {
        self.world.network.borrow_mut().delay = delay;
    }

    /// From now on each send resets its connection with this probability.
    pub fn set_reset_probability(&self, probability: f64) {
        self.world.network.borrow_mut().reset_probability = probability;
    }

    /// Resets all connections between two nodes (or within one, if they are the same).
    pub fn reset_connections(&self, a: NodeId, b: NodeId) {
        Traffic(&self.world).reset_between(a, b);
    }

    /// Cuts the network between two nodes. What is in transit waits, and new connections time out.
    pub fn partition(&self, a: NodeId, b: NodeId) {
        Traffic(&self.world).cut(a, b);
    }

    /// Repairs the network between two nodes. What waited goes on.
    pub fn heal(&self, a: NodeId, b: NodeId) {
        Traffic(&self.world).heal(a, b);
    }
}

/// A node's disk, as a test sees it. It has all methods of [`DeviceHandle`] too, for what lies on no other device.
pub struct DiskHandle {
    device: DeviceHandle,
}

/// What a node's files below a path lie on, as a test sees it: what fails there, and how long it takes.
pub struct DeviceHandle {
    node: Rc<Node>,
    below: PathBuf,
}

impl Deref for DiskHandle {
    type Target = DeviceHandle;

    fn deref(&self) -> &DeviceHandle {
        &self.device
    }
}

impl DeviceHandle {
    fn change(&self, change: impl FnOnce(&mut Device)) {
        change(self.node.faults.borrow_mut().device_mut(&self.below));
    }

    fn fail_next(&self, operation: Operation, count: u32, code: i32) {
        self.change(|device| device.fail_next(operation, count, code));
    }

    /// The next `count` syncs fail with EIO. What they should have made durable is then no longer pending: some of it
    /// is durable, the rest never will be, and the page cache may show the old bytes again.
    pub fn fail_next_syncs(&self, count: u32) {
        self.fail_next(Operation::Sync, count, libc::EIO);
    }

    /// The next `count` writes (allocations, cuts, changes of names) fail with EIO and do nothing. Only a durable write
    /// that fails may have done some of its work: any bytes may be in its range.
    pub fn fail_next_writes(&self, count: u32) {
        self.fail_next(Operation::Write, count, libc::EIO);
    }

    /// The same with ENOSPC.
    pub fn fail_next_writes_for_space(&self, count: u32) {
        self.fail_next(Operation::Write, count, libc::ENOSPC);
    }

    /// The next `count` reads fail with EIO.
    pub fn fail_next_reads(&self, count: u32) {
        self.fail_next(Operation::Read, count, libc::EIO);
    }

    /// From now on operations fail with EIO with these probabilities.
    pub fn set_error_rates(&self, rates: ErrorRates) {
        self.change(|device| device.rates = rates);
    }

    /// While held, no sync and no durable write ends.
    pub fn hold_syncs(&self, held: bool) {
        self.change(|device| device.syncs_held = held);
    }

    /// From now on a sync, and a durable write, takes a time from this range.
    pub fn set_sync_latency(&self, latency: RangeInclusive<Duration>) {
        self.change(|device| device.sync_latency = Some(latency));
    }
}

impl DiskHandle {
    /// From now on the files below `path` lie on a device of their own. It begins with the error rates and the delays
    /// of the one they lay on, and what is then changed on one device does not change the other. (A file belongs to the
    /// name by which it was opened. The space is one for all devices.)
    #[must_use]
    pub fn device(&self, path: impl AsRef<Path>) -> DeviceHandle {
        self.node.faults.borrow_mut().add_device(path.as_ref());
        DeviceHandle { node: self.node.clone(), below: path.as_ref().to_owned() }
    }

    /// From now on every operation that opens, lists or names this path, or something below it, fails with EIO.
    pub fn break_path(&self, path: impl AsRef<Path>) {
        self.node.faults.borrow_mut().broken = Some(path.as_ref().to_owned());
    }

    /// Repairs all paths: none is broken any more.
    pub fn mend_path(&self) {
        self.node.faults.borrow_mut().broken = None;
    }

    /// Bounds the disk. Writes that do not fit are cut short, or fail with ENOSPC.
    pub fn set_capacity(&self, bytes: Option<u64>) {
        self.node.disk.borrow_mut().set_capacity(bytes);
    }

    /// Limits the number of files that the node's process may have open. Beyond it, opening fails with EMFILE.
    pub fn set_descriptors(&self, limit: usize) {
        self.node.descriptors.set_limit(limit);
    }

    /// The largest number of files that were ever open at the same time.
    #[must_use]
    pub fn most_open(&self) -> usize {
        self.node.descriptors.most()
    }

    /// The number of bytes in use, in whole blocks of 4 KiB.
    #[must_use]
    pub fn used(&self) -> u64 {
        self.node.disk.borrow_mut().used()
    }

    /// All files by their visible names, sorted.
    #[must_use]
    pub fn files(&self) -> Vec<PathBuf> {
        self.node.disk.borrow().files()
    }

    /// A file's bytes, as programs on the node read them.
    pub fn read(&self, path: impl AsRef<Path>) -> io::Result<Vec<u8>> {
        self.node.disk.borrow().visible(path.as_ref())
    }

    /// A file's bytes that are durable.
    pub fn read_durable(&self, path: impl AsRef<Path>) -> io::Result<Vec<u8>> {
        self.node.disk.borrow().durable(path.as_ref())
    }

    /// Creates a file, durably, with the directories above it.
    pub fn place(&self, path: impl AsRef<Path>, bytes: &[u8]) -> io::Result<()> {
        self.node.disk.borrow_mut().place(path.as_ref(), bytes)
    }

    /// Flips a bit (0 to 7) of the byte at `position`, in the page cache and on the medium.
    pub fn corrupt(&self, path: impl AsRef<Path>, position: u64, bit: u8) -> io::Result<()> {
        self.node.disk.borrow_mut().flip(path.as_ref(), position, bit)
    }
}
