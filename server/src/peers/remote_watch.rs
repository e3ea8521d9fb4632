//! A watch over the partitions of another core.

use std::rc::Rc;

use creel_engine::Watcher;
use creel_io::{CoreId, spawn};

use super::questions::WatchShare;
use super::tickets::Ticket;
use super::{Message, Peers};

/// A watch that another core keeps. Dropping it ends it.
pub(crate) struct RemoteWatch {
    peers: Rc<Peers>,
    to: CoreId,
    ticket: Ticket,
}

impl RemoteWatch {
    /// Has another core watch these partitions; `watcher` knows them by these numbers.
    pub(crate) async fn begin(
        peers: &Rc<Peers>,
        to: CoreId,
        share: WatchShare,
        watcher: Watcher,
        numbers: Vec<u32>,
    ) -> Self {
        let watch = Self { peers: peers.clone(), to, ticket: peers.tickets.next() };
        peers.watches.add(watch.ticket, watcher, numbers);
        peers.mailbox.send(to, Message::Watch(watch.ticket, share)).await;
        watch
    }
}

impl Drop for RemoteWatch {
    fn drop(&mut self) {
        self.peers.watches.forget(self.ticket);
        let (mailbox, to, ticket) = (self.peers.mailbox.clone(), self.to, self.ticket);
        spawn(async move { mailbox.send(to, Message::Cancel(ticket)).await });
    }
}
