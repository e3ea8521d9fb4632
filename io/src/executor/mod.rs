//! One core's executor: its tasks, its sleepers, the work of a turn, and which core the running code belongs to.
//!
//! Owns the futures, and decides when they are polled. Must not know files, sockets or the simulator: the kernel is
//! behind a ring's driver, the simulator behind an [`environment::Environment`].
//!
//! Lowest first: `budget`, `timers`, `environment`, `tasks` (the executor proper), `core_state` (everything of one
//! core), `context`.

pub(crate) mod budget;
pub(crate) mod context;
pub(crate) mod core_state;
pub(crate) mod environment;
pub(crate) mod tasks;
pub(crate) mod timers;
