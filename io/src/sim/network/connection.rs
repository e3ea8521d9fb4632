//! The state of one connection: two ends, each with a queue of what is sent to it.
//!
//! Owns the bytes in transit and the wakers of both ends. Must not know the world: the caller says what time it is.

use std::collections::VecDeque;
use std::io;
use std::net::SocketAddr;
use std::task::Waker;

use bytes::{Buf, Bytes, BytesMut};

use crate::instant::Instant;
use crate::sim::node_id::NodeId;
use crate::sim::os_error::os_error;

pub(super) struct Connection {
    pub(super) ends: [ConnectionEnd; 2],
}

/// What is sent.
pub(super) enum Segment {
    Data(Bytes),
    Fin,
    Reset,
}

/// Both addresses of a connection.
#[derive(Clone, Copy, Debug)]
pub(super) struct Addresses {
    pub(super) client: SocketAddr,
    pub(super) server: SocketAddr,
}

/// What was sent, and when it arrives.
pub(super) struct SegmentInFlight {
    pub(super) at: Instant,
    pub(super) segment: Segment,
}

pub(super) struct ConnectionEnd {
    pub(super) node: NodeId,
    pub(super) address: SocketAddr,
    in_flight: VecDeque<SegmentInFlight>,
    arrived: VecDeque<Bytes>,
    arrived_bytes: usize,
    /// The number of bytes in both: sent to this end and not taken yet.
    pub(super) held_bytes: usize,
    /// The other side will send no more.
    ended: bool,
    /// The handle of this end was dropped.
    closed: bool,
    /// This side will send no more.
    finished: bool,
    /// This side has closed both directions.
    shut: bool,
    failed: bool,
    pub(super) reader: Option<Waker>,
    pub(super) writer: Option<Waker>,
}

impl Connection {
    /// Side 0 is the client's.
    pub(super) fn new(client: NodeId, server: NodeId, addresses: Addresses) -> Connection {
        Connection {
            ends: [
                ConnectionEnd::new(client, addresses.client),
                ConnectionEnd::new(server, addresses.server),
            ],
        }
    }

    pub(super) fn is_over(&self) -> bool {
        self.ends.iter().all(|end| end.closed)
    }

    /// Takes what has arrived by `now`. Returns true if it arrived at an end whose handle was dropped; the answer to
    /// that is a reset.
    pub(super) fn take_arrived(&mut self, side: usize, now: Instant) -> bool {
        let end = &mut self.ends[side];
        let mut unwelcome = false;
        while end.in_flight.front().is_some_and(|first| first.at <= now) {
            let Some(first) = end.in_flight.pop_front() else { break };
            match first.segment {
                Segment::Data(bytes) if end.closed => {
                    end.held_bytes -= bytes.len();
                    unwelcome = true;
                }
                Segment::Data(bytes) => {
                    end.arrived_bytes += bytes.len();
                    end.arrived.push_back(bytes);
                }
                Segment::Fin => end.ended = true,
                Segment::Reset => end.fail(),
            }
        }
        wake(&mut end.reader);
        unwelcome
    }

    /// Notes that the handle of an end was dropped. Returns what to tell the other side, unless it was told already.
    pub(super) fn close(&mut self, side: usize) -> Option<Segment> {
        let end = &mut self.ends[side];
        if std::mem::replace(&mut end.closed, true) || end.failed {
            return None;
        }
        if !end.arrived.is_empty() {
            return Some(Segment::Reset);
        }
        (!end.finished).then_some(Segment::Fin)
    }

    /// Takes up to `limit` bytes that have arrived. `None` if there is nothing to report yet.
    pub(super) fn receive(
        &mut self,
        side: usize,
        out: &mut BytesMut,
        limit: usize,
    ) -> Option<io::Result<usize>> {
        let end = &mut self.ends[side];
        let mut taken = 0;
        while let Some(first) = end.arrived.front_mut().filter(|_| taken < limit) {
            let n = first.len().min(limit - taken);
            out.extend_from_slice(&first[..n]);
            first.advance(n);
            taken += n;
            if first.is_empty() {
                end.arrived.pop_front();
            }
        }
        end.held_bytes -= taken;
        end.arrived_bytes -= taken;
        if taken > 0 {
            wake(&mut self.ends[1 - side].writer);
            return Some(Ok(taken));
        }
        if end.failed {
            return Some(Err(os_error(libc::ECONNRESET)));
        }
        (end.ended || end.shut).then_some(Ok(0))
    }

    pub(super) fn check_sendable(&self, side: usize) -> io::Result<()> {
        let end = &self.ends[side];
        if end.failed {
            return Err(os_error(libc::ECONNRESET));
        }
        if end.finished { Err(os_error(libc::EPIPE)) } else { Ok(()) }
    }
}

impl ConnectionEnd {
    fn new(node: NodeId, address: SocketAddr) -> ConnectionEnd {
        ConnectionEnd {
            node,
            address,
            in_flight: VecDeque::new(),
            arrived: VecDeque::new(),
            arrived_bytes: 0,
            held_bytes: 0,
            ended: false,
            closed: false,
            finished: false,
            shut: false,
            failed: false,
            reader: None,
            writer: None,
        }
    }

    /// Adds a segment behind those in transit. If its delay is shorter than theirs, it waits for them. Nothing arrives
    /// at an end that is broken: what was in transit was lost, so anything that came now would follow a gap.
    pub(super) fn enqueue(&mut self, at: Instant, segment: Segment) {
        if self.failed {
            return;
        }
        if let Segment::Data(bytes) = &segment {
            self.held_bytes += bytes.len();
        }
        self.in_flight.push_back(SegmentInFlight { at, segment });
    }

    pub(super) fn drop_in_flight(&mut self) {
        self.in_flight.clear();
        self.held_bytes = self.arrived_bytes;
    }

    /// Breaks the connection for this end. What had arrived can still be read.
    pub(super) fn fail(&mut self) {
        self.failed = true;
        self.drop_in_flight();
        wake(&mut self.reader);
        wake(&mut self.writer);
    }

    /// The number of bytes that have arrived and were not taken yet.
    pub(super) fn available(&self) -> usize {
        self.arrived_bytes
    }

    /// Closes this side's direction. Returns whether the other side must be told.
    pub(super) fn finish(&mut self) -> bool {
        wake(&mut self.writer);
        !std::mem::replace(&mut self.finished, true) && !self.failed
    }

    /// Closes both directions from this side. Returns whether the other side must be told.
    pub(super) fn shut(&mut self) -> bool {
        wake(&mut self.reader);
        self.shut = true;
        self.finish()
    }
}

/// Wakes tasks after the state has changed. A waker only queues its task.
pub(super) fn wake(waker: &mut Option<Waker>) {
    waker.take().into_iter().for_each(Waker::wake);
}
