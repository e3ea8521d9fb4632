//! One core's executor: its tasks, its sleepers, the work of a turn, and which core the running code belongs to.
//!
//! Owns the futures and when they are polled. Knows no file, no socket and no simulator: the kernel is a ring's driver, the
//! simulator an [`environment::Environment`].
//!
//! From below: `budget`, `timers`, `environment`, `tasks` (the executor proper), `core_state` (all of one core), `context`.

pub(crate) mod budget;
pub(crate) mod context;
pub(crate) mod core_state;
pub(crate) mod environment;
pub(crate) mod tasks;
pub(crate) mod timers;
