//! TCP: listeners and streams.
//!
//! Owns sockets, and how bytes get in and out of them. Must not know what the bytes mean.
//!
//! Lowest first: `socket` (system calls); `receive`, `ring_stream` and `ring_listener` (the kernel's side); `stream`
//! and `listener` (either side).

mod listener;
mod more;
mod receive;
mod ring_listener;
mod ring_stream;
mod socket;
mod stream;

pub use listener::TcpListener;
pub use more::More;
pub use stream::{DetachedStream, TcpStream};
