//! Binds the addresses that a broker listens on. If one can't be bound, it says why, and what to do.

use std::io::ErrorKind;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use creel_io::net::TcpListener;
use creel_io::{now, sleep};

use super::accept::Listens;
use super::exposure_warning;
use super::failure::Failure;
use crate::config::{ListenerConfig, ListenerIndex};
use crate::core::shown_brokers::{BrokerIndex, ShownBrokers};
use crate::limits::{TAKEN_PORT_PATIENCE, TAKEN_PORT_PAUSE};

/// Listens on all of them, for each of the brokers that clients are shown. Returns each with its real address: port 0
/// has become a free one.
pub(super) async fn listen_on(
    listeners: &[ListenerConfig],
    brokers: &ShownBrokers,
) -> Result<(Vec<Listens>, Vec<SocketAddr>), Failure> {
    let mut bound = Vec::with_capacity(listeners.len() * brokers.count());
    let mut addresses = Vec::with_capacity(bound.capacity());
    for (index, ListenerConfig { name, bind, .. }) in listeners.iter().enumerate() {
        for broker in brokers.all() {
            let failed = |error: std::io::Error| Failure::Listen(*bind, with_advice(&error));
            let bind = address_of(*bind, broker).map_err(failed)?;
            let failed = |error: std::io::Error| Failure::Listen(bind, with_advice(&error));
            let socket = listen(bind).await.map_err(failed)?;
            let address = socket.local_addr().map_err(failed)?;
            exposure_warning::warn_of_clients(name, address);
            addresses.push(address);
            bound.push(Listens { socket, listener: ListenerIndex(index), broker });
        }
    }
    brokers.listen_on(&addresses);
    Ok((bound, addresses))
}

/// The broker's own address of a listener: the ports follow each other. Every one of port 0 is a free port.
fn address_of(bind: SocketAddr, broker: BrokerIndex) -> std::io::Result<SocketAddr> {
    let port = match bind.port() {
        0 => Some(0),
        first => u16::try_from(broker.0).ok().and_then(|behind| first.checked_add(behind)),
    };
    let no_port = || std::io::Error::other("the ports of creel.core.brokers end beyond 65535");
    Ok(SocketAddr::new(bind.ip(), port.ok_or_else(no_port)?))
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
