//! Fetches that wait: for a high watermark to move on this core or another, for their deadline, or for the stop.

use std::collections::BTreeMap;
use std::rc::Rc;

use creel_engine::{Offset, Partition};
use creel_io::{CoreId, Instant, sleep_until};
use creel_wire::Uuid;

use crate::core::Core;
use crate::race::{Boxed, any};
use crate::route;

/// Partitions of one core, each with the high watermark it must get past.
#[derive(Clone, Debug, Default)]
pub(crate) struct WatchShare {
    partitions: Vec<(Uuid, i32, Offset)>,
}

/// What a parked fetch waits for.
#[derive(Default)]
pub(crate) struct Watched {
    here: Vec<(Partition, Offset)>,
    elsewhere: BTreeMap<CoreId, WatchShare>,
}

impl Watched {
    /// A partition of this core.
    pub(crate) fn here(&mut self, partition: Partition, high_watermark: Offset) {
        self.here.push((partition, high_watermark));
    }

    /// A partition of another core.
    pub(crate) fn there(&mut self, core: CoreId, topic: Uuid, index: i32, high_watermark: Offset) {
        self.elsewhere.entry(core).or_default().partitions.push((topic, index, high_watermark));
    }
}

/// Waits until one of the partitions has moved, the deadline has come, or the broker stops.
pub(crate) async fn wait(core: &Rc<Core>, watched: Watched, deadline: Instant) {
    let mut events: Vec<Boxed<'_, ()>> =
        vec![Box::pin(sleep_until(deadline)), Box::pin(core.stopping.begun())];
    events.extend(watched.here.into_iter().filter_map(|(partition, from)| moved(partition, from)));
    for (to, share) in watched.elsewhere {
        let awaited = route::ask(core, to, share).await;
        events.push(Box::pin(async move {
            awaited.answer().await;
        }));
    }
    any(events).await;
}

/// Waits, on behalf of another core, until one of the partitions has moved. The other core says when it has had enough.
pub(crate) async fn watch(core: &Rc<Core>, share: WatchShare) {
    let mut events = Vec::with_capacity(share.partitions.len());
    for (topic, index, from) in share.partitions {
        // It was deleted meanwhile: that is to be told at once.
        let Ok(partition) = core.topics.own(&topic, index) else { return };
        events.extend(moved(partition, from));
    }
    any(events).await;
}

/// A failed log never moves again: it is not waited for, or the wait would end at once, again and again.
fn moved(partition: Partition, from: Offset) -> Option<Boxed<'static, ()>> {
    if partition.is_poisoned() {
        return None;
    }
    Some(Box::pin(async move { partition.changed(from).await }))
}
