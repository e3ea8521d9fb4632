//! The machine around a load: brokers as processes, cores, CPU time, memory and disk, and what else went on
//! meanwhile.
//!
//! This crate owns what is started and read outside of loadgen's own threads. Of the load it knows only how far it
//! is. It must not know what records hold, nor who reads the result.
#![forbid(unsafe_code)]
#![warn(clippy::print_stdout, clippy::print_stderr, reason = "they panic where the reader has gone")]

pub mod broker;
pub mod broker_stages;
pub mod cores;
pub mod cost;
pub mod edge;
pub mod error;
pub mod flame;
pub mod machine;
pub mod noise;
pub mod observer;
