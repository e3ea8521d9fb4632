//! `loadgen`: a load generator for any Kafka broker that tells the truth.
//!
//! It shares only the wire crate with the broker; batches, checksums and codecs are its own.
//!
//! The way of a run: `cli` -> (`plain`, two runs where no rate is asked for) -> `run` (finds or starts the `broker`, prepares the topic through `client`, decides the
//! `plan`) -> one `worker` thread per core -> `phases` on the main thread -> `summary` -> `report`.
//!
//! The way of a record: `schedule` says when, `source` which (`payload`, `keys`), `producer` puts it into a batch
//! (`records/build`, `codec`), `link` sends the batch and takes its ack; `consumer` reads it back (`records/parse`),
//! `verify` judges it, `metrics` and `latency` count it.
#![forbid(unsafe_code)]
#![warn(clippy::print_stdout, clippy::print_stderr, reason = "they panic where the reader has gone")]

pub mod advice;
pub mod broker;
pub mod cli;
pub mod client;
pub mod clock;
pub mod codec;
pub mod compare;
pub mod comparison;
pub mod consumer;
pub mod cores;
pub mod cost;
pub mod course;
pub mod crash;
pub mod dashboard;
pub mod diff;
pub mod error;
pub mod fate;
pub mod files;
pub mod flame;
pub mod glossary;
pub mod journal;
pub mod keys;
pub mod lab;
pub mod latency;
pub mod lifeline;
pub mod link;
pub mod lives;
pub mod machine;
pub mod metrics;
pub mod noise;
pub mod observer;
pub mod options;
pub mod orders;
pub mod page;
pub mod payload;
pub mod phases;
pub mod plain;
pub mod plan;
pub mod producer;
pub mod progress;
pub mod progress_view;
pub mod records;
pub mod report;
pub mod results_dir;
pub mod rng;
pub mod run;
pub mod runner;
pub mod schedule;
pub mod search;
pub mod signal;
pub mod sketch;
pub mod source;
pub mod stage;
pub mod stages;
pub mod stats;
pub mod steady;
pub mod summary;
pub mod sweep;
pub mod text;
pub mod thread_times;
pub mod units;
pub mod verify;
pub mod worker;

/// Its version, and the commit it was built from where that was a checkout: `0.1.0 (3f2a1b4c5d6e)`.
pub const VERSION: &str = match option_env!("BUILD_VERSION") {
    Some(version) => version,
    None => env!("CARGO_PKG_VERSION"),
};
