//! Questions about the end of the log.
//!
//! What an acks=1 producer was answered counts in whatever it asks next, and nobody is told what a power cut can take
//! back: so the question waits until all that was there when it came is committed. The sync begins at once, and nothing
//! that is appended later is waited for.

use std::future::poll_fn;
use std::io;
use std::rc::Rc;

use crate::error::ReadError;
use crate::log::staging::WriteGroup;
use crate::offset::Offset;
use crate::partition::append::Ticket;
use crate::partition::state::State;
use crate::partition::waiting::wait_past;
use crate::partition::{Partition, commit};

/// The wait of a question. The sync is under way already, so that those of several partitions run side by side and can
/// be awaited one after the other.
#[must_use = "what was there is committed once the wait is over"]
pub struct Settling {
    state: Rc<State>,
    written: Offset,
    /// What was staged at the time, and where it ends if it gets written.
    staged: Option<(Rc<WriteGroup>, Offset)>,
    cuts: u64,
    _ticket: Ticket<Rc<State>>,
}

impl Partition {
    /// Has the high watermark pass all that is in the log now; `None` if it has.
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
        let ticket = Ticket::new(state.clone());
        commit::start(state);
        Some(Settling { state: state.clone(), written: cursors.written, staged, cuts, _ticket: ticket })
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
    /// Waits until the high watermark is past what was there. An error: it will not be, as the log has failed, was cut or
    /// was closed.
    pub async fn done(self) -> Result<(), ReadError> {
        let end = self.end().await;
        wait_past(&self.state, end.pred(), self.cuts).await;
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
        Err(io::Error::other(if is_cut { "the log's end was cut" } else { "the log's storage failed" })
            .into())
    }

    /// Where the log ended when it was asked about. What could not be written was never there.
    async fn end(&self) -> Offset {
        match &self.staged {
            Some((group, end)) if poll_fn(|cx| group.poll(cx)).await.is_ok() => *end,
            _ => self.written,
        }
    }
}
