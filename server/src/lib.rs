//! The broker: Kafka's protocol on a thread-per-core log.
//!
//! A Produce goes `net` -> `api/dispatch` -> `api/produce` -> `topics` (where is the partition?) -> the engine. If
//! another core owns the partition, it goes by `peers` to that core's `inbox`. The answer goes back by `net`. A Fetch
//! goes the same way to `api/fetch`, and waits there. `lifecycle` is a core's life from its first step to its end;
//! `core` is what it has meanwhile. `check` looks at a data directory that no broker uses. `budget` bounds what one request makes of all that.
//!
//! `config` says what was asked for. `metadata` keeps the facts of the cluster (topics, ids) behind a small contract.
//! `groups` is the group coordinator as a state machine without IO; `groups::runtime` gives it a clock and a log;
//! `offsets` is how its records are written in `__consumer_offsets`. `answers` gives Kafka's code for an error of any
//! of them. Each room's `mod.rs` says what it owns and what it must not know.
//!
//! Absent on purpose: locks (except three, for the start and the end), threads inside a core, time and files other than `creel_io`'s.

#![warn(clippy::print_stdout, clippy::print_stderr, reason = "they panic where the reader has gone")]

// Unit tests use the name by which code outside knows this crate.
#[cfg(test)]
extern crate self as creel_server;

mod admin;
mod answers;
mod api;
mod budget;
pub mod check;
pub mod config;
mod core;
mod fetch_sessions;
#[doc(hidden)]
pub mod fuzzing;
pub mod groups;
mod inbox;
mod lifecycle;
mod limits;
mod logging;
pub mod metadata;
mod net;
pub mod offsets;
mod peers;
mod placement;
mod quoted;
mod stages;
mod tasks;
mod topics;

pub use lifecycle::{Banner, Failure, Listening, ReplayOutcome, Setup, run_core};

/// Its version, and the commit it was built from where that was a checkout: `0.1.0 (3f2a1b4c5d6e)`.
pub const VERSION: &str = match option_env!("BUILD_VERSION") {
    Some(version) => version,
    None => env!("CARGO_PKG_VERSION"),
};
