//! The ring backend against the real kernel: sockets, files, timers, messages, cancellation.
#![allow(clippy::unwrap_used, reason = "a test says what went wrong by failing")]

use std::io::IoSlice;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use creel_io::fs::{File, FileSlice, OpenOptions};
use creel_io::net::{More, TcpListener, TcpStream};
use creel_io::runtime::{Config, start};
use creel_io::{CoreId, fs, mailbox, spawn};

/// Runs `main` on one core and gives its result.
fn on_core<T, F>(main: impl Fn() -> F + Clone + Send + 'static) -> T
where
    T: Send + 'static,
    F: Future<Output = T> + 'static,
{
    let result = Arc::new(Mutex::new(None));
    let place = result.clone();
    let cores = start(&Config::unpinned(1), move |_| {
        let (main, place) = (main.clone(), place.clone());
        async move {
            let value = main().await;
            *place.lock().unwrap() = Some(value);
        }
    })
    .unwrap();
    cores.join();
    Arc::try_unwrap(result).ok().unwrap().into_inner().unwrap().unwrap()
}

async fn pair() -> (TcpStream, TcpStream) {
    let mut listener = TcpListener::bind(SocketAddr::from(([127, 0, 0, 1], 0))).unwrap();
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

fn pattern(length: usize, seed: usize) -> Bytes {
    (0..length).map(|i| (i * 31 + seed * 7 + i / 251) as u8).collect()
}

#[test]
fn small_and_large_frames_arrive_whole_and_in_order() {
    on_core(|| async {
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
    });
}

#[test]
fn a_reader_that_pauses_stops_the_sender() {
    on_core(|| async {
        let (client, server) = pair().await;
        let first = spawn(async move {
            for i in 0..4000 {
                client.send_all(pattern(4000, i), More::No).await.unwrap();
            }
        });
        // Arm the multishot, then look away: its unread buffers must not grow past their bound.
        let (n, mut buf) = server.recv(BytesMut::new(), 1).await;
        assert_ne!(n.unwrap(), 0);
        creel_io::sleep(Duration::from_millis(50)).await;
        while buf.len() < 4000 * 4000 {
            let (n, back) = server.recv(buf, 100).await;
            buf = back;
            assert_ne!(n.unwrap(), 0);
        }
        first.await;
        for i in 0..4000 {
            assert_eq!(buf.split_to(4000), pattern(4000, i));
        }
    });
}

#[test]
fn slices_are_sent_hot_and_between_other_bytes() {
    let dir = tempfile::tempdir().unwrap();
    let path: PathBuf = dir.path().join("segment");
    on_core(move || {
        let path = path.clone();
        async move {
            let file = File::open(&path, OpenOptions::create()).unwrap();
            let content = pattern(3 << 20, 1);
            file.write_all_at(&mut [IoSlice::new(&content[..100]), IoSlice::new(&content[100..])], 0)
                .unwrap();
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
    });
}

#[test]
fn files_are_written_synced_and_read_back() {
    let dir = tempfile::tempdir().unwrap();
    let root = dir.path().to_path_buf();
    on_core(move || {
        let root = root.clone();
        async move {
            let file = File::open(&root.join("f"), OpenOptions::create()).unwrap();
            file.allocate(0, 8192).unwrap();
            file.write_all_at(&mut [IoSlice::new(b"hello")], 4096).unwrap();
            file.sync_data().await.unwrap();
            assert_eq!(file.len().unwrap(), 8192);
            assert_eq!(&file.read_exact_at(4096, 5).await.unwrap()[..], b"hello");
            let mut five = [0; 5];
            assert_eq!(file.try_read_at(&mut five, 4096).unwrap(), Some(5));
            assert_eq!(&five, b"hello");
            file.truncate(4097).unwrap();
            let error = file.read_exact_at(4096, 5).await.unwrap_err();
            assert_eq!(error.kind(), std::io::ErrorKind::UnexpectedEof);
            fs::write_atomically(&root.join("c"), b"1").await.unwrap();
            fs::write_atomically(&root.join("c"), b"22").await.unwrap();
            assert_eq!(&fs::read(&root.join("c")).unwrap()[..], b"22");
            assert_eq!(fs::read_dir(&root).unwrap(), ["c", "f"]);
        }
    });
}

#[test]
fn a_directory_has_one_owner() {
    let dir = tempfile::tempdir().unwrap();
    let first = fs::lock_exclusive(dir.path()).unwrap();
    let second = fs::lock_exclusive(dir.path()).unwrap_err();
    assert_eq!(second.kind(), std::io::ErrorKind::WouldBlock);
    drop(first);
    fs::lock_exclusive(dir.path()).unwrap();
}

#[test]
fn cores_exchange_messages_and_wake_each_other() {
    const ROUNDS: u64 = 2_000;
    let endpoints = mailbox::mesh::<u64>(2, 16);
    let endpoints = Arc::new(Mutex::new(endpoints.into_iter().map(Some).collect::<Vec<_>>()));
    let sum = Arc::new(Mutex::new(0));
    let total = sum.clone();
    let cores = start(&Config::unpinned(2), move |core| {
        let endpoint = endpoints.lock().unwrap()[core.index()].take().unwrap();
        let total = total.clone();
        async move {
            let mailbox = endpoint.open();
            let other = CoreId(1 - core.0);
            if core.0 == 0 {
                // A burst larger than the ring, then a ping-pong that lets the other side sleep each time.
                for i in 0..ROUNDS {
                    mailbox.send(other, i).await;
                }
                for i in 0..100 {
                    mailbox.send(other, i).await;
                    assert_eq!(mailbox.recv().await, (other, i));
                }
            } else {
                for _ in 0..ROUNDS {
                    *total.lock().unwrap() += mailbox.recv().await.1;
                }
                for _ in 0..100 {
                    let (from, i) = mailbox.recv().await;
                    mailbox.send(from, i).await;
                }
            }
        }
    })
    .unwrap();
    cores.join();
    assert_eq!(*sum.lock().unwrap(), ROUNDS * (ROUNDS - 1) / 2);
}

#[test]
fn dropped_operations_are_cancelled_and_their_buffers_outlive_them() {
    on_core(|| async {
        let (client, server) = pair().await;
        // A receive that never gets anything, dropped in flight; both kinds.
        for want in [4, 1 << 20] {
            let waiting =
                creel_io::timeout(Duration::from_millis(5), server.recv(BytesMut::new(), want)).await;
            assert!(waiting.is_err());
        }
        client.send_all(pattern(100, 3), More::No).await.unwrap();
        assert_eq!(receive(&server, 100).await, pattern(100, 3));
    });
}

#[test]
fn heavy_work_runs_elsewhere() {
    let (here, there) = on_core(|| async {
        let there = creel_io::offload(|| std::thread::current().id()).await;
        (std::thread::current().id(), there)
    });
    assert_ne!(here, there);
}

#[test]
fn the_end_of_a_turn_comes_after_all_ready_tasks() {
    use std::cell::RefCell;
    use std::rc::Rc;
    let order = on_core(|| async {
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
        order.take()
    });
    assert_eq!(order, ["a", "b", "end of turn"]);
}

#[test]
fn aborted_tasks_are_dropped() {
    on_core(|| async {
        let (sender, receiver) = creel_io::local::oneshot::<()>();
        let task = spawn(async move {
            let _held = sender;
            std::future::pending::<()>().await;
        });
        creel_io::yield_now().await;
        task.abort();
        assert!(receiver.await.is_err());
    });
}

#[test]
fn connections_nobody_accepted_are_closed_with_their_listener() {
    on_core(|| async {
        let mut listener = TcpListener::bind(SocketAddr::from(([127, 0, 0, 1], 0))).unwrap();
        let address = listener.local_addr().unwrap();
        let first = TcpStream::connect(address);
        let (first, accepted) = (spawn(first), listener.accept().await);
        let (first, _accepted) = (first.await.unwrap(), accepted.unwrap());
        // The armed accept takes this one too, though nobody asks for it.
        let second = TcpStream::connect(address).await.unwrap();
        creel_io::sleep(Duration::from_millis(20)).await;
        drop(listener);
        let (n, _) = second.recv(BytesMut::new(), 1).await;
        assert!(matches!(n, Ok(0) | Err(_)), "closed, not left hanging");
        drop(first);
    });
}
