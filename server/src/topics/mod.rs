//! Topics: an image of all of them on every core, and on core 0 the controller that changes them.
//!
//! This room owns which topics exist, written down and in the memory of each core. It must not know a request of
//! Kafka's: handlers (`api`) ask, and turn the outcome into an answer.
//!
//! - `image` is what a core knows: all topics, and which partitions are its own. No IO.
//! - `controller` decides, on core 0 alone: a change is written down, made on every core, then shown and answered.
//! - `replicas` is a core's own part: it opens, changes and removes the partitions that it owns.
//!
//! A topic is in the image of every core, with the core's own partitions open, before anyone is told that it exists.

pub(crate) mod controller;
pub(crate) mod image;
mod log_config;
mod names;
mod questions;
mod record_rules;
pub(crate) mod replicas;
mod strays;

pub(crate) use controller::{
    CONTROLLER, Controller, TopicError, alter, alter_group, create, delete, group_settings, open_everywhere,
    take_producer_ids,
};
pub(crate) use image::{LocalTopic, Location, PartitionError, Topic, Topics};
pub(crate) use log_config::log_config;
pub(crate) use names::{check_name, check_not_metadata_log, is_internal};
pub(crate) use replicas::{PendingRemovals, open, remove, retry_removals, roll_back_update, update};
pub(crate) use strays::put_aside;
