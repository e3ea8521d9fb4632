//! The least that a produce costs: receive a frame, compute its CRC-32C, write it to a file, reply.

use std::cell::{Cell, RefCell};
use std::io;
use std::path::Path;
use std::rc::Rc;

use bytes::{Bytes, BytesMut};
use creel_benches::frames::crc32c;
use creel_io::local::Notify;
use creel_io::net::{More, TcpListener, TcpStream};
use creel_io::{end_of_turn, spawn};

use crate::frame::{receive, take};
use crate::growing::GrowingFile;
use crate::written::WrittenFile;

/// As long as a produce response for one partition: a size, and zeros.
const REPLY: [u8; 54] = {
    let mut reply = [0; 54];
    reply[3] = 50;
    reply
};

/// Where the frames go.
pub(crate) enum Output {
    Growing(GrowingFile),
    Written(WrittenFile),
}

impl Output {
    /// In this directory.
    pub(crate) fn create(dir: &Path, is_durable: bool, is_written: bool) -> io::Result<Output> {
        let path = dir.join("floor");
        if is_written {
            return WrittenFile::create(&path).map(Output::Written);
        }
        GrowingFile::create(&path, is_durable).map(Output::Growing)
    }

    async fn write(&self, staged: &[Bytes]) -> io::Result<()> {
        match self {
            Output::Growing(file) => file.write(staged).await,
            Output::Written(file) => file.write(staged),
        }
    }

    /// How it writes, in words.
    pub(crate) fn way(&self) -> &'static str {
        match self {
            Output::Growing(file) => file.way(),
            Output::Written(file) => file.way(),
        }
    }
}

/// One file, and the frames that wait to be written to it.
struct Sink {
    output: Output,
    staged: RefCell<Vec<Bytes>>,
    /// Frames staged since the start, and how many of them are written (and durable, where that is asked).
    staged_count: Cell<u64>,
    done_count: Cell<u64>,
    arrived: Notify,
    done: Notify,
}

pub(crate) async fn serve(mut listener: TcpListener, output: Output) {
    let sink = Rc::new(Sink {
        output,
        staged: RefCell::default(),
        staged_count: Cell::new(0),
        done_count: Cell::new(0),
        arrived: Notify::new(),
        done: Notify::new(),
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
            self.output.write(&staged).await.expect("the disk has room and takes a sync");
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
