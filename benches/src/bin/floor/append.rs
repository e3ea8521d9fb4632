//! The least that a produce costs: receive a frame, compute its CRC-32C, write it to a file, reply.

use std::cell::{Cell, RefCell};
use std::io::IoSlice;
use std::path::Path;
use std::rc::Rc;

use bytes::{Bytes, BytesMut};
use creel_benches::frames::crc32c;
use creel_io::fs::{File, OpenOptions};
use creel_io::local::Notify;
use creel_io::net::{More, TcpListener, TcpStream};
use creel_io::{end_of_turn, spawn};

use crate::frame::{receive, take};

/// From here the file is written again from its start, so that the disk does not fill up. No round gets that far, for new
/// pages cost more than old ones, and a log needs new ones.
const FILE_BYTES_MAX: u64 = 4 << 30;
/// Claimed at a time.
const CLAIM_BYTES: u64 = 64 << 20;
/// As long as a produce response for one partition: a size, and zeros.
const REPLY: [u8; 54] = {
    let mut reply = [0; 54];
    reply[3] = 50;
    reply
};

/// One file, and the frames that wait to be written to it.
struct Sink {
    file: File,
    position: Cell<u64>,
    /// Claimed on the disk, so that a sync has no new length to write.
    claimed: Cell<u64>,
    staged: RefCell<Vec<Bytes>>,
    /// Frames staged since the start, and how many of them are written (and synced, where that is asked).
    staged_count: Cell<u64>,
    done_count: Cell<u64>,
    arrived: Notify,
    done: Notify,
    /// Reply only after fdatasync.
    is_durable: bool,
}

pub(crate) async fn serve(mut listener: TcpListener, dir: &Path, is_durable: bool) {
    let file = File::open(&dir.join("floor"), OpenOptions::create()).expect("the directory is writable");
    let sink = Rc::new(Sink {
        file,
        position: Cell::new(0),
        claimed: Cell::new(0),
        staged: RefCell::default(),
        staged_count: Cell::new(0),
        done_count: Cell::new(0),
        arrived: Notify::new(),
        done: Notify::new(),
        is_durable,
    });
    let writing = sink.clone();
    spawn(async move { writing.write_turns().await });
    while let Ok((stream, _)) = listener.accept().await {
        spawn(connection(stream, sink.clone()));
    }
}

impl Sink {
    /// Writes once a turn all that was staged in it; while a sync runs, the next turns' frames gather.
    async fn write_turns(&self) {
        loop {
            if self.staged.borrow().is_empty() {
                self.arrived.notified().await;
            }
            end_of_turn().await;
            let staged = self.staged.take();
            let count = self.staged_count.get();
            self.write(&staged);
            if self.is_durable {
                self.file.sync_data().await.expect("the disk takes a sync");
            }
            self.done_count.set(count);
            self.done.notify_all();
        }
    }

    /// Gives the count that [`Sink::wait_done`] waits for.
    fn stage(&self, frame: Bytes) -> u64 {
        self.staged.borrow_mut().push(frame);
        self.staged_count.set(self.staged_count.get() + 1);
        self.arrived.notify_one();
        self.staged_count.get()
    }

    async fn wait_done(&self, count: u64) {
        while self.done_count.get() < count {
            self.done.notified().await;
        }
    }

    fn write(&self, staged: &[Bytes]) {
        let mut pieces: Vec<IoSlice<'_>> = staged.iter().map(|b| IoSlice::new(b)).collect();
        let length: usize = staged.iter().map(Bytes::len).sum();
        if self.position.get() + length as u64 > FILE_BYTES_MAX {
            self.position.set(0);
        }
        let (position, end) = (self.position.get(), self.position.get() + length as u64);
        if end > self.claimed.get() {
            self.file.allocate(self.claimed.get(), CLAIM_BYTES).expect("the disk has room");
            self.claimed.set(self.claimed.get() + CLAIM_BYTES);
        }
        self.file.write_all_at(&mut pieces, position).expect("the disk has room");
        self.position.set(end);
    }
}

async fn connection(stream: TcpStream, sink: Rc<Sink>) {
    let mut buf = BytesMut::new();
    loop {
        let (mut replies, mut last) = (0, 0);
        while let Some(frame) = take(&mut buf) {
            std::hint::black_box(crc32c(&frame));
            last = sink.stage(frame);
            replies += 1;
        }
        if replies > 0 {
            sink.wait_done(last).await;
            let mut out = BytesMut::with_capacity(REPLY.len() * replies);
            (0..replies).for_each(|_| out.extend_from_slice(&REPLY));
            if stream.send_all(out.freeze(), More::No).await.is_err() {
                return;
            }
        }
        if !receive(&stream, &mut buf).await {
            return;
        }
    }
}
