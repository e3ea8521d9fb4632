//! One core's io_uring.
//!
//! Owns what the kernel works on. Must not know the core or its tasks; the futures that wait for the kernel are in
//! `operation`.
//!
//! Lowest first: `address`, `slots` (operations in flight), `buffers` (lent to the kernel), `setup`, `driver`.

pub(crate) mod address;
pub(crate) mod buffers;
pub(crate) mod driver;
pub(crate) mod setup;
pub(crate) mod slots;
