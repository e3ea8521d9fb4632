//! The files beside a segment's `.log`.

pub(crate) mod files;
pub(crate) mod offset_index;
pub(crate) mod snapshot;
pub(crate) mod time_index;
