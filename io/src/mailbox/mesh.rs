//! Messages between cores: one bounded ring for each ordered pair. The other side is woken only if it waits.
//!
//! Owns the rings of all pairs. Knows no executor: it wakes tasks by their wakers.

use std::cell::Cell;
use std::future::poll_fn;
use std::rc::Rc;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use super::parking::Parking;
use super::spsc::{Consumer, Producer, spsc};
use crate::core_id::CoreId;

/// The other core's ring is full. Holds the message. Wait with [`Mailbox::send`], or slow down.
#[derive(Debug)]
pub struct MailboxFull<T>(pub T);

/// One core's end of the mesh. Move it to its core and open it there.
pub struct Endpoint<T> {
    outgoing: Vec<Outgoing<T>>,
    incoming: Vec<Incoming<T>>,
    parked_receiver: Arc<Parking>,
}

struct Outgoing<T> {
    ring: Producer<T>,
    receiver: Arc<Parking>,
    own_wait: Arc<Parking>,
}

struct Incoming<T> {
    ring: Consumer<T>,
    sender: Arc<Parking>,
}

/// Makes the mesh: one endpoint for each of `cores`. Each pair's ring holds `capacity` messages. A core may also send
/// to itself.
#[must_use]
pub fn mesh<T: Send>(cores: usize, capacity: usize) -> Vec<Endpoint<T>> {
    let receivers: Vec<Arc<Parking>> = (0..cores).map(|_| Arc::new(Parking::new())).collect();
    let mut endpoints: Vec<Endpoint<T>> = receivers
        .iter()
        .map(|parked| Endpoint { outgoing: vec![], incoming: vec![], parked_receiver: parked.clone() })
        .collect();
    for from in 0..cores {
        for to in 0..cores {
            let (producer, consumer) = spsc(capacity);
            let sender = Arc::new(Parking::new());
            let receiver = receivers[to].clone();
            endpoints[from].outgoing.push(Outgoing { ring: producer, receiver, own_wait: sender.clone() });
            endpoints[to].incoming.push(Incoming { ring: consumer, sender });
        }
    }
    endpoints
}

impl<T: Send> Endpoint<T> {
    /// Opens the endpoint on the core that will use it.
    #[must_use]
    pub fn open(self) -> Mailbox<T> {
        Mailbox { ends: Rc::new(self), next: Rc::new(Cell::new(0)) }
    }
}

/// A core's mailbox: it sends to any core, and receives from all. Clones share it.
pub struct Mailbox<T> {
    ends: Rc<Endpoint<T>>,
    next: Rc<Cell<usize>>,
}

impl<T> Clone for Mailbox<T> {
    fn clone(&self) -> Self {
        Mailbox { ends: self.ends.clone(), next: self.next.clone() }
    }
}

impl<T: Send> Mailbox<T> {
    /// The number of cores in the mesh.
    #[must_use]
    pub fn cores(&self) -> usize {
        self.ends.outgoing.len()
    }

    /// Sends the message, if the ring has room.
    pub fn try_send(&self, to: CoreId, message: T) -> Result<(), MailboxFull<T>> {
        let outgoing = &self.ends.outgoing[to.index()];
        outgoing.ring.push(message).map_err(MailboxFull)?;
        outgoing.receiver.unpark();
        Ok(())
    }

    /// Sends the message, and waits for room. Several tasks may wait for the same core; the wakers of all are kept.
    pub async fn send(&self, to: CoreId, message: T) {
        let mut message = Some(message);
        poll_fn(|cx| {
            ready!(self.poll_room(to, cx));
            let sent = self.try_send(to, message.take().expect("polled only until it is ready"));
            assert!(sent.is_ok(), "nobody else sends between the look and this");
            Poll::Ready(())
        })
        .await;
    }

    /// Whether the ring to `to` has room for a message. If it has none, the caller's task is woken when it has. Room
    /// stays until this core sends: nobody else does.
    pub fn poll_room(&self, to: CoreId, cx: &mut Context<'_>) -> Poll<()> {
        let outgoing = &self.ends.outgoing[to.index()];
        if outgoing.ring.has_room() {
            return Poll::Ready(());
        }
        outgoing.own_wait.park(cx.waker());
        // Look once more: room may have come between the look and the parking.
        if outgoing.ring.has_room() { Poll::Ready(()) } else { Poll::Pending }
    }

    /// The next message and the core that sent it. The senders take turns.
    pub async fn recv(&self) -> (CoreId, T) {
        poll_fn(|cx| {
            if let Some(found) = self.try_recv() {
                return Poll::Ready(found);
            }
            self.ends.parked_receiver.park(cx.waker());
            // Look once more: a message may have come between the look and the parking.
            self.try_recv().map_or(Poll::Pending, Poll::Ready)
        })
        .await
    }

    /// The next message, if there is one.
    pub fn try_recv(&self) -> Option<(CoreId, T)> {
        let cores = self.ends.incoming.len();
        for step in 0..cores {
            let from = (self.next.get() + step) % cores;
            if let Some(message) = self.ends.incoming[from].ring.pop() {
                self.next.set((from + 1) % cores);
                self.ends.incoming[from].sender.unpark();
                return Some((CoreId(from as u16), message));
            }
        }
        None
    }
}
