//! What a connection's unanswered requests hold.

use std::cell::Cell;
use std::rc::Rc;

use creel_io::local::Notify;

use crate::budget::request_memory::{RequestPool, RequestShare};
use crate::limits::{CONNECTION_BYTES_FREE, REQUEST_BYTES_IN_FLIGHT};

/// Requests that are not answered yet, or are still coming, in the bytes that they count as.
#[derive(Default)]
pub(crate) struct InFlight {
    counted: Cell<usize>,
    released: Notify,
}

/// A request that may be held.
pub(crate) struct Admitted {
    /// What it counts as, in bytes.
    pub(crate) counted: usize,
    /// Its share of its core's pool, unless it is within what each connection may hold.
    pub(crate) share: Option<RequestShare>,
    /// It had to wait.
    pub(crate) has_waited: bool,
}

impl InFlight {
    pub(crate) fn is_empty(&self) -> bool {
        self.counted.get() == 0
    }

    /// Whether it holds more than it may without asking.
    pub(crate) fn is_large(&self) -> bool {
        self.counted.get() > CONNECTION_BYTES_FREE
    }

    /// Lets a request in if there is room for it here and in the pool.
    pub(crate) fn try_acquire(&self, counted: usize, pool: &Rc<RequestPool>) -> Option<Admitted> {
        if !self.has_room(counted) {
            return None;
        }
        let share = match self.counted.get() + counted > CONNECTION_BYTES_FREE {
            true => Some(pool.take_now(counted)?),
            false => None,
        };
        self.add(counted);
        Some(Admitted { counted, share, has_waited: false })
    }

    /// Waits until there is room for it.
    pub(crate) async fn acquire(&self, counted: usize, pool: &Rc<RequestPool>) -> Admitted {
        while !self.has_room(counted) {
            self.released.notified().await;
        }
        let share = match self.counted.get() + counted > CONNECTION_BYTES_FREE {
            true => Some(pool.take(counted).await),
            false => None,
        };
        self.add(counted);
        Admitted { counted, share, has_waited: true }
    }

    fn has_room(&self, counted: usize) -> bool {
        self.is_empty() || self.counted.get() + counted <= REQUEST_BYTES_IN_FLIGHT
    }

    fn add(&self, counted: usize) {
        self.counted.set(self.counted.get() + counted);
    }

    /// Requests that count as so many bytes have been answered.
    pub(crate) fn release(&self, counted: usize) {
        self.counted.set(self.counted.get() - counted);
        self.released.notify_one();
    }
}
