//! Waking tasks.

mod task;

pub(crate) use task::Task;
