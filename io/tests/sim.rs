//! The simulated backend: what it shares with the real one, determinism, and the network's faults.
#![allow(clippy::unwrap_used, reason = "a test says what went wrong by failing")]

mod behaviours;

use std::cell::{Cell, RefCell};
use std::collections::BTreeSet;
use std::io::{self, ErrorKind, IoSlice};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use creel_io::fs::{self, File, OpenOptions};
use creel_io::net::{DetachedStream, More, TcpListener, TcpStream};
use creel_io::sim::{Config, Handle, NodeId, Simulation, Work, run, run_with};
use creel_io::{CoreId, mailbox, now, sleep, spawn};

behaviours::behaviours!(under_seeds);
behaviours::durable_behaviours!(under_seeds);

fn under_seeds<F>(body: impl Fn(PathBuf) -> F)
where
    F: Future<Output = ()> + 'static,
{
    for seed in 0..3 {
        run(seed, |_| body(PathBuf::from("/data")));
    }
    run_with(0, Config::calm(), |_| body(PathBuf::from("/data")));
}

const PORT: u16 = 9092;

#[test]
fn a_turn_that_works_for_long_is_told() {
    let work = |steps: usize, paced: bool| {
        let mut simulation = Simulation::new(1, Config::default());
        let node = simulation.add_node("node", 1);
        let body = async move {
            for _ in 0..steps {
                if paced {
                    creel_io::pace(1).await;
                } else {
                    creel_io::count_work(1);
                }
            }
        };
        simulation.block_on(node, body).unwrap();
        simulation.take_work(node)
    };
    assert_eq!(work(10_000, false), Work { longest: 10_000, total: 10_000 });
    assert_eq!(work(10_000, true), Work { longest: creel_io::STEPS_A_TURN, total: 10_000 });
}

#[test]
fn however_many_work_they_do_little_more_than_one_piece_in_a_turn() {
    for seed in 0..3 {
        let mut simulation = Simulation::new(seed, Config::default());
        let node = simulation.add_node("node", 1);
        let body = async {
            let work = |piece: usize| async move {
                for _ in 0..10_000 / piece {
                    creel_io::pace(piece).await;
                }
            };
            let tasks: Vec<_> = (0..200).map(|at| creel_io::spawn(work(1 + at % 100))).collect();
            for task in tasks {
                task.await;
            }
        };
        simulation.block_on(node, body).unwrap();
        let Work { longest, total } = simulation.take_work(node);
        assert!(total > 200 * 9_000, "{total}");
        // Those that have done little yet may do a little more.
        assert!(longest <= 5 * creel_io::STEPS_A_TURN, "{longest}");
    }
}

/// Sends back what it gets, on every connection.
async fn echo_server(address: SocketAddr) {
    let mut listener = TcpListener::bind(address).unwrap();
    loop {
        let (stream, _) = listener.accept().await.unwrap();
        spawn(async move {
            loop {
                let (n, buf) = stream.recv(BytesMut::new(), 1).await;
                if !matches!(n, Ok(n) if n > 0) || stream.send_all(buf.freeze(), More::No).await.is_err() {
                    return;
                }
            }
        });
    }
}

async fn echo(stream: &TcpStream, text: &str) -> io::Result<()> {
    stream.send_all(Bytes::copy_from_slice(text.as_bytes()), More::No).await?;
    let mut buf = BytesMut::new();
    while buf.len() < text.len() {
        let (n, back) = stream.recv(buf, text.len()).await;
        buf = back;
        if n? == 0 {
            return Err(ErrorKind::UnexpectedEof.into());
        }
    }
    assert_eq!(buf, text.as_bytes());
    Ok(())
}

/// A server and a client node, with an echo server running.
fn two_nodes(seed: u64) -> (Simulation, NodeId, NodeId, SocketAddr) {
    let mut sim = Simulation::new(seed, Config::default());
    let (server, client) = (sim.add_node("server", 1), sim.add_node("client", 1));
    let address = SocketAddr::new(sim.address(server), PORT);
    sim.start(server, move |_| echo_server(address));
    (sim, server, client, address)
}

/// Two cores that exchange messages, write and sync files, serve sockets, sleep, and draw numbers.
fn everything(seed: u64) -> (u64, String) {
    let mut sim = Simulation::new(seed, Config::default());
    let (server, client) = (sim.add_node("server", 2), sim.add_node("client", 2));
    let address = SocketAddr::new(sim.address(server), PORT);
    let endpoints: Vec<_> = mailbox::mesh::<u64>(2, 4).into_iter().map(Some).collect();
    let endpoints = Rc::new(RefCell::new(endpoints));
    sim.start(server, move |core| {
        let endpoint = endpoints.borrow_mut()[core.index()].take().unwrap();
        async move {
            if core.0 == 0 {
                spawn(echo_server(address));
            }
            behaviours::exchange_messages(core, endpoint, 100).await;
            let file = File::open(Path::new(&format!("/data/{}", core.0)), OpenOptions::create()).unwrap();
            for i in 0..20 {
                let bytes = creel_io::random_u64().to_le_bytes();
                file.write_all_at(&mut [IoSlice::new(&bytes)], i * 8).unwrap();
                file.sync_data().await.unwrap();
            }
            fs::sync_dir(Path::new("/data")).await.unwrap();
            creel_io::shutdown_signal().await;
        }
    });
    sim.start(client, move |core| async move {
        sleep(Duration::from_millis(1)).await;
        let stream = TcpStream::connect(address).await.unwrap();
        for i in 0..20 {
            echo(&stream, &format!("{core} says {i} {}", creel_io::random_u64() % 100)).await.unwrap();
            sleep(Duration::from_micros(creel_io::random_u64() % 1000)).await;
        }
    });
    sim.run_until_ended(client).unwrap();
    sim.crash(client);
    sim.ask_to_stop(server);
    sim.run_until_ended(server).unwrap();
    assert!(sim.has_ended(server));
    (sim.trace_hash(), sim.trace())
}

#[test]
fn the_same_seed_gives_the_same_trace_and_others_give_others() {
    let mut hashes = BTreeSet::new();
    for seed in 0..10 {
        let (hash, trace) = everything(seed);
        assert_eq!((hash, trace), everything(seed), "seed {seed}");
        hashes.insert(hash);
    }
    assert_eq!(hashes.len(), 10);
}

#[test]
fn cores_exchange_messages_in_many_orders() {
    const BURST: u64 = 200;
    let mut ends = BTreeSet::new();
    for seed in 0..20 {
        let mut sim = Simulation::new(seed, Config::calm());
        let node = sim.add_node("node", 2);
        let endpoints: Vec<_> = mailbox::mesh::<u64>(2, 16).into_iter().map(Some).collect();
        let (endpoints, sum) = (Rc::new(RefCell::new(endpoints)), Rc::new(Cell::new(0)));
        let total = sum.clone();
        sim.start(node, move |core: CoreId| {
            let endpoint = endpoints.borrow_mut()[core.index()].take().unwrap();
            let total = total.clone();
            async move {
                let sum = behaviours::exchange_messages(core, endpoint, BURST).await;
                total.set(total.get() + sum);
            }
        });
        sim.run_until_ended(node).unwrap();
        assert_eq!(sum.get(), BURST * (BURST - 1) / 2);
        ends.insert(sim.now());
    }
    assert!(ends.len() > 1, "the order in which cores run is left to chance");
}

#[test]
fn heavy_work_runs_here_and_time_is_virtual() {
    run(1, |handle| async move {
        let here = std::thread::current().id();
        assert_eq!(creel_io::offload(move || std::thread::current().id()).await, here);
        let (before, wall) = (now(), creel_io::wall_clock_ms());
        sleep(Duration::from_millis(1500)).await;
        assert!((1500..1510).contains(&(creel_io::wall_clock_ms() - wall)));
        assert!(before.elapsed() >= Duration::from_millis(1500));
        assert_eq!(handle.now(), now());
        assert!(wall >= Config::default().epoch_ms);
    });
}

#[test]
fn randomness_follows_the_seed() {
    let draw = |seed| {
        run(seed, |_| async {
            let mut bytes = [0; 16];
            creel_io::random_bytes(&mut bytes);
            (creel_io::random_u64(), bytes)
        })
    };
    assert_eq!(draw(7), draw(7));
    assert_ne!(draw(7), draw(8));
}

#[test]
fn connections_overtake_each_other_but_never_themselves() {
    let mut orders = BTreeSet::new();
    for seed in 0..30 {
        let (mut sim, _, client, address) = two_nodes(seed);
        let order = sim
            .block_on(client, async move {
                let order = Rc::new(RefCell::new(Vec::new()));
                let mut tasks = Vec::new();
                for name in 0..3 {
                    let stream = TcpStream::connect(address).await.unwrap();
                    let order = order.clone();
                    tasks.push(spawn(async move {
                        sleep(Duration::from_millis(10)).await;
                        for i in 0..20 {
                            echo(&stream, &format!("{name}:{i}")).await.unwrap();
                        }
                        order.borrow_mut().push(name);
                    }));
                }
                for task in tasks {
                    task.await;
                }
                order.take()
            })
            .unwrap();
        orders.insert(order);
    }
    assert!(orders.len() > 2, "{orders:?}");
}

#[test]
fn a_reader_that_does_not_read_holds_its_sender_at_the_bound() {
    run_with(1, Config::calm(), |_| async {
        let mut listener = TcpListener::bind(SocketAddr::from(([127, 0, 0, 1], 0))).unwrap();
        let address = listener.local_addr().unwrap();
        let client = TcpStream::connect(address).await.unwrap();
        let (server, _) = listener.accept().await.unwrap();
        let sent = Rc::new(Cell::new(0));
        let counted = sent.clone();
        spawn(async move {
            while client.send_all(Bytes::from(vec![1; 1000]), More::No).await.is_ok() {
                counted.set(counted.get() + 1000);
            }
        });
        sleep(Duration::from_secs(10)).await;
        let bound = Config::calm().network.buffer_bytes;
        assert!((bound - 1000..=bound).contains(&sent.get()), "{}", sent.get());
        let (n, _) = server.recv(BytesMut::new(), 1).await;
        sleep(Duration::from_secs(1)).await;
        assert!(sent.get() >= bound + n.unwrap() - 1000);
    });
}

#[test]
fn receives_are_cut_short_by_chance() {
    let receives = |short| {
        let mut config = Config::calm();
        config.network.short = short;
        run_with(1, config, |_| async {
            let mut listener = TcpListener::bind(SocketAddr::from(([127, 0, 0, 1], 0))).unwrap();
            let address = listener.local_addr().unwrap();
            let client = TcpStream::connect(address).await.unwrap();
            let (server, _) = listener.accept().await.unwrap();
            client.send_all(Bytes::from(vec![7; 30_000]), More::No).await.unwrap();
            sleep(Duration::from_secs(1)).await;
            let (mut count, mut buf) = (0, BytesMut::new());
            while buf.len() < 30_000 {
                buf = server.recv(buf, 30_000).await.1;
                count += 1;
            }
            count
        })
    };
    assert_eq!(receives(0.0), 1);
    assert!(receives(0.9) > 1);
}

#[test]
fn connections_are_reset_by_chance_and_on_demand() {
    let (mut sim, server, client, address) = two_nodes(4);
    sim.network().set_reset_probability(0.05);
    let resets = sim
        .block_on(client, async move {
            let mut resets = 0;
            for _ in 0..50 {
                let stream = TcpStream::connect(address).await.unwrap();
                for _ in 0..10 {
                    resets += u32::from(echo(&stream, "text").await.is_err());
                }
            }
            resets
        })
        .unwrap();
    assert!(resets > 0);
    sim.network().set_reset_probability(0.0);
    let handle = sim.handle();
    sim.block_on(client, async move {
        let stream = TcpStream::connect(address).await.unwrap();
        echo(&stream, "before").await.unwrap();
        handle.network().reset_connections(client, server);
        assert_eq!(echo(&stream, "after").await.unwrap_err().kind(), ErrorKind::ConnectionReset);
        echo(&TcpStream::connect(address).await.unwrap(), "anew").await.unwrap();
    })
    .unwrap();
}

/// What was under way is lost with the connection, so what the other side sends before it learns of that must not come.
#[test]
fn nothing_comes_to_a_broken_end() {
    for seed in 0..20 {
        run_with(seed, Config::calm(), |handle| async move {
            let mut listener = TcpListener::bind(SocketAddr::from(([127, 0, 0, 1], 0))).unwrap();
            let client = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
            let (server, _) = listener.accept().await.unwrap();
            server.send_all(Bytes::from_static(b"lost"), More::No).await.unwrap();
            handle.network().set_reset_probability(1.0);
            client.send_all(Bytes::from_static(b"x"), More::No).await.unwrap_err();
            handle.network().set_reset_probability(0.0);
            // It may know already.
            let _ = server.send_all(Bytes::from_static(b"late"), More::No).await;
            sleep(Duration::from_secs(1)).await;
            let (received, buf) = client.recv(BytesMut::new(), 1).await;
            assert_eq!(received.unwrap_err().kind(), ErrorKind::ConnectionReset, "{buf:?}");
        });
    }
}

#[test]
fn a_partition_holds_bytes_back_until_it_is_healed() {
    let (mut sim, server, client, address) = two_nodes(5);
    let handle = sim.handle();
    sim.block_on(client, async move {
        let stream = TcpStream::connect(address).await.unwrap();
        handle.network().partition(server, client);
        let waiting = creel_io::timeout(Duration::from_secs(3), echo(&stream, "hello")).await;
        assert!(waiting.is_err());
        let error = TcpStream::connect(address).await.err().unwrap();
        assert_eq!(error.kind(), ErrorKind::TimedOut);
        handle.network().heal(server, client);
        let (n, buf) = stream.recv(BytesMut::new(), 5).await;
        n.unwrap();
        assert!(b"hello".starts_with(&buf));
    })
    .unwrap();
}

#[test]
fn peers_of_a_node_that_goes_down_learn_of_it() {
    for power in [false, true] {
        let (mut sim, server, client, address) = two_nodes(6);
        let handle = sim.handle();
        sim.block_on(client, async move {
            let stream = TcpStream::connect(address).await.unwrap();
            echo(&stream, "before").await.unwrap();
            if power {
                handle.crash(server);
            } else {
                handle.kill(server);
            }
            let (n, _) = stream.recv(BytesMut::new(), 1).await;
            assert!(matches!(n, Ok(0) | Err(_)));
            assert_eq!(TcpStream::connect(address).await.err().unwrap().kind(), ErrorKind::TimedOut);
        })
        .unwrap();
        sim.restart(server, move |_| echo_server(address));
        let again = async move { echo(&TcpStream::connect(address).await.unwrap(), "after").await };
        sim.block_on(client, again).unwrap().unwrap();
    }
}

#[test]
fn streams_travel_between_the_cores_of_a_node() {
    let mut sim = Simulation::new(3, Config::default());
    let node = sim.add_node("node", 2);
    let endpoints: Vec<_> = mailbox::mesh::<DetachedStream>(2, 4).into_iter().map(Some).collect();
    let endpoints = Rc::new(RefCell::new(endpoints));
    sim.start(node, move |core| {
        let mailbox = endpoints.borrow_mut()[core.index()].take().unwrap().open();
        async move {
            if core.0 == 1 {
                let stream = mailbox.recv().await.1.attach();
                stream.send_all(Bytes::from_static(b"from core 1"), More::No).await.unwrap();
                return;
            }
            let mut listener = TcpListener::bind(SocketAddr::from(([0, 0, 0, 0], PORT))).unwrap();
            let client = TcpStream::connect(SocketAddr::from(([127, 0, 0, 1], PORT))).await.unwrap();
            let (accepted, _) = listener.accept().await.unwrap();
            mailbox.send(CoreId(1), accepted.detach().unwrap()).await;
            let mut buf = BytesMut::new();
            while buf.len() < 11 {
                buf = client.recv(buf, 11).await.1;
            }
            assert_eq!(&buf[..], b"from core 1");
        }
    });
    sim.run_until_ended(node).unwrap();
}

#[test]
fn stopping_is_asked_for_by_the_test() {
    let mut sim = Simulation::new(1, Config::default());
    let node = sim.add_node("node", 2);
    sim.start(node, |_| creel_io::shutdown_signal());
    sim.run_for(Duration::from_secs(1)).unwrap();
    assert!(sim.is_up(node));
    sim.ask_to_stop(node);
    sim.run_until_ended(node).unwrap();
    assert!(sim.has_ended(node) && !sim.is_up(node));
}

#[test]
fn code_before_the_cores_run_can_belong_to_a_node() {
    let mut sim = Simulation::new(1, Config::default());
    let node = sim.add_node("node", 1);
    let handle: Handle = sim.handle();
    handle.within(node, || fs::create_dir_all(Path::new("/data/topic")).unwrap());
    let names = sim.block_on(node, async { fs::read_dir(Path::new("/data")).unwrap() }).unwrap();
    assert_eq!(names, ["topic"]);
}

#[test]
#[should_panic(expected = "a simulated file is used outside of its simulation")]
fn a_simulated_file_is_of_no_use_elsewhere() {
    let file = run(1, |_| async { File::open(Path::new("/data/f"), OpenOptions::create()).unwrap() });
    let _ = file.len();
}

#[test]
fn what_waits_for_the_world_takes_its_time() {
    let (mut sim, _, client, address) = two_nodes(2);
    let (round_trip, sync, read) = sim
        .block_on(client, async move {
            let stream = TcpStream::connect(address).await.unwrap();
            let before = now();
            echo(&stream, "x").await.unwrap();
            let round_trip = before.elapsed();
            let file = File::open(Path::new("/data/f"), OpenOptions::create()).unwrap();
            let before = now();
            file.sync_data().await.unwrap();
            let sync = before.elapsed();
            let before = now();
            file.read_at(BytesMut::new(), 0, 1).await.0.unwrap();
            (round_trip, sync, before.elapsed())
        })
        .unwrap();
    let config = Config::default();
    assert!(round_trip >= *config.network.delay.start() * 2);
    assert!(sync >= *config.disk.sync_latency.start());
    assert!(read >= *config.disk.read_latency.start());
}
