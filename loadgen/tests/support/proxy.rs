//! A broker behind a proxy that lies: the real `creel`, but on the way a request is dropped, sent twice or swapped with
//! the next, or a byte of an answer is flipped; or all is in order, but nothing moves for a while, or slowly. What loadgen must find.

use std::io::{Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

/// What happens to one produce request, or to one answer.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Lie {
    Drop,
    Twice,
    Swap,
    FlipAnswer,
    Stall,
    Slow,
    /// Some produce requests and fetches in a row ask for a topic that the broker does not know (yet).
    NotYet,
    /// Fetches wait until [`Gate`] is open.
    Hold,
    /// It tells the truth.
    Nothing,
}

/// How long [`Lie::Slow`] holds each request.
pub(crate) const SLOW: Duration = Duration::from_millis(10);
/// How long [`Lie::Stall`] holds a request and all that come behind it.
pub(crate) const STALL: Duration = Duration::from_millis(200);

/// Only the fifth: everything around it is in order.
const WHICH: usize = 5;
/// So many of each kind: [`Lie::NotYet`] lasts for them.
const NOT_YET: std::ops::Range<usize> = WHICH..WHICH + 4;
/// Answers at least so long hold records.
const RECORDS_ANSWER_BYTES: usize = 10_000;
const PRODUCE: [u8; 2] = [0, 0];
const FETCH: [u8; 2] = [0, 1];

/// Where [`Lie::Hold`] stops fetches while it is closed.
#[derive(Default)]
pub(crate) struct Gate {
    is_closed: AtomicBool,
    held: AtomicUsize,
}

impl Gate {
    pub(crate) fn close(&self) {
        self.is_closed.store(true, Ordering::Release);
    }

    pub(crate) fn open(&self) {
        self.is_closed.store(false, Ordering::Release);
    }

    /// How many fetches have had to wait.
    pub(crate) fn held(&self) -> usize {
        self.held.load(Ordering::Acquire)
    }

    fn pass(&self) {
        if self.is_closed.load(Ordering::Acquire) {
            self.held.fetch_add(1, Ordering::AcqRel);
            super::wait_for(|| (!self.is_closed.load(Ordering::Acquire)).then_some(()));
        }
    }
}

/// A broker and its proxy; dropping it ends the broker.
pub(crate) struct LyingBroker {
    broker: Child,
    pub(crate) address: SocketAddr,
    pub(crate) gate: Arc<Gate>,
}

impl Drop for LyingBroker {
    fn drop(&mut self) {
        let _ = self.broker.kill();
        let _ = self.broker.wait();
    }
}

impl LyingBroker {
    /// The broker's process: the dependent process became it.
    pub(crate) fn pid(&self) -> u32 {
        self.broker.id()
    }

    /// Starts `creel` in `dir`, telling its clients to come by the proxy.
    pub(crate) fn start(creel: &Path, dir: &Path, lie: Lie) -> LyingBroker {
        let proxy = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = proxy.local_addr().unwrap();
        let behind = TcpListener::bind("127.0.0.1:0").and_then(|free| free.local_addr()).unwrap();
        let mut command = super::dependent_on_this_process(creel);
        command.arg("--listen").arg(behind.to_string()).arg("--data-dir").arg(dir);
        command.arg("--set").arg(format!("advertised.listeners=PLAINTEXT://{address}"));
        let broker =
            command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        super::wait_for(|| TcpStream::connect(behind).ok());
        let (seen, gate) = (Arc::new(AtomicUsize::new(0)), Arc::new(Gate::default()));
        let held = gate.clone();
        thread::spawn(move || {
            for client in proxy.incoming().flatten() {
                let Ok(broker) = TcpStream::connect(behind) else { return };
                relay(client, broker, lie, &seen, &held);
            }
        });
        LyingBroker { broker, address, gate }
    }
}

fn relay(client: TcpStream, broker: TcpStream, lie: Lie, seen: &Arc<AtomicUsize>, gate: &Arc<Gate>) {
    let (from_client, to_broker) = (client.try_clone().unwrap(), broker.try_clone().unwrap());
    let (requests, answers, gate) = (seen.clone(), seen.clone(), gate.clone());
    let mut fetches = 0;
    thread::spawn(move || {
        pass(from_client, to_broker, |frames, mut frame| {
            if lie == Lie::NotYet && frame[..2] == FETCH {
                fetches += 1;
                if NOT_YET.contains(&fetches) {
                    ask_for_another_topic(&mut frame, FETCH_TOPIC_AT);
                }
            }
            if lie == Lie::Hold && frame[..2] == FETCH {
                gate.pass();
            }
            lie_about_request(frames, frame, lie, &requests);
        });
    });
    thread::spawn(move || {
        pass(broker, client, |frames, frame| {
            frames.push(frame);
            let frame = frames.last_mut().expect("just pushed");
            let counts = lie == Lie::FlipAnswer && frame.len() > RECORDS_ANSWER_BYTES;
            if counts && answers.fetch_add(1, Ordering::Relaxed) == WHICH {
                let middle = frame.len() / 2;
                frame[middle] ^= 0x10;
            }
        });
    });
}

/// `frames` holds what was kept back; what it holds afterwards is sent.
fn lie_about_request(frames: &mut Vec<Vec<u8>>, frame: Vec<u8>, lie: Lie, seen: &AtomicUsize) {
    let is_produce = frame[..2] == PRODUCE;
    let is_chosen = is_produce
        && !matches!(lie, Lie::FlipAnswer | Lie::Hold | Lie::NotYet | Lie::Nothing)
        && seen.fetch_add(1, Ordering::Relaxed) == WHICH;
    match lie {
        Lie::NotYet if is_produce => {
            let mut frame = frame;
            if NOT_YET.contains(&seen.fetch_add(1, Ordering::Relaxed)) {
                ask_for_another_topic(&mut frame, PRODUCE_TOPIC_AT);
            }
            frames.push(frame);
        }
        Lie::Drop if is_chosen => {}
        Lie::Twice if is_chosen => frames.extend([frame.clone(), frame]),
        Lie::Stall if is_chosen => {
            thread::sleep(STALL);
            frames.push(frame);
        }
        Lie::Slow if is_produce => {
            thread::sleep(SLOW);
            frames.push(frame);
        }
        // Marked by an empty frame: sent with the next one, behind it.
        Lie::Swap if is_chosen => frames.extend([frame, Vec::new()]),
        _ => frames.insert(0, frame),
    }
}

/// Where the first topic stands behind a header: transactional id, acks and timeout are before it, and the count of topics.
const PRODUCE_TOPIC_AT: usize = 1 + 2 + 4 + 1;
/// Times and bytes to wait for, isolation, the session, and the count of topics.
const FETCH_TOPIC_AT: usize = 4 + 4 + 4 + 1 + 4 + 4 + 1;

/// Changes the topic's id, or a letter of its name.
fn ask_for_another_topic(frame: &mut [u8], topic_at: usize) {
    let client_id = usize::from(u16::from_be_bytes([frame[8], frame[9]]));
    let body = 10 + client_id + 1;
    frame[body + topic_at + 4] ^= 1;
}

/// Passes frames on until either end closes.
fn pass(mut from: TcpStream, mut to: TcpStream, mut lie: impl FnMut(&mut Vec<Vec<u8>>, Vec<u8>)) {
    let mut frames = Vec::new();
    while let Some(frame) = read_frame(&mut from) {
        lie(&mut frames, frame);
        if frames.last().is_some_and(Vec::is_empty) {
            frames.pop();
            continue; // kept back
        }
        for frame in frames.drain(..) {
            // In one write: two small ones wait for each other's acknowledgement, 40 ms each time.
            let sized = [&(frame.len() as i32).to_be_bytes()[..], &frame].concat();
            if to.write_all(&sized).is_err() {
                return;
            }
        }
    }
    let _ = to.shutdown(Shutdown::Both);
}

fn read_frame(from: &mut TcpStream) -> Option<Vec<u8>> {
    let mut size = [0; 4];
    from.read_exact(&mut size).ok()?;
    let mut frame = vec![0; u32::from_be_bytes(size) as usize];
    from.read_exact(&mut frame).ok()?;
    Some(frame)
}
