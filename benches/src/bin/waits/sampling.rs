//! Where the kernel's trace cannot be had: looks at each thread again and again, and notes where it is while it waits for
//! a disk or a lock (state D). Short waits are missed, and a wait's length is known to a sampling step.

use std::collections::HashMap;
use std::fs;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use crate::event::Tid;
use crate::place::Place;
use crate::turns::{Span, Turn};

const STEP: Duration = Duration::from_micros(200);

/// What a look showed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Look {
    pub(crate) stack: Vec<String>,
    pub(crate) call: Option<u32>,
}

/// Waits that go on, by thread.
#[derive(Default)]
pub(crate) struct Waits {
    open: HashMap<Tid, (u64, Look)>,
    pub(crate) slow: Vec<Turn>,
    /// How many waits each thread had.
    pub(crate) counts: HashMap<Tid, u64>,
}

impl Waits {
    /// A thread at an instant; `None` if it does not wait. A wait at another place is another one.
    pub(crate) fn take(&mut self, tid: Tid, at_ns: u64, look: Option<Look>, slower_than_ns: u64) {
        if let (Some((_, open)), Some(look)) = (self.open.get(&tid), &look)
            && open == look
        {
            return;
        }
        if let Some((since, Look { stack, call })) = self.open.remove(&tid) {
            let ns = at_ns.saturating_sub(since);
            *self.counts.entry(tid).or_default() += 1;
            if ns >= slower_than_ns {
                let spans = vec![Span { place: Place::of(&stack), call, ns, stack }];
                self.slow.push(Turn { tid, began_ns: since, spans });
            }
        }
        self.open.extend(look.map(|look| (tid, (at_ns, look))));
    }
}

/// Looks until `is_over`.
pub(crate) fn sample(pid: u32, tids: &[Tid], slower_than_ns: u64, is_over: &AtomicBool) -> Waits {
    let (mut waits, began) = (Waits::default(), Instant::now());
    while !is_over.load(Ordering::Relaxed) {
        for tid in tids {
            let look = look(pid, *tid);
            waits.take(*tid, began.elapsed().as_nanos() as u64, look, slower_than_ns);
        }
        std::thread::sleep(STEP);
    }
    waits
}

fn look(pid: u32, tid: Tid) -> Option<Look> {
    let of = |name: &str| fs::read_to_string(format!("/proc/{pid}/task/{tid}/{name}"));
    let stat = of("stat").ok()?;
    // The name in brackets may hold anything.
    let state = stat.rsplit_once(") ")?.1.chars().next()?;
    if state != 'D' {
        return None;
    }
    let stack = of("stack").map_or_else(|_| of("wchan").into_iter().collect(), |text| functions(&text));
    let call = of("syscall").ok().and_then(|text| text.split(' ').next()?.parse().ok());
    Some(Look { stack, call })
}

/// `[<0>] folio_wait_bit_common+0x167/0x2c0`
fn functions(text: &str) -> Vec<String> {
    let names = text.lines().filter_map(|line| line.split("] ").nth(1));
    names.map(|name| name.split(['+', '.']).next().unwrap_or(name).to_owned()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn looks_at_one_place_are_one_wait() {
        let at = |stack: &str| Some(Look { stack: functions(stack), call: Some(296) });
        let jbd = "[<0>] start_this_handle+0x1/0x2\n[<0>] jbd2__journal_start.part.0+0x1/0x2\n";
        let mut waits = Waits::default();
        let looks = [None, at(jbd), at(jbd), at("[<0>] rq_qos_wait+0x1/0x2\n"), None];
        for (i, look) in looks.into_iter().enumerate() {
            waits.take(7, 1000 * i as u64, look, 1500);
        }
        assert_eq!((waits.counts[&7], waits.slow.len()), (2, 1));
        let span = &waits.slow[0].spans[0];
        assert_eq!((span.place.said(), span.ns), ("jbd2: no handle while a commit is locked", 2000));
        assert_eq!(span.stack, ["start_this_handle", "jbd2__journal_start"]);
    }
}
