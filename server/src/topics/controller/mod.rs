//! The controller: core 0 decides about topics. A change is written down first, then made on every core, then shown
//! and answered. A change that cannot be made on every core is rolled back whole, so that it can be repeated.
//!
//! This room owns what is written down about topics and the right to change it (`state`). It asks every core, its own
//! included, for what it wants done (`replicas`): it must not open a partition itself, nor know a request of Kafka's.
//! What it is asked for (`intents`) and why it refuses (`error`) are plain values.

mod alter;
mod create;
mod delete;
pub(crate) mod error;
mod group_settings;
pub(crate) mod intents;
mod producer_ids;
mod state;

pub(crate) use alter::alter;
pub(crate) use create::{create, open_everywhere};
pub(crate) use delete::delete;
pub(crate) use error::TopicError;
pub(crate) use group_settings::{alter_group, group_settings};
pub(crate) use intents::CONTROLLER;
pub(crate) use producer_ids::take_producer_ids;
pub(crate) use state::Controller;
