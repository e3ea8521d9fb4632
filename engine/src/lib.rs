//! The log. (Module docs follow with the partition.)

pub mod batch;
pub mod config;
pub mod limits;
pub mod offset;
pub mod offset_index;
mod producer_snapshot;
pub mod producers;
pub mod records;
pub mod time_index;
