//! Waking tasks: what a waker is, and how a task comes back to the core that owns it.
//!
//! Owns the ready queue of each core and its inbox, by which other threads hand tasks over. Knows neither the executor
//! that polls tasks nor the ring: of a core it knows two descriptors by which a sleeping one is woken.
//!
//! From below: `flags` (one task's), `inbox` (one core's, and the protocol of its sleep), `task`, `ready`.

pub(crate) mod flags;
pub(crate) mod inbox;
pub(crate) mod ready;
pub(crate) mod task;
