//! `loadgen`: a load generator for any Kafka broker that tells the truth.
//!
//! It shares only the wire crate with the broker; batches, checksums and codecs are its own.
#![forbid(unsafe_code)]

pub mod clock;
pub mod codec;
pub mod latency;
pub mod orders;
pub mod payload;
pub mod records;
pub mod rng;
pub mod schedule;
pub mod verify;
