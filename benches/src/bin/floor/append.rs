//! The least that a produce costs: receive a frame, CRC-32C it, write it to a file, reply.

use std::cell::{Cell, RefCell};
use std::io::IoSlice;
use std::path::{Path, PathBuf};
use std::rc::Rc;

use bytes::{Bytes, BytesMut};
use creel_benches::frames::crc32c;
use creel_io::fs::{File, OpenOptions};
use creel_io::local::Notify;
use creel_io::net::{More, TcpListener, TcpStream};
use creel_io::{end_of_turn, spawn};

use crate::frame::{receive, take};

/// The file starts anew here, so that the disk does not fill up.
const FILE_BYTES_MAX: u64 = 1 << 30;
/// As long as a produce response for one partition: a size, and zeros.
const REPLY: [u8; 54] = {
    let mut reply = [0; 54];
    reply[3] = 50;
    reply
};

/// What a frame has to go through before its reply.
#[derive(Clone, Copy)]
pub(crate) struct Options {
    /// Reply only after fdatasync.
    pub(crate) durable: bool,
    /// Write ever new pages.
    pub(crate) fresh: bool,
}

/// One file, and the frames that wait to be written to it.
struct Sink {
    path: PathBuf,
    file: RefCell<File>,
    position: Cell<u64>,
    staged: RefCell<Vec<Bytes>>,
    /// Frames staged since the start, and how many of them are written (and synced, where that is asked).
    staged_count: Cell<u64>,
    done_count: Cell<u64>,
    arrived: Notify,
    done: Notify,
    options: Options,
}

pub(crate) async fn serve(mut listener: TcpListener, dir: &Path, options: Options) {
    let path = dir.join("floor");
    let sink = Rc::new(Sink {
        file: RefCell::new(new_file(&path)),
        path,
        position: Cell::new(0),
        staged: RefCell::default(),
        staged_count: Cell::new(0),
        done_count: Cell::new(0),
        arrived: Notify::new(),
        done: Notify::new(),
        options,
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
            if self.options.durable {
                let file = self.file.borrow().clone();
                file.sync_data().await.expect("the disk takes a sync");
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
            self.start_over();
        }
        self.file.borrow().write_all_at(&mut pieces, self.position.get()).expect("the disk has room");
        self.position.set(self.position.get() + length as u64);
    }
}

impl Sink {
    fn start_over(&self) {
        self.position.set(0);
        if self.options.fresh {
            creel_io::fs::remove_file(&self.path).expect("the file is ours");
            self.file.replace(new_file(&self.path));
        }
    }
}

fn new_file(path: &Path) -> File {
    File::open(path, OpenOptions::create()).expect("the directory is writable")
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
