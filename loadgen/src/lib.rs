//! `loadgen`: a load generator for any Kafka broker that tells the truth.
//!
//! It shares only the wire crate with the broker; batches, checksums and codecs are its own.
#![forbid(unsafe_code)]

pub mod codec;
pub mod records;
