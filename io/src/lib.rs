//! Everything in Creel that is not pure computation.
//!
//! There is one single-threaded executor per core. Futures here are `!Send`, tasks never move to another core, and a
//! core's own data needs no lock. Time, randomness, files, sockets, spawning, and messages between cores go through
//! this crate. So the same program runs on two backends:
//!
//! * [`runtime::start`]: one pinned thread per core over an io_uring each;
//! * [`sim`]: every core of every node in one thread, driven by a seed, with a network and a disk that fail.
//!
//! The layers, lowest first; each knows only those before it:
//! * values: [`Instant`], [`CoreId`], [`histogram`], `aligned_buffer`;
//! * waiting: [`local`] within a core, [`mailbox`] between cores;
//! * `ring`, which talks to the kernel, and `wake`, which brings a woken task back to its core;
//! * `executor`: tasks, timers, the work of a turn, and which core the running code belongs to;
//! * operations: [`now`], [`sleep`], [`spawn()`], [`pace`], randomness, and `operation`, which awaits the ring;
//! * [`sim`], which takes the kernel's place under an executor;
//! * what the rest of the workspace uses: [`net`], [`fs`], [`offload()`], [`shutdown_signal`];
//! * [`runtime`], which starts cores and runs their loops.
//!
//! Invariants:
//! * A buffer the kernel may still touch is owned by its slot (`ring/slots.rs`), never by the future that asked.
//! * A descriptor is kept open until every request that names it has completed.
//! * Wakers may be used from any thread; everything else belongs to the core that made it.

mod aligned_buffer;
mod clock;
mod core_id;
mod executor;
pub mod fs;
pub mod histogram;
mod instant;
pub mod local;
pub mod mailbox;
pub mod net;
mod offload;
mod operation;
mod random;
mod ring;
pub mod runtime;
mod signal;
pub mod sim;
mod spawn;
mod sync;
mod timer;
mod turn;
mod wake;

pub use clock::{now, wall_clock_ms};
pub use core_id::CoreId;
pub use executor::budget::{STEPS_A_TURN, count_work, has_room};
pub use executor::context::wakes_sent;
pub use instant::Instant;
pub use offload::offload;
pub use random::{random_bytes, random_u64};
pub use signal::shutdown_signal;
pub use spawn::{JoinHandle, spawn};
pub use timer::{Elapsed, sleep, sleep_until, timeout};
pub use turn::{end_of_turn, pace, pace_tenth, rest, wake_at_end_of_turn, yield_now};
