//! The connections of a core.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::rc::{Rc, Weak};
use std::time::Duration;

use creel_io::local::Notify;

use super::client::Client;
use super::idleness::ConnectionIdleness;
use super::in_flight::InFlight;
use super::transport::Transport;
use crate::logging::ClientLog;

/// One of them, as its reader, its writer and those who may end it share it.
pub(super) struct Connection {
    pub(super) transport: Transport,
    pub(super) client: Rc<Client>,
    pub(super) in_flight: InFlight,
    pub(super) idleness: ConnectionIdleness,
    /// It is to end, whatever is owed.
    pub(super) closed: Notify,
}

impl Connection {
    fn close(&self) {
        self.transport.close();
        self.closed.notify_all();
    }
}

/// Those that are open.
#[derive(Default)]
pub(crate) struct Connections {
    next: Cell<u64>,
    open: RefCell<BTreeMap<u64, Weak<Connection>>>,
    /// One has ended.
    pub(crate) ended: Notify,
}

impl Connections {
    pub(crate) fn is_empty(&self) -> bool {
        self.open.borrow().is_empty()
    }

    /// A number that no connection has had.
    pub(super) fn next_number(&self) -> u64 {
        self.next.replace(self.next.get() + 1)
    }

    pub(super) fn add(&self, connection: &Rc<Connection>) {
        self.open.borrow_mut().insert(connection.client.number, Rc::downgrade(connection));
    }

    pub(super) fn remove(&self, number: u64) {
        self.open.borrow_mut().remove(&number);
    }

    /// Ends all that are open, whatever they do.
    pub(crate) fn close_all(&self) {
        self.each(Connection::close);
    }

    /// Ends those in which nothing has moved for `idle` (see `ConnectionIdleness::is_over`). `wanted`: others wait for memory.
    pub(crate) fn close_idle(&self, idle: Duration, wanted: bool) {
        self.each(|connection| {
            let Connection { transport, in_flight, idleness, .. } = connection;
            if idleness.is_over(idle, transport, in_flight, wanted) {
                connection.close();
            }
        });
    }

    /// Ends those that hold memory others wait for, and are too slow with it.
    pub(crate) fn close_slow_holders(&self, log: &ClientLog) {
        self.each(|connection| {
            if connection.idleness.is_slow_holder(&connection.transport, &connection.in_flight) {
                log.closed(
                    &connection.client.peer,
                    &"too slow: it held memory that other connections waited for",
                );
                connection.close();
            }
        });
    }

    fn each(&self, act: impl Fn(&Connection)) {
        let open: Vec<_> = self.open.borrow().values().filter_map(Weak::upgrade).collect();
        open.iter().for_each(|connection| act(connection));
    }
}
