//! One core's executor.

pub(crate) mod context;
pub(crate) mod core_state;
pub(crate) mod tasks;
