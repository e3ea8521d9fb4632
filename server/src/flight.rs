//! What a connection's unanswered requests hold.

use std::cell::Cell;
use std::rc::Rc;

use creel_io::local::Notify;

use crate::limits::{CONNECTION_BYTES_FREE, REQUEST_BYTES_IN_FLIGHT};
use crate::request_memory::{Pool, Share};

/// Bytes of requests that are not answered yet, or are still coming.
#[derive(Default)]
pub(crate) struct Flight {
    bytes: Cell<usize>,
    landed: Notify,
}

/// A request may be held.
pub(crate) struct Admitted {
    /// Its part of what the core's connections hold together, unless it is within what each may.
    pub(crate) share: Option<Share>,
    /// It had to wait.
    pub(crate) has_waited: bool,
}

impl Flight {
    pub(crate) fn is_empty(&self) -> bool {
        self.bytes.get() == 0
    }

    /// Whether it holds more than it may without asking.
    pub(crate) fn is_large(&self) -> bool {
        self.bytes.get() > CONNECTION_BYTES_FREE
    }

    /// Lets a request in if there is room for it here and in the pool.
    pub(crate) fn admit_now(&self, bytes: usize, pool: &Rc<Pool>) -> Option<Admitted> {
        if !self.has_room(bytes) {
            return None;
        }
        let share = match self.bytes.get() + bytes > CONNECTION_BYTES_FREE {
            true => Some(pool.take_now(bytes)?),
            false => None,
        };
        self.take_off(bytes);
        Some(Admitted { share, has_waited: false })
    }

    /// Waits until there is room for it.
    pub(crate) async fn admit(&self, bytes: usize, pool: &Rc<Pool>) -> Admitted {
        while !self.has_room(bytes) {
            self.landed.notified().await;
        }
        let share = match self.bytes.get() + bytes > CONNECTION_BYTES_FREE {
            true => Some(pool.take(bytes).await),
            false => None,
        };
        self.take_off(bytes);
        Admitted { share, has_waited: true }
    }

    fn has_room(&self, bytes: usize) -> bool {
        self.is_empty() || self.bytes.get() + bytes <= REQUEST_BYTES_IN_FLIGHT
    }

    fn take_off(&self, bytes: usize) {
        self.bytes.set(self.bytes.get() + bytes);
    }

    /// So many bytes of requests have been answered.
    pub(crate) fn land(&self, bytes: usize) {
        self.bytes.set(self.bytes.get() - bytes);
        self.landed.notify_one();
    }
}
