//! Connections of clients: bytes to frames, replies to bytes.
//!
//! Owns sockets, the order of requests and replies on each, and how much of them a connection may hold. It must not know
//! what a request means: to it a frame is bytes with an API key in front.

pub(crate) mod connection;
pub(crate) mod flight;
pub(crate) mod frames;
pub(crate) mod idleness;
pub(crate) mod outbox;
pub(crate) mod reply;
pub(crate) mod transport;
