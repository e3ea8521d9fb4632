//! The network between simulated nodes.

mod connection;
mod listener;
mod stream;
mod traffic;

pub(crate) use listener::SimListener;
pub(crate) use stream::SimStream;
pub(crate) use traffic::{Arrival, Network};
