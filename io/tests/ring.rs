//! The ring backend against the real kernel.
#![allow(clippy::unwrap_used, reason = "a test says what went wrong by failing")]

mod behaviours;

use std::io::Read as _;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use creel_io::fs::{File, FileSlice, OpenOptions};
use creel_io::net::{More, TcpListener, TcpStream};
use creel_io::runtime::{RuntimeConfig, start};
use creel_io::{mailbox, spawn};

behaviours::behaviours!(on_core_with_directory);
behaviours::durable_behaviours!(on_core_with_directory);

mod on_tmpfs {
    use super::{PathBuf, in_directory_of};

    crate::behaviours::durable_behaviours!(on_core);

    fn on_core<F>(body: impl Fn(PathBuf) -> F + Clone + Send + 'static)
    where
        F: Future<Output = ()> + 'static,
    {
        in_directory_of("/dev/shm".as_ref(), body);
    }
}

/// Runs `main` on one core and gives its result.
fn on_core<T, F>(main: impl Fn() -> F + Clone + Send + 'static) -> T
where
    T: Send + 'static,
    F: Future<Output = T> + 'static,
{
    let result = Arc::new(Mutex::new(None));
    let place = result.clone();
    let cores = start(&RuntimeConfig::unpinned(1), move |_| {
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

fn on_core_with_directory<F>(body: impl Fn(PathBuf) -> F + Clone + Send + 'static)
where
    F: Future<Output = ()> + 'static,
{
    in_directory_of(&std::env::temp_dir(), body);
}

fn in_directory_of<F>(parent: &Path, body: impl Fn(PathBuf) -> F + Clone + Send + 'static)
where
    F: Future<Output = ()> + 'static,
{
    let dir = tempfile::tempdir_in(parent).unwrap();
    let root = dir.path().to_path_buf();
    on_core(move || body(root.clone()));
}

#[test]
fn the_kernel_asks_after_silent_peers_of_accepted_streams() {
    on_core(|| async {
        let mut listener = TcpListener::bind(SocketAddr::from(([127, 0, 0, 1], 0))).unwrap();
        let address = listener.local_addr().unwrap();
        let client = spawn(async move { TcpStream::connect(address).await.unwrap() });
        let (_server, _) = listener.accept().await.unwrap();
        let client = client.await;
        let client_port = client.local_addr().unwrap().port();
        // A line for each socket: local and remote address, state, queues, and which timer runs (02: keepalive).
        let sockets = std::fs::read_to_string("/proc/self/net/tcp").unwrap();
        let between = format!("0100007F:{:04X} 0100007F:{client_port:04X} 01", address.port());
        let line = sockets.lines().find(|line| line.contains(&between)).unwrap();
        let timer = line.split_whitespace().nth(5).unwrap();
        assert!(timer.starts_with("02:"), "{line}");
    });
}

#[test]
fn cores_exchange_messages_and_wake_each_other() {
    const BURST: u64 = 2_000;
    let endpoints = mailbox::mesh::<u64>(2, 16);
    let endpoints = Arc::new(Mutex::new(endpoints.into_iter().map(Some).collect::<Vec<_>>()));
    let sum = Arc::new(Mutex::new(0));
    let total = sum.clone();
    let cores = start(&RuntimeConfig::unpinned(2), move |core| {
        let endpoint = endpoints.lock().unwrap()[core.index()].take().unwrap();
        let total = total.clone();
        async move {
            *total.lock().unwrap() += behaviours::exchange_messages(core, endpoint, BURST).await;
        }
    })
    .unwrap();
    cores.join();
    assert_eq!(*sum.lock().unwrap(), BURST * (BURST - 1) / 2);
}

#[test]
fn heavy_work_runs_elsewhere() {
    let (here, there) = on_core(|| async {
        let there = creel_io::offload(|| std::thread::current().id()).await;
        (std::thread::current().id(), there)
    });
    assert_ne!(here, there);
}

/// What sendfile has sent still lies in the file's own pages until the receiver has taken it, with every handle closed
/// and everything acknowledged; only eviction tells. (When they are free again is the kernel's affair: it may keep what
/// was received until the next packet comes to that CPU.)
#[test]
fn evicting_a_file_tells_whether_a_socket_still_shares_its_pages() {
    const BYTES: usize = 256 << 10;
    on_core_with_directory(|directory| async move {
        let path = directory.join("sent");
        std::fs::write(&path, vec![b'A'; BYTES]).unwrap();
        let open = || File::open(&path, OpenOptions::read_write()).unwrap();
        let file = open();
        if file.cached_bytes().unwrap().is_none() {
            return; // This kernel can't tell, so nothing will ever be believed to be free.
        }
        file.sync_all().await.unwrap();
        assert!(file.evict().unwrap(), "nobody else has its pages");
        assert_eq!(file.cached_bytes().unwrap(), Some(0));
        assert_eq!(std::fs::read(&path).unwrap().len(), BYTES);

        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let stream = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
        let (mut receiver, _) = listener.accept().unwrap();
        let slice = FileSlice { file: open(), position: 0, length: BYTES as u64 };
        let handle = slice.file.downgrade();
        stream.send_slice(&slice, More::No).await.unwrap();
        assert!(!handle.is_closed());
        drop(slice);
        assert!(handle.is_closed(), "nobody holds the file any more");

        assert!(!file.evict().unwrap(), "but the unread socket holds its pages");
        let mut received = vec![0; BYTES];
        receiver.read_exact(&mut received).unwrap();
        assert_eq!(received, vec![b'A'; BYTES]);
    });
}
