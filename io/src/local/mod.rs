//! Waiting within one core. It uses no atomics, and nothing crosses threads.
//!
//! Owns wakers, and values on their way from one task to another. Must not know the executor.

mod notify;
mod oneshot;
mod queue;

pub use notify::Notify;
pub use oneshot::{Canceled, Receiver, Sender, oneshot};
pub use queue::{Closed, Full, QueueReceiver, QueueSender, queue};
