//! A watch over the partitions of another core.

use std::rc::Rc;

use creel_engine::Watcher;
use creel_io::CoreId;

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
        let ticket = peers.watches.issue((watcher, numbers));
        let watch = Self { peers: peers.clone(), to, ticket };
        peers.outgoing.put_with_room(to, Message::Watch(ticket, share)).await;
        watch
    }
}

impl Drop for RemoteWatch {
    fn drop(&mut self) {
        drop(self.peers.watches.take_back(self.ticket));
        self.peers.outgoing.put(self.to, Message::Cancel(self.ticket));
    }
}
