//! Where the time of a Produce or Fetch goes inside the broker, on each core.
//!
//! | stage   | from                                     | to                                                        | counted for            |
//! |---------|------------------------------------------|-----------------------------------------------------------|------------------------|
//! | receive | the first byte of its frame is seen      | the frame is whole                                        | each request           |
//! | parse   | the request's turn to be decoded         | header and body are decoded                               | each request           |
//! | queue   | the frame is whole                       | the reply is at hand and it is its turn, less the others  | each request           |
//! | hop     | a question to the owning core is begun   | its answer is back, less what the owning core took for it | each question          |
//! | write   | the batch has its place in the log       | the `pwritev` with it has returned                        | each batch             |
//! | fsync   | that                                     | the high watermark has passed the batch                   | each batch of acks=all |
//! | send    | the reply is at hand and it is its turn  | the socket has taken all of it                            | each reply             |
//!
//! The stages of a request are disjoint, and together they are the time from its first byte to its last but for this: a
//! fetch that waits for records to come counts nowhere while it waits. `queue` is what the others leave over: waiting for
//! an earlier request of the connection, for a bound, or for the loop to come round, and the handler's own work (checking
//! a batch, finding what to read, encoding the reply). Parts of one request that run side by side, as batches of several
//! partitions, are counted each by itself; of those the longest is what `queue` goes without.
//!
//! Not seen: bytes that wait in the kernel's socket buffers, in either direction; the broker's idle time; and all other
//! requests, of which some wait by design (JoinGroup). `write` and `fsync` are counted on the core that owns the
//! partition, the others on the connection's. A request's readings of the clock are few (see `Passage`) and shared where
//! one stage ends as the next begins, or where one event ends a stage of many.

use std::rc::Rc;
use std::time::Duration;

use creel_engine::{AppendTimes, TurnWriter};
use creel_io::Instant;
use creel_io::histogram::Histogram;

/// One core's histograms, if they are kept.
#[derive(Default)]
pub(crate) struct Stages(Option<Kept>);

#[derive(Default)]
struct Kept {
    receive: Histogram,
    parse: Histogram,
    queue: Histogram,
    hop: Histogram,
    send: Histogram,
    appends: Rc<AppendTimes>,
}

/// One core's histograms at a moment, by name.
pub(crate) type StagesOfCore = Vec<(&'static str, Histogram)>;

impl Stages {
    pub(crate) fn new(are_kept: bool) -> Self {
        Self(are_kept.then(Kept::default))
    }

    /// The turn_writer of this core's partitions.
    pub(crate) fn turn_writer(&self) -> TurnWriter {
        self.0.as_ref().map_or_else(TurnWriter::new, |kept| TurnWriter::timed(kept.appends.clone()))
    }

    /// The time, where it is of use to anyone.
    #[inline]
    pub(crate) fn clock(&self) -> Instant {
        self.0.as_ref().map_or(Instant::default(), |_| creel_io::now())
    }

    /// A request was decoded from `parse.0` to `parse.1`; its frame came from `came.0` to `came.1`.
    #[inline]
    pub(crate) fn begun(&self, came: (Instant, Instant), parse: (Instant, Instant)) -> Option<Passage> {
        let kept = self.0.as_ref()?;
        let parsing = parse.1.nanos_since(parse.0);
        kept.receive.record_nanos(came.1.nanos_since(came.0));
        kept.parse.record_nanos(parsing);
        Some(Passage { queued_since: Instant::from_nanos(came.1.as_nanos() + parsing) })
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

    /// The reply is at hand, and it is its turn. When that was, to be given to `sent`.
    #[inline]
    pub(crate) fn answered(&self, passage: Option<Passage>, elsewhere: Duration) -> Option<Instant> {
        let (kept, passage) = self.0.as_ref().zip(passage)?;
        let at = creel_io::now();
        let elsewhere = elsewhere.as_nanos() as u64;
        kept.queue.record_nanos(at.nanos_since(passage.queued_since).saturating_sub(elsewhere));
        Some(at)
    }

    /// The socket has taken a reply that was at hand at `since`.
    #[inline]
    pub(crate) fn sent(&self, since: Instant, at: Instant) {
        if let Some(kept) = &self.0 {
            kept.send.record_nanos(at.nanos_since(since));
        }
    }

    /// What was counted so far; nothing where nothing is kept.
    pub(crate) fn read(&self) -> StagesOfCore {
        let Some(kept) = &self.0 else { return Vec::new() };
        let stages = [
            ("receive", &kept.receive),
            ("parse", &kept.parse),
            ("queue", &kept.queue),
            ("hop", &kept.hop),
            ("write", &kept.appends.write),
            ("fsync", &kept.appends.sync),
            ("send", &kept.send),
        ];
        stages.map(|(name, histogram)| (name, histogram.clone())).into()
    }
}

/// A request between its frame and its reply.
#[derive(Clone, Copy)]
pub(crate) struct Passage {
    /// When its frame was whole, moved on by what other stages have counted since.
    queued_since: Instant,
}
