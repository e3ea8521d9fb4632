//! What both backends do alike: each body is run by `ring.rs` against the kernel and by `sim.rs` under many seeds.
//! A body gets an empty directory of its own.

mod durable;

use std::cell::{Cell, RefCell};
use std::io::{self, IoSlice};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::rc::Rc;
use std::sync::LazyLock;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use creel_io::fs::{self, File, FileSlice, OpenOptions};
use creel_io::mailbox::Endpoint;
use creel_io::net::{More, TcpListener, TcpStream};
use creel_io::{CoreId, sleep, spawn, timeout, wall_clock_ms};

/// Makes a test of each behaviour, with `run` as the way to run it.
macro_rules! behaviours {
    ($run:path) => {
        $crate::behaviours::behaviours!($run:
            small_and_large_frames_arrive_whole_and_in_order,
            a_reader_that_pauses_stops_the_sender,
            slices_are_sent_hot_and_between_other_bytes,
            files_are_written_synced_and_read_back,
            a_file_knows_when_it_was_written,
            what_is_known_of_a_name_is_what_its_open_file_says,
            a_claimed_file_knows_where_its_data_ends,
            names_are_made_renamed_and_removed,
            a_removed_file_stays_readable_while_it_is_open,
            a_directory_has_one_owner,
            a_lock_that_is_undone_leaves_the_directory_as_it_was,
            dropped_operations_are_cancelled_and_their_buffers_outlive_them,
            the_end_of_a_turn_comes_after_all_ready_tasks,
            work_of_many_is_done_piece_by_piece_in_the_order_of_waiting,
            long_work_lets_the_kernel_and_others_in,
            who_does_little_does_not_wait_for_those_who_do_much,
            aborted_tasks_are_dropped,
            connections_nobody_accepted_are_closed_with_their_listener,
            connecting_to_nobody_is_refused,
            a_port_has_one_listener,
            a_dropped_stream_is_the_others_end,
            shutting_down_ends_a_receive_in_flight,
            a_stream_that_is_finished_still_receives,
            a_send_that_waits_for_its_reader_tells_since_when,
            so_does_one_of_a_file,
        );
    };
    ($run:path: $($name:ident),* $(,)?) => {
        $(#[test]
        fn $name() {
            $run($crate::behaviours::$name);
        })*
    };
}
pub(crate) use behaviours;
pub(crate) use durable::*;

/// The same for [`DurableFile`](creel_io::fs::DurableFile), which depends on the file system.
macro_rules! durable_behaviours {
    ($run:path) => {
        $crate::behaviours::behaviours!($run:
            a_durable_file_begins_with_zeros_and_is_overwritten_in_place,
            what_an_interrupted_creation_left_is_no_hindrance,
            what_does_not_lie_in_a_durable_file_is_not_written,
            many_durable_writes_are_in_flight_and_none_disturbs_another,
            all_durable_writes_through_the_page_cache_have_their_turn,
            a_durable_write_that_is_dropped_is_the_last_one,
            a_file_of_broken_blocks_is_not_opened,
        );
    };
}
pub(crate) use durable_behaviours;

fn loopback() -> SocketAddr {
    SocketAddr::from(([127, 0, 0, 1], 0))
}

async fn pair() -> (TcpStream, TcpStream) {
    let mut listener = TcpListener::bind(loopback()).unwrap();
    let address = listener.local_addr().unwrap();
    let client = spawn(async move { TcpStream::connect(address).await.unwrap() });
    let (server, _) = listener.accept().await.unwrap();
    (client.await, server)
}

async fn receive(stream: &TcpStream, length: usize) -> BytesMut {
    let mut buf = BytesMut::new();
    while buf.len() < length {
        let missing = length - buf.len();
        let (n, back) = stream.recv(buf, missing).await;
        buf = back;
        assert_ne!(n.unwrap(), 0, "the stream ended early");
    }
    buf
}

/// Bytes that tell their place and their frame.
fn pattern(length: usize, seed: usize) -> Bytes {
    static BYTES: LazyLock<Bytes> =
        LazyLock::new(|| (0..4 << 20).map(|i: usize| (i * 31 + i / 251) as u8).collect());
    let start = seed * 7 % 1009;
    BYTES.slice(start..start + length)
}

pub(crate) async fn small_and_large_frames_arrive_whole_and_in_order(_: PathBuf) {
    let (client, server) = pair().await;
    let sizes = [1, 100, 5000, 70_000, 10, 3_000_000, 1, 1, 40_000, 8, 1 << 20, 17, 20_000, 5];
    let sender = spawn(async move {
        for (i, size) in sizes.iter().enumerate() {
            client.send_all(pattern(*size, i), More::No).await.unwrap();
        }
        client
    });
    let mut buf = BytesMut::new();
    for (i, size) in sizes.iter().enumerate() {
        while buf.len() < *size {
            let missing = size - buf.len();
            let (n, back) = server.recv(buf, missing).await;
            buf = back;
            assert_ne!(n.unwrap(), 0);
        }
        assert_eq!(buf.split_to(*size), pattern(*size, i), "frame {i}");
    }
    drop(sender.await);
    let (n, _) = server.recv(buf, 1).await;
    assert_eq!(n.unwrap(), 0, "the end is seen");
}

pub(crate) async fn a_reader_that_pauses_stops_the_sender(_: PathBuf) {
    const FRAMES: usize = 4000;
    let (client, server) = pair().await;
    let sender = spawn(async move {
        for i in 0..FRAMES {
            client.send_all(pattern(4000, i), More::No).await.unwrap();
        }
    });
    // Arm the multishot, then look away: its unread buffers must not grow past their bound.
    let (n, mut buf) = server.recv(BytesMut::new(), 1).await;
    assert_ne!(n.unwrap(), 0);
    sleep(Duration::from_millis(50)).await;
    assert!(!sender.is_finished(), "16 MB are more than any socket holds");
    while buf.len() < 4000 * FRAMES {
        let (n, back) = server.recv(buf, 100).await;
        buf = back;
        assert_ne!(n.unwrap(), 0);
    }
    sender.await;
    for i in 0..FRAMES {
        assert_eq!(buf.split_to(4000), pattern(4000, i));
    }
}

pub(crate) async fn slices_are_sent_hot_and_between_other_bytes(root: PathBuf) {
    let file = File::open(&root.join("segment"), OpenOptions::create()).unwrap();
    let content = pattern(3 << 20, 1);
    file.write_all_at(&mut [IoSlice::new(&content[..100]), IoSlice::new(&content[100..])], 0).unwrap();
    let (client, server) = pair().await;
    let sent = file.clone();
    let sender = spawn(async move {
        server.send_all(Bytes::from_static(b"head"), More::Yes).await.unwrap();
        let slice = FileSlice { file: sent, position: 7, length: 2 << 20 };
        server.send_slice(&slice, More::Yes).await.unwrap();
        server.send_all(Bytes::from_static(b"tail"), More::No).await.unwrap();
        let beyond = FileSlice { position: 4 << 20, ..slice };
        let error = server.send_slice(&beyond, More::No).await.unwrap_err();
        assert_eq!(error.kind(), std::io::ErrorKind::UnexpectedEof);
        server
    });
    let got = receive(&client, 4 + (2 << 20) + 4).await;
    assert_eq!(&got[..4], b"head");
    assert_eq!(&got[4..4 + (2 << 20)], &content[7..7 + (2 << 20)]);
    assert_eq!(&got[4 + (2 << 20)..], b"tail");
    sender.await;
}

/// Claims a mebibyte, and writes at its beginning and far behind that.
pub(crate) async fn what_is_known_of_a_name_is_what_its_open_file_says(root: PathBuf) {
    let file = File::open(&root.join("f"), OpenOptions::create()).unwrap();
    file.write_all_at(&mut [IoSlice::new(b"some")], 0).unwrap();
    fs::sync_file_system(&root).await.unwrap();
    let known = fs::facts(&root.join("f")).unwrap();
    assert_eq!((known.is_file, known.length), (true, 4));
    assert_eq!(known.modified_ms, file.modified_ms().unwrap());
    let of_root = fs::facts(&root).unwrap();
    assert_eq!((of_root.is_file, of_root.device), (false, known.device));
    let none = root.join("none");
    assert_eq!(fs::facts(&none).unwrap_err().kind(), io::ErrorKind::NotFound);
    assert_eq!(fs::sync_file_system(&none).await.unwrap_err().kind(), io::ErrorKind::NotFound);
}

pub(crate) async fn a_claimed_file_knows_where_its_data_ends(root: PathBuf) {
    let file = File::open(&root.join("f"), OpenOptions::create()).unwrap();
    assert_eq!(file.data_end().unwrap(), 0);
    file.allocate(0, 1 << 20).unwrap();
    file.sync_data().await.unwrap();
    // Where the filesystem knows no holes, all of it.
    let whole = file.len().unwrap();
    let is_end =
        |found: u64, last: u64| found == whole || (last..=last.next_multiple_of(1 << 16)).contains(&found);
    assert!(is_end(file.data_end().unwrap(), 0));
    for position in [0, 100_000] {
        file.write_all_at(&mut [IoSlice::new(b"hello")], position).unwrap();
        let dirty = file.data_end().unwrap();
        assert!(is_end(dirty, position + 5), "{dirty}");
        file.sync_data().await.unwrap();
        file.drop_cached();
        let synced = file.data_end().unwrap();
        assert!(is_end(synced, position + 5), "{synced}");
    }
}

/// The kernel's clock for this may be some milliseconds behind.
pub(crate) async fn a_file_knows_when_it_was_written(root: PathBuf) {
    const BEHIND_MS: i64 = 20;
    let file = File::open(&root.join("f"), OpenOptions::create()).unwrap();
    let mut last = file.modified_ms().unwrap();
    for change in 0..3 {
        sleep(Duration::from_millis(2 * BEHIND_MS as u64)).await;
        let before = wall_clock_ms();
        match change {
            0 => file.write_all_at(&mut [IoSlice::new(b"hello")], 0).unwrap(),
            1 => file.truncate(3).unwrap(),
            _ => drop(file.read_exact_at(0, 3).await.unwrap()),
        }
        let modified = File::open(&root.join("f"), OpenOptions::read()).unwrap().modified_ms().unwrap();
        if change < 2 {
            assert!((before - BEHIND_MS..=wall_clock_ms()).contains(&modified), "{before} {modified}");
        } else {
            assert_eq!(modified, last, "reading is no change");
        }
        last = modified;
    }
    for ms in [last - 123_457, 0, -1] {
        file.set_modified_ms(ms).unwrap();
        assert_eq!(file.modified_ms().unwrap(), ms);
    }
    assert_eq!(file.len().unwrap(), 3);
}

pub(crate) async fn files_are_written_synced_and_read_back(root: PathBuf) {
    let file = File::open(&root.join("f"), OpenOptions::create()).unwrap();
    file.allocate(0, 8192).unwrap();
    file.write_all_at(&mut [IoSlice::new(b"hello")], 4096).unwrap();
    file.sync_data().await.unwrap();
    file.write_all_at(&mut [IoSlice::new(b"hello")], 4096).unwrap();
    file.start_write_back(4096..8192).await;
    file.start_write_back(4100..5000).await;
    assert_eq!(file.len().unwrap(), 8192);
    assert_eq!(&file.read_exact_at(4096, 5).await.unwrap()[..], b"hello");
    // Now or later, by whatever pieces: what comes is what was written.
    let mut five = [0; 5];
    let n = loop {
        if let Some(n) = file.try_read_at(&mut five, 4096).unwrap() {
            break n;
        }
    };
    assert!(n > 0);
    assert_eq!(&five[..n], &b"hello"[..n]);
    let (n, buf) = file.read_at(BytesMut::new(), 8192, 10).await;
    assert_eq!((n.unwrap(), buf.len()), (0, 0));
    file.truncate(4097).unwrap();
    let error = file.read_exact_at(4096, 5).await.unwrap_err();
    assert_eq!(error.kind(), std::io::ErrorKind::UnexpectedEof);
    fs::write_atomically(&root.join("c"), b"1").await.unwrap();
    let long = pattern(600_000, 3);
    fs::write_atomically(&root.join("c"), &long).await.unwrap();
    assert_eq!(fs::read(&root.join("c")).unwrap(), long, "it is written in steps");
    fs::write_atomically(&root.join("c"), b"22").await.unwrap();
    assert_eq!(&fs::read(&root.join("c")).unwrap()[..], b"22");
    assert_eq!(fs::read_up_to(&root.join("c"), 2).unwrap().as_deref(), Some(&b"22"[..]));
    assert_eq!(fs::read_up_to(&root.join("c"), 1).unwrap(), None);
    assert_eq!(fs::read_dir(&root).unwrap(), ["c", "f"]);
    let read_only = File::open(&root.join("f"), OpenOptions::read()).unwrap();
    assert!(read_only.write_at(&[IoSlice::new(b"x")], 0).is_err());
}

pub(crate) async fn names_are_made_renamed_and_removed(root: PathBuf) {
    use std::io::ErrorKind;
    let (dir, a, b) = (root.join("x/y"), root.join("x/y/a"), root.join("x/b"));
    assert_eq!(File::open(&a, OpenOptions::create()).unwrap_err().kind(), ErrorKind::NotFound);
    fs::create_dir_all(&dir).unwrap();
    fs::create_dir_all(&dir).unwrap();
    File::open(&a, OpenOptions { create_new: true, ..OpenOptions::create() }).unwrap();
    let again = File::open(&a, OpenOptions { create_new: true, ..OpenOptions::create() });
    assert_eq!(again.unwrap_err().kind(), ErrorKind::AlreadyExists);
    fs::rename(&a, &b).unwrap();
    assert!(fs::exists(&b) && !fs::exists(&a));
    assert_eq!(fs::read(&a).unwrap_err().kind(), ErrorKind::NotFound);
    assert_eq!(fs::remove_file(&dir).unwrap_err().kind(), ErrorKind::IsADirectory);
    assert_eq!(fs::read_dir(&b).unwrap_err().kind(), ErrorKind::NotADirectory);
    assert_eq!(fs::rename(&b, &dir).unwrap_err().kind(), ErrorKind::IsADirectory);
    let (longest, too_long) = (root.join("n".repeat(255)), root.join("n".repeat(256)));
    let refused = [
        File::open(&too_long, OpenOptions::create()).map(|_| ()),
        fs::create_dir_all(&too_long.join("z")),
        fs::rename(&b, &too_long),
        fs::read(&too_long).map(|_| ()),
    ];
    assert_eq!(refused.map(|refused| refused.unwrap_err().kind()), [ErrorKind::InvalidFilename; 4]);
    assert!(!fs::exists(&too_long));
    fs::rename(&b, &longest).unwrap();
    fs::rename(&longest, &b).unwrap();
    fs::sync_dir(&root).await.unwrap();
    fs::remove_file(&b).unwrap();
    assert_eq!(fs::remove_file(&b).unwrap_err().kind(), ErrorKind::NotFound);
    fs::remove_dir_all(&root.join("x")).unwrap();
    assert!(fs::read_dir(&root).unwrap().is_empty());
}

pub(crate) async fn a_removed_file_stays_readable_while_it_is_open(root: PathBuf) {
    let path = root.join("f");
    let file = File::open(&path, OpenOptions::create()).unwrap();
    file.write_all_at(&mut [IoSlice::new(b"still here")], 0).unwrap();
    fs::remove_file(&path).unwrap();
    let successor = File::open(&path, OpenOptions::create()).unwrap();
    assert_eq!(successor.len().unwrap(), 0);
    assert_eq!(&file.read_exact_at(0, 10).await.unwrap()[..], b"still here");
}

pub(crate) async fn a_directory_has_one_owner(root: PathBuf) {
    let first = fs::lock_exclusive(&root).unwrap();
    let second = fs::lock_exclusive(&root).unwrap_err();
    assert_eq!(second.kind(), std::io::ErrorKind::WouldBlock);
    drop(first);
    fs::lock_exclusive(&root).unwrap();
}

pub(crate) async fn a_lock_that_is_undone_leaves_the_directory_as_it_was(root: PathBuf) {
    fs::lock_exclusive(&root).unwrap().undo();
    assert!(fs::read_dir(&root).unwrap().is_empty());
    let path = root.join(".lock");
    File::open(&path, OpenOptions::create()).unwrap();
    fs::lock_exclusive(&root).unwrap().undo();
    assert!(fs::exists(&path), "it was there before");
    let held = fs::lock_exclusive(&root).unwrap();
    assert!(fs::lock_exclusive(&root).is_err());
    drop(held);
}

pub(crate) async fn dropped_operations_are_cancelled_and_their_buffers_outlive_them(_: PathBuf) {
    let (client, server) = pair().await;
    // A receive that never gets anything, dropped in flight; both kinds.
    for want in [4, 1 << 20] {
        let waiting = timeout(Duration::from_millis(5), server.recv(BytesMut::new(), want)).await;
        assert!(waiting.is_err());
    }
    client.send_all(pattern(100, 3), More::No).await.unwrap();
    assert_eq!(receive(&server, 100).await, pattern(100, 3));
}

pub(crate) async fn the_end_of_a_turn_comes_after_all_ready_tasks(_: PathBuf) {
    let order = Rc::new(RefCell::new(Vec::new()));
    let late = order.clone();
    let first = spawn(async move {
        creel_io::end_of_turn().await;
        late.borrow_mut().push("end of turn");
    });
    for name in ["a", "b"] {
        let order = order.clone();
        spawn(async move {
            creel_io::yield_now().await;
            order.borrow_mut().push(name);
        });
    }
    first.await;
    assert_eq!(order.take(), ["a", "b", "end of turn"]);
}

pub(crate) async fn work_of_many_is_done_piece_by_piece_in_the_order_of_waiting(_: PathBuf) {
    let order = Rc::new(RefCell::new(Vec::new()));
    let workers: Vec<_> = ["a", "b", "c"]
        .into_iter()
        .map(|name| {
            let order = order.clone();
            spawn(async move {
                for _ in 0..4 {
                    creel_io::pace(creel_io::STEPS_A_TURN).await;
                    order.borrow_mut().push(name);
                }
            })
        })
        .collect();
    for worker in workers {
        worker.await;
    }
    // One of them found a turn in which nothing had been done yet.
    assert_eq!(order.take(), ["a", "a", "b", "c", "a", "b", "c", "a", "b", "c", "b", "c"]);
}

pub(crate) async fn long_work_lets_the_kernel_and_others_in(_: PathBuf) {
    let (client, server) = pair().await;
    let (begun, ended) = (Rc::new(Cell::new(0)), Rc::new(Cell::new(false)));
    // However many do some: what takes turns of the loop, and answers of the kernel, comes about in the middle of it.
    let work: Vec<_> = (0..10)
        .map(|_| {
            let (steps, over) = (begun.clone(), ended.clone());
            spawn(async move {
                while !over.get() {
                    steps.set(steps.get() + 1);
                    creel_io::pace(1).await;
                }
            })
        })
        .collect();
    client.send_all(pattern(100, 3), More::No).await.unwrap();
    assert_eq!(receive(&server, 100).await, pattern(100, 3));
    sleep(Duration::from_millis(1)).await;
    assert!(begun.get() >= creel_io::STEPS_A_TURN);
    ended.set(true);
    for one in work {
        one.await;
    }
}

pub(crate) async fn who_does_little_does_not_wait_for_those_who_do_much(_: PathBuf) {
    let heavy: Vec<_> = (0..100)
        .map(|_| {
            spawn(async {
                for _ in 0..100 {
                    creel_io::pace(creel_io::STEPS_A_TURN).await;
                }
            })
        })
        .collect();
    creel_io::yield_now().await;
    let light = spawn(async {
        for _ in 0..10 {
            creel_io::yield_now().await;
            creel_io::pace(1).await;
        }
    });
    light.await;
    assert!(heavy.iter().all(|one| !one.is_finished()));
    heavy.iter().for_each(creel_io::JoinHandle::abort);
}

pub(crate) async fn aborted_tasks_are_dropped(_: PathBuf) {
    let (sender, receiver) = creel_io::local::oneshot::<()>();
    let task = spawn(async move {
        let _held = sender;
        std::future::pending::<()>().await;
    });
    creel_io::yield_now().await;
    task.abort();
    assert!(receiver.await.is_err());
}

pub(crate) async fn connections_nobody_accepted_are_closed_with_their_listener(_: PathBuf) {
    let mut listener = TcpListener::bind(loopback()).unwrap();
    let address = listener.local_addr().unwrap();
    let first = TcpStream::connect(address);
    let (first, accepted) = (spawn(first), listener.accept().await);
    let (first, _accepted) = (first.await.unwrap(), accepted.unwrap());
    // The armed accept takes this one too, though nobody asks for it.
    let second = TcpStream::connect(address).await.unwrap();
    sleep(Duration::from_millis(20)).await;
    drop(listener);
    let (n, _) = second.recv(BytesMut::new(), 1).await;
    assert!(matches!(n, Ok(0) | Err(_)), "closed, not left hanging");
    drop(first);
}

pub(crate) async fn connecting_to_nobody_is_refused(_: PathBuf) {
    let listener = TcpListener::bind(loopback()).unwrap();
    let address = listener.local_addr().unwrap();
    drop(listener);
    let error = TcpStream::connect(address).await.err().unwrap();
    assert_eq!(error.kind(), std::io::ErrorKind::ConnectionRefused);
}

pub(crate) async fn a_port_has_one_listener(_: PathBuf) {
    let listener = TcpListener::bind(loopback()).unwrap();
    let error = TcpListener::bind(listener.local_addr().unwrap()).err().unwrap();
    assert_eq!(error.kind(), std::io::ErrorKind::AddrInUse);
}

pub(crate) async fn a_dropped_stream_is_the_others_end(_: PathBuf) {
    let (client, server) = pair().await;
    assert_eq!(client.peer_addr().unwrap(), server.local_addr().unwrap());
    assert_eq!(server.peer_addr().unwrap(), client.local_addr().unwrap());
    client.send_all(Bytes::from_static(b"bye"), More::No).await.unwrap();
    drop(client);
    assert_eq!(receive(&server, 3).await, b"bye"[..]);
    let (n, _) = server.recv(BytesMut::new(), 1).await;
    assert_eq!(n.unwrap(), 0);
    // Nobody reads any more: the first bytes meet a reset, and then sending fails.
    let error = loop {
        if let Err(error) = server.send_all(pattern(1000, 0), More::No).await {
            break error;
        }
        sleep(Duration::from_millis(1)).await;
    };
    assert!(matches!(error.kind(), std::io::ErrorKind::BrokenPipe | std::io::ErrorKind::ConnectionReset));
}

pub(crate) async fn shutting_down_ends_a_receive_in_flight(_: PathBuf) {
    let (client, server) = pair().await;
    let server = Rc::new(server);
    let receiving = server.clone();
    let receiver = spawn(async move { receiving.recv(BytesMut::new(), 4).await.0 });
    sleep(Duration::from_millis(2)).await;
    server.shutdown();
    assert_eq!(receiver.await.unwrap(), 0);
    let (n, _) = client.recv(BytesMut::new(), 1).await;
    assert_eq!(n.unwrap(), 0);
}

pub(crate) async fn a_stream_that_is_finished_still_receives(_: PathBuf) {
    let (client, server) = pair().await;
    client.send_all(Bytes::from_static(b"all"), More::No).await.unwrap();
    client.finish().unwrap();
    let error = client.send_all(Bytes::from_static(b"more"), More::No).await.unwrap_err();
    assert_eq!(error.kind(), std::io::ErrorKind::BrokenPipe);
    assert_eq!(receive(&server, 3).await, b"all"[..]);
    let (n, _) = server.recv(BytesMut::new(), 1).await;
    assert_eq!(n.unwrap(), 0);
    server.send_all(pattern(100_000, 0), More::No).await.unwrap();
    drop(server);
    assert_eq!(receive(&client, 100_000).await, pattern(100_000, 0));
    let (n, _) = client.recv(BytesMut::new(), 1).await;
    assert_eq!(n.unwrap(), 0);
}

pub(crate) async fn a_send_that_waits_for_its_reader_tells_since_when(_: PathBuf) {
    waits_in_sight(|stream| async move {
        for i in 0..4000 {
            stream.send_all(pattern(4000, i), More::No).await.unwrap();
        }
    })
    .await;
}

pub(crate) async fn so_does_one_of_a_file(root: PathBuf) {
    let file = File::open(&root.join("segment"), OpenOptions::create()).unwrap();
    let content = pattern(4_000_000, 0);
    file.write_all_at(&mut [IoSlice::new(&content)], 0).unwrap();
    let slice = FileSlice { file, position: 0, length: 4_000_000 };
    waits_in_sight(|stream| async move {
        for _ in 0..4 {
            stream.send_slice(&slice, More::No).await.unwrap();
        }
    })
    .await;
}

/// Sends 16 MB, which are more than any socket holds, to one who reads now and then.
async fn waits_in_sight<F>(send: impl FnOnce(Rc<TcpStream>) -> F)
where
    F: Future<Output = ()> + 'static,
{
    let (client, server) = pair().await;
    let sending = Rc::new(client);
    let sender = spawn(send(sending.clone()));
    let wait = Duration::from_millis(50);
    sleep(wait).await;
    let before = sending.blocked_since().unwrap();
    // Nobody reads: it waits on.
    sleep(wait).await;
    assert_eq!(sending.blocked_since(), Some(before));
    let first = receive(&server, 8_000_000).await.len();
    sleep(wait).await;
    assert!(sending.blocked_since().is_none_or(|since| since > before), "some bytes have gone");
    assert_eq!(first + receive(&server, 4000 * 4000 - first).await.len(), 4000 * 4000);
    sender.await;
    assert_eq!(sending.blocked_since(), None);
}

/// The first core sends a burst larger than the ring, then a ping-pong that lets the other side sleep each time. Gives
/// the sum of what it received in the burst.
pub(crate) async fn exchange_messages(core: CoreId, endpoint: Endpoint<u64>, burst: u64) -> u64 {
    let mailbox = endpoint.open();
    let other = CoreId(1 - core.0);
    let mut sum = 0;
    if core.0 == 0 {
        for i in 0..burst {
            mailbox.send(other, i).await;
        }
        for i in 0..100 {
            mailbox.send(other, i).await;
            assert_eq!(mailbox.recv().await, (other, i));
        }
    } else {
        for _ in 0..burst {
            sum += mailbox.recv().await.1;
        }
        for _ in 0..100 {
            let (from, i) = mailbox.recv().await;
            mailbox.send(from, i).await;
        }
    }
    sum
}
