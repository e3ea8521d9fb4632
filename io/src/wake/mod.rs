//! Waking tasks: what a waker is, and how a task comes back to the core that owns it.
//!
//! Owns each core's ready queue, and its inbox, into which other threads put woken tasks. Must not know the executor
//! that polls tasks, nor the ring: of a core it knows two descriptors through which a sleeping core is woken.
//!
//! Lowest first: `flags` (of one task), `inbox` (of one core, with the protocol of its sleep), `task`, `ready`.

pub(crate) mod flags;
pub(crate) mod inbox;
pub(crate) mod ready;
pub(crate) mod task;
