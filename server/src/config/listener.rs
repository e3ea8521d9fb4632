//! Addresses: where to listen, and what clients are told.

use std::{
    fmt,
    net::{IpAddr, Ipv6Addr, SocketAddr, ToSocketAddrs},
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
    /// Reads `host:port` or `[v6]:port`; as in Kafka the brackets may be missing.
    pub fn read(text: &str) -> Option<Self> {
        let (host, port) = text.rsplit_once(':')?;
        let bracketed = host.strip_prefix('[').and_then(|host| host.strip_suffix(']'));
        let host = match bracketed {
            Some(host) => host,
            None if host.contains('/') || host.contains(':') && host.parse::<Ipv6Addr>().is_err() => {
                return None;
            }
            None => host,
        };
        Some(Self { host: host.to_owned(), port: port.parse().ok()? })
    }

    /// The address with a port so many behind this one. `None` if no port lies there.
    pub(crate) fn behind(&self, ports: usize) -> Option<Self> {
        let port = self.port.checked_add(u16::try_from(ports).ok()?)?;
        Some(Self { host: self.host.clone(), port })
    }

    /// The address of this machine to listen on; no host is every address, of IPv4 and IPv6.
    pub(super) fn resolve(&self) -> Option<SocketAddr> {
        if self.host.is_empty() {
            return Some(SocketAddr::new(IpAddr::V6(Ipv6Addr::UNSPECIFIED), self.port));
        }
        // IPv4 first: clients try ::1 for `localhost`, and most of what listens there refuses them.
        let addresses: Vec<_> = (self.host.as_str(), self.port).to_socket_addrs().ok()?.collect();
        addresses.iter().find(|address| address.is_ipv4()).or(addresses.first()).copied()
    }

    /// Whether it names no place that a client could connect to.
    pub(super) fn is_nowhere(&self) -> bool {
        ["", "0.0.0.0", "::"].contains(&self.host.as_str()) || self.port == 0
    }

    /// The host as an address, if it is written as one.
    pub(super) fn ip(&self) -> Option<IpAddr> {
        self.host.parse().ok()
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

/// Where the broker listens, and which address it tells the clients that connect there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ListenerConfig {
    /// Its name, in upper case.
    pub name: String,
    /// The address to bind.
    pub bind: SocketAddr,
    /// The address clients are told; `None`: the one that each of them came in by.
    pub advertised: Option<HostPort>,
}

/// Which of the listeners: its place in the configuration's list.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ListenerIndex(pub usize);

#[cfg(test)]
mod tests {
    use super::*;

    fn resolved(text: &str) -> Option<String> {
        HostPort::read(text)?.resolve().map(|address| address.to_string())
    }

    #[test]
    fn addresses_are_read_with_their_brackets() {
        assert_eq!(resolved("127.0.0.1:0").as_deref(), Some("127.0.0.1:0"));
        assert_eq!(resolved(":9092").as_deref(), Some("[::]:9092"));
        assert_eq!(resolved("[::1]:9092").as_deref(), Some("[::1]:9092"));
        assert_eq!(resolved("::1:9092").as_deref(), Some("[::1]:9092"));
        assert_eq!(resolved("localhost:9092").as_deref(), Some("127.0.0.1:9092"));
        for wrong in ["127.0.0.1", "::1", "a:b:1", "127.0.0.1:99999", "http://x:1", "x:"] {
            assert_eq!(HostPort::read(wrong), None, "{wrong}");
        }
    }
}
