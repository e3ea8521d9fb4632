//! Addresses: where to listen, and what clients are told.

use std::{
    fmt,
    net::{SocketAddr, ToSocketAddrs},
};

/// A host, by name or address, and a port.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HostPort {
    /// A name, an IPv4 address, or an IPv6 address without brackets.
    pub host: String,
    /// The port.
    pub port: u16,
}

impl HostPort {
    /// Reads `host:port`, `[v6]:port` or `PLAINTEXT://host:port`.
    pub fn read(text: &str) -> Option<Self> {
        let text = match text.split_once("://") {
            Some((protocol, rest)) if protocol.eq_ignore_ascii_case("plaintext") => rest,
            Some(_) => return None,
            None => text,
        };
        let (host, port) = text.rsplit_once(':')?;
        let bracketed = host.strip_prefix('[').and_then(|host| host.strip_suffix(']'));
        let host = match bracketed {
            Some(host) => host,
            None if host.contains(':') => return None,
            None => host,
        };
        Some(Self { host: host.to_owned(), port: port.parse().ok()? })
    }
}

impl fmt::Display for HostPort {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.host.contains(':') {
            write!(f, "[{}]:{}", self.host, self.port)
        } else {
            write!(f, "{}:{}", self.host, self.port)
        }
    }
}

/// Where the broker listens and what it tells clients.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listener {
    /// The address to bind.
    pub bind: SocketAddr,
    /// The address clients are told; `None`: the one that each of them came in by.
    pub advertised: Option<HostPort>,
}

impl Listener {
    /// The forms accepted for `listeners`.
    pub const LISTEN_ACCEPTED: &str = "one PLAINTEXT://host:port or host:port of this machine";
    /// The forms accepted for `creel.admin.listener`.
    pub(super) const ADMIN_ACCEPTED: &str = "host:port of this machine";
    /// The forms accepted for `advertised.listeners`.
    pub const ADVERTISED_ACCEPTED: &str =
        "one PLAINTEXT://host:port or host:port that clients can connect to (not 0.0.0.0)";

    /// Reads `listeners`; an empty host is every interface.
    pub(super) fn read_bind(listeners: &[String]) -> Option<SocketAddr> {
        let [one] = listeners else { return None };
        let HostPort { host, port } = HostPort::read(one)?;
        let host = if host.is_empty() { "0.0.0.0".to_owned() } else { host };
        // IPv4 first: clients try ::1 for localhost, and most of what they find there refuses them.
        let addresses: Vec<_> = (host.as_str(), port).to_socket_addrs().ok()?.collect();
        addresses.iter().find(|address| address.is_ipv4()).or(addresses.first()).copied()
    }

    /// Reads `advertised.listeners`.
    pub(super) fn read_advertised(listeners: &[String]) -> Option<HostPort> {
        let [one] = listeners else { return None };
        let unusable = ["", "0.0.0.0", "::"];
        HostPort::read(one).filter(|address| !unusable.contains(&address.host.as_str()) && address.port != 0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bind(text: &str) -> Option<String> {
        Listener::read_bind(&[text.to_owned()]).map(|address| address.to_string())
    }

    #[test]
    fn listeners_are_read_with_and_without_a_protocol() {
        assert_eq!(bind("PLAINTEXT://127.0.0.1:9092").as_deref(), Some("127.0.0.1:9092"));
        assert_eq!(bind("127.0.0.1:0").as_deref(), Some("127.0.0.1:0"));
        assert_eq!(bind("PLAINTEXT://:9092").as_deref(), Some("0.0.0.0:9092"));
        assert_eq!(bind("[::1]:9092").as_deref(), Some("[::1]:9092"));
        for wrong in ["SSL://127.0.0.1:9093", "127.0.0.1", "::1:9092", "127.0.0.1:99999"] {
            assert_eq!(bind(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn an_address_no_client_can_reach_is_not_advertised() {
        let read = |text: &str| Listener::read_advertised(&[text.to_owned()]).map(|a| a.to_string());
        assert_eq!(read("PLAINTEXT://creel.example:9092").as_deref(), Some("creel.example:9092"));
        assert_eq!(read("0.0.0.0:9092"), None);
        assert_eq!(read("host:0"), None);
    }
}
