//! The network between simulated nodes.
//!
//! Owns listeners, connections and what travels. Knows no disk but the file that a stream sends.
//!
//! From below: `connection`, `state`, `traffic` (changes by the world's clock and chance), then `stream` and `listener`, which are
//! what the facades of [`crate::net`] hold.

mod connection;
pub(crate) mod listener;
pub(crate) mod state;
pub(crate) mod stream;
pub(crate) mod traffic;
