//! Counters of broker, generator and machine at one instant, such as an edge of the window.

use crate::cost::{self, CpuSpent, ProcessIo};
use crate::noise::census::Census;
use crate::noise::counters::Counters;
use loadgen_engine::clock::now_ns;

/// Counters at one instant.
#[derive(Debug, Clone, Default)]
pub struct Edge {
    /// The instant.
    pub at_ns: u64,
    /// Of broker and generator.
    pub cpu: CpuSpent,
    /// Of the machine.
    pub machine: Counters,
    /// The census of all tasks but broker and generator.
    pub census: Census,
    /// The broker's, where it may be seen.
    pub broker_io: Option<ProcessIo>,
    /// The broker's so far, bytes.
    pub broker_peak_memory_bytes: Option<u64>,
}

/// What a broker that was killed had used.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Past {
    pub(crate) cpu_s: f64,
    pub(crate) io: ProcessIo,
    pub(crate) peak_memory_bytes: u64,
}

pub(crate) fn cpu(broker_pid: Option<u32>, past: &Past) -> CpuSpent {
    let broker_s = broker_pid.and_then(cost::cpu_seconds);
    CpuSpent { broker_s: broker_s.map(|seconds| seconds + past.cpu_s), generator_s: cost::own_cpu_seconds() }
}

impl Edge {
    /// Before the load, of a broker in its first generation.
    pub fn before(broker_pid: Option<u32>) -> Edge {
        Edge::now(broker_pid, &Past::default())
    }

    pub(crate) fn now(broker_pid: Option<u32>, past: &Past) -> Edge {
        let peak = broker_pid.and_then(cost::peak_memory_bytes);
        Edge {
            at_ns: now_ns(),
            cpu: cpu(broker_pid, past),
            machine: Counters::now(),
            census: Census::now(
                &[Some(std::process::id()), broker_pid].into_iter().flatten().collect::<Vec<_>>(),
            ),
            broker_io: broker_pid.and_then(cost::process_io).map(|io| io.and(past.io)),
            broker_peak_memory_bytes: peak.map(|bytes| bytes.max(past.peak_memory_bytes)),
        }
    }
}
