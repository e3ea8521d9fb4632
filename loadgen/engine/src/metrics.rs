//! What one thread measures. All threads' metrics are merged when the run is over.

use crate::thread_times::ThreadTimes;
use crate::time_series::{TimeSeries, Volume};
use crate::window::Window;
use loadgen_result::latency::Latency;
use loadgen_result::report::refusals::Refusals;

/// Counts and distributions. "Measured" means: within the window.
#[derive(Debug, Clone, Default)]
pub struct Metrics {
    /// Ack less intended time.
    pub response: TimeSeries,
    /// Handed to the socket less intended time, of records intended in the window.
    pub queue: Latency,
    /// Ack less handed to the socket, of records intended in the window.
    pub service: Latency,
    /// Read less intended time.
    pub end_to_end: TimeSeries,
    /// How late the generator made records by its own fault: from the intended instant until they were made, while
    /// nothing else held it up.
    pub lateness: Latency,
    /// Acked within the window.
    pub acked: Volume,
    /// Acked within the window: produce requests.
    pub acked_requests: u64,
    /// Read within the window.
    pub consumed: Volume,
    /// Bytes sent within the window, frames and all.
    pub wire_out_bytes: u64,
    /// Bytes received within the window, frames and all.
    pub wire_in_bytes: u64,
    /// Acked since the window's start, up to the last ack.
    pub acked_to_the_last: u64,
    /// Acked over the whole run.
    pub acked_overall: Volume,
    /// Bytes of records before compression, over the whole run.
    pub uncompressed_bytes: u64,
    /// The same after compression.
    pub compressed_bytes: u64,
    /// Due within the window but not made before it ended; they count in `response` with their age at that moment.
    pub unsent_records: u64,
    /// Made within the window and never answered, because the run was cut short. They count with their age, too.
    pub unanswered_records: u64,
    /// How often a producer found all its in-flight requests taken.
    pub cap_waits: u64,
    /// For how long, in the sum over producers.
    pub cap_wait_ns: u64,
    /// What the broker refused for a while, within the window, and what nobody knows the outcome of.
    pub refusals: Refusals,
    /// What the thread did with its core within the window.
    pub thread: ThreadTimes,
    /// The time in which it did that.
    pub thread_over_ns: u64,
}

impl Metrics {
    /// `count` records due at `instant_ns`, of a request sent at `sent_ns` or never, were not acked by `at_ns` and never
    /// will be. They waited until then, where they were due within the window. Gives how many were.
    pub fn given_up(
        &mut self,
        window: Window,
        at_ns: u64,
        sent_ns: Option<u64>,
        (instant_ns, count): (u64, impl Into<u64>),
    ) -> u64 {
        if !window.contains(instant_ns) {
            return 0;
        }
        let count = count.into();
        self.response.record_never(at_ns.saturating_sub(instant_ns), count);
        self.queue.record(sent_ns.unwrap_or(at_ns).min(at_ns).saturating_sub(instant_ns), count);
        if let Some(sent_ns) = sent_ns {
            self.service.record(at_ns.saturating_sub(sent_ns), count);
        }
        count
    }

    /// Adds another thread's.
    pub fn merge(&mut self, other: Metrics) {
        self.response.merge(other.response);
        self.queue.merge(&other.queue);
        self.service.merge(&other.service);
        self.end_to_end.merge(other.end_to_end);
        self.lateness.merge(&other.lateness);
        self.acked.add(other.acked.records, other.acked.bytes);
        self.acked_requests += other.acked_requests;
        self.consumed.add(other.consumed.records, other.consumed.bytes);
        self.wire_out_bytes += other.wire_out_bytes;
        self.wire_in_bytes += other.wire_in_bytes;
        self.acked_to_the_last += other.acked_to_the_last;
        self.acked_overall.add(other.acked_overall.records, other.acked_overall.bytes);
        self.uncompressed_bytes += other.uncompressed_bytes;
        self.compressed_bytes += other.compressed_bytes;
        self.unsent_records += other.unsent_records;
        self.unanswered_records += other.unanswered_records;
        self.cap_waits += other.cap_waits;
        self.cap_wait_ns += other.cap_wait_ns;
        self.refusals.merge(other.refusals);
        self.thread.busy_ns += other.thread.busy_ns;
        self.thread.starved_ns += other.thread.starved_ns;
        self.thread_over_ns += other.thread_over_ns;
    }
}
