//! A bounded single-producer, single-consumer ring between two cores.
//!
//! The consumer writes `head`, the producer writes `tail`, and `head <= tail <= head + capacity`. Each side keeps a
//! copy of the other's cursor. It reads the cursor again only when the copy says full (or empty), so a busy pair rarely
//! touches a shared cache line.
//!
//! Owns the items between the two sides. Must not know who waits.

use std::cell::Cell;
use std::mem::MaybeUninit;

use crate::sync::{Arc, AtomicUsize, Ordering, UnsafeCell};

#[repr(align(128))]
struct Padded<T>(T);

struct Ring<T> {
    slots: Box<[UnsafeCell<MaybeUninit<T>>]>,
    head: Padded<AtomicUsize>,
    tail: Padded<AtomicUsize>,
}

// SAFETY: a slot is touched by the producer only while it lies outside head..tail and by the consumer only while it
// lies inside; the cursors' release/acquire pairs order the accesses. Items cross threads, hence `T: Send`.
unsafe impl<T: Send> Sync for Ring<T> {}
// SAFETY: as above; the ring owns its items.
unsafe impl<T: Send> Send for Ring<T> {}

impl<T> Drop for Ring<T> {
    fn drop(&mut self) {
        // Both ends are gone, and the last one has seen everything that the other did.
        let tail = self.tail.0.load(Ordering::Relaxed);
        let mut head = self.head.0.load(Ordering::Relaxed);
        while head != tail {
            let index = head % self.slots.len();
            // SAFETY: slots in head..tail hold items that were pushed and not yet popped; both ends are gone.
            self.slots[index].with_mut(|slot| unsafe { (*slot).assume_init_drop() });
            head = head.wrapping_add(1);
        }
    }
}

/// The producing end.
pub(crate) struct Producer<T> {
    ring: Arc<Ring<T>>,
    tail: Cell<usize>,
    seen_head: Cell<usize>,
}

/// The consuming end.
pub(crate) struct Consumer<T> {
    ring: Arc<Ring<T>>,
    head: Cell<usize>,
    seen_tail: Cell<usize>,
}

/// Makes a ring. `capacity` is rounded up to a power of two, so that the cursors may wrap.
pub(crate) fn spsc<T: Send>(capacity: usize) -> (Producer<T>, Consumer<T>) {
    let capacity = capacity.max(1).next_power_of_two();
    let slots = (0..capacity).map(|_| UnsafeCell::new(MaybeUninit::uninit())).collect();
    let ring = Arc::new(Ring { slots, head: Padded(AtomicUsize::new(0)), tail: Padded(AtomicUsize::new(0)) });
    (
        Producer { ring: ring.clone(), tail: Cell::new(0), seen_head: Cell::new(0) },
        Consumer { ring, head: Cell::new(0), seen_tail: Cell::new(0) },
    )
}

impl<T: Send> Producer<T> {
    /// Whether the next item has a slot.
    pub(crate) fn has_room(&self) -> bool {
        let (tail, capacity) = (self.tail.get(), self.ring.slots.len());
        if tail.wrapping_sub(self.seen_head.get()) == capacity {
            self.seen_head.set(self.ring.head.0.load(Ordering::Acquire));
        }
        tail.wrapping_sub(self.seen_head.get()) != capacity
    }

    pub(crate) fn push(&self, item: T) -> Result<(), T> {
        if !self.has_room() {
            return Err(item);
        }
        let (tail, capacity) = (self.tail.get(), self.ring.slots.len());
        // SAFETY: tail - head < capacity, so this slot is outside head..tail; only this producer writes there.
        self.ring.slots[tail % capacity].with_mut(|slot| unsafe { (*slot).write(item) });
        self.tail.set(tail.wrapping_add(1));
        self.ring.tail.0.store(self.tail.get(), Ordering::Release);
        Ok(())
    }
}

impl<T: Send> Consumer<T> {
    pub(crate) fn pop(&self) -> Option<T> {
        let (head, capacity) = (self.head.get(), self.ring.slots.len());
        if head == self.seen_tail.get() {
            self.seen_tail.set(self.ring.tail.0.load(Ordering::Acquire));
            if head == self.seen_tail.get() {
                return None;
            }
        }
        // SAFETY: head < tail, so the slot holds an item the producer published before its release store of `tail`;
        // advancing `head` gives the slot up, so the item is read out once.
        let item = self.ring.slots[head % capacity].with_mut(|slot| unsafe { (*slot).assume_init_read() });
        self.head.set(head.wrapping_add(1));
        self.ring.head.0.store(self.head.get(), Ordering::Release);
        Some(item)
    }
}
