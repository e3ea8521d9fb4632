//! Waiting within one core: no atomics, nothing crosses threads.

mod notify;
mod oneshot;
mod queue;

pub use notify::Notify;
pub use oneshot::{Canceled, Receiver, Sender, oneshot};
pub use queue::{Closed, Full, QueueReceiver, QueueSender, queue};
