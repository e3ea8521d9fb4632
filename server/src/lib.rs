//! The broker: Kafka's protocol on a thread-per-core log.
//!
//! `config` says what was asked for, `banner` what was started. `metadata` keeps the facts of the
//! cluster (topics, ids) behind a small contract; `groups` is the group coordinator as a state
//! machine without IO; `offsets` is how its records are written in `__consumer_offsets`.

pub mod banner;
pub mod config;
pub mod groups;
pub mod metadata;
pub mod offsets;
