//! Binds the addresses that a broker listens on. If one can't be bound, it says why, and what to do.

use std::io::ErrorKind;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use creel_io::net::TcpListener;
use creel_io::{now, sleep};

use super::exposure_warning;
use super::failure::Failure;
use crate::config::ListenerConfig;
use crate::limits::{TAKEN_PORT_PATIENCE, TAKEN_PORT_PAUSE};

/// Listens on all of them. Returns each with its real address: port 0 has become a free one.
pub(super) async fn listen_on(
    listeners: &[ListenerConfig],
) -> Result<(Vec<TcpListener>, Vec<SocketAddr>), Failure> {
    let mut bound = Vec::with_capacity(listeners.len());
    let mut addresses = Vec::with_capacity(listeners.len());
    for ListenerConfig { name, bind, .. } in listeners {
        let failed = |error: std::io::Error| Failure::Listen(*bind, with_advice(&error));
        let listener = listen(*bind).await.map_err(failed)?;
        let address = listener.local_addr().map_err(failed)?;
        exposure_warning::warn_of_clients(name, address);
        addresses.push(address);
        bound.push(listener);
    }
    Ok((bound, addresses))
}

/// Listens, and waits for what a killed broker leaves behind. The kernel closes a ring's files a moment after its
/// process is gone, so a restart right after a kill -9 can find its own port still taken.
async fn listen(bind: SocketAddr) -> std::io::Result<TcpListener> {
    let deadline = now() + TAKEN_PORT_PATIENCE;
    loop {
        match bind_to(bind) {
            Err(error) if error.kind() == ErrorKind::AddrInUse && now() < deadline => {
                sleep(TAKEN_PORT_PAUSE).await;
            }
            listening => return listening,
        }
    }
}

/// Binds. On a machine without IPv6, "every address" is every IPv4 address.
fn bind_to(address: SocketAddr) -> std::io::Result<TcpListener> {
    TcpListener::bind(address).or_else(|error| match address.ip() {
        IpAddr::V6(ip) if ip.is_unspecified() && error.kind() != ErrorKind::AddrInUse => {
            TcpListener::bind(SocketAddr::new(IpAddr::V4(Ipv4Addr::UNSPECIFIED), address.port()))
        }
        _ => Err(error),
    })
}

/// Why an address can't be had, and what to do.
fn with_advice(error: &std::io::Error) -> String {
    let advice = match error.kind() {
        ErrorKind::AddrInUse => "stop the process that listens there, or choose another port",
        ErrorKind::AddrNotAvailable => "choose an address that this machine has",
        ErrorKind::PermissionDenied => "choose a port above 1023, which needs no privilege",
        _ => "choose another address",
    };
    format!("{error}; {advice}")
}

/// Listens for the admin listener.
pub(super) fn listen_for_admin(bind: SocketAddr) -> Result<TcpListener, Failure> {
    let listening = bind_to(bind).and_then(|listener| Ok((listener.local_addr()?, listener)));
    let (address, listener) =
        listening.map_err(|error| Failure::ListenForAdmin(bind, with_advice(&error)))?;
    tracing::info!(%address, "admin listener");
    exposure_warning::warn_of_admin(address);
    Ok(listener)
}
