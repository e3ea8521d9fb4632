//! Messages on their way out. What one turn has for a core leaves together, as one packet: one place in the mailbox and
//! one wake.
//!
//! A message that asks for something waits until there is room for it: at most [`PACKET_MESSAGES`] of them wait to
//! leave. An answer does not wait. There are as many as the other core has asked for, and that core has a bound for
//! what it asks.

use std::cell::{Cell, RefCell};
use std::convert::Infallible;
use std::future::poll_fn;
use std::task::{Context, Poll, Waker};

use creel_io::local::Notify;
use creel_io::mailbox::{Mailbox, MailboxFull};
use creel_io::{CoreId, wake_at_end_of_turn};

use super::Message;
use crate::limits::PACKET_MESSAGES;

/// What one turn of a core has for another one, in the order in which it was said.
pub(crate) type Packet = Vec<Message>;

/// What this core has for the others.
pub(super) struct Outgoing {
    mailbox: Mailbox<Packet>,
    lanes: Vec<Lane>,
    /// The cores for which something waits, each once.
    listed: RefCell<Vec<CoreId>>,
    /// The task that sends packets, once it has run.
    sender: RefCell<Option<Waker>>,
    /// That task is woken when the turn ends.
    is_due: Cell<bool>,
    /// Empty packets that have come with messages, to be used again.
    spare: RefCell<Vec<Packet>>,
    sent: Cell<Sent>,
}

/// What waits to leave for one core.
#[derive(Default)]
struct Lane {
    waiting: RefCell<Packet>,
    /// How many of them have waited for room, or would have.
    asking: Cell<usize>,
    has_left: Notify,
}

/// What has left for other cores.
#[derive(Clone, Copy, Default)]
pub(super) struct Sent {
    pub(super) messages: u64,
    pub(super) packets: u64,
}

impl Outgoing {
    pub(super) fn new(mailbox: Mailbox<Packet>) -> Self {
        let lanes = (0..mailbox.cores()).map(|_| Lane::default()).collect();
        Self {
            mailbox,
            lanes,
            listed: RefCell::default(),
            sender: RefCell::default(),
            is_due: Cell::default(),
            spare: RefCell::default(),
            sent: Cell::default(),
        }
    }

    pub(super) fn cores(&self) -> usize {
        self.lanes.len()
    }

    pub(super) fn sent(&self) -> Sent {
        self.sent.get()
    }

    /// The next packet, and who sent it.
    pub(super) async fn recv(&self) -> (CoreId, Packet) {
        self.mailbox.recv().await
    }

    /// Takes back a packet whose messages have been taken.
    pub(super) fn recycle(&self, packet: Packet) {
        let mut spare = self.spare.borrow_mut();
        if spare.len() < self.lanes.len() && packet.capacity() <= 2 * PACKET_MESSAGES {
            spare.push(packet);
        }
    }

    /// Puts a message that needs no room: an answer, or one that takes back what was asked.
    pub(super) fn put(&self, to: CoreId, message: Message) {
        let mut waiting = self.lanes[to.index()].waiting.borrow_mut();
        if waiting.is_empty() {
            if let Some(spare) = self.spare.borrow_mut().pop() {
                *waiting = spare;
            }
            self.list(to);
        }
        waiting.push(message);
    }

    fn list(&self, to: CoreId) {
        self.listed.borrow_mut().push(to);
        let sender = self.sender.borrow();
        // Before its first run the task needs no wake: it is ready.
        if let Some(waker) = sender.as_ref().filter(|_| !self.is_due.replace(true)) {
            wake_at_end_of_turn(waker.clone());
        }
    }

    /// Whether there is room for so many messages that ask. If more wait than one turn may have, they leave now.
    pub(super) fn has_room(&self, to: CoreId, messages: usize) -> bool {
        let lane = &self.lanes[to.index()];
        if lane.asking.get() + messages <= PACKET_MESSAGES {
            return true;
        }
        let has_left = lane.asking.get() > 0 && messages <= PACKET_MESSAGES && self.leave(to);
        if has_left {
            self.listed.borrow_mut().retain(|listed| *listed != to);
        }
        has_left
    }

    /// Puts a message that asks; there is room for it.
    pub(super) fn put_asking(&self, to: CoreId, message: Message) {
        let asking = &self.lanes[to.index()].asking;
        asking.set(asking.get() + 1);
        self.put(to, message);
    }

    /// Puts a message that asks, and waits for room.
    pub(super) async fn put_with_room(&self, to: CoreId, message: Message) {
        while !self.has_room(to, 1) {
            self.lanes[to.index()].has_left.notified().await;
        }
        self.put_asking(to, message);
    }

    /// Waits until everything that was put has left.
    pub(super) async fn all_left(&self) {
        for lane in &self.lanes {
            while !lane.waiting.borrow().is_empty() {
                lane.has_left.notified().await;
            }
        }
    }

    /// Sends packets for as long as the core lives.
    pub(super) async fn send_packets(&self) -> Infallible {
        poll_fn(|cx| {
            self.is_due.set(false);
            let mut sender = self.sender.borrow_mut();
            if !sender.as_ref().is_some_and(|known| known.will_wake(cx.waker())) {
                *sender = Some(cx.waker().clone());
            }
            drop(sender);
            self.all_leave(cx);
            Poll::Pending
        })
        .await
    }

    fn all_leave(&self, cx: &mut Context<'_>) {
        let mut listed = std::mem::take(&mut *self.listed.borrow_mut());
        // A core whose mailbox has no room stays; this task is woken when there is room.
        listed.retain(|to| self.mailbox.poll_room(*to, cx).is_pending() || !self.leave(*to));
        let mut since = self.listed.borrow_mut();
        listed.append(&mut since);
        *since = listed;
    }

    /// Sends what waits for a core as one packet, if the mailbox has room for it.
    fn leave(&self, to: CoreId) -> bool {
        let lane = &self.lanes[to.index()];
        let packet = std::mem::take(&mut *lane.waiting.borrow_mut());
        let messages = packet.len() as u64;
        if let Err(MailboxFull(packet)) = self.mailbox.try_send(to, packet) {
            *lane.waiting.borrow_mut() = packet;
            return false;
        }
        let sent = self.sent.get();
        self.sent.set(Sent { messages: sent.messages + messages, packets: sent.packets + 1 });
        lane.asking.set(0);
        lane.has_left.notify_all();
        true
    }
}
