//! The broker: Kafka's protocol on a thread-per-core log.
//!
//! A Produce goes `connection` -> `frames` -> `dispatch` -> `api/produce` -> `topics` (where is the partition?) -> the
//! engine, or by `route` to the core that owns it; then `reply`. A Fetch goes the same way to `api/fetch`, and waits in
//! `parked`. `start` is a core's life from its first step to `shutdown`; `core` is what it has meanwhile.
//! `budget` bounds what one request makes of all that.
//!
//! `config` says what was asked for, `banner` what was started. `metadata` keeps the facts of the
//! cluster (topics, ids) behind a small contract; `groups` is the group coordinator as a state
//! machine without IO; `offsets` is how its records are written in `__consumer_offsets`. `answers` says which of Kafka's
//! codes goes with an error of any of them.
//!
//! Absent on purpose: locks (but for one at the start), threads inside a core, time and files other than `creel_io`'s.

#![warn(clippy::print_stdout, clippy::print_stderr, reason = "they panic where the reader has gone")]

// The tests inside know it by the name that those outside use.
#[cfg(test)]
extern crate self as creel_server;

mod admin;
mod answers;
mod api;
mod authorized;
pub mod banner;
mod budget;
mod call;
mod complaints;
pub mod config;
mod connection;
mod core;
mod descriptors;
mod dispatch;
mod ends;
mod epochs;
mod exposed;
mod flight;
mod frames;
#[doc(hidden)]
pub mod fuzzing;
mod gradual;
pub mod groups;
mod idleness;
mod limits;
mod listener;
mod messages;
pub mod metadata;
mod news;
mod node;
pub mod offsets;
mod opening;
mod outbox;
mod parked;
mod placement;
mod race;
mod recovery;
mod reply;
mod request_memory;
mod route;
mod sessions;
mod shutdown;
mod spread;
mod stages;
mod start;
mod topics;
mod transactions;
mod transport;
mod turnstile;
mod wanted;

pub use start::{Failure, Setup, run_core};

/// Its version, and the commit it was built from where that was a checkout: `0.1.0 (3f2a1b4c5d6e)`.
pub const VERSION: &str = match option_env!("BUILD_VERSION") {
    Some(version) => version,
    None => env!("CARGO_PKG_VERSION"),
};
