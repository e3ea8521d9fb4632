//! What the main thread sees of a run from outside: counters at both ends of the window, CPU time piece by piece, and
//! the machine's hiccups in between.

use crate::broker_stages::Snapshot;
use crate::cost::CpuSpent;
use crate::edge::{Edge, Past, cpu};
use crate::error::HostError;
use crate::noise::measure_hiccups;
use loadgen_engine::clock::now_ns;
use loadgen_engine::run_state::RunState;
use loadgen_result::latency::Latency;
use loadgen_result::report::series::{BetweenCores, StageTime};
use std::sync::Arc;
use std::thread::{self, JoinHandle};

/// CPU time used up to an instant.
#[derive(Debug, Clone, Copy)]
pub struct CpuSample {
    /// The instant.
    pub at_ns: u64,
    /// Up to then.
    pub cpu: CpuSpent,
}

/// Watches from the load's start to the window's end.
pub struct Observer {
    broker_pid: Option<u32>,
    /// The broker's admin listener.
    admin: Option<String>,
    /// Of the broker's former generations.
    past: Past,
    run_state: Arc<RunState>,
    hiccups: JoinHandle<Latency>,
    piece: Option<usize>,
    samples: Vec<CpuSample>,
    /// At the last look that found it alive.
    last_broker_s: Option<f64>,
    has_begun: bool,
    from: Option<Edge>,
    to: Option<Edge>,
    stages: [Option<Snapshot>; 2],
    stages_untold: Option<String>,
}

/// All that was seen.
#[derive(Debug, Clone)]
pub struct Observed {
    /// At the window's start.
    pub from: Edge,
    /// At its end.
    pub to: Edge,
    /// After the last ack: what was in flight at the window's end cost CPU too.
    pub at_last_ack: CpuSpent,
    /// One at each piece's end, more or less.
    pub samples: Vec<CpuSample>,
    /// How late wake-ups were.
    pub hiccups: Latency,
    /// Where the broker's time went, where it tells.
    pub stages: Vec<StageTime>,
    /// What its cores asked of each other, where it tells.
    pub between_cores: Option<BetweenCores>,
    /// Why they are not told though the broker has an admin listener.
    pub stages_untold: Option<String>,
}

impl Observer {
    /// Begins to watch a run whose state has begun. If the window begins with the load, `idle` was read before. So
    /// nothing is missed, however late this thread is.
    pub fn start(
        broker_pid: Option<u32>,
        admin: Option<String>,
        run_state: &Arc<RunState>,
        idle: Option<Edge>,
    ) -> Result<Observer, HostError> {
        let for_thread = run_state.clone();
        let thread = thread::Builder::new().name("hiccups".into());
        let hiccups =
            thread.spawn(move || measure_hiccups(&for_thread)).map_err(HostError::system("a thread"))?;
        let run_state = run_state.clone();
        Ok(Observer {
            broker_pid,
            admin,
            past: Past::default(),
            run_state,
            hiccups,
            piece: None,
            samples: vec![],
            last_broker_s: None,
            has_begun: false,
            from: idle,
            to: None,
            stages: [None, None],
            stages_untold: None,
        })
    }

    /// Notes what is to be noted by now; called often.
    pub fn look(&mut self) {
        let (now, window) = (now_ns(), self.run_state.window());
        let (piece, cpu) = (Some(self.run_state.grid().index(now)), self.cpu());
        self.last_broker_s = cpu.broker_s.or(self.last_broker_s);
        if self.piece != piece {
            self.piece = piece;
            self.samples.push(CpuSample { at_ns: now, cpu });
        }
        if now >= window.from_ns && !self.has_begun {
            self.has_begun = true;
            self.from.get_or_insert_with(|| Edge::now(self.broker_pid, &self.past));
            self.stages[0] = self.read_stages();
        }
        if now >= window.to_ns && self.to.is_none() {
            self.to = Some(self.edge());
            self.stages[1] = self.read_stages();
        }
    }

    /// The window is over, and nothing is in flight.
    pub fn finish(mut self) -> Observed {
        self.look();
        let at_last_ack = self.kept(self.cpu());
        self.samples.push(CpuSample { at_ns: now_ns(), cpu: at_last_ack });
        if self.stages[1].is_none() {
            self.stages[1] = self.read_stages();
        }
        let to = self.to.take().unwrap_or_else(|| self.edge());
        let from = self.from.take().unwrap_or_else(|| to.clone());
        let hiccups = self.hiccups.join().expect("it only sleeps and counts");
        let (stages, between_cores) = match &self.stages {
            [Some(from), Some(to)] => (to.since(from), to.between_cores_since(from)),
            _ => (Vec::new(), None),
        };
        Observed {
            from,
            to,
            at_last_ack,
            samples: self.samples,
            hiccups,
            stages,
            between_cores,
            stages_untold: self.stages_untold,
        }
    }

    /// A broker that does not answer has no stages to show. That does not end a load, but it is reported.
    fn read_stages(&mut self) -> Option<Snapshot> {
        match Snapshot::read(self.admin.as_deref()?) {
            Ok(snapshot) => Some(snapshot),
            Err(why) => {
                self.stages_untold.get_or_insert_with(|| why.to_string());
                None
            }
        }
    }

    /// The broker is about to be killed: what it used counts on.
    pub fn before_kill(&mut self) {
        let Edge { cpu, broker_io, broker_peak_memory_bytes, .. } = self.edge();
        self.past = Past {
            cpu_s: cpu.broker_s.unwrap_or(self.past.cpu_s),
            io: broker_io.unwrap_or(self.past.io),
            peak_memory_bytes: broker_peak_memory_bytes.unwrap_or(self.past.peak_memory_bytes),
        };
    }

    /// The broker goes on as another process. Its histograms began anew, so no two snapshots can be compared.
    pub fn after_restart(&mut self, broker_pid: Option<u32>) {
        self.broker_pid = broker_pid;
        self.admin = None;
        self.stages = [None, None];
    }

    fn cpu(&self) -> CpuSpent {
        cpu(self.broker_pid, &self.past)
    }

    fn edge(&self) -> Edge {
        let edge = Edge::now(self.broker_pid, &self.past);
        Edge { cpu: self.kept(edge.cpu), ..edge }
    }

    /// What a broker that has died used is what it had used when it was last looked at.
    fn kept(&self, cpu: CpuSpent) -> CpuSpent {
        CpuSpent { broker_s: cpu.broker_s.or(self.last_broker_s), ..cpu }
    }
}

impl Observed {
    /// CPU time used up to `at_ns`, between two samples in proportion.
    pub fn cpu_at(&self, at_ns: u64) -> CpuSpent {
        let after = self.samples.partition_point(|sample| sample.at_ns <= at_ns);
        let last = self.samples.len() - 1;
        let (before, after) = (&self.samples[after.saturating_sub(1)], &self.samples[after.min(last)]);
        let span = after.at_ns.saturating_sub(before.at_ns).max(1) as f64;
        let share = (at_ns.saturating_sub(before.at_ns) as f64 / span).min(1.0);
        let between = |from: f64, to: f64| from + (to - from) * share;
        CpuSpent {
            broker_s: before.cpu.broker_s.zip(after.cpu.broker_s).map(|(from, to)| between(from, to)),
            generator_s: between(before.cpu.generator_s, after.cpu.generator_s),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cpu_time_between_samples_is_in_proportion() {
        let sample = |at_ns, cpu_s| CpuSample {
            at_ns,
            cpu: CpuSpent { broker_s: Some(cpu_s), generator_s: 2.0 * cpu_s },
        };
        let samples = vec![sample(100, 1.0), sample(200, 2.0), sample(400, 6.0)];
        let observed = Observed {
            from: Edge::default(),
            to: Edge::default(),
            at_last_ack: CpuSpent::default(),
            samples,
            hiccups: Latency::default(),
            stages: Vec::new(),
            between_cores: None,
            stages_untold: None,
        };
        for (at_ns, cpu_s) in
            [(0, 1.0), (100, 1.0), (150, 1.5), (200, 2.0), (300, 4.0), (400, 6.0), (900, 6.0)]
        {
            let cpu = observed.cpu_at(at_ns);
            assert_eq!((cpu.broker_s, cpu.generator_s), (Some(cpu_s), 2.0 * cpu_s), "at {at_ns}");
        }
    }
}
