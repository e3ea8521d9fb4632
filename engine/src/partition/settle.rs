//! Questions about the end of the log.
//!
//! What an acks=1 producer was answered counts in whatever it asks next, and nobody is told what a power cut can take
//! back: so the question waits until all that was there when it came is committed. The sync begins at once, and nothing
//! that is appended later is waited for.

use std::future::poll_fn;
use std::io;
use std::rc::Rc;

use crate::error::ReadError;
use crate::log::staging::Turn;
use crate::offset::Offset;
use crate::partition::append::Wanted;
use crate::partition::{Inner, Partition};

/// The wait of a question. The sync is under way already, so that those of several partitions run side by side and can
/// be awaited one after the other.
#[must_use = "what was there is committed once the wait is over"]
pub struct Settling {
    inner: Rc<Inner>,
    written: Offset,
    /// What was staged at the time, and where it ends if it gets written.
    staged: Option<(Rc<Turn>, Offset)>,
    _wanted: Wanted<Rc<Inner>>,
}

impl Partition {
    /// Has the high watermark pass all that is in the log now; `None` if it has.
    pub fn settle(&self) -> Option<Settling> {
        let inner = self.inner();
        let cursors = inner.cursors.get();
        if cursors.high_watermark == cursors.next || inner.is_closed() {
            return None;
        }
        let is_staged = cursors.next > cursors.written;
        let staged = is_staged.then(|| (inner.log.borrow_mut().staging.turn(), cursors.next));
        let wanted = Wanted::new(inner.clone());
        inner.start_commit();
        Some(Settling { inner: inner.clone(), written: cursors.written, staged, _wanted: wanted })
    }

    /// Waits until the high watermark is past all that is in the log now.
    pub async fn settled(&self) -> Result<(), ReadError> {
        match self.settle() {
            Some(settling) => settling.done().await,
            None => Ok(()),
        }
    }
}

impl Settling {
    /// Waits until the high watermark is past what was there. An error: it will not be, as the log has failed or was
    /// closed.
    pub async fn done(self) -> Result<(), ReadError> {
        let end = self.end().await;
        self.inner.wait_past(end + -1).await;
        if self.inner.cursors.get().high_watermark >= end {
            return Ok(());
        }
        if self.inner.is_closed() {
            return Err(ReadError::Closed);
        }
        Err(io::Error::other("the log's storage failed").into())
    }

    /// Where the log ended when it was asked about. What could not be written was never there.
    async fn end(&self) -> Offset {
        match &self.staged {
            Some((turn, end)) if poll_fn(|cx| turn.poll(cx)).await.is_ok() => *end,
            _ => self.written,
        }
    }
}
