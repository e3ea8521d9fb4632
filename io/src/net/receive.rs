//! How a stream receives. Small frames come by a multishot request into buffers that the core lends to the kernel; one
//! request serves many frames. Big frames come by single requests straight into the connection's own buffer, without
//! any copy.
//!
//! Owns the receives of one stream. Must not know its sends, nor anything of a frame except how many bytes are missing.

use std::cell::{Cell, RefCell};
use std::io;
use std::os::fd::{AsRawFd, OwnedFd};
use std::sync::Arc;

use bytes::BytesMut;
use io_uring::{opcode, types};

use crate::executor::context;
use crate::operation::{Multi, MultiResult, Op};
use crate::ring::buffers::GROUP;
use crate::ring::slots::{Kept, KeptBuffer};

/// A frame with at least this many missing bytes is received by single requests.
const LARGE: usize = 16 * 1024;
/// The space offered to a single receive.
const LARGE_ROOM: usize = 256 * 1024;
/// A stream that now receives small frames keeps no more space than this between two of them.
const ROOM_KEPT: usize = 64 * 1024;
/// Space never grows by more than this at once, whatever size a frame states.
const ROOM_STEP_MAX: usize = 1 << 20;
/// The number of frame boundaries for which single receives go on after a large frame.
const LARGE_MEMORY: u8 = 16;
/// The number of filled buffers that a stream may hold unread. Then its multishot is stopped, which is backpressure for
/// the sender.
const UNREAD_MAX: usize = 8;

/// Dropping an unfinished receive loses the bytes that had come. Callers do so only to close the connection.
pub(super) struct SocketReceiver {
    fd: Arc<OwnedFd>,
    multi: RefCell<Option<Multi>>,
    large_boundaries_left: Cell<u8>,
}

impl SocketReceiver {
    pub(super) fn new(fd: Arc<OwnedFd>) -> SocketReceiver {
        SocketReceiver { fd, multi: RefCell::new(None), large_boundaries_left: Cell::new(0) }
    }

    pub(super) async fn recv(&self, mut buf: BytesMut, want: usize) -> (io::Result<usize>, BytesMut) {
        let large = self.expects_large(want);
        if buf.capacity() > ROOM_KEPT && !large && buf.is_empty() {
            buf = BytesMut::new();
        }
        // Only one task receives on a stream at a time, so the multishot can be taken out during the wait.
        let mut multi = self.multi.borrow_mut().take();
        if large && let Some(multi) = &multi {
            multi.cancel();
        }
        while let Some(open) = &mut multi {
            let Some(first) = open.next().await else {
                multi = None;
                break;
            };
            match self.drain(open, first, &mut buf) {
                // The kernel has no lent buffer left. Receive without them this once.
                Err(error) if error.raw_os_error() == Some(libc::ENOBUFS) => {
                    return self.single(buf, want).await;
                }
                Err(error) if error.raw_os_error() == Some(libc::ECANCELED) => {}
                outcome => {
                    self.keep(multi);
                    return (outcome, buf);
                }
            }
        }
        if large {
            return self.single(buf, want).await;
        }
        drop(multi);
        self.small(buf, want).await
    }

    /// Starts the multishot and waits for its first result.
    async fn small(&self, mut buf: BytesMut, want: usize) -> (io::Result<usize>, BytesMut) {
        let mut multi = self.arm();
        loop {
            let Some(first) = multi.next().await else {
                multi = self.arm();
                continue;
            };
            match self.drain(&mut multi, first, &mut buf) {
                Err(error) if error.raw_os_error() == Some(libc::ENOBUFS) => {
                    drop(multi);
                    return self.single(buf, want).await;
                }
                outcome => {
                    self.keep(Some(multi));
                    return (outcome, buf);
                }
            }
        }
    }

    fn expects_large(&self, want: usize) -> bool {
        if want >= LARGE {
            self.large_boundaries_left.set(LARGE_MEMORY);
            return true;
        }
        let left = self.large_boundaries_left.get();
        self.large_boundaries_left.set(left.saturating_sub(1));
        left > 0
    }

    fn keep(&self, multi: Option<Multi>) {
        *self.multi.borrow_mut() = multi;
    }

    /// Copies `first`, and whatever else has come, into `buf`. Returns the number of bytes, 0 at the stream's end.
    fn drain(&self, multi: &mut Multi, first: MultiResult, buf: &mut BytesMut) -> io::Result<usize> {
        if multi.queued() >= UNREAD_MAX {
            multi.cancel();
        }
        let mut total = copy_out(first, buf)?;
        while total > 0 {
            // An error found here, or the end, comes again with the next receive.
            match multi.try_next() {
                Some(next) if next.buffer.is_some() => total += copy_out(next, buf)?,
                _ => break,
            }
        }
        Ok(total)
    }

    fn arm(&self) -> Multi {
        let entry = opcode::RecvMulti::new(types::Fd(self.fd.as_raw_fd()), GROUP).build();
        Multi::submit(entry, Kept { fd: Some(self.fd.clone()), ..Kept::default() })
    }

    async fn single(&self, mut buf: BytesMut, want: usize) -> (io::Result<usize>, BytesMut) {
        make_room(&mut buf, want);
        let spare = buf.spare_capacity_mut();
        let (address, room) = (spare.as_mut_ptr().cast::<u8>(), spare.len() as u32);
        let entry = opcode::Recv::new(types::Fd(self.fd.as_raw_fd()), address, room).build();
        let kept = Kept { fd: Some(self.fd.clone()), buffer: KeptBuffer::Mut(buf), ..Kept::default() };
        let done = Op::submit(entry, kept).await;
        let KeptBuffer::Mut(mut buf) = done.buffer else {
            unreachable!("the buffer that was kept comes back")
        };
        if let Ok(n) = done.result {
            // SAFETY: the kernel has written `n` bytes into the spare capacity behind the buffer's length.
            unsafe { buf.set_len(buf.len() + n as usize) };
        }
        (done.result.map(|n| n as usize), buf)
    }
}

/// Makes space for the frame, in one piece if that is not too big. A frame then lies in one buffer as a whole.
fn make_room(buf: &mut BytesMut, want: usize) {
    let spare = buf.capacity() - buf.len();
    if spare < want.clamp(LARGE, ROOM_STEP_MAX) {
        buf.reserve(want.clamp(LARGE_ROOM, ROOM_STEP_MAX));
    }
}

fn copy_out(received: MultiResult, buf: &mut BytesMut) -> io::Result<usize> {
    let n = received.result? as usize;
    if let Some(id) = received.buffer {
        context::with(|core| core.ring().consume_buffer(id, n, |bytes| buf.extend_from_slice(bytes)));
    }
    Ok(n)
}
