//! The kernel's counters of the whole machine.

use std::fs;

/// The kernel's counters of the whole machine.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Counters {
    /// CPU seconds spent running programs and the kernel's threads, over all CPUs.
    pub used_s: f64,
    /// CPU seconds spent in interrupts, soft ones included.
    pub interrupts_s: f64,
    /// CPU seconds given to other guests of the host.
    pub stolen_s: f64,
    /// CPU seconds there were, idle ones included.
    pub all_s: f64,
    /// Seconds in which some task waited for a CPU.
    pub cpu_pressure_s: Option<f64>,
    /// Seconds in which some task waited for a disk.
    pub io_pressure_s: Option<f64>,
}

impl Counters {
    /// As they are now; zero where the kernel does not count.
    pub fn now() -> Counters {
        let stat = fs::read_to_string("/proc/stat").unwrap_or_default();
        let pressure = |of: &str| fs::read_to_string(format!("/proc/pressure/{of}")).ok();
        Counters {
            cpu_pressure_s: pressure("cpu").and_then(|text| parse_pressure(&text)),
            io_pressure_s: pressure("io").and_then(|text| parse_pressure(&text)),
            ..parse_stat(&stat).unwrap_or_default()
        }
    }
}

/// The line of all CPUs: user nice system idle iowait irq softirq steal guest ..., where user holds guest.
fn parse_stat(stat: &str) -> Option<Counters> {
    let fields = stat.lines().next()?.strip_prefix("cpu ")?.split_ascii_whitespace();
    let ticks: Vec<f64> = fields.map_while(|field| field.parse().ok()).take(8).collect();
    let [user, nice, system, idle, iowait, irq, softirq, steal] = ticks[..] else { return None };
    let per_s = rustix::param::clock_ticks_per_second() as f64;
    let (used, interrupts) = (user + nice + system, irq + softirq);
    Some(Counters {
        used_s: used / per_s,
        interrupts_s: interrupts / per_s,
        stolen_s: steal / per_s,
        all_s: (used + interrupts + idle + iowait + steal) / per_s,
        ..Counters::default()
    })
}

/// `some avg10=... total=<microseconds>`
fn parse_pressure(text: &str) -> Option<f64> {
    let some = text.lines().find(|line| line.starts_with("some "))?;
    some.rsplit_once("total=")?.1.trim().parse::<f64>().ok().map(|us| us / 1e6)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counters_are_those_of_all_cpus() {
        let per_s = rustix::param::clock_ticks_per_second() as f64;
        let stat = "cpu  100 20 30 400 50 6 7 8 90 0\ncpu0 1 1 1 1 1 1 1 1 1 1\n";
        let counters = parse_stat(stat).unwrap();
        assert_eq!((counters.used_s, counters.interrupts_s), (150.0 / per_s, 13.0 / per_s));
        assert_eq!((counters.stolen_s, counters.all_s), (8.0 / per_s, 621.0 / per_s));
        assert_eq!(parse_stat("cpu 1 2 3"), None);
        assert_eq!(parse_pressure("some avg10=1.00 total=2500000\nfull avg10=0.00 total=7\n"), Some(2.5));
    }
}
