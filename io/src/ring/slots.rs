//! Operations in flight. A slot owns what the kernel works on (buffer, address, descriptor) until the last completion
//! was collected, whether or not anybody still waits. So dropping a future never frees memory that the kernel uses.
//!
//! Must not know the ring or the futures: it says what is left to do, and the driver does it.

use std::collections::VecDeque;
use std::os::fd::OwnedFd;
use std::sync::Arc;
use std::task::{Poll, Waker};

use bytes::{Bytes, BytesMut};

use super::address::RawAddress;
use crate::aligned_buffer::AlignedBuffer;

/// What an operation keeps alive until it has completed.
#[derive(Default)]
#[expect(dead_code, reason = "kept for its lifetime, read by nobody but the kernel")]
pub(crate) struct Kept {
    /// The descriptor. It is held so that its number is not used again between push and completion.
    pub(crate) fd: Option<Arc<OwnedFd>>,
    pub(crate) buffer: KeptBuffer,
    /// Its results are new descriptors. One that nobody takes must be closed.
    pub(crate) yields_descriptors: bool,
}

/// The memory an operation reads or writes.
#[derive(Default)]
#[expect(dead_code, reason = "kept for its lifetime, read by nobody but the kernel")]
pub(crate) enum KeptBuffer {
    #[default]
    None,
    Mut(BytesMut),
    Aligned(AlignedBuffer),
    Shared(Bytes),
    Address(Box<RawAddress>),
}

#[derive(Clone, Copy, Debug)]
pub(crate) struct Reaped {
    pub(super) user_data: u64,
    pub(crate) result: i32,
    pub(crate) flags: u32,
}

#[derive(Default)]
pub(crate) struct Slots {
    entries: Vec<OpEntry>,
    free: Vec<u32>,
}

enum OpEntry {
    Free,
    InFlight {
        interest: Interest,
        kept: Kept,
        waker: Option<Waker>,
        results: VecDeque<Reaped>,
    },
    /// The last completion has come, and the waiter has not fetched it yet.
    Ended {
        kept: Kept,
        results: VecDeque<Reaped>,
    },
}

#[derive(PartialEq)]
enum Interest {
    Wanted,
    /// The future was dropped. Only the kernel still uses the slot.
    Orphaned,
}

/// What the driver must do after a completion, when nothing is borrowed.
#[derive(Default)]
pub(crate) struct AfterCompletion {
    pub(crate) waker: Option<Waker>,
    /// Nobody will take the result, nor the receive buffer that it may name.
    pub(crate) unclaimed: bool,
    /// That result is a new descriptor.
    pub(crate) unclaimed_descriptor: bool,
    pub(crate) released: Option<Kept>,
}

/// What is left to do for an operation whose future was dropped.
#[derive(Default)]
pub(crate) struct Orphaned {
    /// The kernel still works on it: a cancellation should be pushed.
    pub(crate) still_running: bool,
    /// Results that were not taken.
    pub(crate) unread: VecDeque<Reaped>,
    /// Those results are descriptors.
    pub(crate) descriptors: bool,
    pub(crate) released: Option<Kept>,
}

impl Slots {
    pub(crate) fn insert(&mut self, kept: Kept) -> u32 {
        let entry =
            OpEntry::InFlight { interest: Interest::Wanted, kept, waker: None, results: VecDeque::new() };
        match self.free.pop() {
            Some(slot) => {
                self.entries[slot as usize] = entry;
                slot
            }
            None => {
                self.entries.push(entry);
                (self.entries.len() - 1) as u32
            }
        }
    }

    pub(crate) fn complete(&mut self, slot: u32, reaped: Reaped) -> AfterCompletion {
        let last = !io_uring::cqueue::more(reaped.flags);
        let entry = &mut self.entries[slot as usize];
        let OpEntry::InFlight { interest, waker, results, kept, .. } = entry else {
            unreachable!("a completion for a slot that is not in flight");
        };
        if *interest == Interest::Orphaned {
            let unclaimed_descriptor = kept.yields_descriptors;
            let released = if last { Some(self.release(slot)) } else { None };
            return AfterCompletion { waker: None, unclaimed: true, unclaimed_descriptor, released };
        }
        results.push_back(reaped);
        let waker = waker.take();
        if last {
            let OpEntry::InFlight { kept, results, .. } = std::mem::replace(entry, OpEntry::Free) else {
                unreachable!("matched above");
            };
            *entry = OpEntry::Ended { kept, results };
        }
        AfterCompletion { waker, ..AfterCompletion::default() }
    }

    /// The result of a single operation; frees the slot. Stores the waker if there is no result yet.
    pub(crate) fn take_single(&mut self, slot: u32, waker: &Waker) -> Option<(Reaped, Kept)> {
        match &mut self.entries[slot as usize] {
            OpEntry::InFlight { waker: place, .. } => {
                *place = Some(waker.clone());
                None
            }
            OpEntry::Ended { results, .. } => {
                let reaped = results.pop_front().expect("an ended operation has its result");
                Some((reaped, self.release(slot)))
            }
            OpEntry::Free => unreachable!("an operation holds its slot until it has its result"),
        }
    }

    /// The next result of a multishot operation. `None` once there will be no more; the slot is then free.
    pub(crate) fn take_next(&mut self, slot: u32, waker: Option<&Waker>) -> Poll<Option<Reaped>> {
        match &mut self.entries[slot as usize] {
            OpEntry::InFlight { waker: place, results, .. } => match results.pop_front() {
                Some(reaped) => Poll::Ready(Some(reaped)),
                None => {
                    if let Some(waker) = waker {
                        *place = Some(waker.clone());
                    }
                    Poll::Pending
                }
            },
            OpEntry::Ended { results, .. } => {
                let next = results.pop_front();
                if next.is_none() {
                    drop(self.release(slot));
                }
                Poll::Ready(next)
            }
            OpEntry::Free => unreachable!("a multishot holds its slot until its end was seen"),
        }
    }

    pub(crate) fn queued(&self, slot: u32) -> usize {
        match &self.entries[slot as usize] {
            OpEntry::InFlight { results, .. } | OpEntry::Ended { results, .. } => results.len(),
            OpEntry::Free => 0,
        }
    }

    /// Notes that the future was dropped. The results that it did not take must be given back or closed.
    pub(crate) fn orphan(&mut self, slot: u32) -> Orphaned {
        match &mut self.entries[slot as usize] {
            OpEntry::InFlight { interest, waker, results, kept } => {
                *interest = Interest::Orphaned;
                *waker = None;
                let (unread, descriptors) = (std::mem::take(results), kept.yields_descriptors);
                Orphaned { still_running: true, unread, descriptors, released: None }
            }
            OpEntry::Ended { results, kept } => {
                let (unread, descriptors) = (std::mem::take(results), kept.yields_descriptors);
                Orphaned { still_running: false, unread, descriptors, released: Some(self.release(slot)) }
            }
            OpEntry::Free => Orphaned::default(),
        }
    }

    fn release(&mut self, slot: u32) -> Kept {
        self.free.push(slot);
        match std::mem::replace(&mut self.entries[slot as usize], OpEntry::Free) {
            OpEntry::InFlight { kept, .. } | OpEntry::Ended { kept, .. } => kept,
            OpEntry::Free => unreachable!("a slot is released once"),
        }
    }

    pub(crate) fn in_flight(&self) -> Vec<u32> {
        let numbered = self.entries.iter().enumerate();
        numbered.filter(|(_, e)| matches!(e, OpEntry::InFlight { .. })).map(|(i, _)| i as u32).collect()
    }
}
