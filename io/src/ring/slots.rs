//! Operations in flight. A slot owns what the kernel works on (buffer, address, descriptor) until the last completion
//! has been reaped, whether or not anybody still waits: dropping a future never frees memory under the kernel.

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::os::fd::OwnedFd;
use std::sync::Arc;
use std::task::Waker;

use bytes::{Bytes, BytesMut};

use super::driver::Reaped;

/// What an operation keeps alive until it has completed.
#[derive(Default)]
#[expect(dead_code, reason = "kept for its lifetime, read by nobody but the kernel")]
pub(crate) struct Kept {
    /// Held so that its number is not reused between push and completion.
    pub(crate) fd: Option<Arc<OwnedFd>>,
    pub(crate) buffer: KeptBuffer,
    /// Its results are new descriptors: one that nobody takes must be closed.
    pub(crate) yields_descriptors: bool,
}

/// The memory an operation reads or writes.
#[derive(Default)]
#[expect(dead_code, reason = "kept for its lifetime, read by nobody but the kernel")]
pub(crate) enum KeptBuffer {
    #[default]
    None,
    Mut(BytesMut),
    Shared(Bytes),
    Address(Box<RawAddress>),
}

/// A socket address in the kernel's form.
pub(crate) struct RawAddress {
    pub(crate) storage: libc::sockaddr_storage,
    pub(crate) length: libc::socklen_t,
}

impl RawAddress {
    pub(crate) fn new(address: SocketAddr) -> RawAddress {
        // SAFETY: sockaddr_storage is plain data for which all zeros is valid.
        let mut storage: libc::sockaddr_storage = unsafe { std::mem::zeroed() };
        let target = (&raw mut storage).cast::<u8>();
        let length = match address {
            SocketAddr::V4(v4) => {
                let raw = libc::sockaddr_in {
                    sin_family: libc::AF_INET as libc::sa_family_t,
                    sin_port: v4.port().to_be(),
                    sin_addr: libc::in_addr { s_addr: u32::from_ne_bytes(v4.ip().octets()) },
                    sin_zero: [0; 8],
                };
                // SAFETY: sockaddr_storage is at least as large and as aligned as every sockaddr_*.
                unsafe { target.cast::<libc::sockaddr_in>().write(raw) };
                size_of::<libc::sockaddr_in>()
            }
            SocketAddr::V6(v6) => {
                let raw = libc::sockaddr_in6 {
                    sin6_family: libc::AF_INET6 as libc::sa_family_t,
                    sin6_port: v6.port().to_be(),
                    sin6_flowinfo: v6.flowinfo(),
                    sin6_addr: libc::in6_addr { s6_addr: v6.ip().octets() },
                    sin6_scope_id: v6.scope_id(),
                };
                // SAFETY: as above.
                unsafe { target.cast::<libc::sockaddr_in6>().write(raw) };
                size_of::<libc::sockaddr_in6>()
            }
        };
        RawAddress { storage, length: length as libc::socklen_t }
    }
}

#[derive(Default)]
pub(crate) struct Slots {
    entries: Vec<Entry>,
    free: Vec<u32>,
}

enum Entry {
    Free,
    InFlight {
        interest: Interest,
        kept: Kept,
        waker: Option<Waker>,
        results: VecDeque<Reaped>,
    },
    /// The last completion has come; the waiter has not fetched it yet.
    Ended {
        kept: Kept,
        results: VecDeque<Reaped>,
    },
}

#[derive(PartialEq)]
enum Interest {
    Wanted,
    /// The future is gone; the slot waits for the kernel alone.
    Orphaned,
}

/// What the driver must do after a completion, outside of the borrow.
#[derive(Default)]
pub(crate) struct Outcome {
    pub(crate) waker: Option<Waker>,
    /// Nobody will take the result, nor the receive buffer it may name.
    pub(crate) unclaimed: bool,
    /// That result is a new descriptor.
    pub(crate) unclaimed_descriptor: bool,
    pub(crate) released: Option<Kept>,
}

/// What is left to do for an operation whose future went away.
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
            Entry::InFlight { interest: Interest::Wanted, kept, waker: None, results: VecDeque::new() };
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

    pub(crate) fn complete(&mut self, slot: u32, reaped: Reaped) -> Outcome {
        let last = !io_uring::cqueue::more(reaped.flags);
        let entry = &mut self.entries[slot as usize];
        let Entry::InFlight { interest, waker, results, kept, .. } = entry else {
            unreachable!("a completion for a slot that is not in flight");
        };
        if *interest == Interest::Orphaned {
            let unclaimed_descriptor = kept.yields_descriptors;
            let released = if last { Some(self.release(slot)) } else { None };
            return Outcome { waker: None, unclaimed: true, unclaimed_descriptor, released };
        }
        results.push_back(reaped);
        let waker = waker.take();
        if last {
            let Entry::InFlight { kept, results, .. } = std::mem::replace(entry, Entry::Free) else {
                unreachable!("matched above");
            };
            *entry = Entry::Ended { kept, results };
        }
        Outcome { waker, ..Outcome::default() }
    }

    /// The result of a single operation; frees the slot. Leaves the waker when it is not there yet.
    pub(crate) fn take_single(&mut self, slot: u32, waker: &Waker) -> Option<(Reaped, Kept)> {
        match &mut self.entries[slot as usize] {
            Entry::InFlight { waker: place, .. } => {
                *place = Some(waker.clone());
                None
            }
            Entry::Ended { results, .. } => {
                let reaped = results.pop_front().expect("an ended operation has its result");
                Some((reaped, self.release(slot)))
            }
            Entry::Free => unreachable!("an operation holds its slot until it has its result"),
        }
    }

    /// The next result of a multishot operation. `Err(true)`: none now; `Err(false)`: none ever, the slot is free.
    pub(crate) fn take_next(&mut self, slot: u32, waker: Option<&Waker>) -> Result<Reaped, bool> {
        match &mut self.entries[slot as usize] {
            Entry::InFlight { waker: place, results, .. } => results.pop_front().ok_or_else(|| {
                if let Some(waker) = waker {
                    *place = Some(waker.clone());
                }
                true
            }),
            Entry::Ended { results, .. } => match results.pop_front() {
                Some(reaped) => Ok(reaped),
                None => {
                    drop(self.release(slot));
                    Err(false)
                }
            },
            Entry::Free => unreachable!("a multishot holds its slot until its end was seen"),
        }
    }

    pub(crate) fn queued(&self, slot: u32) -> usize {
        match &self.entries[slot as usize] {
            Entry::InFlight { results, .. } | Entry::Ended { results, .. } => results.len(),
            Entry::Free => 0,
        }
    }

    /// The future goes away; what it did not take must be given back or closed.
    pub(crate) fn orphan(&mut self, slot: u32) -> Orphaned {
        match &mut self.entries[slot as usize] {
            Entry::InFlight { interest, waker, results, kept } => {
                *interest = Interest::Orphaned;
                *waker = None;
                let (unread, descriptors) = (std::mem::take(results), kept.yields_descriptors);
                Orphaned { still_running: true, unread, descriptors, released: None }
            }
            Entry::Ended { results, kept } => {
                let (unread, descriptors) = (std::mem::take(results), kept.yields_descriptors);
                Orphaned { still_running: false, unread, descriptors, released: Some(self.release(slot)) }
            }
            Entry::Free => Orphaned::default(),
        }
    }

    fn release(&mut self, slot: u32) -> Kept {
        self.free.push(slot);
        match std::mem::replace(&mut self.entries[slot as usize], Entry::Free) {
            Entry::InFlight { kept, .. } | Entry::Ended { kept, .. } => kept,
            Entry::Free => unreachable!("a slot is released once"),
        }
    }

    pub(crate) fn in_flight(&self) -> Vec<u32> {
        let numbered = self.entries.iter().enumerate();
        numbered.filter(|(_, e)| matches!(e, Entry::InFlight { .. })).map(|(i, _)| i as u32).collect()
    }
}
