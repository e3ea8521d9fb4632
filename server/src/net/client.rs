//! What handlers know about the client.

use std::io;
use std::net::SocketAddr;

use crate::config::ListenerIndex;

/// The other end of a connection.
pub(crate) struct Client {
    /// Its connection's number, which no other one of this core has had.
    pub(crate) number: u64,
    pub(crate) peer: SocketAddr,
    /// The address the client reached us by.
    pub(crate) local: SocketAddr,
    /// The listener that address belongs to.
    pub(crate) listener: ListenerIndex,
}

impl Client {
    /// Fails if an address is not known: a client is told to come back to the address that it came by.
    pub(super) fn between(
        peer: io::Result<SocketAddr>,
        local: io::Result<SocketAddr>,
        number: u64,
        listener: ListenerIndex,
    ) -> io::Result<Self> {
        Ok(Self { number, peer: peer?, local: local?, listener })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nobody_is_told_to_come_back_to_an_address_that_is_not_known() {
        let address = |port| Ok(SocketAddr::from(([127, 0, 0, 1], port)));
        let between = |peer, local| Client::between(peer, local, 1, ListenerIndex(0));
        let gone = || Err(io::ErrorKind::NotConnected.into());
        assert_eq!(between(address(1), address(2)).unwrap().local.port(), 2);
        assert!(between(address(1), gone()).is_err());
        assert!(between(gone(), address(2)).is_err());
    }
}
