//! Core 0 accepts for all listeners, and hands each connection to the core with the fewest, of those of the shown broker.

use std::convert::Infallible;
use std::future::{Future, poll_fn};
use std::rc::Rc;
use std::task::Poll;
use std::time::Duration;

use creel_io::net::{TcpListener, TcpStream};
use creel_io::sleep;

use crate::budget::descriptors;
use crate::config::ListenerIndex;
use crate::core::Core;
use crate::core::shown_brokers::BrokerIndex;
use crate::net::connection;

/// How long to wait when the process has no descriptor left: the next try would fail at once.
const PAUSE_AFTER_ERROR: Duration = Duration::from_millis(50);

/// A socket that accepts.
pub(super) struct Listens {
    pub(super) socket: TcpListener,
    /// Which of the configuration's listeners it belongs to.
    pub(super) listener: ListenerIndex,
    /// The broker whose cores get the connections.
    pub(super) broker: BrokerIndex,
}

/// Accepts for as long as it is polled.
pub(super) async fn accept(core: &Rc<Core>, all: Vec<Listens>) -> Infallible {
    let mut all: Vec<_> = all.into_iter().map(|one| Box::pin(accept_one(core, one))).collect();
    poll_fn(|cx| {
        for one in &mut all {
            if let Poll::Ready(never) = one.as_mut().poll(cx) {
                match never {}
            }
        }
        Poll::Pending
    })
    .await
}

async fn accept_one(core: &Rc<Core>, mut one: Listens) -> Infallible {
    loop {
        match one.socket.accept().await {
            Ok((stream, _)) => hand_over(core, stream, &one).await,
            Err(error) => {
                core.client_log.refused_connection(&error);
                sleep(PAUSE_AFTER_ERROR).await;
            }
        }
    }
}

/// Why there can't be one more connection: connections must not starve the log of descriptors.
fn refusal(core: &Core) -> Option<&'static str> {
    let open = core.node.connections();
    if open >= core.node.broker().max_connections.unsigned_abs() as usize {
        return Some("max.connections is reached");
    }
    (open as u64 >= descriptors::for_connections())
        .then_some("the descriptors for connections are used up: raise the limit (ulimit -n)")
}

async fn hand_over(core: &Rc<Core>, stream: TcpStream, &Listens { listener, broker, .. }: &Listens) {
    if let Some(why) = refusal(core) {
        core.client_log.refused_connection(&why);
        return;
    }
    let to = core.node.least_loaded(broker);
    core.node.connection_opened(to);
    if to == core.id {
        return connection::start(&core.net, core, stream, listener);
    }
    match stream.detach() {
        Some(stream) => core.peers.hand_over(to, stream, listener).await,
        None => core.node.connection_closed(to),
    }
}
