//! Core 0 accepts for all listeners, and hands each connection to the core with the fewest.

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
use crate::net::connection;

/// How long to wait when the process has no descriptor left: the next try would fail at once.
const PAUSE_AFTER_ERROR: Duration = Duration::from_millis(50);

/// Accepts for as long as it is polled. The listeners are in the order of the configuration's.
pub(crate) async fn accept(core: &Rc<Core>, listeners: Vec<TcpListener>) -> Infallible {
    let of_one = |(index, listener)| Box::pin(accept_one(core, ListenerIndex(index), listener));
    let mut all: Vec<_> = listeners.into_iter().enumerate().map(of_one).collect();
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

async fn accept_one(core: &Rc<Core>, index: ListenerIndex, mut listener: TcpListener) -> Infallible {
    loop {
        match listener.accept().await {
            Ok((stream, _)) => hand_over(core, stream, index).await,
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

async fn hand_over(core: &Rc<Core>, stream: TcpStream, listener: ListenerIndex) {
    if let Some(why) = refusal(core) {
        core.client_log.refused_connection(&why);
        return;
    }
    let to = core.node.least_loaded();
    core.node.connection_opened(to);
    if to == core.id {
        return connection::start(&core.net, core, stream, listener);
    }
    match stream.detach() {
        Some(stream) => core.peers.hand_over(to, stream, listener).await,
        None => core.node.connection_closed(to),
    }
}
