//! The receive buffers that a core lends to the kernel for multishot receives of small frames.
//!
//! Owns the buffers, and the ring through which they are lent. Must not know a stream.

use std::io;
use std::ptr::NonNull;
use std::sync::atomic::{AtomicU16, Ordering};

use io_uring::{Submitter, cqueue, types::BufRingEntry};

/// The number of buffers; a power of two.
const COUNT: u16 = 512;
/// The size of each buffer in bytes. A frame larger than a few of these is received in one piece into its connection's
/// own buffer.
const SIZE: usize = 4096;
/// The group's number. A core has one group.
pub(crate) const GROUP: u16 = 0;

/// A buffer that the kernel has filled. It must be given back exactly once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct BufferId(u16);

impl BufferId {
    /// The buffer a completion names, if it names one.
    pub(crate) fn of(flags: u32) -> Option<BufferId> {
        cqueue::buffer_select(flags).map(BufferId)
    }
}

pub(crate) struct BufferRing {
    /// `COUNT` entries shared with the kernel, page-aligned.
    entries: NonNull<BufRingEntry>,
    /// `COUNT * SIZE` bytes. The kernel writes into the buffers that it holds.
    memory: NonNull<u8>,
    tail: u16,
}

const RING_BYTES: usize = COUNT as usize * size_of::<BufRingEntry>();
const MEMORY_BYTES: usize = COUNT as usize * SIZE;

impl BufferRing {
    pub(crate) fn register(submitter: &Submitter<'_>) -> io::Result<BufferRing> {
        let mut ring = BufferRing { entries: map(RING_BYTES)?.cast(), memory: map(MEMORY_BYTES)?, tail: 0 };
        // SAFETY: the entries are page-aligned, mapped for COUNT entries and unmapped only after the ring is closed.
        unsafe { submitter.register_buf_ring_with_flags(ring.entries.as_ptr() as u64, COUNT, GROUP, 0)? };
        (0..COUNT).for_each(|id| ring.give_back(BufferId(id)));
        Ok(ring)
    }

    /// The first `length` bytes of a buffer that the kernel has filled.
    pub(crate) fn filled(&self, id: BufferId, length: usize) -> &[u8] {
        assert!(id.0 < COUNT && length <= SIZE, "the kernel fills the buffers it was lent");
        // SAFETY: inside the mapping (asserted); the kernel gave the buffer up with its completion and gets it back
        // only by `give_back`, which needs `&mut self`.
        unsafe { std::slice::from_raw_parts(self.memory.as_ptr().add(usize::from(id.0) * SIZE), length) }
    }

    /// Lends a buffer to the kernel (again).
    pub(crate) fn give_back(&mut self, id: BufferId) {
        let place = usize::from(self.tail & (COUNT - 1));
        // SAFETY: `place` and the buffer lie inside the mappings; the kernel does not read the entry before the tail
        // is published below. The tail's own field overlays the first entry's unused part, which is not written here.
        unsafe {
            let entry = &mut *self.entries.as_ptr().add(place);
            entry.set_addr(self.memory.as_ptr().add(usize::from(id.0) * SIZE) as u64);
            entry.set_len(SIZE as u32);
            entry.set_bid(id.0);
            self.tail = self.tail.wrapping_add(1);
            let tail = BufRingEntry::tail(self.entries.as_ptr()).cast::<AtomicU16>();
            (*tail).store(self.tail, Ordering::Release);
        }
    }
}

impl Drop for BufferRing {
    fn drop(&mut self) {
        // SAFETY: both mappings were made by `map` with these sizes; the driver's ring is closed before (field order).
        unsafe {
            libc::munmap(self.entries.as_ptr().cast(), RING_BYTES);
            libc::munmap(self.memory.as_ptr().cast(), MEMORY_BYTES);
        }
    }
}

fn map(bytes: usize) -> io::Result<NonNull<u8>> {
    let (access, kind) = (libc::PROT_READ | libc::PROT_WRITE, libc::MAP_PRIVATE | libc::MAP_ANONYMOUS);
    // SAFETY: an anonymous mapping at an address of the kernel's choice.
    let address = unsafe { libc::mmap(std::ptr::null_mut(), bytes, access, kind, -1, 0) };
    if address == libc::MAP_FAILED {
        return Err(io::Error::last_os_error());
    }
    NonNull::new(address.cast()).ok_or_else(|| io::Error::other("mmap gave the null address"))
}
