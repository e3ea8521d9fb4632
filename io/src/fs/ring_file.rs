//! A file of the kernel.
//!
//! Owns the descriptor, and the system calls on it. Must not know the simulator.

use std::io::{self, IoSlice};
use std::ops::Range;
use std::os::fd::{AsRawFd, OwnedFd};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::sync::{Arc, Weak};

use bytes::BytesMut;
use io_uring::{opcode, types};

use super::options::OpenOptions;
use crate::operation::Op;
use crate::ring::slots::{Kept, KeptBuffer};

#[derive(Clone, Debug)]
pub(crate) struct RingFile {
    fd: Arc<OwnedFd>,
}

/// How much is written back by one request, at most.
const WRITE_BACK_STEP: u64 = 1 << 30;
/// How much of a slice is looked up in the page cache at a time.
const WARM_STEP: u64 = 1 << 20;
/// How much data that is not in the page cache is read ahead of sendfile at a time.
const COLD_STEP: u64 = 256 << 10;

impl From<std::fs::File> for RingFile {
    fn from(file: std::fs::File) -> RingFile {
        RingFile { fd: Arc::new(file.into()) }
    }
}

impl RingFile {
    pub(crate) fn open(path: &Path, options: OpenOptions) -> io::Result<RingFile> {
        let file = std::fs::OpenOptions::new()
            .read(true)
            .write(options.write)
            .create(options.create)
            .create_new(options.create_new)
            .truncate(options.truncate)
            .custom_flags(libc::O_CLOEXEC)
            .open(path)?;
        Ok(RingFile::from(file))
    }

    pub(crate) fn fd(&self) -> &OwnedFd {
        &self.fd
    }

    pub(crate) fn downgrade(&self) -> Weak<OwnedFd> {
        Arc::downgrade(&self.fd)
    }

    pub(crate) fn cached_bytes(&self) -> io::Result<Option<u64>> {
        Ok(cached_pages(&self.fd, 0, self.len()?.max(1)).map(|pages| pages * 4096))
    }

    pub(crate) fn evict(&self) -> io::Result<bool> {
        self.drop_cached();
        Ok(self.cached_bytes()? == Some(0))
    }

    pub(crate) fn write_at(&self, pieces: &[IoSlice<'_>], position: u64) -> io::Result<usize> {
        let count = pieces.len().min(libc::UIO_MAXIOV as usize) as i32;
        loop {
            // SAFETY: IoSlice has iovec's layout; the pieces outlive the call.
            let n = unsafe {
                libc::pwritev(self.fd.as_raw_fd(), pieces.as_ptr().cast(), count, position as libc::off_t)
            };
            match usize::try_from(n) {
                Ok(n) => return Ok(n),
                Err(_) => retry_if_interrupted()?,
            }
        }
    }

    pub(crate) async fn read_at(
        &self,
        mut buf: BytesMut,
        position: u64,
        length: usize,
    ) -> (io::Result<usize>, BytesMut) {
        buf.reserve(length);
        let spare = buf.spare_capacity_mut();
        let (address, room) = (spare.as_mut_ptr().cast::<u8>(), length.min(spare.len()) as u32);
        let entry = opcode::Read::new(types::Fd(self.fd.as_raw_fd()), address, room).offset(position).build();
        let done = Op::submit(entry, self.kept(KeptBuffer::Mut(buf))).await;
        let KeptBuffer::Mut(mut buf) = done.buffer else {
            unreachable!("the buffer that was kept comes back")
        };
        if let Ok(n) = done.result {
            // SAFETY: the kernel has written `n` bytes behind the buffer's length.
            unsafe { buf.set_len(buf.len() + n as usize) };
        }
        (done.result.map(|n| n as usize), buf)
    }

    pub(crate) fn try_read_at(&self, out: &mut [u8], position: u64) -> io::Result<Option<usize>> {
        let piece = libc::iovec { iov_base: out.as_mut_ptr().cast(), iov_len: out.len() };
        loop {
            // SAFETY: the iovec describes `out`, which is writable for the whole call.
            let n = unsafe {
                libc::preadv2(
                    self.fd.as_raw_fd(),
                    &raw const piece,
                    1,
                    position as libc::off_t,
                    libc::RWF_NOWAIT,
                )
            };
            match usize::try_from(n) {
                Ok(n) => return Ok(Some(n)),
                Err(_) => {
                    let error = io::Error::last_os_error();
                    match error.raw_os_error() {
                        Some(libc::EAGAIN | libc::EOPNOTSUPP) => return Ok(None),
                        Some(libc::EINTR) => {}
                        _ => return Err(error),
                    }
                }
            }
        }
    }

    pub(crate) async fn sync(&self, flags: types::FsyncFlags) -> io::Result<()> {
        let entry = opcode::Fsync::new(types::Fd(self.fd.as_raw_fd())).flags(flags).build();
        Op::submit(entry, self.kept(KeptBuffer::None)).await.result.map(|_| ())
    }

    /// Waits for the disk, so call it off the core.
    pub(super) fn sync_file_system(&self) -> io::Result<()> {
        // SAFETY: plain system call without pointers.
        let n = unsafe { libc::syncfs(self.fd.as_raw_fd()) };
        if n == 0 { Ok(()) } else { Err(io::Error::last_os_error()) }
    }

    pub(super) fn kept(&self, buffer: KeptBuffer) -> Kept {
        Kept { fd: Some(self.fd.clone()), buffer, ..Kept::default() }
    }

    pub(crate) fn allocate(&self, position: u64, length: u64) -> io::Result<()> {
        // SAFETY: plain system call without pointers.
        let n = unsafe {
            libc::fallocate(self.fd.as_raw_fd(), 0, position as libc::off_t, length as libc::off_t)
        };
        if n == 0 { Ok(()) } else { Err(io::Error::last_os_error()) }
    }

    pub(crate) fn truncate(&self, length: u64) -> io::Result<()> {
        // SAFETY: plain system call without pointers.
        let n = unsafe { libc::ftruncate(self.fd.as_raw_fd(), length as libc::off_t) };
        if n == 0 { Ok(()) } else { Err(io::Error::last_os_error()) }
    }

    pub(crate) fn len(&self) -> io::Result<u64> {
        Ok(self.stat()?.st_size as u64)
    }

    pub(crate) fn modified_ms(&self) -> io::Result<i64> {
        let stat = self.stat()?;
        Ok(stat.st_mtime.saturating_mul(1000).saturating_add(stat.st_mtime_nsec / 1_000_000))
    }

    pub(crate) fn set_modified_ms(&self, ms: i64) -> io::Result<()> {
        let unchanged = libc::timespec { tv_sec: 0, tv_nsec: libc::UTIME_OMIT };
        let nanos = ms.rem_euclid(1000) * 1_000_000;
        let times = [unchanged, libc::timespec { tv_sec: ms.div_euclid(1000), tv_nsec: nanos }];
        // SAFETY: `times` are the two times that the call reads.
        let n = unsafe { libc::futimens(self.fd.as_raw_fd(), times.as_ptr()) };
        if n == 0 { Ok(()) } else { Err(io::Error::last_os_error()) }
    }

    /// Goes from hole to hole. A filesystem without holes says that everything is data.
    pub(crate) fn data_end(&self) -> io::Result<u64> {
        let length = self.len()?;
        let mut end = 0;
        while end < length {
            let Some(data) = self.seek(end, libc::SEEK_DATA)? else { break };
            end = self.seek(data, libc::SEEK_HOLE)?.unwrap_or(length);
        }
        Ok(end)
    }

    /// The next data or hole, at or behind `position`. `None` if there is none.
    fn seek(&self, position: u64, whence: libc::c_int) -> io::Result<Option<u64>> {
        // SAFETY: plain system call without pointers; nobody relies on the file's offset, which it moves.
        let found = unsafe { libc::lseek(self.fd.as_raw_fd(), position as libc::off_t, whence) };
        if let Ok(found) = u64::try_from(found) {
            return Ok(Some(found));
        }
        let error = io::Error::last_os_error();
        if error.raw_os_error() == Some(libc::ENXIO) { Ok(None) } else { Err(error) }
    }

    pub(crate) fn names(&self) -> io::Result<u64> {
        Ok(self.stat()?.st_nlink)
    }

    /// The number of the device that the file lies on.
    pub(super) fn device(&self) -> io::Result<libc::dev_t> {
        Ok(self.stat()?.st_dev)
    }

    fn stat(&self) -> io::Result<libc::stat> {
        // SAFETY: all zeros is a valid stat; the call fills it.
        let mut stat: libc::stat = unsafe { std::mem::zeroed() };
        // SAFETY: `stat` is valid for the call to fill.
        let n = unsafe { libc::fstat(self.fd.as_raw_fd(), &raw mut stat) };
        if n == 0 { Ok(stat) } else { Err(io::Error::last_os_error()) }
    }

    /// A refusal costs only the head start.
    pub(crate) async fn start_write_back(&self, pages: Range<u64>) {
        let mut at = pages.start;
        while at < pages.end {
            let step = (pages.end - at).min(WRITE_BACK_STEP);
            let entry = opcode::SyncFileRange::new(types::Fd(self.fd.as_raw_fd()), step as u32)
                .offset(at)
                .flags(libc::SYNC_FILE_RANGE_WRITE)
                .build();
            if Op::submit(entry, self.kept(KeptBuffer::None)).await.result.is_err() {
                return;
            }
            at += step;
        }
    }

    pub(crate) fn drop_cached(&self) {
        // SAFETY: plain system call without pointers; a refusal leaves things as they were.
        unsafe { libc::posix_fadvise(self.fd.as_raw_fd(), 0, 0, libc::POSIX_FADV_DONTNEED) };
    }

    /// Brings the next bytes from `position` on into the page cache, reading them through the ring if they are not
    /// there. Returns the position up to which they are.
    pub(crate) async fn warm_up(&self, position: u64, length: u64) -> io::Result<u64> {
        let step = length.min(WARM_STEP);
        if self.is_cached(position, step) {
            return Ok(position + step);
        }
        let step = length.min(COLD_STEP);
        let (outcome, _) = self.read_at(BytesMut::new(), position, step as usize).await;
        match outcome? {
            0 => Err(io::ErrorKind::UnexpectedEof.into()),
            n => Ok(position + n as u64),
        }
    }

    fn is_cached(&self, position: u64, length: u64) -> bool {
        match cached_pages(&self.fd, position, length) {
            Some(pages) => pages >= (position + length).div_ceil(4096) - position / 4096,
            // There is no cachestat(2) before Linux 6.5. One byte at either end stands for the rest.
            None => [position, position + length - 1]
                .into_iter()
                .all(|at| matches!(self.try_read_at(&mut [0], at), Ok(Some(1)))),
        }
    }
}

fn retry_if_interrupted() -> io::Result<()> {
    let error = io::Error::last_os_error();
    if error.kind() == io::ErrorKind::Interrupted { Ok(()) } else { Err(error) }
}

fn cached_pages(fd: &OwnedFd, position: u64, length: u64) -> Option<u64> {
    const SYS_CACHESTAT: libc::c_long = 451;
    let range = [position, length];
    let mut stat = [0_u64; 5];
    // SAFETY: cachestat(2) reads two u64 and fills five; both arrays outlive the call. Unknown: ENOSYS.
    let n = unsafe { libc::syscall(SYS_CACHESTAT, fd.as_raw_fd(), range.as_ptr(), stat.as_mut_ptr(), 0) };
    (n == 0).then_some(stat[0])
}
