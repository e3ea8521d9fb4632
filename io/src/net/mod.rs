//! TCP: listeners and streams.

mod listener;
mod receive;
mod ring_listener;
mod ring_stream;
mod socket;
mod stream;

pub use listener::TcpListener;
pub use stream::{DetachedStream, More, TcpStream};
