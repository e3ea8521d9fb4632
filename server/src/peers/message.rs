//! What travels from core to core. Bytes of records travel uncopied: a message holds a reference to the frame.

use std::time::Duration;

use creel_io::net::DetachedStream;

use super::questions::{AnyAnswer, AnyQuestion, WatchShare};
use super::tickets::Ticket;
use crate::config::ListenerIndex;

/// One message.
pub(crate) enum Message {
    /// A connection to be served from now on, and the listener it came by.
    Connection(DetachedStream, ListenerIndex),
    /// A question, to be answered under its ticket.
    Question(Ticket, AnyQuestion),
    /// An answer, and how long it took here.
    Answer(Ticket, AnyAnswer, Duration),
    /// Watch these partitions, and say whenever some have moved, until the ticket is cancelled.
    Watch(Ticket, WatchShare),
    /// These of the partitions that are watched under the ticket have moved.
    Moved(Ticket, Vec<u32>),
    /// Watch no longer.
    Cancel(Ticket),
    /// The core may end.
    Exit,
}
