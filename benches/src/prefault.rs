//! Memory that is held between rounds, so that a round finds free memory that the machine really has.

use std::cell::RefCell;

/// A virtual machine's host may take free memory back within moments. Then every new page of a log costs a fault on
/// the host, several times the copy into it. This does not happen if the memory is the machine's own, or full of
/// older logs. Memory that was freed a moment ago is mostly still there. What remains is noise that only adds.
pub struct Prefault {
    bytes: usize,
    held: RefCell<Vec<u8>>,
}

impl Prefault {
    /// Of so many GiB; nothing is held yet.
    #[must_use]
    pub fn of_gib(gib: f64) -> Prefault {
        Prefault { bytes: (gib * (1u64 << 30) as f64) as usize, held: RefCell::default() }
    }

    /// Holds the memory, every page of it.
    pub fn take(&self) {
        if self.held.borrow().is_empty() {
            *self.held.borrow_mut() = vec![1; self.bytes];
        }
    }

    /// Gives it back to the system.
    pub fn release(&self) {
        drop(self.held.take());
    }
}
