//! TCP: listeners and streams.

mod listener;
mod receive;
mod socket;
mod stream;

pub use listener::TcpListener;
pub use stream::{DetachedStream, More, TcpStream};
