//! Warns of listeners that other machines can reach. There is neither TLS nor a password nor an ACL yet, so whoever
//! reaches one may do everything. That is worth a warning at each start.

use std::net::SocketAddr;

/// Warns of a listener for clients.
pub(crate) fn warn_of_clients(listener: &str, address: SocketAddr) {
    if is_exposed(address) {
        tracing::warn!(
            listener, %address,
            "anyone who can reach this address can read, write and delete everything: there is no TLS, no password and no ACL \
             yet. Listen on 127.0.0.1, or let only trusted machines reach it (firewall, private network)"
        );
    }
}

/// Warns of the admin listener.
pub(crate) fn warn_of_admin(address: SocketAddr) {
    if is_exposed(address) {
        tracing::warn!(
            %address,
            "anyone who can reach the admin listener can read its figures: it has no password"
        );
    }
}

fn is_exposed(address: SocketAddr) -> bool {
    !address.ip().to_canonical().is_loopback()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_this_machines_own_addresses_are_not_exposed() {
        let exposed = |address: &str| is_exposed(address.parse().unwrap());
        for open in ["0.0.0.0:9092", "[::]:9092", "10.0.0.7:9092", "[fd00::1]:9092", "[::ffff:0.0.0.0]:1"] {
            assert!(exposed(open), "{open}");
        }
        for own in ["127.0.0.1:9092", "127.0.0.53:1", "[::1]:9092", "[::ffff:127.0.0.1]:9092"] {
            assert!(!exposed(own), "{own}");
        }
    }
}
