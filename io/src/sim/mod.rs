//! The simulated backend.

mod config;
mod directory;
mod disk;
mod faults;
mod file;
mod handle;
mod here;
mod network;
mod node;
mod rng;
mod schedule;
mod simulation;
mod trace;
mod world;

pub use config::{Config, DiskConfig, ErrorRates, NetworkConfig};
pub(crate) use directory::SimLock;
pub(crate) use disk::OpenMode;
pub(crate) use file::SimFile;
pub use handle::{DiskHandle, Handle, NetworkHandle};
pub(crate) use here::{Here, place};
pub(crate) use network::{SimListener, SimStream};
pub use schedule::Stop;
pub use simulation::{Simulation, run, run_with};

/// The number of a node, from 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct NodeId(pub(crate) u16);

impl NodeId {
    /// The node that was added first; the only one of [`run`].
    pub const FIRST: NodeId = NodeId(1);
}
