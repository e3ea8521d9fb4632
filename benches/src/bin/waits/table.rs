//! The slow turns as a table: where the time went, in how many of them, and how long at most. Then the slowest one by one,
//! and the stacks behind the longest waits.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use crate::place::Place;
use crate::turns::{Span, Turn};

/// Functions of a stack that are shown.
const FRAMES: usize = 8;
/// Stacks that are shown.
const STACKS: usize = 6;
/// Columns of the terminal.
const WIDTH: usize = 120;

#[derive(Default)]
struct Sum {
    turns: usize,
    ns: u64,
    longest_ns: u64,
}

/// The table of all slow turns. Time outside of system calls is called so.
pub(crate) fn places(slow: &[Turn], outside_calls: &str) -> String {
    let mut sums: BTreeMap<(Place, Option<u32>), Sum> = BTreeMap::new();
    for turn in slow {
        for (key, ns) in of_turn(turn) {
            let sum = sums.entry(key).or_default();
            sum.turns += 1;
            sum.ns += ns;
            sum.longest_ns = sum.longest_ns.max(ns);
        }
    }
    let all: u64 = sums.values().map(|sum| sum.ns).sum();
    let mut rows: Vec<_> = sums.into_iter().collect();
    rows.sort_by_key(|(_, sum)| std::cmp::Reverse(sum.ns));
    let mut text = format!(
        "{:52} {:16} {:>10} {:>10} {:>6} {:>12}\n",
        "where", "in", "slow turns", "total ms", "part", "most in one"
    );
    for ((place, call), sum) in rows {
        let part = 100.0 * sum.ns as f64 / all.max(1) as f64;
        // Writing to a String cannot fail.
        let _ = writeln!(
            text,
            "{:52} {:16} {:>10} {:>10.2} {part:>5.1}% {:>12.2}",
            place.said(),
            call_name(call, outside_calls),
            sum.turns,
            ms(sum.ns),
            ms(sum.longest_ns)
        );
    }
    text
}

/// Time of a turn by place and system call.
fn of_turn(turn: &Turn) -> BTreeMap<(Place, Option<u32>), u64> {
    let mut sums = BTreeMap::new();
    for span in &turn.spans {
        *sums.entry((span.place.clone(), span.call)).or_default() += span.ns;
    }
    sums
}

/// The `count` slowest, each with the places that took a tenth of it or more.
pub(crate) fn slowest(slow: &[Turn], count: usize, outside_calls: &str) -> String {
    let mut turns: Vec<&Turn> = slow.iter().collect();
    turns.sort_by_key(|turn| std::cmp::Reverse(turn.ns()));
    let mut text = String::new();
    for turn in turns.into_iter().take(count) {
        let mut parts: Vec<_> = of_turn(turn).into_iter().collect();
        parts.retain(|(_, ns)| ns * 10 >= turn.ns());
        parts.sort_by_key(|(_, ns)| std::cmp::Reverse(*ns));
        let parts: Vec<String> = parts
            .into_iter()
            .map(|((place, call), ns)| {
                format!("{:.2} {} [{}]", ms(ns), place.said(), call_name(call, outside_calls))
            })
            .collect();
        let line = format!(
            "{:>9.2} ms at {:.3} s, thread {}: {}",
            ms(turn.ns()),
            turn.began_ns as f64 / 1e9,
            turn.tid,
            parts.join("; ")
        );
        let _ = writeln!(text, "{}", cut(&line));
    }
    text
}

/// The stacks in which most of the slow turns' time was spent waiting.
pub(crate) fn stacks(slow: &[Turn]) -> String {
    let mut sums: BTreeMap<&[String], (usize, u64)> = BTreeMap::new();
    let spans = slow.iter().flat_map(|turn| &turn.spans);
    for Span { stack, ns, .. } in spans.filter(|span| !span.stack.is_empty()) {
        let sum = sums.entry(stack).or_default();
        *sum = (sum.0 + 1, sum.1 + ns);
    }
    let mut rows: Vec<_> = sums.into_iter().collect();
    rows.sort_by_key(|(_, (_, ns))| std::cmp::Reverse(*ns));
    let mut text = String::new();
    for (stack, (count, ns)) in rows.into_iter().take(STACKS) {
        let is_shown =
            |function: &&String| !function.contains("sched_switch") && !function.contains("schedule");
        let frames: Vec<&str> = stack.iter().filter(is_shown).take(FRAMES).map(String::as_str).collect();
        let _ = writeln!(text, "{:>9.2} ms in {count}: {}", ms(ns), wrapped(&frames));
    }
    text
}

/// Functions, the innermost first, in lines.
fn wrapped(frames: &[&str]) -> String {
    let (mut text, mut column) = (String::new(), 24);
    for (i, frame) in frames.iter().enumerate() {
        let piece = if i == 0 { (*frame).to_owned() } else { format!(" < {frame}") };
        if column + piece.len() > WIDTH {
            text.push_str("\n             ");
            column = 13;
        }
        column += piece.len();
        text.push_str(&piece);
    }
    text
}

fn cut(line: &str) -> String {
    line.chars().take(WIDTH).collect()
}

fn ms(ns: u64) -> f64 {
    ns as f64 / 1e6
}

/// The system calls of x86-64 that a broker makes; another one has its number.
#[cfg(target_arch = "x86_64")]
const CALLS: [(u32, &str); 25] = [
    (0, "read"),
    (1, "write"),
    (3, "close"),
    (9, "mmap"),
    (10, "mprotect"),
    (17, "pread64"),
    (18, "pwrite64"),
    (40, "sendfile"),
    (44, "sendto"),
    (48, "shutdown"),
    (74, "fsync"),
    (75, "fdatasync"),
    (76, "truncate"),
    (77, "ftruncate"),
    (82, "rename"),
    (87, "unlink"),
    (202, "futex"),
    (221, "fadvise64"),
    (257, "openat"),
    (263, "unlinkat"),
    (277, "sync_file_range"),
    (285, "fallocate"),
    (296, "pwritev"),
    (328, "pwritev2"),
    (426, "io_uring_enter"),
];
/// Elsewhere numbers say it.
#[cfg(not(target_arch = "x86_64"))]
const CALLS: [(u32, &str); 0] = [];

fn call_name(call: Option<u32>, outside_calls: &str) -> String {
    let Some(number) = call else { return outside_calls.to_owned() };
    let name = CALLS.iter().find(|(known, _)| *known == number).map(|(_, name)| (*name).to_owned());
    name.unwrap_or_else(|| format!("call {number}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn span(place: Place, call: Option<u32>, ms: u64, stack: &[&str]) -> Span {
        let stack = stack.iter().map(|frame| (*frame).to_owned()).collect();
        Span { place, call, ns: ms * 1_000_000, stack }
    }

    fn turns() -> [Turn; 2] {
        let handle = Place::Known("jbd2: no handle while a commit is locked");
        let stack = ["schedule", "start_this_handle", "jbd2__journal_start"];
        let first = vec![
            span(Place::Running, None, 1, &[]),
            span(handle.clone(), Some(296), 6, &stack),
            span(handle.clone(), Some(296), 3, &stack),
        ];
        let second = vec![span(handle, Some(296), 30, &stack), span(Place::Running, None, 2, &[])];
        [first, second].map(|spans| Turn { tid: 7, began_ns: 1_500_000_000, spans })
    }

    #[test]
    #[cfg(target_arch = "x86_64")]
    fn time_is_summed_by_place_and_call() {
        let text = places(&turns(), "the program");
        let rows: Vec<Vec<&str>> = text.lines().map(|line| line.split_whitespace().collect()).collect();
        let tail = |row: &[&str]| row[row.len() - 5..].join(" ");
        assert!(text.lines().nth(1).is_some_and(|line| line.starts_with("jbd2: no handle")), "{text}");
        assert_eq!(tail(&rows[1]), "pwritev 2 39.00 92.9% 30.00", "{text}");
        assert_eq!(tail(&rows[2]), "program 2 3.00 7.1% 2.00", "{text}");
        assert!(text.lines().all(|line| line.len() <= WIDTH), "{text}");
    }

    #[test]
    fn the_slowest_come_first_and_little_things_are_left_out() {
        let text = slowest(&turns(), 1, "the program");
        assert_eq!(text.lines().count(), 1);
        assert!(text.starts_with("    32.00 ms at 1.500 s, thread 7: 30.00 jbd2: no handle"), "{text}");
        assert!(!text.contains("it ran"), "{text}");
    }

    #[test]
    fn equal_stacks_are_one() {
        let text = stacks(&turns());
        assert_eq!(text, "    39.00 ms in 3: start_this_handle < jbd2__journal_start\n");
        let long = vec!["a_function_with_a_long_name_in_it"; 8];
        assert!(wrapped(&long).lines().all(|line| line.len() <= WIDTH), "{}", wrapped(&long));
    }
}
