//! `loadgen`: a load generator for any Kafka broker that tells the truth.
//!
//! It shares only the wire crate with the broker; batches, checksums and codecs are its own.
#![forbid(unsafe_code)]

pub mod broker;
pub mod cli;
pub mod client;
pub mod clock;
pub mod codec;
pub mod consumer;
pub mod cores;
pub mod cost;
pub mod error;
pub mod keys;
pub mod latency;
pub mod link;
pub mod live;
pub mod metrics;
pub mod orders;
pub mod payload;
pub mod phases;
pub mod plan;
pub mod producer;
pub mod records;
pub mod report;
pub mod rng;
pub mod run;
pub mod schedule;
pub mod signal;
pub mod source;
pub mod stage;
pub mod summary;
pub mod verify;
pub mod worker;
