//! The phases of a run, timed by the main thread: connecting, warm-up, measuring, last acks, reading the rest.

use crate::crash::{Crasher, Killed};
use crate::error::RunError;
use crate::progress_view::ProgressView;
use loadgen_engine::client::SILENCE_SECONDS_MAX;
use loadgen_engine::client::cluster::Cluster;
use loadgen_engine::clock::{now_ns, sleep_until};
use loadgen_engine::error::EngineError;
use loadgen_engine::plan::Plan;
use loadgen_engine::run_state::RunState;
use loadgen_engine::window::Window;
use loadgen_host::broker::target::Target;
use loadgen_host::edge::Edge;
use loadgen_host::flame::Flame;
use loadgen_host::observer::{Observed, Observer};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

/// Between the last thread's word that it is ready and the first record.
const START_AFTER_NS: u64 = 20_000_000;
const LOOK_NS: u64 = 10_000_000;
/// How long acked records may take to become readable.
const VISIBLE_SECONDS_MAX: u64 = 10;
const ENDS_STEP: Duration = Duration::from_millis(50);

/// What is timed.
pub struct Phases<'a> {
    /// Before measuring.
    pub warmup: Duration,
    /// Measuring.
    pub duration: Duration,
    /// What the threads do.
    pub plan: &'a Arc<Plan>,
    /// How they are told.
    pub run_state: &'a Arc<RunState>,
    /// Ends the load early.
    pub interrupted: &'a AtomicBool,
}

/// What the main thread looks after meanwhile.
struct Watch<'a> {
    target: &'a mut Target,
    view: &'a mut dyn ProgressView,
    crasher: Crasher,
    observer: Option<Observer>,
    flame: Option<&'a mut Flame>,
}

/// What the main thread saw of a load.
pub struct Seen {
    /// From outside.
    pub observed: Observed,
    /// Brokers killed on purpose.
    pub killed: Vec<Killed>,
    /// What ended the load before its time: the broker stopped, or was killed and never came back. What is left of
    /// the records is not known.
    pub failure: Option<RunError>,
}

impl Phases<'_> {
    /// Waits for each phase to end, and returns what was seen from outside. It returns early once the run's state has
    /// failed: with an error if nothing has been sent yet, else with what was seen until then.
    pub fn run(
        &self,
        target: &mut Target,
        cluster: &mut Cluster,
        view: &mut dyn ProgressView,
        flame: Option<&mut Flame>,
    ) -> Result<Seen, RunError> {
        let mut watch = Watch { target, view, crasher: Crasher::default(), observer: None, flame };
        let run_state = self.run_state;
        self.wait("connecting", &mut watch, || run_state.all_connected())?;
        run_state.take_failure().map_or(Ok(()), Err)?;
        let idle = self.warmup.is_zero().then(|| Edge::before(watch.target.pid()));
        let start_ns = now_ns() + START_AFTER_NS;
        let from_ns = start_ns + self.warmup.as_nanos() as u64;
        let window = Window { from_ns, to_ns: from_ns + self.duration.as_nanos() as u64 };
        run_state.begin(start_ns, window);
        watch.crasher = Crasher::new(self.plan.crashes, window);
        watch.observer = Some(Observer::start(watch.target.pid(), watch.target.admin(), run_state, idle)?);
        let loaded = self.load(&mut watch).and_then(|()| {
            self.wait("waiting for acks", &mut watch, || run_state.all_produced()) // which cost the broker too
        });
        let loaded = loaded.inspect_err(|error| self.cut(error));
        if let Some(flame) = &mut watch.flame {
            flame.end(); // before the rest is read and the broker stops
        }
        let observed = watch.observer.take().expect("it was started above").finish();
        let drained =
            loaded.and_then(|()| self.drain(&mut watch, cluster).inspect_err(|error| self.cut(error)));
        Ok(Seen { observed, killed: watch.crasher.into_killed(), failure: drained.err() })
    }

    /// Ends what is measured, and the threads.
    fn cut(&self, error: &RunError) {
        self.run_state.fail(EngineError::Ended(error.to_string())); // what is told is `error`
    }

    fn load(&self, watch: &mut Watch<'_>) -> Result<(), RunError> {
        let run_state = self.run_state;
        self.wait("warming up", watch, || {
            let window = run_state.window();
            now_ns() >= window.from_ns.min(window.to_ns)
        })?;
        self.wait("measuring", watch, || now_ns() >= run_state.window().to_ns)
    }

    /// Waits for what is still under way.
    fn drain(&self, watch: &mut Watch<'_>, cluster: &mut Cluster) -> Result<(), RunError> {
        let run_state = self.run_state;
        while !watch.crasher.is_up() && !run_state.has_failed() {
            self.wait_once("waiting for the broker", watch)?;
        }
        if run_state.has_failed() || self.plan.consumers.is_empty() {
            return Ok(());
        }
        run_state.drain(self.visible_ends(cluster)?);
        let acked = run_state.totals().acked_records;
        let mut stall = Stall::new(run_state);
        let is_read_twice = self.plan.crashes > 0;
        self.wait("reading the rest", watch, || {
            stall.fail_if_stalled(run_state);
            run_state.all_consumed() || (!is_read_twice && run_state.totals().consumed_records >= acked)
        })
    }

    fn wait(
        &self,
        phase: &str,
        watch: &mut Watch<'_>,
        mut is_over: impl FnMut() -> bool,
    ) -> Result<(), RunError> {
        while !self.run_state.has_failed() && !is_over() {
            self.wait_once(phase, watch)?;
        }
        Ok(())
    }

    fn wait_once(&self, phase: &str, watch: &mut Watch<'_>) -> Result<(), RunError> {
        let Watch { target, view, crasher, observer, flame } = watch;
        if let Some(observer) = observer {
            observer.look();
            if let Some(flame) = flame {
                flame.look(self.run_state.window());
            }
        }
        if self.interrupted.load(Ordering::Relaxed) {
            self.run_state.stop_by(now_ns());
            crasher.interrupt();
        }
        crasher.look(now_ns(), target, observer.as_mut(), self.run_state)?;
        view.show(now_ns(), phase, self.run_state);
        sleep_until(next_look(now_ns(), self.run_state.window()));
        Ok(())
    }

    /// The end of each partition once every acked record can be read; after some patience, whatever can be.
    fn visible_ends(&self, cluster: &mut Cluster) -> Result<Vec<i64>, RunError> {
        let acked = self.run_state.totals().acked_records as i64;
        let started_ns = now_ns();
        let mut last = Vec::new();
        loop {
            let ends = cluster.end_offsets(&self.plan.topic)?;
            let added: i64 = ends.iter().zip(&self.plan.start_offsets).map(|(end, start)| end - start).sum();
            // Others may write to the topic too: so also wait until it rests.
            let is_patient = now_ns() - started_ns < VISIBLE_SECONDS_MAX * 1_000_000_000;
            if !is_patient || self.run_state.has_failed() || (added >= acked && ends == last) {
                return Ok(ends);
            }
            last = ends;
            std::thread::sleep(ENDS_STEP);
        }
    }
}

/// In a while, or at an edge of the window if that comes before: what is read there is to be of that instant.
fn next_look(now_ns: u64, window: Window) -> u64 {
    let edges = [window.from_ns, window.to_ns].into_iter().filter(|edge| *edge > now_ns);
    edges.fold(now_ns + LOOK_NS, u64::min)
}

/// Ends a run in which consumers get nothing more though their partitions hold more.
struct Stall {
    consumed: u64,
    since_ns: u64,
}

impl Stall {
    fn new(run_state: &RunState) -> Stall {
        Stall { consumed: run_state.totals().consumed_records, since_ns: now_ns() }
    }

    fn fail_if_stalled(&mut self, run_state: &RunState) {
        let consumed = run_state.totals().consumed_records;
        if consumed != self.consumed {
            *self = Stall { consumed, since_ns: now_ns() };
        }
        if now_ns() - self.since_ns > SILENCE_SECONDS_MAX * 1_000_000_000 {
            let why = format!(
                "{consumed} records were read, and then none for {SILENCE_SECONDS_MAX} s, although the partitions hold more"
            );
            run_state.fail(EngineError::Ended(why));
        }
    }
}
