//! The simulator: nodes, their cores, their disks and the network between them, in one thread, driven by a seed.
//!
//! The public types of this crate ([`crate::fs::File`], [`crate::net::TcpStream`], [`crate::spawn()`], [`crate::now`],
//! …) work here as they do on io_uring; only the layers below them are simulated. The same seed and the same program
//! give the same events in the same order: [`Handle::trace_hash`] is equal. A test that fails prints its seed and the
//! last events.
//!
//! # For writers of tests
//!
//! One core, one disk, default roughness; the body is an async block:
//! ```
//! use creel_io::{fs, sim};
//! sim::run(7, |handle| async move {
//!     fs::write_atomically("/data/name".as_ref(), b"creel").await.unwrap();
//!     let disk = handle.disk(sim::NodeId::FIRST);
//!     assert_eq!(disk.read_durable("/data/name").unwrap(), b"creel");
//! });
//! ```
//! A crash, and what remains after it: [`Simulation::block_on`] starts the node again with the disk that it had.
//! ```
//! use creel_io::{fs, sim};
//! let mut sim = sim::Simulation::new(7, sim::Config::default());
//! let node = sim.add_node("broker", 1);
//! sim.crash_after_io(node, 3);
//! let outcome = sim.block_on(node, async { fs::write_atomically("/data/name".as_ref(), b"creel").await });
//! assert_eq!(outcome.err(), Some(sim::Stop::Crashed(node)));
//! let found = sim.block_on(node, async { fs::read("/data/name".as_ref()) }).unwrap();
//! assert!(found.is_err() || found.unwrap() == "creel");
//! ```
//! Several nodes: [`Simulation::add_node`], [`Simulation::start`] (as [`crate::runtime::start`]), then
//! [`Simulation::run_until`], [`run_for`](Simulation::run_for) or
//! [`run_until_ended`](Simulation::run_until_ended). A node's address is [`Handle::address`]; 127.0.0.1 is the node
//! itself. Tasks share state of the test by `Rc`. Work to be done before the cores run goes into [`Handle::within`].
//!
//! Faults, from outside or from any task ([`Handle`] is cheap to clone):
//! * a node: [`crash`](Handle::crash) (power), [`kill`](Handle::kill) (process),
//!   [`crash_after_io`](Handle::crash_after_io), [`ask_to_stop`](Handle::ask_to_stop) (SIGTERM);
//!   [`Simulation::restart`] starts it again;
//! * its disk: [`Handle::disk`] fails syncs, writes and reads, fills up, flips bits, holds syncs, shows what is visible
//!   and what is durable; [`DiskHandle::device`] makes a path a device that fails and stalls on its own;
//! * the network: [`Handle::network`] sets delays, resets connections, cuts and repairs the network between nodes;
//! * everything by chance: [`Config`].
//!
//! # What is simulated
//!
//! * **Scheduling.** A step is one poll of one task, on a core that chance picks among those that can run. Turns of the
//!   loop keep their meaning on each core. A poll takes a little virtual time. When no task can run, the clock moves to
//!   the next event.
//! * **Disk.** Paths begin at `/`; `/data` and `/tmp` exist. After a crash, each sector (512 B or 4 KiB) holds any of
//!   its versions since the last sync; the lengths are any prefix of their history; and any of the name changes since
//!   their directory's last sync are there, each as a whole. Cut bytes never come back. A failed sync forgets what it
//!   should have written, as Linux does; a second sync succeeds and proves nothing. (The sync of a directory only
//!   fails: names are journalled.) A durable write ([`DurableFile`](crate::fs::DurableFile)) that has ended is on the
//!   medium. One that has not may be there in part, also if it has failed, or if its process was killed.
//! * **Network.** Streams never reorder, and each has its own delays. They are bounded in bytes, so a receiver that
//!   does not read stops the sender. There are FIN, RST, refused connections, and timeouts of connecting. Peers of a
//!   node whose power was cut hear nothing for up to 30 s.
//! * **Not simulated:** a wall clock that jumps, descriptors of sockets, memory, and the time that computing takes (but
//!   long work counts itself: [`crate::pace`], [`Handle::take_work`]).
//!
//! The layers, lowest first: values and the parts of one node (`config`, `rng`, `trace`, `faults`, `descriptors`,
//! `disk`, `network::state`), `node`, `world` (what nodes share), `network::traffic`, `schedule` (the loop),
//! `environment` (from a core to its node and back). Above them are what the public types hold (`file`, `directory`,
//! `network::stream`, `network::listener`) and what tests hold (`handle`, `simulation`). No part may know the public
//! types.

mod config;
mod descriptors;
mod direct;
pub(crate) mod directory;
mod disk;
mod disk_access;
mod environment;
mod faults;
mod file;
mod handle;
mod network;
mod node;
mod node_id;
mod os_error;
mod rng;
mod schedule;
mod simulation;
mod trace;
mod world;

pub use config::{Config, DiskConfig, ErrorRates, NetworkConfig};
pub(crate) use descriptors::Descriptor;
pub(crate) use directory::SimLock;
pub(crate) use disk::OpenMode;
pub(crate) use environment::context;
pub(crate) use file::SimFile;
pub use handle::{DeviceHandle, DiskHandle, Handle, NetworkHandle};
pub(crate) use network::listener::SimListener;
pub(crate) use network::stream::SimStream;
pub use node::Work;
pub use node_id::NodeId;
pub use schedule::Stop;
pub use simulation::{Simulation, run, run_with};
