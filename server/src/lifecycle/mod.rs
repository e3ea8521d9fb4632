//! A core's life, from its first step to its end. On the way core 0 works for all cores: it locks and reads the data
//! directory, listens, accepts, and stops.
//!
//! This room owns the order of these steps. It must not know what a request means: connections are `net`'s, and
//! messages from other cores are the inbox's.

mod accept;
mod banner;
mod data_dir;
mod exposure_warning;
mod failure;
mod file_system;
mod journal;
mod journal_places;
mod left_in_memory;
mod listen;
mod replay;
mod shutdown;
mod start;
mod start_progress;
mod upkeep;

pub use banner::{Banner, Listening};
pub use failure::Failure;
pub use replay::ReplayOutcome;
pub use start::{Setup, run_core};
