//! What the threads of a run share: when it starts and stops, whether it failed, and how far each has come.

use crate::broker_generations::BrokerGenerations;
use crate::clock::now_ns;
use crate::error::EngineError;
use crate::sketch::{Counts, Sketch};
use crate::time_series::Grid;
use crate::window::Window;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Mutex, OnceLock, PoisonError};

/// How far one thread has come; it alone writes.
#[derive(Debug, Default)]
#[repr(align(128))]
pub struct ThreadProgress {
    acked_records: AtomicU64,
    acked_bytes: AtomicU64,
    consumed_records: AtomicU64,
    /// Response times, for who watches.
    pub response: Sketch,
}

/// How far one partition has come; the threads that use it share it.
#[derive(Debug, Default)]
struct PartitionProgress {
    acked_records: AtomicU64,
    consumed_records: AtomicU64,
}

/// Sums over threads.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Totals {
    /// Records acked.
    pub acked_records: u64,
    /// Bytes of their keys and values.
    pub acked_bytes: u64,
    /// Records read back.
    pub consumed_records: u64,
}

impl ThreadProgress {
    /// Records were acked.
    pub fn acked(&self, records: u64, bytes: u64) {
        self.acked_records.fetch_add(records, Ordering::Relaxed);
        self.acked_bytes.fetch_add(bytes, Ordering::Relaxed);
    }

    /// Records were read.
    pub fn consumed(&self, records: u64) {
        self.consumed_records.fetch_add(records, Ordering::Relaxed);
    }
}

/// Not begun, and not to be stopped.
const NEVER: u64 = u64::MAX;

/// Shared by the main thread and the load's threads.
#[derive(Debug)]
pub struct RunState {
    start_ns: AtomicU64,
    measure_ns: AtomicU64,
    stop_ns: AtomicU64,
    connecting: AtomicUsize,
    producing: AtomicUsize,
    consuming: AtomicUsize,
    failed: AtomicBool,
    failure: Mutex<Option<EngineError>>,
    drain_to: OnceLock<Vec<i64>>,
    grid: OnceLock<Grid>,
    progress: Vec<ThreadProgress>,
    partitions: Vec<PartitionProgress>,
    generations: BrokerGenerations,
}

impl RunState {
    /// The state of a run for so many threads, producers and consumers.
    pub fn new(threads: usize, producers: usize, consumers: usize) -> RunState {
        RunState {
            start_ns: AtomicU64::new(NEVER),
            measure_ns: AtomicU64::new(NEVER),
            stop_ns: AtomicU64::new(NEVER),
            connecting: AtomicUsize::new(threads),
            producing: AtomicUsize::new(producers),
            consuming: AtomicUsize::new(consumers),
            failed: AtomicBool::new(false),
            failure: Mutex::new(None),
            drain_to: OnceLock::new(),
            grid: OnceLock::new(),
            progress: (0..threads).map(|_| ThreadProgress::default()).collect(),
            partitions: Vec::new(),
            generations: BrokerGenerations::default(),
        }
    }

    /// Notes what happens in each generation of a broker that is to be killed so often.
    pub fn with_crashes(mut self, count: usize) -> RunState {
        self.generations = BrokerGenerations::with_crashes(count);
        self
    }

    /// The broker's generations.
    #[inline]
    pub fn generations(&self) -> &BrokerGenerations {
        &self.generations
    }

    /// Tells how far each of so many partitions is, too.
    pub fn with_partitions(mut self, count: usize) -> RunState {
        self.partitions = (0..count).map(|_| PartitionProgress::default()).collect();
        self
    }

    /// A thread has all its connections.
    pub fn connected(&self) {
        self.connecting.fetch_sub(1, Ordering::Release);
    }

    /// Every thread has all its connections.
    pub fn all_connected(&self) -> bool {
        self.connecting.load(Ordering::Acquire) == 0
    }

    /// Sets the instants; the load begins at `start_ns`.
    pub fn begin(&self, start_ns: u64, window: Window) {
        let _ = self.grid.set(Grid::new(start_ns, window)); // only the main thread sets it, once
        self.measure_ns.store(window.from_ns, Ordering::Relaxed);
        self.stop_ns.store(window.to_ns, Ordering::Relaxed);
        self.start_ns.store(start_ns, Ordering::Release);
    }

    /// When the load begins; `None` until that is known.
    pub fn start_ns(&self) -> Option<u64> {
        Some(self.start_ns.load(Ordering::Acquire)).filter(|start| *start != NEVER)
    }

    /// What is measured. Its end moves when the run is interrupted.
    #[inline]
    pub fn window(&self) -> Window {
        let (from_ns, to_ns) =
            (self.measure_ns.load(Ordering::Relaxed), self.stop_ns.load(Ordering::Relaxed));
        Window { from_ns, to_ns }
    }

    /// The pieces of time in which the run is reported over time. An interrupt does not move them.
    #[inline]
    pub fn grid(&self) -> &Grid {
        self.grid.get().expect("nothing is acked or read before the load has begun")
    }

    /// Ends the load at `at_ns`, if it would not end before.
    pub fn stop_by(&self, at_ns: u64) {
        self.stop_ns.fetch_min(at_ns, Ordering::Relaxed);
    }

    /// A producer has sent everything and knows what became of it.
    pub fn produced(&self) {
        self.producing.fetch_sub(1, Ordering::Release);
    }

    /// Every producer has.
    pub fn all_produced(&self) -> bool {
        self.producing.load(Ordering::Acquire) == 0
    }

    /// A consumer has read its partitions to their ends.
    pub fn consumed(&self) {
        self.consuming.fetch_sub(1, Ordering::Release);
    }

    /// Every consumer has.
    pub fn all_consumed(&self) -> bool {
        self.consuming.load(Ordering::Acquire) == 0
    }

    /// Consumers may stop once they have read up to these offsets, one per partition.
    pub fn drain(&self, end_offsets: Vec<i64>) {
        let _ = self.drain_to.set(end_offsets); // only the main thread sets it, once
    }

    /// Where to stop, once that is known.
    pub fn drain_to(&self) -> Option<&[i64]> {
        self.drain_to.get().map(Vec::as_slice)
    }

    /// Ends the run and its measured time. What was measured until then is reported. The first failure is the one to
    /// tell.
    pub fn fail(&self, error: EngineError) {
        self.stop_by(now_ns());
        let mut failure = self.failure.lock().unwrap_or_else(PoisonError::into_inner);
        failure.get_or_insert(error);
        self.failed.store(true, Ordering::Release);
    }

    /// Whether the run has failed.
    #[inline]
    pub fn has_failed(&self) -> bool {
        self.failed.load(Ordering::Acquire)
    }

    /// The failure, to be told.
    pub fn take_failure(&self) -> Option<EngineError> {
        self.failure.lock().unwrap_or_else(PoisonError::into_inner).take()
    }

    /// Where thread `index` says how far it is.
    pub fn progress(&self, index: usize) -> &ThreadProgress {
        &self.progress[index]
    }

    /// Records of a partition were acked.
    pub fn partition_acked(&self, partition: usize, records: u64) {
        if let Some(progress) = self.partitions.get(partition) {
            progress.acked_records.fetch_add(records, Ordering::Relaxed);
        }
    }

    /// Records of a partition were read.
    pub fn partition_consumed(&self, partition: usize, records: u64) {
        if let Some(progress) = self.partitions.get(partition) {
            progress.consumed_records.fetch_add(records, Ordering::Relaxed);
        }
    }

    /// Records acked and not yet read, by partition.
    pub fn behind(&self) -> Vec<u64> {
        let behind = |progress: &PartitionProgress| {
            let consumed = progress.consumed_records.load(Ordering::Relaxed);
            progress.acked_records.load(Ordering::Relaxed).saturating_sub(consumed)
        };
        self.partitions.iter().map(behind).collect()
    }

    /// Response times so far, of the warm-up too.
    pub fn response_counts(&self) -> Counts {
        let mut counts = Counts::default();
        self.progress.iter().for_each(|one| one.response.add_to(&mut counts));
        counts
    }

    /// The sum over all threads.
    pub fn totals(&self) -> Totals {
        self.progress.iter().fold(Totals::default(), |sum, one| Totals {
            acked_records: sum.acked_records + one.acked_records.load(Ordering::Relaxed),
            acked_bytes: sum.acked_bytes + one.acked_bytes.load(Ordering::Relaxed),
            consumed_records: sum.consumed_records + one.consumed_records.load(Ordering::Relaxed),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_window_shrinks_on_interrupt_and_never_grows() {
        let run_state = RunState::new(1, 1, 1);
        assert_eq!(run_state.start_ns(), None);
        run_state.begin(10, Window { from_ns: 20, to_ns: 100 });
        run_state.stop_by(50);
        run_state.stop_by(70);
        assert_eq!(run_state.window(), Window { from_ns: 20, to_ns: 50 });
        assert!(run_state.window().contains(20) && !run_state.window().contains(50));
    }

    #[test]
    fn of_a_time_only_the_part_within_counts() {
        let window = Window { from_ns: 20, to_ns: 100 };
        for ((from_ns, to_ns), within) in
            [((0, 20), 0), ((0, 30), 10), ((30, 40), 10), ((90, 200), 10), ((0, 200), 80), ((100, 101), 0)]
        {
            assert_eq!(window.overlap_ns(from_ns, to_ns), within, "{from_ns}..{to_ns}");
        }
    }

    #[test]
    fn the_first_failure_is_told() {
        let run_state = RunState::new(1, 1, 1);
        run_state.fail(EngineError::Options("first".into()));
        run_state.fail(EngineError::Options("second".into()));
        assert!(run_state.has_failed());
        assert!(run_state.window().to_ns <= now_ns(), "what comes after it is not measured");
        assert_eq!(run_state.take_failure().map(|error| error.to_string()), Some("first".into()));
    }
}
