//! Ids for producers, taken from core 0 in blocks.

use std::cell::RefCell;
use std::ops::Range;

use crate::tasks::async_mutex::AsyncMutex;

/// A core's store of ids that nobody has yet.
#[derive(Default)]
pub(crate) struct ProducerIds {
    left: RefCell<Range<i64>>,
    refill: AsyncMutex,
}

impl ProducerIds {
    /// An id that nobody has; `take` gets a new block when none is left. `None`: none can be taken now.
    pub(crate) async fn next(&self, take: impl AsyncFnOnce() -> Option<Range<i64>>) -> Option<i64> {
        let _turn = self.refill.lock().await;
        if let Some(id) = self.left.borrow_mut().next() {
            return Some(id);
        }
        let block = take().await?;
        *self.left.borrow_mut() = block;
        self.left.borrow_mut().next()
    }
}
