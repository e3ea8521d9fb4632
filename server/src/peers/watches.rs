//! Partitions that other cores watch for this one.

use creel_engine::Watcher;

use super::tickets::{Ticket, Tickets};

/// Who is to be told, and what it calls the partitions that the other core calls 0, 1, 2 ...
pub(super) type Watches = Tickets<(Watcher, Vec<u32>)>;

impl Watches {
    /// Another core's partitions have moved. Nobody is there when the fetch was answered in the meantime.
    pub(super) fn moved(&self, ticket: Ticket, moved: &[u32]) {
        self.with(ticket, |(watcher, numbers)| {
            let numbers = moved.iter().filter_map(|at| numbers.get(*at as usize));
            numbers.for_each(|number| watcher.tell(*number));
        });
    }
}
