//! Where the time of a Produce or Fetch goes inside the broker, on each core.
//!
//! | stage      | from                                    | to                                                        | counted for            |
//! |------------|-----------------------------------------|-----------------------------------------------------------|------------------------|
//! | receive    | the first byte of its frame is seen     | the frame is whole                                        | each request           |
//! | parse      | the request's turn to be decoded        | header and body are decoded                               | each request           |
//! | queue      | the frame is whole                      | the reply is at hand and it is its turn, less the others  | each request           |
//! | recompress | a batch asks for its topic's codec      | it has it, and the batches before it are begun            | each such batch        |
//! | hop        | a question to the owning core is begun  | its answer is back, less what the owning core took for it | each question          |
//! | write      | the batch has its place in the log      | the `pwritev` with it has returned                        | each batch             |
//! | fsync      | that                                    | the high watermark has passed the batch                   | each batch of acks=all |
//! | send       | the reply is at hand and it is its turn | the socket has taken all of it                            | each reply             |
//!
//! The stages of a request are disjoint. Together they are the time from its first byte to its last, with one
//! exception: a fetch that waits for records to come counts nowhere while it waits. `queue` is what the others leave
//! over. It holds the wait for an earlier request of the connection, for a bound, or for the loop to come round. It
//! also holds the handler's own work (checking a batch, finding what to read, encoding the reply). Parts of one
//! request that run side by side, such as batches of several partitions, are counted each by itself; the longest of
//! them is subtracted from `queue`. Of batches that are compressed anew side by side, it is the time until the last has
//! its codec.
//!
//! Not seen: bytes that wait in the kernel's socket buffers, in either direction; the broker's idle time; and all
//! other requests, of which some wait by design (JoinGroup). `write` and `fsync` are counted on the core that owns
//! the partition, the others on the connection's. A request reads the clock only a few times (see `FrameTimes`). One
//! reading serves where one stage ends as the next begins, and where one event ends a stage of many requests.

use std::cell::Cell;
use std::rc::Rc;
use std::time::Duration;

use creel_engine::{AppendTimes, TurnWriter};
use creel_io::Instant;
use creel_io::histogram::Histogram;

/// One core's histograms, if they are kept.
#[derive(Default)]
pub(crate) struct Stages(Option<StageHistograms>);

#[derive(Default)]
struct StageHistograms {
    receive: Histogram,
    parse: Histogram,
    queue: Histogram,
    recompress: Histogram,
    hop: Histogram,
    send: Histogram,
    appends: Rc<AppendTimes>,
    requests_asking: Cell<u64>,
    record_bytes: Cell<u64>,
}

/// What one core has counted so far; nothing where nothing is kept.
#[derive(Default)]
pub(crate) struct StagesOfCore {
    pub(crate) histograms: Vec<(&'static str, Histogram)>,
    pub(crate) between_cores: Option<BetweenCores>,
}

/// What a core has sent to the others, and what for.
#[derive(Clone, Copy)]
pub(crate) struct BetweenCores {
    /// Produce and Fetch requests that had to ask another core. All others were local.
    pub(crate) requests_asking: u64,
    /// Bytes of records that were handed over: appended by another core, or found by it. They are not copied.
    pub(crate) record_bytes: u64,
    pub(crate) posted: Posted,
}

/// What has left for other cores, whatever it was for.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Posted {
    pub(crate) messages: u64,
    /// Places in mailboxes: the messages of a turn for one core share one.
    pub(crate) packets: u64,
    /// How often another core slept and had to be woken.
    pub(crate) wakes: u64,
}

impl Stages {
    pub(crate) fn new(are_kept: bool) -> Self {
        Self(are_kept.then(StageHistograms::default))
    }

    /// What writes for this core's partitions; it times the appends if stages are kept.
    pub(crate) fn turn_writer(&self) -> TurnWriter {
        self.0.as_ref().map_or_else(TurnWriter::new, |kept| TurnWriter::timed(kept.appends.clone()))
    }

    /// The time, if anyone needs it.
    #[inline]
    pub(crate) fn clock(&self) -> Instant {
        self.0.as_ref().map_or(Instant::default(), |_| creel_io::now())
    }

    /// A request is decoded now, whose frame came so.
    #[inline]
    pub(crate) fn decoded(&self, frame: FrameTimes) -> Option<QueuedSince> {
        let kept = self.0.as_ref()?;
        let parsing = creel_io::now().nanos_since(frame.turn);
        kept.receive.record_nanos(frame.whole.nanos_since(frame.first_byte));
        kept.parse.record_nanos(parsing);
        Some(QueuedSince(Instant::from_nanos(frame.whole.as_nanos() + parsing)))
    }

    /// A batch has its topic's codec, which it had asked for `since`. The time now, if anyone needs it.
    pub(crate) fn recompressed(&self, since: Instant) -> Instant {
        let now = self.clock();
        if let Some(kept) = &self.0 {
            kept.recompress.record_nanos(now.nanos_since(since));
        }
        now
    }

    /// A question came back after `total`; the core that was asked took `spent` of that. What is left.
    #[inline]
    pub(crate) fn hopped(&self, total: Duration, spent: Duration) -> Duration {
        let hop = total.saturating_sub(spent);
        if let Some(kept) = &self.0 {
            kept.hop.record(hop);
        }
        hop
    }

    /// A Produce or Fetch asks other cores.
    #[inline]
    pub(crate) fn asks_others(&self) {
        if let Some(kept) = &self.0 {
            kept.requests_asking.set(kept.requests_asking.get() + 1);
        }
    }

    /// So many bytes of records go from core to core.
    #[inline]
    pub(crate) fn carries(&self, bytes: usize) {
        if let Some(kept) = &self.0 {
            kept.record_bytes.set(kept.record_bytes.get() + bytes as u64);
        }
    }

    /// The reply is at hand, and it is its turn.
    #[inline]
    pub(crate) fn answered(&self, queued: Option<QueuedSince>, elsewhere: Duration) -> Option<AtHandSince> {
        let (kept, queued) = self.0.as_ref().zip(queued)?;
        let at = creel_io::now();
        let elsewhere = elsewhere.as_nanos() as u64;
        kept.queue.record_nanos(at.nanos_since(queued.0).saturating_sub(elsewhere));
        Some(AtHandSince(at))
    }

    /// The socket has taken a reply.
    #[inline]
    pub(crate) fn sent(&self, since: AtHandSince, at: Instant) {
        if let Some(kept) = &self.0 {
            kept.send.record_nanos(at.nanos_since(since.0));
        }
    }

    /// What was counted so far, with what has left for other cores.
    pub(crate) fn read(&self, posted: Posted) -> StagesOfCore {
        let Some(kept) = &self.0 else { return StagesOfCore::default() };
        let stages = [
            ("receive", &kept.receive),
            ("parse", &kept.parse),
            ("queue", &kept.queue),
            ("recompress", &kept.recompress),
            ("hop", &kept.hop),
            ("write", &kept.appends.write),
            ("fsync", &kept.appends.sync),
            ("send", &kept.send),
        ];
        let histograms = stages.map(|(name, histogram)| (name, histogram.clone())).into();
        let (requests_asking, record_bytes) = (kept.requests_asking.get(), kept.record_bytes.get());
        StagesOfCore {
            histograms,
            between_cores: Some(BetweenCores { requests_asking, record_bytes, posted }),
        }
    }
}

/// When the bytes at the head of a connection's buffer were first seen, and the last ones.
#[derive(Default)]
pub(crate) struct FrameClock {
    since: Instant,
    last: Instant,
    /// How many frames have been taken off the buffer since the last bytes came.
    frames_since: usize,
}

impl FrameClock {
    /// `is_new`: the buffer was empty before.
    pub(crate) fn received(&mut self, at: Instant, is_new: bool) {
        if is_new {
            self.since = at;
        }
        self.last = at;
        self.frames_since = 0;
    }

    /// A frame is whole, and it is its turn to be decoded. The bytes behind it in the buffer came with its last
    /// bytes. `has_waited`: it had to wait for that turn.
    #[inline]
    pub(crate) fn whole(&mut self, stages: &Stages, has_waited: bool) -> FrameTimes {
        self.frames_since += 1;
        let first_byte = std::mem::replace(&mut self.since, self.last);
        let is_at_once = self.frames_since == 1 && !has_waited;
        let turn = if is_at_once { self.last } else { stages.clock() };
        FrameTimes { first_byte, whole: self.last, turn }
    }
}

/// A request's times until it is decoded: they travel with its frame.
#[derive(Clone, Copy)]
pub(crate) struct FrameTimes {
    first_byte: Instant,
    whole: Instant,
    /// Its turn to be decoded.
    turn: Instant,
}

/// A request's time from its decoding until its reply is at hand. It starts when the frame was whole, and is moved on
/// by what other stages have counted since.
#[derive(Clone, Copy)]
pub(crate) struct QueuedSince(Instant);

/// A request's time while its reply is sent.
#[derive(Clone, Copy)]
pub(crate) struct AtHandSince(Instant);
