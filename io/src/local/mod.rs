//! Waiting within one core: no atomics, nothing crosses threads.
//!
//! Owns wakers and what is handed over. Knows no executor.

mod notify;
mod oneshot;
mod queue;

pub use notify::Notify;
pub use oneshot::{Canceled, Receiver, Sender, oneshot};
pub use queue::{Closed, Full, QueueReceiver, QueueSender, queue};
