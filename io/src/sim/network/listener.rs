//! Listening, accepting and connecting.
//!
//! Owns the handle of a listener. The network's state says who listens.

use std::collections::VecDeque;
use std::future::poll_fn;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::task::Poll;
use std::time::Duration;

use super::connection::{Addresses, Connection, wake};
use super::state::{EndId, Listener, Network};
use super::stream::{SimStream, travel};
use super::traffic::Traffic;
use crate::sim::environment::{SimContext, context, context_of};
use crate::sim::node_id::NodeId;
use crate::sim::os_error::os_error;
use crate::sim::world::World;
use crate::timer::sleep;

/// The number of connections that wait to be accepted. Further ones get no answer and try again.
const BACKLOG: usize = 4096;
/// A connection attempt without an answer is repeated after this long. It gives up after [`ATTEMPTS`].
const ATTEMPT: Duration = Duration::from_secs(1);
const ATTEMPTS: u32 = 5;

pub(crate) struct SimListener {
    node: NodeId,
    boot: u32,
    address: SocketAddr,
}

impl SimListener {
    pub(crate) fn bind(sim: &SimContext, mut address: SocketAddr) -> io::Result<SimListener> {
        let ip = address.ip();
        if !ip.is_loopback() && !ip.is_unspecified() && ip != sim.node.address() {
            return Err(os_error(libc::EADDRNOTAVAIL));
        }
        let mut network = sim.world.network.borrow_mut();
        if address.port() == 0 {
            address.set_port(network.free_port());
        }
        let key = (sim.id(), address.port());
        if network.listeners.contains_key(&key) {
            return Err(os_error(libc::EADDRINUSE));
        }
        network.listeners.insert(key, Listener { address, waiting: VecDeque::new(), acceptor: None });
        Ok(SimListener { node: sim.id(), boot: sim.node.boot(), address })
    }

    pub(crate) fn local_addr(&self) -> SocketAddr {
        self.address
    }

    pub(crate) async fn accept(&self) -> io::Result<(SimStream, SocketAddr)> {
        let sim = context_of("listener");
        poll_fn(|cx| {
            let mut network = sim.world.network.borrow_mut();
            let key = (self.node, self.address.port());
            let Some(listener) = network.listeners.get_mut(&key) else {
                return Poll::Ready(Err(os_error(libc::EBADF)));
            };
            match listener.waiting.pop_front() {
                Some((end, peer)) => Poll::Ready(Ok((SimStream::new(&sim, end), peer))),
                None => {
                    listener.acceptor = Some(cx.waker().clone());
                    Poll::Pending
                }
            }
        })
        .await
    }
}

impl Drop for SimListener {
    fn drop(&mut self) {
        let Some(sim) = context() else { return };
        let node = sim.world.node(self.node);
        if node.boot() != self.boot || !node.is_alive() {
            return;
        }
        let removed = sim.world.network.borrow_mut().listeners.remove(&(self.node, self.address.port()));
        for (end, _) in removed.into_iter().flat_map(|listener| listener.waiting) {
            Traffic(&sim.world).close(end);
        }
    }
}

impl SimStream {
    pub(crate) async fn connect(sim: &SimContext, address: SocketAddr) -> io::Result<SimStream> {
        let world = &sim.world;
        let server = resolve(world, sim.id(), address.ip()).ok_or_else(|| os_error(libc::EHOSTUNREACH))?;
        for _ in 0..ATTEMPTS {
            travel(&sim.world).await;
            if world.network.borrow().is_cut(sim.id(), server) || !world.node(server).is_alive() {
                sleep(ATTEMPT).await;
                continue;
            }
            match attempt(sim, server, address) {
                Attempt::Refused => {
                    travel(&sim.world).await;
                    world.note(
                        sim.id(),
                        "refused",
                        None,
                        [u64::from(server.0), u64::from(address.port()), 0],
                    );
                    return Err(os_error(libc::ECONNREFUSED));
                }
                Attempt::Unanswered => sleep(ATTEMPT).await,
                Attempt::Connected(stream) => {
                    travel(&sim.world).await;
                    return Ok(stream);
                }
            }
        }
        Err(os_error(libc::ETIMEDOUT))
    }
}

enum Attempt {
    Connected(SimStream),
    Refused,
    Unanswered,
}

fn attempt(sim: &SimContext, server: NodeId, address: SocketAddr) -> Attempt {
    let world = &sim.world;
    let mut network = world.network.borrow_mut();
    let port = network.free_port();
    let key = (server, address.port());
    let Some(listener) = network.listeners.get_mut(&key).filter(|listener| listener.answers(address.ip()))
    else {
        return Attempt::Refused;
    };
    if listener.waiting.len() >= BACKLOG {
        return Attempt::Unanswered;
    }
    let own = if address.ip().is_loopback() { address.ip() } else { sim.node.address() };
    let client = SocketAddr::new(own, port);
    let end = add_connection(&mut network, sim.id(), server, Addresses { client, server: address });
    if let Some(listener) = network.listeners.get_mut(&key) {
        listener.waiting.push_back((end.other(), client));
        wake(&mut listener.acceptor);
    }
    drop(network);
    world.note(sim.id(), "connect", None, [end.connection, u64::from(server.0), u64::from(address.port())]);
    Attempt::Connected(SimStream::new(sim, end))
}

/// The client's end of a new connection.
fn add_connection(network: &mut Network, client: NodeId, server: NodeId, addresses: Addresses) -> EndId {
    network.next_connection += 1;
    let connection = network.next_connection;
    network.connections.insert(connection, Connection::new(client, server, addresses));
    EndId { connection, side: 0 }
}

/// The node that an address belongs to, as seen from `from`.
fn resolve(world: &World, from: NodeId, ip: IpAddr) -> Option<NodeId> {
    if ip.is_loopback() || ip.is_unspecified() {
        return Some(from);
    }
    world.nodes.borrow().iter().find(|node| node.address() == ip).map(|node| node.id)
}
