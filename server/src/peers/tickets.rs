//! Questions that have been asked, and wait for their answers.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::time::Duration;

use creel_io::Instant;
use creel_io::local::{Receiver, Sender, oneshot};

use super::questions::AnyAnswer;

/// Names a question, or a watch, on the core that asked for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Ticket(u64);

/// An answer that has come back.
pub(super) struct Response {
    pub(super) answer: AnyAnswer,
    /// When it came.
    pub(super) at: Instant,
    /// How long the other core took for it.
    pub(super) spent: Duration,
}

/// Those that are waited for.
#[derive(Default)]
pub(super) struct Tickets {
    next: Cell<u64>,
    waiting: RefCell<BTreeMap<Ticket, Sender<Response>>>,
}

impl Tickets {
    /// A ticket that nobody has, for what no answer is waited for.
    pub(super) fn next(&self) -> Ticket {
        Ticket(self.next.replace(self.next.get() + 1))
    }

    pub(super) fn issue(&self) -> (Ticket, Receiver<Response>) {
        let ticket = self.next();
        let (sender, receiver) = oneshot();
        self.waiting.borrow_mut().insert(ticket, sender);
        (ticket, receiver)
    }

    pub(super) fn redeem(&self, ticket: Ticket, response: Response) {
        let sender = self.waiting.borrow_mut().remove(&ticket);
        // Nobody waits when the connection has gone in the meantime.
        if let Some(sender) = sender {
            let _ = sender.send(response);
        }
    }

    /// Nobody waits for this one any more.
    pub(super) fn forget(&self, ticket: Ticket) {
        self.waiting.borrow_mut().remove(&ticket);
    }
}
