//! Fetches that wait: for a partition to move on this core or another, for their deadline, or for the stop.
//!
//! A parked fetch stays on the lists of all its partitions until it is answered, and is told which of them have
//! moved. So the cost of a wake-up depends on what has moved, not on how many wait. Another core watches its own
//! partitions for the fetch, and reports those that have moved until it is told to stop.

use std::rc::Rc;

use creel_engine::{Partition, Seen, Watcher, Watching};
use creel_io::{CoreId, Instant, pace, sleep_until};
use creel_wire::Uuid;

use crate::core::Core;
use crate::peers::questions::WatchShare;
use crate::peers::{RemoteWatch, Scatter, Ticket};
use crate::tasks::gradual_vec::GradualVec;
use crate::tasks::race::{First, race};

/// A fetch that waits, with its own number for each partition.
pub(crate) struct Parked {
    core: Rc<Core>,
    watcher: Watcher,
    /// By number; none of those that another core watches.
    here: GradualVec<Watching>,
    elsewhere: Vec<RemoteWatch>,
}

impl Parked {
    /// For a fetch of so many partitions.
    pub(crate) fn new(core: &Rc<Core>, count: usize) -> Self {
        let mut here: GradualVec<_> = GradualVec::default();
        here.resize_with(count, Watching::default);
        Self { core: core.clone(), watcher: Watcher::default(), here, elsewhere: Vec::new() }
    }

    /// Watches a partition of this core until it has moved. One that could not be read counts as moved.
    pub(crate) fn watch(&mut self, number: u32, partition: &Partition, seen: Option<Seen>) {
        if let Some(watching) = self.here.get_mut(number as usize) {
            *watching = watch(&self.watcher, partition, seen, number);
        }
    }

    /// Has other cores watch their partitions until this is dropped. `parts` holds the fetch's numbers of the
    /// partitions.
    pub(crate) async fn watch_there(&mut self, parts: Scatter<u32, (Uuid, i32, Option<Seen>)>) {
        for (to, (numbers, partitions)) in parts.into_shares() {
            let (peers, share) = (&self.core.peers, WatchShare { partitions });
            self.elsewhere.push(RemoteWatch::begin(peers, to, share, self.watcher.clone(), numbers).await);
        }
    }

    /// Waits for partitions to move; their numbers. `None` once the deadline has come or the broker stops.
    pub(crate) async fn moved(&self, deadline: Instant) -> Option<Vec<u32>> {
        let over = race(sleep_until(deadline), self.core.stopping.begun());
        match race(over, self.watcher.moved()).await {
            First::Left(_) => None,
            First::Right(moved) => Some(moved),
        }
    }

    /// The numbers of what has moved since.
    pub(crate) fn take_moved(&self) -> Vec<u32> {
        self.watcher.take_moved()
    }
}

fn watch(watcher: &Watcher, partition: &Partition, seen: Option<Seen>, number: u32) -> Watching {
    match seen {
        Some(seen) => watcher.watch(partition, seen, number),
        None => {
            watcher.tell(number);
            Watching::default()
        }
    }
}

/// Watches partitions for another core, and tells it which have moved, until that core cancels.
pub(crate) async fn watch_for(core: &Rc<Core>, share: WatchShare, to: CoreId, ticket: Ticket) {
    let watcher = Watcher::default();
    let mut watchings: GradualVec<_> = GradualVec::default();
    watchings.reserve_exact(share.partitions.len());
    for (number, (topic, index, seen)) in share.partitions.iter().enumerate() {
        let watching = match core.topics.own(topic, *index) {
            Ok(partition) => watch(&watcher, &partition, *seen, number as u32),
            // It was deleted meanwhile.
            Err(_) => {
                watcher.tell(number as u32);
                Watching::default()
            }
        };
        watchings.push(watching);
        pace(1).await;
    }
    loop {
        let moved = watcher.moved().await;
        for number in &moved {
            // What moves after this is reported again, so it does not matter when the other core looks. A partition
            // that is gone is reported once.
            let entry = share.partitions.get(*number as usize);
            let partition = entry.and_then(|(topic, index, _)| core.topics.own(topic, *index).ok());
            let watching = partition
                .filter(|partition| !partition.is_closed())
                .map(|partition| watcher.watch(&partition, partition.seen(), *number));
            if let Some(place) = watchings.get_mut(*number as usize) {
                *place = watching.unwrap_or_default();
            }
            pace(1).await;
        }
        core.peers.tell_moved(to, ticket, moved).await;
    }
}
