//! Who used the CPUs, by `/proc`: programs on one side, the kernel's own threads on the other. A kernel thread writes
//! back what was written, brings a journal to the disk, or serves interrupts. That is work for the programs that run
//! here, the broker first.
//!
//! The time of a program that ends goes to the one that waited for it. So the sum over all programs, with the time
//! that they took over from others, misses nothing in between. The time of a kernel thread that ends is lost: kernel
//! threads are compared one by one.

use std::collections::BTreeMap;
use std::fs;

/// In the flags of a task: it is the kernel's, and has no program.
const PF_KTHREAD: u64 = 0x0020_0000;

/// CPU time used so far, in clock ticks.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Census {
    kernel: BTreeMap<u32, u64>,
    programs: u64,
}

/// What passed between two, CPU seconds.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Spent {
    /// By programs that may be seen, without those left out.
    pub programs_s: f64,
    /// By the kernel's threads; `None` where they may not be seen, as in a container.
    pub kernel_s: Option<f64>,
}

/// A line of `/proc/PID/stat`.
#[derive(Debug, PartialEq, Eq)]
struct Task {
    is_kernel: bool,
    own: u64,
    /// Of children that ended and were waited for.
    taken_over: u64,
}

impl Census {
    /// As it is now, without the processes in `left_out`.
    pub fn now(left_out: &[u32]) -> Census {
        let mut census = Census::default();
        for entry in fs::read_dir("/proc").into_iter().flatten().flatten() {
            let pid = entry.file_name().to_str().and_then(|name| name.parse().ok());
            let Some(pid) = pid.filter(|pid| !left_out.contains(pid)) else { continue };
            let stat = fs::read_to_string(entry.path().join("stat")); // it may just have ended
            if let Some(task) = stat.ok().as_deref().and_then(parse) {
                census.count(pid, &task);
            }
        }
        census
    }

    /// Of one thread of the kernel.
    #[cfg(test)]
    pub(super) fn of_kernel(pid: u32, ticks: u64) -> Census {
        Census { kernel: BTreeMap::from([(pid, ticks)]), programs: 0 }
    }

    fn count(&mut self, pid: u32, task: &Task) {
        if task.is_kernel {
            self.kernel.insert(pid, task.own);
        } else {
            self.programs += task.own + task.taken_over;
        }
    }

    /// What passed since `earlier`.
    pub fn since(&self, earlier: &Census) -> Spent {
        let per_s = rustix::param::clock_ticks_per_second() as f64;
        let more = |(pid, ticks): (&u32, &u64)| {
            ticks.saturating_sub(earlier.kernel.get(pid).copied().unwrap_or(0)) as f64
        };
        let kernel: f64 = self.kernel.iter().map(more).sum();
        Spent {
            programs_s: self.programs.saturating_sub(earlier.programs) as f64 / per_s,
            kernel_s: (!self.kernel.is_empty()).then_some(kernel / per_s),
        }
    }
}

/// `pid (name) state ppid pgrp session tty tpgid flags minflt cminflt majflt cmajflt utime stime cutime cstime ...`
fn parse(stat: &str) -> Option<Task> {
    let (_, rest) = stat.rsplit_once(')')?; // a name may hold anything
    let fields: Vec<&str> = rest.split_ascii_whitespace().collect();
    let number = |index: usize| fields.get(index)?.parse::<u64>().ok();
    Some(Task {
        is_kernel: number(6)? & PF_KTHREAD != 0,
        own: number(11)? + number(12)?,
        taken_over: number(13)? + number(14)?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stat(name: &str, flags: u64, ticks: [u64; 4]) -> String {
        let [user, system, children_user, children_system] = ticks;
        format!(
            "7 ({name}) S 2 0 0 0 -1 {flags} 0 0 0 0 {user} {system} {children_user} {children_system} 20 0 1 0"
        )
    }

    fn census(tasks: &[(u32, &str)]) -> Census {
        let mut census = Census::default();
        tasks.iter().for_each(|(pid, stat)| census.count(*pid, &parse(stat).unwrap()));
        census
    }

    #[test]
    fn the_kernels_threads_are_told_from_programs_whatever_their_names() {
        let writeback = parse(&stat("kworker/u8:3+flush-254:0", 69_238_880, [0, 9, 0, 0])).unwrap();
        assert_eq!(writeback, Task { is_kernel: true, own: 9, taken_over: 0 });
        let impostor = parse(&stat("kworker/0:1) S 2", 4_194_304, [5, 2, 30, 10])).unwrap();
        assert_eq!(impostor, Task { is_kernel: false, own: 7, taken_over: 40 });
        assert_eq!(parse("7 (half"), None);
        assert_eq!(parse("7 (half) S 1 2"), None);
    }

    #[test]
    fn a_program_that_ended_in_between_counts_and_a_kernel_thread_that_did_takes_nothing_away() {
        let kernel = |ticks| stat("kworker/0:2-events", PF_KTHREAD, [0, ticks, 0, 0]);
        let before = census(&[
            (1, &stat("init", 0, [1, 1, 10, 10])),
            (8, &stat("make", 0, [5, 5, 100, 0])),
            (9, &stat("rustc", 0, [300, 0, 0, 0])),
            (20, &kernel(500)),
            (21, &kernel(40)),
        ]);
        // rustc used 200 more and ended: make has it. So has init of a make that came and went.
        let after = census(&[
            (1, &stat("init", 0, [1, 1, 30, 10])),
            (8, &stat("make", 0, [5, 5, 600, 0])),
            (21, &kernel(45)),
            (22, &kernel(3)),
        ]);
        let per_s = rustix::param::clock_ticks_per_second() as f64;
        let spent = after.since(&before);
        assert_eq!(spent, Spent { programs_s: 220.0 / per_s, kernel_s: Some(8.0 / per_s) });
        assert_eq!(census(&[]).since(&census(&[])).kernel_s, None);
    }

    #[test]
    fn this_machines_tasks_are_read() {
        let census = Census::now(&[]);
        assert!(census.programs > 0, "this test is one");
        assert!(Census::now(&[]).since(&census).programs_s < 60.0);
    }
}
