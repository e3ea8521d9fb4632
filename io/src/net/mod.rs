//! TCP: listeners and streams.

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
