//! Partitions that other cores watch for this one.

use std::cell::RefCell;
use std::collections::BTreeMap;

use creel_engine::Watcher;

use super::tickets::Ticket;

/// Who is to be told, and what it calls the partitions that the other core calls 0, 1, 2 ...
#[derive(Default)]
pub(super) struct Watches(RefCell<BTreeMap<Ticket, (Watcher, Vec<u32>)>>);

impl Watches {
    pub(super) fn add(&self, ticket: Ticket, watcher: Watcher, numbers: Vec<u32>) {
        self.0.borrow_mut().insert(ticket, (watcher, numbers));
    }

    pub(super) fn forget(&self, ticket: Ticket) {
        self.0.borrow_mut().remove(&ticket);
    }

    /// Another core's partitions have moved.
    pub(super) fn moved(&self, ticket: Ticket, moved: &[u32]) {
        // Nobody is there when the fetch was answered in the meantime.
        if let Some((watcher, numbers)) = self.0.borrow().get(&ticket) {
            let numbers = moved.iter().filter_map(|at| numbers.get(*at as usize));
            numbers.for_each(|number| watcher.tell(*number));
        }
    }
}
