//! Memory that begins at a block's boundary and is whole blocks long, as the kernel wants it for I/O past the page
//! cache.
//!
//! Owns the memory. Must not know files.

use std::alloc::{Layout, alloc_zeroed, dealloc, handle_alloc_error};
use std::fmt;
use std::ops::{Deref, DerefMut};
use std::ptr::NonNull;

/// What is written past the page cache begins at a multiple of this, in memory and in the file, and is a multiple of it
/// long. In bytes.
pub const BLOCK_BYTES: usize = 4096;

/// A buffer of whole blocks at a block's boundary. It is made once and used again and again. It never grows.
///
/// It dereferences to the bytes that it was filled with.
pub struct AlignedBuffer {
    /// `capacity` initialised bytes. A plain pointer, because the kernel may write there while the buffer is moved.
    memory: NonNull<u8>,
    capacity: usize,
    filled: usize,
}

// SAFETY: the buffer alone owns its memory, which does not belong to a thread.
unsafe impl Send for AlignedBuffer {}

impl AlignedBuffer {
    /// An empty buffer for at least `bytes`. One block is the least.
    #[must_use]
    pub fn with_capacity(bytes: usize) -> AlignedBuffer {
        let capacity = bytes.max(1).next_multiple_of(BLOCK_BYTES);
        let layout = layout_of(capacity);
        // SAFETY: the layout's size is not 0.
        let memory = unsafe { alloc_zeroed(layout) };
        let memory = NonNull::new(memory).unwrap_or_else(|| handle_alloc_error(layout));
        AlignedBuffer { memory, capacity, filled: 0 }
    }

    /// How many bytes it can hold: a multiple of [`BLOCK_BYTES`].
    #[must_use]
    pub fn capacity(&self) -> usize {
        self.capacity
    }

    /// How many more bytes it can take.
    #[must_use]
    pub fn room(&self) -> usize {
        self.capacity() - self.filled
    }

    /// Empties it. The memory stays.
    pub fn clear(&mut self) {
        self.filled = 0;
    }

    /// Appends bytes. Panics if there are more than [`room`](AlignedBuffer::room).
    pub fn extend_from_slice(&mut self, bytes: &[u8]) {
        assert!(bytes.len() <= self.room(), "the caller appends only what fits");
        let at = self.filled;
        self.memory_mut()[at..at + bytes.len()].copy_from_slice(bytes);
        self.filled += bytes.len();
    }

    /// Fills the last block that was begun with zeros.
    pub fn pad_with_zeros(&mut self) {
        let (at, end) = (self.filled, self.filled.next_multiple_of(BLOCK_BYTES));
        self.memory_mut()[at..end].fill(0);
        self.filled = end;
    }

    /// Sets the number of bytes that count as filled. Those that were not filled hold zeros, or what they held before.
    /// Panics if there are more than [`capacity`](AlignedBuffer::capacity).
    pub fn set_filled(&mut self, bytes: usize) {
        assert!(bytes <= self.capacity(), "no more than its memory can be filled");
        self.filled = bytes;
    }

    /// All of its memory, whether or not it was filled.
    pub(crate) fn memory_mut(&mut self) -> &mut [u8] {
        // SAFETY: so many bytes are there and initialised. They are borrowed as long as the slice.
        unsafe { std::slice::from_raw_parts_mut(self.memory.as_ptr(), self.capacity) }
    }
}

impl Drop for AlignedBuffer {
    fn drop(&mut self) {
        // SAFETY: the memory was allocated with this layout and is freed once.
        unsafe { dealloc(self.memory.as_ptr(), layout_of(self.capacity)) };
    }
}

fn layout_of(capacity: usize) -> Layout {
    Layout::from_size_align(capacity, BLOCK_BYTES).expect("a buffer is smaller than the address space")
}

impl Deref for AlignedBuffer {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        // SAFETY: so many bytes are there and initialised. They are borrowed as long as the slice.
        unsafe { std::slice::from_raw_parts(self.memory.as_ptr(), self.filled) }
    }
}

impl DerefMut for AlignedBuffer {
    fn deref_mut(&mut self) -> &mut [u8] {
        let filled = self.filled;
        &mut self.memory_mut()[..filled]
    }
}

impl fmt::Debug for AlignedBuffer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "AlignedBuffer({} of {} bytes)", self.filled, self.capacity())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_begins_at_a_blocks_boundary_and_holds_whole_blocks() {
        for (wanted, capacity) in [(0, 4096), (1, 4096), (4096, 4096), (4097, 8192), (100_000, 102_400)] {
            let buffer = AlignedBuffer::with_capacity(wanted);
            assert_eq!(buffer.capacity(), capacity);
            assert!(buffer.is_empty());
            assert_eq!(buffer.memory.as_ptr().addr() % BLOCK_BYTES, 0);
        }
    }

    #[test]
    fn padding_is_zeros_also_where_there_were_bytes_before() {
        let mut buffer = AlignedBuffer::with_capacity(2 * BLOCK_BYTES);
        buffer.extend_from_slice(&[7; 2 * BLOCK_BYTES]);
        assert_eq!(buffer.room(), 0);
        buffer.clear();
        buffer.extend_from_slice(&[1; 100]);
        buffer.pad_with_zeros();
        assert_eq!(buffer.len(), BLOCK_BYTES);
        assert_eq!(buffer[..100], [1; 100]);
        assert_eq!(buffer[100..], [0; BLOCK_BYTES - 100]);
        buffer[3] = 9;
        buffer.pad_with_zeros();
        assert_eq!((buffer.len(), buffer[3], buffer.room()), (BLOCK_BYTES, 9, BLOCK_BYTES));
    }
}
