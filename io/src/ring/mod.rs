//! One core's io_uring.

pub(crate) mod buffers;
mod driver;
mod setup;
mod slots;

pub(crate) use buffers::BufferId;
pub(crate) use driver::{Driver, Reaped, wake_core};
pub use setup::RingError;
pub(crate) use slots::{Kept, KeptBuffer, RawAddress};
