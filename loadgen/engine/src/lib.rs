//! The load itself: when records are due, what they hold, how they reach a broker and what becomes of them.
//!
//! This crate owns everything between a schedule and a judged record. It must not know how a broker is started, what
//! it costs, or who asks: to it a broker is an address that speaks Kafka's protocol.
//!
//! The way of a record: `schedule` says when, `source` says which (`payload`, `keys`), `producer` puts it into a
//! batch (`records/build`, `codec`), `link` sends the batch and takes its ack. `consumer` reads it back
//! (`records/parse`), `verify` judges it, `metrics` and `latency` count it.
#![forbid(unsafe_code)]
#![warn(clippy::print_stdout, clippy::print_stderr, reason = "they panic where the reader has gone")]

pub mod broker_generations;
pub mod client;
pub mod clock;
pub mod codec;
pub mod consumer;
pub mod error;
pub mod keys;
pub mod link;
pub mod metrics;
pub mod options;
pub mod orders;
pub mod outcomes;
pub mod payload;
pub mod plan;
pub mod producer;
pub mod read_history;
pub mod reconnect;
pub mod records;
pub mod run_state;
mod runtime;
pub mod schedule;
pub mod signal;
pub mod sketch;
pub mod source;
pub mod thread_times;
pub mod time_series;
pub mod units;
pub mod verify;
pub mod window;
pub mod worker;
