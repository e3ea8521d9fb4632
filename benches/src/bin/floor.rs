//! The floor: the least that a produce costs. Receive a frame, CRC-32C it, write it to a file, reply. No protocol, no
//! topics, no offsets: the broker is judged by how little it adds to this.

use std::cell::{Cell, RefCell};
use std::io::{IoSlice, Write};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::rc::Rc;

use bytes::{Buf, Bytes, BytesMut};
use clap::Parser;
use creel_benches::frames::crc32c;
use creel_io::fs::{File, OpenOptions};
use creel_io::local::Notify;
use creel_io::net::{More, TcpListener, TcpStream};
use creel_io::runtime::{Config, CoreConfig, start};
use creel_io::{CoreId, end_of_turn, spawn};

/// The file starts anew here, so that the disk does not fill up.
const FILE_BYTES_MAX: u64 = 1 << 30;
/// As long as a produce response for one partition: a size, and zeros.
const REPLY: [u8; 54] = {
    let mut reply = [0; 54];
    reply[3] = 50;
    reply
};

#[derive(Clone, Parser)]
struct Args {
    /// Where the file is written.
    #[arg(long)]
    dir: PathBuf,
    /// The CPU to run on.
    #[arg(long)]
    cpu: usize,
    /// Reply only after fdatasync; one sync answers all that was written before it.
    #[arg(long)]
    durable: bool,
    /// Write ever new pages, as a log that does not reuse its files, instead of the same file over and over.
    #[arg(long)]
    fresh: bool,
}

fn main() {
    let args = Args::parse();
    let config =
        Config { cores: vec![CoreConfig { id: CoreId(0), cpu: Some(args.cpu) }], ..Config::unpinned(1) };
    let started = start(&config, move |_| serve(args.clone()));
    match started {
        Ok(cores) => cores.join(),
        Err(error) => {
            eprintln!("floor: {error}");
            std::process::exit(1);
        }
    }
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
    durable: bool,
    fresh: bool,
}

async fn serve(args: Args) {
    let mut listener =
        TcpListener::bind(SocketAddr::from(([127, 0, 0, 1], 0))).expect("a free port on loopback");
    println!("{}", listener.local_addr().expect("a bound socket has an address"));
    std::io::stdout().flush().expect("the parent reads the address");
    let path = args.dir.join("floor");
    let sink = Rc::new(Sink {
        file: RefCell::new(new_file(&path)),
        path,
        position: Cell::new(0),
        staged: RefCell::default(),
        staged_count: Cell::new(0),
        done_count: Cell::new(0),
        arrived: Notify::new(),
        done: Notify::new(),
        durable: args.durable,
        fresh: args.fresh,
    });
    let stop = spawn(creel_io::shutdown_signal());
    let accepting = sink.clone();
    spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            spawn(connection(stream, accepting.clone()));
        }
    });
    spawn(async move { sink.write_turns().await });
    stop.await;
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
            if self.durable {
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
        if self.fresh {
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
        while let Some(frame) = take_frame(&mut buf) {
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
        let want = missing(&buf);
        let (n, back) = stream.recv(std::mem::take(&mut buf), want).await;
        buf = back;
        if !matches!(n, Ok(1..)) {
            return;
        }
    }
}

fn take_frame(buf: &mut BytesMut) -> Option<Bytes> {
    if buf.len() < 4 || missing(buf) > 0 {
        return None;
    }
    let size = (&buf[..4]).get_u32() as usize;
    Some(buf.split_to(4 + size).freeze())
}

fn missing(buf: &BytesMut) -> usize {
    if buf.len() < 4 {
        return 4 - buf.len();
    }
    (4 + (&buf[..4]).get_u32() as usize).saturating_sub(buf.len())
}
