//! Questions about the end of the log.
//!
//! The log's end as a client sees it must hold two promises. A batch that was acknowledged with acks=1 counts in
//! whatever its producer asks next. And nobody is told of a record that a power cut can take back. So a question waits
//! until everything is committed that was in the log when the question came. The sync begins at once, and the question
//! does not wait for later appends.

use std::future::poll_fn;
use std::io;
use std::rc::Rc;

use crate::error::ReadError;
use crate::log::staging::WriteGroup;
use crate::offset::Offset;
use crate::partition::state::State;
use crate::partition::waiting::wait_past;
use crate::partition::{Partition, commit};

/// The wait of a question. The sync is already in progress, so the syncs of several partitions run side by side
/// although they are awaited one after the other.
#[must_use = "what was there is committed once the wait is over"]
pub struct Settling {
    state: Rc<State>,
    written: Offset,
    /// The write that was staged when the question came, and its end if it gets written.
    staged: Option<(Rc<WriteGroup>, Offset)>,
    cuts: u64,
}

impl Partition {
    /// Begins to commit everything that is in the log now. `None` if it is committed already.
    pub fn settle(&self) -> Option<Settling> {
        let state = self.state();
        let mut log = state.log.borrow_mut();
        let cursors = *log.cursors();
        if cursors.high_watermark == cursors.next || state.is_closed() {
            return None;
        }
        let is_staged = cursors.next > cursors.written;
        let staged = is_staged.then(|| (log.staged_group(), cursors.next));
        let cuts = log.cuts();
        drop(log);
        commit::want(state, cursors.next);
        Some(Settling { state: state.clone(), written: cursors.written, staged, cuts })
    }

    /// Waits until the high watermark is past everything that is in the log now.
    pub async fn settled(&self) -> Result<(), ReadError> {
        match self.settle() {
            Some(settling) => settling.done().await,
            None => Ok(()),
        }
    }
}

impl Settling {
    /// Waits until the high watermark is past everything that was in the log. It is an error if that can't happen any
    /// more, because the log has failed, was truncated or was closed.
    pub async fn done(self) -> Result<(), ReadError> {
        let end = self.end().await;
        if let Some(last) = end.pred() {
            wait_past(&self.state, last, self.cuts).await;
        }
        let (passed, is_cut) = {
            let log = self.state.log.borrow();
            (log.cursors().high_watermark >= end, log.cuts() != self.cuts)
        };
        if passed {
            return Ok(());
        }
        if self.state.is_closed() {
            return Err(ReadError::Closed);
        }
        Err(io::Error::other(if is_cut { "the log was truncated" } else { "the log's storage failed" })
            .into())
    }

    /// The log's end at the time of the question. Batches that could not be written do not count.
    async fn end(&self) -> Offset {
        match &self.staged {
            Some((group, end)) if poll_fn(|cx| group.poll(cx)).await.is_ok() => *end,
            _ => self.written,
        }
    }
}
