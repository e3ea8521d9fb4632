//! One core's io_uring.
//!
//! Owns what the kernel works on. Knows no core and no task; the futures that wait for the kernel are `operation`'s.
//!
//! From below: `address`, `slots` (operations in flight), `buffers` (lent to the kernel), `setup`, `driver`.

pub(crate) mod address;
pub(crate) mod buffers;
pub(crate) mod driver;
pub(crate) mod setup;
pub(crate) mod slots;
