//! Where a run took place, and what else the machine did meanwhile. Without both a number can't be judged later.

use crate::latency::Percentiles;
use serde::{Deserialize, Serialize};

/// The machine of the generator.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Machine {
    /// The processor, as it names itself.
    pub cpu: String,
    /// CPUs at hand.
    pub cpus: usize,
    /// The kernel's release.
    pub kernel: String,
    /// Bytes of memory.
    pub memory_bytes: u64,
    /// File system and device below the started broker's data, where known.
    pub disk: Option<String>,
}

/// What others took from the generator and the broker within the window. A share is of the window's time, all CPUs
/// together: 1 would be all of them all of the time.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Noise {
    /// How late a thread that only sleeps woke up: the machine's own hiccups.
    pub hiccup: Option<Percentiles>,
    /// CPU time that the hypervisor gave to others.
    pub steal_share: f64,
    /// Time in which some task waited for a CPU (PSI `cpu some`), where the kernel tells.
    pub cpu_pressure: Option<f64>,
    /// Time in which some task waited for a disk (PSI `io some`).
    pub io_pressure: Option<f64>,
    /// CPU time of programs that were neither the generator nor the broker; where `kernel_cpu_share` is not known, of the
    /// kernel's threads too.
    pub others_cpu_share: Option<f64>,
    /// CPU time of the kernel's own threads and of interrupts: its work for broker and generator, as writing their data to
    /// the disk.
    #[serde(default)]
    pub kernel_cpu_share: Option<f64>,
    /// What a quiet machine stays below, in the units of the fields of the same names.
    #[serde(default)]
    pub good_below: Option<GoodBelow>,
    /// Why this round should not be trusted alone, in words; empty for a quiet machine.
    pub flags: Vec<String>,
}

/// What a quiet machine stays below.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct GoodBelow {
    /// Microseconds, of `hiccup`.
    pub hiccup_p99_us: f64,
    /// A share.
    pub steal_share: f64,
    /// A share.
    pub others_cpu_share: f64,
    /// A share; no judgement where the load is the maximum, which makes pressure itself.
    pub cpu_pressure: f64,
    /// Likewise.
    pub io_pressure: f64,
}

/// What a quiet machine stays below.
pub const GOOD_BELOW: GoodBelow = GoodBelow {
    // A thread that only sleeps is up within 0.1 ms on a quiet machine; where one wake-up in a hundred comes later than this,
    // so do the generator's and the broker's, and a p99 of some milliseconds is not the broker's alone.
    hiccup_p99_us: 2_000.0,
    // One CPU second in a hundred gone to other guests of the host moves a throughput by as much.
    steal_share: 0.01,
    // Housekeeping takes two or three percent of a small machine; more is a program that runs besides.
    others_cpu_share: 0.05,
    // More, and a tenth of the time some task waited. At maximum that is broker and generator themselves, at a rate it is not.
    cpu_pressure: 0.1,
    io_pressure: 0.1,
};
