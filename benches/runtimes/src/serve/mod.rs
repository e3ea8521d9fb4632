//! The server, once for each runtime.

pub(crate) mod glommio;
pub(crate) mod own;
pub(crate) mod tokio_epoll;
pub(crate) mod tokio_uring;

use std::io::{self, Write as _};
use std::net::SocketAddr;

/// A free port on loopback.
const ANY: &str = "127.0.0.1:0";

/// Tells the parent where the server listens.
fn announce(address: SocketAddr) -> io::Result<()> {
    let mut out = io::stdout();
    writeln!(out, "{address}")?;
    out.flush()
}
