//! What else the machine did. A thread that does nothing but wake up finds its hiccups, and the kernel's counters say
//! who else had the CPUs. A round that was measured on a disturbed machine is flagged in words, never dropped.
//!
//! What the kernel does for broker and generator is no disturbance: its threads write the broker's own data to the
//! disk. (Its workers for io_uring are threads of the process that owns the ring, and count there.)

pub mod census;
pub mod counters;

use crate::edge::Edge;
use census::Spent;
use loadgen_engine::clock::{now_ns, sleep_until};
use loadgen_engine::run_state::RunState;
use loadgen_result::latency::Latency;
use loadgen_result::report::machine::{GOOD_BELOW, Noise};
use std::sync::Arc;

/// How often the hiccup thread means to wake up.
const HICCUP_STEP_NS: u64 = 1_000_000;
/// Measures how late wake-ups are from the window's start to its end.
pub fn measure_hiccups(run_state: &Arc<RunState>) -> Latency {
    let mut hiccups = Latency::default();
    // Without this the kernel may be 50 us late on purpose; refused, it is.
    let _ = rustix::thread::set_current_timer_slack(std::num::NonZeroU64::new(1));
    let mut at_ns = now_ns();
    while !run_state.has_failed() && at_ns < run_state.window().to_ns {
        sleep_until(at_ns);
        let now = now_ns();
        if run_state.window().contains(at_ns) {
            hiccups.record(now.saturating_sub(at_ns), 1);
        }
        // Wake-ups slept through are not made up for: the longest wait is recorded as one value, its length.
        at_ns += HICCUP_STEP_NS * ((now.saturating_sub(at_ns)) / HICCUP_STEP_NS + 1);
    }
    hiccups
}

/// What passed between the window's edges, and whether it disturbed.
pub fn noise([from, to]: [&Edge; 2], hiccups: &Latency) -> Noise {
    let window_s = to.at_ns.saturating_sub(from.at_ns).max(1) as f64 / 1e9;
    let all_s = (to.machine.all_s - from.machine.all_s).max(f64::MIN_POSITIVE);
    let passed = |from: Option<f64>, to: Option<f64>| Some((to? - from?) / window_s);
    let share = |seconds: f64| (seconds / all_s).clamp(0.0, 1.0);
    let spent = to.census.since(&from.census);
    let interrupts_s = to.machine.interrupts_s - from.machine.interrupts_s;
    let mut noise = Noise {
        hiccup: hiccups.percentiles(),
        steal_share: share(to.machine.stolen_s - from.machine.stolen_s),
        cpu_pressure: passed(from.machine.cpu_pressure_s, to.machine.cpu_pressure_s),
        io_pressure: passed(from.machine.io_pressure_s, to.machine.io_pressure_s),
        others_cpu_share: others_s([from, to], &spent).map(share),
        kernel_cpu_share: spent.kernel_s.map(|kernel_s| share(kernel_s + interrupts_s)),
        good_below: Some(GOOD_BELOW),
        flags: Vec::new(),
    };
    noise.flags = flags(&noise);
    noise
}

/// CPU time of programs that are neither the generator nor the broker. There are two ways to count it, and each
/// misses some. The first takes what the whole machine used less what is known. It has no names, and is a little too
/// low if interrupts are counted with the program that they interrupt. The second counts the programs one by one. It
/// sees only those that it may see.
fn others_s([from, to]: [&Edge; 2], spent: &Spent) -> Option<f64> {
    let broker_s = to.cpu.broker_s? - from.cpu.broker_s?;
    let own_s = to.cpu.generator_s - from.cpu.generator_s;
    let used_s = to.machine.used_s - from.machine.used_s;
    let rest_s = used_s - own_s - broker_s - spent.kernel_s.unwrap_or(0.0);
    Some(rest_s.max(spent.programs_s))
}

/// Pressure is not judged: generator and broker make most of it themselves.
fn flags(noise: &Noise) -> Vec<String> {
    let hiccup = noise
        .hiccup
        .filter(|hiccup| hiccup.p99_us > GOOD_BELOW.hiccup_p99_us)
        .map(|hiccup| format!("a thread that only sleeps woke up {:.1} ms late (p99)", hiccup.p99_us / 1e3));
    let percent = |share: f64, what: &str| format!("{what} {:.1} % of the CPU time", share * 100.0);
    let steal = (noise.steal_share > GOOD_BELOW.steal_share)
        .then(|| percent(noise.steal_share, "other guests of the host used"));
    let others = noise.others_cpu_share.filter(|share| *share > GOOD_BELOW.others_cpu_share);
    let who = match noise.kernel_cpu_share {
        Some(_) => "other programs used",
        None => "other programs or kernel threads (which can't be told apart here) used",
    };
    let others = others.map(|share| percent(share, who));
    [hiccup, steal, others].into_iter().flatten().collect()
}

#[cfg(test)]
mod tests {
    use super::census::Census;
    use super::counters::Counters;
    use super::*;
    use crate::cost::CpuSpent;

    fn edge(at_ns: u64, broker_s: f64, generator_s: f64, used_s: f64, stolen_s: f64) -> Edge {
        let all_s = 2.0 * at_ns as f64 / 1e9;
        let machine =
            Counters { used_s, stolen_s, all_s, cpu_pressure_s: Some(used_s), ..Counters::default() };
        Edge { at_ns, cpu: CpuSpent { broker_s: Some(broker_s), generator_s }, machine, ..Edge::default() }
    }

    #[test]
    fn a_quiet_machine_has_no_flags() {
        let (from, to) = (edge(0, 0.0, 0.0, 0.0, 0.0), edge(10_000_000_000, 8.0, 9.0, 17.2, 0.0));
        let mut hiccups = Latency::default();
        hiccups.record(60_000, 10_000);
        let noise = noise([&from, &to], &hiccups);
        assert!(noise.flags.is_empty(), "{noise:?}");
        assert!(
            (0.009..0.011).contains(&noise.others_cpu_share.unwrap()),
            "0.2 of 20 CPU seconds: {noise:?}"
        );
        assert_eq!((noise.cpu_pressure, noise.io_pressure), (Some(1.72), None));
    }

    #[test]
    fn each_disturbance_is_named() {
        let (from, to) = (edge(0, 0.0, 0.0, 0.0, 0.0), edge(10_000_000_000, 4.0, 4.0, 12.0, 1.0));
        let mut hiccups = Latency::default();
        hiccups.record(60_000, 9_000);
        hiccups.record(12_000_000, 1_000);
        let flags = noise([&from, &to], &hiccups).flags;
        assert_eq!(
            flags,
            [
                "a thread that only sleeps woke up 12.0 ms late (p99)",
                "other guests of the host used 5.0 % of the CPU time",
                "other programs or kernel threads (which can't be told apart here) used 20.0 % of the CPU time"
            ]
        );
    }

    /// The kernel's writeback of what the broker wrote.
    #[test]
    fn what_the_kernel_does_for_the_broker_does_not_disturb() {
        let ticks = rustix::param::clock_ticks_per_second();
        let (mut from, mut to) = (edge(0, 0.0, 0.0, 0.0, 0.0), edge(10_000_000_000, 4.0, 4.0, 12.0, 0.0));
        (from.census, to.census) = (Census::of_kernel(5, 0), Census::of_kernel(5, 3 * ticks));
        to.machine.interrupts_s = 1.0;
        let seen = noise([&from, &to], &Latency::default());
        assert_eq!((seen.kernel_cpu_share, seen.others_cpu_share), (Some(0.2), Some(0.05)), "{seen:?}");
        assert!(seen.flags.is_empty(), "{seen:?}");
        to.machine.used_s = 13.0;
        let seen = noise([&from, &to], &Latency::default());
        assert_eq!(seen.flags, ["other programs used 10.0 % of the CPU time"]);
    }
}
