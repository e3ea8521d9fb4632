//! Questions that take many runs, or results that are there already: comparison, search for the highest rate, sweep
//! and advice, codec lab, differences and trends.
//!
//! This crate owns the order of the runs and what follows from their results. It makes no run itself: it asks a
//! [`runner::Runner`]. So it must not know brokers, threads of a load or a command line.
#![forbid(unsafe_code)]
#![warn(clippy::print_stdout, clippy::print_stderr, reason = "they panic where the reader has gone")]

pub mod advice;
pub mod compare;
pub mod diff;
pub mod error;
pub mod lab;
pub mod matrix;
pub mod progress;
pub mod runner;
pub mod search;
pub mod store;
pub mod sweep;
