//! The network between simulated nodes.
//!
//! Owns listeners, connections and what is in transit. Must not know the disk, except for the file that a stream sends.
//!
//! Lowest first: `connection`, `state`, `traffic` (changes by the world's clock and chance), then `stream` and
//! `listener`, which are what the public types of [`crate::net`] hold.

mod connection;
pub(crate) mod listener;
pub(crate) mod state;
pub(crate) mod stream;
pub(crate) mod traffic;
