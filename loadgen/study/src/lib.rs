//! Questions that take many runs, or results that are there: comparison, search for the highest rate, sweep and advice,
//! codec lab, differences and trends.
//!
//! It makes no run itself: it asks a [`runner::Runner`]. So it knows no broker, no thread of a load and no command line.
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
