//! The coordinators of a core: one for each partition of `__consumer_offsets` that it owns.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use super::hosted::Hosted;
use crate::groups::{Coordinator, FoundGroup, GroupClient, Room};

/// The coordinators of a core.
#[derive(Default)]
pub(crate) struct Coordinators {
    by_partition: RefCell<BTreeMap<i32, Rc<Hosted>>>,
}

impl Coordinators {
    /// How much more the members of this core's groups may take, and those of one client.
    pub(super) fn room_of(&self, client: GroupClient) -> Room {
        let all = self.by_partition.borrow();
        let sum = |bytes: &dyn Fn(&Coordinator) -> usize| {
            all.values().map(|hosted| bytes(&hosted.coordinator.borrow())).fold(0, usize::saturating_add)
        };
        let of_client = sum(&|coordinator| coordinator.members_bytes_of(client));
        Room::left(sum(&Coordinator::members_bytes), of_client)
    }

    pub(super) fn get(&self, partition: i32) -> Option<Rc<Hosted>> {
        self.by_partition.borrow().get(&partition).cloned()
    }

    /// Takes back the offsets of deleted topics: nobody will ask for them again. Other tasks run in between.
    pub(crate) async fn topics_deleted(&self, topics: &Rc<BTreeSet<String>>) {
        if topics.is_empty() {
            return;
        }
        let all: Vec<_> = self.by_partition.borrow().values().cloned().collect();
        for hosted in &all {
            hosted.remove_offsets_of(topics).await;
        }
    }

    /// `__consumer_offsets` itself has been deleted: its groups are gone.
    pub(crate) fn clear(&self) {
        let all = std::mem::take(&mut *self.by_partition.borrow_mut());
        for hosted in all.into_values() {
            hosted.close();
        }
    }

    /// The broker stops: what is being folded is left to the next start.
    pub(crate) fn stop_folding(&self) {
        self.by_partition.borrow().values().for_each(|hosted| hosted.folding.stop());
    }

    /// Adds the coordinator of a partition.
    pub(super) fn insert(&self, partition: i32, hosted: Rc<Hosted>) {
        self.by_partition.borrow_mut().insert(partition, hosted);
    }

    /// All groups that this core coordinates.
    pub(super) fn list(&self) -> Vec<FoundGroup> {
        let hosted = self.by_partition.borrow();
        hosted.values().flat_map(|hosted| hosted.coordinator.borrow().list()).collect()
    }
}
