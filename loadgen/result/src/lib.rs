//! What was found, as data: reports and their JSON, distributions, statistics, and the files of a result.
//!
//! This crate owns every schema that is kept on disk. It must not know who measures, nor anything of brokers, threads
//! or pages.
#![forbid(unsafe_code)]
#![warn(clippy::print_stdout, clippy::print_stderr, reason = "they panic where the reader has gone")]

pub mod comparison;
pub mod files;
pub mod latency;
pub mod report;
pub mod results_dir;
pub mod rng;
pub mod stats;
pub mod steady;
pub mod text;
