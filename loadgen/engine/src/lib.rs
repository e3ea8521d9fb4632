//! The load itself: when records are due, what they hold, how they reach a broker and what becomes of them.
//!
//! The way of a record: `schedule` says when, `source` which (`payload`, `keys`), `producer` puts it into a batch
//! (`records/build`, `codec`), `link` sends the batch and takes its ack; `consumer` reads it back (`records/parse`),
//! `verify` judges it, `metrics` and `latency` count it.
//!
//! It knows a broker as an address that speaks Kafka's protocol: not how one is started, nor what it costs, nor who asks.
#![forbid(unsafe_code)]
#![warn(clippy::print_stdout, clippy::print_stderr, reason = "they panic where the reader has gone")]

pub mod client;
pub mod clock;
pub mod codec;
pub mod consumer;
pub mod course;
pub mod error;
pub mod fate;
pub mod journal;
pub mod keys;
pub mod lifeline;
pub mod link;
pub mod lives;
pub mod metrics;
pub mod options;
pub mod orders;
pub mod payload;
pub mod plan;
pub mod producer;
pub mod records;
pub mod schedule;
pub mod signal;
pub mod sketch;
pub mod source;
pub mod stage;
pub mod thread_times;
pub mod units;
pub mod verify;
pub mod worker;
