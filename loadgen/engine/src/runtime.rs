//! The runtime of a load's thread: its ring, its tasks, and what they wait for. No other module knows tokio-uring, so
//! another runtime is a change of this file alone. It must not know Kafka, schedules or records.

use bytes::BytesMut;
use std::future::Future;
use std::io;
use std::net::TcpStream as StdTcpStream;
use std::time::Duration;
use tokio_uring::buf::BoundedBuf;
use tokio_uring::fs::File;
use tokio_uring::net::TcpStream;

const RING_ENTRIES: u32 = 1_024;
const EXPIRATIONS_BYTES: usize = 8;

/// Runs `task` to its end on a ring of this thread.
pub(crate) fn block_on<T>(task: impl Future<Output = T>) -> io::Result<T> {
    // DEFER_TASKRUN is left out: tokio-uring waits for completions with epoll, and would never see them.
    let mut flags = tokio_uring::uring_builder();
    flags.setup_coop_taskrun().setup_single_issuer();
    let mut builder = tokio_uring::builder();
    let runtime = tokio_uring::Runtime::new(builder.entries(RING_ENTRIES).uring_builder(&flags))?;
    Ok(runtime.block_on(task))
}

/// Something that runs beside on the same thread. Dropped, it goes on.
pub(crate) struct Task<T>(tokio::task::JoinHandle<T>);

/// Starts a task of this thread.
pub(crate) fn spawn<T: 'static>(task: impl Future<Output = T> + 'static) -> Task<T> {
    Task(tokio_uring::spawn(task))
}

impl<T> Task<T> {
    /// Waits for its end.
    pub(crate) async fn join(self) -> T {
        self.0.await.expect("the load's tasks neither panic nor are aborted")
    }
}

/// Waits for so long.
pub(crate) async fn sleep(time: Duration) {
    tokio::time::sleep(time).await;
}

/// Lets the thread's other tasks have a turn.
pub(crate) async fn yield_now() {
    tokio::task::yield_now().await;
}

/// A connected socket on the ring. The ring owns a buffer while an operation lasts, and gives it back at its end.
pub(crate) struct Stream(TcpStream);

impl Stream {
    /// Takes a connected socket.
    pub(crate) fn of(socket: StdTcpStream) -> Stream {
        Stream(TcpStream::from_std(socket))
    }

    /// Sends some of `bytes[from..to]`; gives how many.
    pub(crate) async fn write(&self, bytes: Vec<u8>, from: usize, to: usize) -> (io::Result<usize>, Vec<u8>) {
        let (sent, slice) = self.0.write(bytes.slice(from..to)).submit().await;
        (sent, slice.into_inner())
    }

    /// Receives behind the first `from` bytes, as much as the buffer has room for; gives how many.
    pub(crate) async fn read(&self, buffer: BytesMut, from: usize) -> (io::Result<usize>, BytesMut) {
        let (read, slice) = self.0.read(buffer.slice(from..)).await;
        (read, slice.into_inner())
    }
}

/// The kernel's timer, as the ring waits for it.
pub(crate) struct TimerFile {
    file: File,
    expirations: Vec<u8>,
}

impl TimerFile {
    /// Of a timerfd.
    pub(crate) fn of(file: std::fs::File) -> TimerFile {
        TimerFile { file: File::from_std(file), expirations: vec![0; EXPIRATIONS_BYTES] }
    }

    /// Returns once the timer has rung.
    pub(crate) async fn rung(&mut self) -> io::Result<()> {
        let (read, buffer) = self.file.read_at(std::mem::take(&mut self.expirations), 0).await;
        self.expirations = buffer;
        read.map(drop)
    }
}
