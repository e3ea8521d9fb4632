//! A thread's time, turn by turn of its loop: in each turn, how long it ran and how long it waited, where, and in which
//! system call.
//!
//! A turn begins when the ring's system call returns, or when the thread that slept in it is woken. It ends as the next
//! such sleep begins, or the next such call returns. A turn of one of the ring's workers is a piece of work, such as a sync. So nothing that a request has to wait for on this thread lies
//! between two turns.

use std::collections::HashMap;
use std::mem;

use crate::event::{Event, Kind, Line, Tid};
use crate::place::Place;

/// The ring's system call.
const IO_URING_ENTER: u32 = 426;

/// Time at one place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Span {
    pub(crate) place: Place,
    /// The system call that it was in.
    pub(crate) call: Option<u32>,
    pub(crate) ns: u64,
    /// Where it was, the innermost function first.
    pub(crate) stack: Vec<String>,
}

/// One turn of a thread's loop.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Turn {
    pub(crate) tid: Tid,
    pub(crate) began_ns: u64,
    pub(crate) spans: Vec<Span>,
}

impl Turn {
    pub(crate) fn ns(&self) -> u64 {
        self.spans.iter().map(|span| span.ns).sum()
    }

    /// Times without a stack are one span for each place and system call.
    fn add(&mut self, span: Span) {
        if span.ns == 0 {
            return;
        }
        let has_no_stack = span.stack.is_empty();
        let is_same = |known: &&mut Span| {
            has_no_stack && known.place == span.place && known.call == span.call && known.stack.is_empty()
        };
        match self.spans.iter_mut().find(is_same) {
            Some(known) => known.ns += span.ns,
            None => self.spans.push(span),
        }
    }
}

/// What a thread does.
enum State {
    Runs { since: u64 },
    Off(Off),
}

/// It is off the CPU.
struct Off {
    since: u64,
    /// It waits for nothing but a CPU.
    could_go_on: bool,
    /// The CPU that it had.
    cpu: u32,
    /// Since when it could go on, if it can.
    runnable_since: Option<u64>,
    stack: Vec<String>,
    /// Who had the CPU since then, up to an instant.
    others: Vec<Span>,
    told_until: u64,
}

impl Off {
    /// Another had the CPU, up to `at`.
    fn other_ran(&mut self, at: u64, place: Place, call: Option<u32>) {
        let Some(runnable_since) = self.runnable_since else { return };
        let ns = at.saturating_sub(runnable_since.max(self.told_until));
        self.told_until = at;
        match self.others.iter_mut().find(|span| span.place == place) {
            Some(known) => known.ns += ns,
            None => self.others.push(Span { place, call, ns, stack: Vec::new() }),
        }
    }
}

struct Thread {
    state: State,
    call: Option<u32>,
    /// It has slept in the system call that it is in, with nothing to do.
    was_idle: bool,
    turn: Turn,
}

/// Reads lines, and gives the turns that took long.
pub(crate) struct Turns {
    threads: HashMap<Tid, Option<Thread>>,
    /// Whose stack the next frames are.
    stack_of: Option<Tid>,
    slower_than_ns: u64,
    pub(crate) slow: Vec<Turn>,
    /// How many turns each thread has made.
    pub(crate) turns: HashMap<Tid, u64>,
    pub(crate) lost: u64,
}

impl Turns {
    /// Of these threads.
    pub(crate) fn of(tids: &[Tid], slower_than_ns: u64) -> Turns {
        let threads = tids.iter().map(|tid| (*tid, None)).collect();
        Turns { threads, stack_of: None, slower_than_ns, slow: Vec::new(), turns: HashMap::new(), lost: 0 }
    }

    pub(crate) fn read(&mut self, line: &str) {
        match Line::read(line) {
            Some(Line::Event(event)) => {
                self.stack_of = None;
                self.take(&event);
            }
            Some(Line::Frame(function)) => self.frame(function),
            Some(Line::Lost(count)) => {
                self.lost += count;
                // What they did meanwhile is not known.
                self.threads.values_mut().for_each(|thread| *thread = None);
            }
            None => {}
        }
    }

    fn take(&mut self, event: &Event) {
        let at = event.at_ns;
        match &event.kind {
            Kind::Enter { tid, call } => self.with(*tid, at, |thread| thread.enter(at, *call)),
            Kind::Exit { tid, .. } => self.with(*tid, at, |thread| thread.exit(at)),
            Kind::Switch { from, name, could_go_on, to } => {
                let threads = self.threads.values_mut().flatten();
                threads.for_each(|thread| thread.other_ran(at, event.cpu, name));
                self.with(*from, at, |thread| thread.leave(at, event.cpu, *could_go_on));
                self.with(*to, at, |thread| thread.come_back(at, name));
            }
            Kind::Waking { tid } => self.with(*tid, at, |thread| thread.wake(at)),
            Kind::Stack { tid } => self.stack_of = Some(*tid),
        }
    }

    fn frame(&mut self, function: String) {
        let thread = self.stack_of.and_then(|tid| self.threads.get_mut(&tid));
        if let Some(Some(Thread { state: State::Off(off), .. })) = thread {
            off.stack.push(function);
        }
    }

    /// A thread is known from its first event on.
    fn with(&mut self, tid: Tid, at: u64, act: impl FnOnce(&mut Thread) -> Option<Turn>) {
        let Some(thread) = self.threads.get_mut(&tid) else { return };
        let Some(turn) = act(thread.get_or_insert_with(|| Thread::new(tid, at))) else { return };
        *self.turns.entry(tid).or_default() += 1;
        if turn.ns() >= self.slower_than_ns {
            self.slow.push(turn);
        }
    }
}

impl Thread {
    fn new(tid: Tid, at: u64) -> Thread {
        let turn = Turn { tid, began_ns: at, spans: Vec::new() };
        Thread { state: State::Runs { since: at }, call: None, was_idle: false, turn }
    }

    /// Counts the time that it ran.
    fn ran(&mut self, at: u64) {
        if let State::Runs { since } = &mut self.state {
            let ns = at.saturating_sub(*since);
            *since = at;
            self.turn.add(Span { place: Place::Running, call: self.call, ns, stack: Vec::new() });
        }
    }

    fn end_turn(&mut self, next_begins: u64) -> Turn {
        let next = Turn { tid: self.turn.tid, began_ns: next_begins, spans: Vec::new() };
        mem::replace(&mut self.turn, next)
    }

    fn enter(&mut self, at: u64, call: u32) -> Option<Turn> {
        self.ran(at);
        (self.call, self.was_idle) = (Some(call), false);
        None
    }

    fn exit(&mut self, at: u64) -> Option<Turn> {
        self.ran(at);
        let call = self.call.take();
        (call == Some(IO_URING_ENTER) && !self.was_idle).then(|| self.end_turn(at))
    }

    fn leave(&mut self, at: u64, cpu: u32, could_go_on: bool) -> Option<Turn> {
        self.ran(at);
        let runnable_since = could_go_on.then_some(at);
        let (stack, others) = (Vec::new(), Vec::new());
        self.state =
            State::Off(Off { since: at, could_go_on, cpu, runnable_since, stack, others, told_until: at });
        None
    }

    fn wake(&mut self, at: u64) -> Option<Turn> {
        if let State::Off(off) = &mut self.state {
            off.runnable_since.get_or_insert(at);
        }
        None
    }

    /// A thread of this name leaves the CPU.
    fn other_ran(&mut self, at: u64, cpu: u32, name: &str) {
        let (own, call) = (self.turn.tid, self.call);
        if let State::Off(off) = &mut self.state
            && off.cpu == cpu
        {
            off.other_ran(at, Place::runnable(own, name), call);
        }
    }

    /// It has the CPU back from the thread of this name.
    fn come_back(&mut self, at: u64, name: &str) -> Option<Turn> {
        let State::Off(mut off) = mem::replace(&mut self.state, State::Runs { since: at }) else {
            return None;
        };
        let runnable_since = *off.runnable_since.get_or_insert(at);
        // It may have been moved to another CPU.
        off.other_ran(at, Place::runnable(self.turn.tid, name), self.call);
        let place = Place::of(&off.stack);
        let is_idle = !off.could_go_on && place == Place::Idle;
        let ended = is_idle.then(|| self.end_turn(runnable_since));
        self.was_idle |= is_idle;
        if !off.could_go_on && !is_idle {
            let ns = runnable_since.saturating_sub(off.since);
            self.turn.add(Span { place, call: self.call, ns, stack: off.stack });
        }
        off.others.into_iter().for_each(|span| self.turn.add(span));
        ended
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Microseconds of a second, and what happened to thread 7.
    fn story(lines: &[(u32, &str)]) -> Turns {
        let mut turns = Turns::of(&[7], 1_000_000);
        for (micros, what) in lines {
            let head = format!("x-7 [000] d..2. 1.{micros:06}: ");
            let switch = |from: &str, state: &str, to: &str| {
                format!(
                    "{head}sched_switch: prev_comm=a prev_pid={from} prev_prio=120 prev_state={state} ==> \
                     next_comm=b next_pid={to} next_prio=120"
                )
            };
            match what.split(' ').collect::<Vec<_>>()[..] {
                ["enter", call] => turns.read(&format!("{head}sys_enter: NR {call} (0)")),
                ["exit", call] => turns.read(&format!("{head}sys_exit: NR {call} = 0")),
                ["out", state] => turns.read(&switch("7", state, "9")),
                ["in"] => turns.read(&switch("9", "R", "7")),
                ["leaves", name] => {
                    turns.read(&switch("8", "S", "9").replace("prev_comm=a", &format!("prev_comm={name}")))
                }
                ["waking"] => {
                    turns.read(&format!("{head}sched_waking: comm=x pid=7 prio=120 target_cpu=000"))
                }
                ["stack", ref frames @ ..] => {
                    turns.read(&format!("{head}<stack trace>"));
                    frames.iter().for_each(|frame| turns.read(&format!(" => {frame}")));
                }
                ["lost"] => turns.read("CPU:0 [LOST 5 EVENTS]"),
                ref other => panic!("{other:?}"),
            }
        }
        turns
    }

    fn spans(turn: &Turn) -> Vec<(&str, Option<u32>, u64)> {
        turn.spans.iter().map(|span| (span.place.said(), span.call, span.ns / 1000)).collect()
    }

    #[test]
    fn a_slow_write_says_where_it_waited_and_for_how_long() {
        let turns = story(&[
            (0, "enter 426"),
            (10, "exit 426"),
            (100, "enter 296"),
            (150, "out D"),
            (160, "stack __schedule schedule start_this_handle jbd2__journal_start"),
            (5150, "waking"),
            (5350, "in"),
            (5400, "exit 296"),
            (5500, "enter 426"),
            (5510, "exit 426"),
        ]);
        assert_eq!((turns.turns[&7], turns.slow.len()), (2, 1));
        let expected = [
            ("it ran", None, 190),
            ("it ran", Some(296), 100),
            ("jbd2: no handle while a commit is locked", Some(296), 5000),
            ("other programs had the CPU", Some(296), 200),
            ("it ran", Some(426), 10),
        ];
        assert_eq!(spans(&turns.slow[0]), expected);
        assert_eq!(turns.slow[0].began_ns, 1_000_010_000);
    }

    #[test]
    fn a_sleep_with_nothing_to_do_is_no_part_of_a_turn_but_the_wait_for_a_cpu_behind_it_is() {
        let turns = story(&[
            (0, "enter 426"),
            (10, "out S"),
            (10, "stack __schedule schedule io_cqring_wait"),
            (500_000, "waking"),
            (502_000, "in"),
            (502_010, "exit 426"),
            (502_500, "enter 426"),
            (502_510, "out S"),
            (502_510, "stack __schedule schedule io_cqring_wait"),
            (900_000, "waking"),
            (900_001, "in"),
        ]);
        assert_eq!(turns.slow.len(), 1);
        let expected = [
            ("other programs had the CPU", Some(426), 2000),
            ("it ran", Some(426), 20),
            ("it ran", None, 490),
        ];
        assert_eq!(spans(&turns.slow[0]), expected);
    }

    #[test]
    fn being_preempted_is_no_wait_for_the_disk() {
        let turns = story(&[
            (0, "enter 426"),
            (1, "exit 426"),
            (10, "out R+"),
            (3010, "in"),
            (3020, "enter 426"),
            (3021, "exit 426"),
        ]);
        assert_eq!(spans(&turns.slow[0])[1], ("other programs had the CPU", None, 3000));
    }

    #[test]
    fn each_that_had_the_cpu_meanwhile_is_told_with_its_own_time() {
        let turns = story(&[
            (0, "enter 426"),
            (1, "exit 426"),
            (10, "out R"),
            (1010, "leaves iou-wrk-7"),
            (3010, "leaves kworker/0:1"),
            (3110, "leaves iou-wrk-7"),
            (3210, "in"),
            (3220, "enter 426"),
            (3221, "exit 426"),
        ]);
        let expected = [
            ("its ring's worker (a sync) had the CPU", None, 1100),
            ("the kernel had the CPU (write-back, interrupts ...)", None, 2000),
            ("other programs had the CPU", None, 100),
        ];
        assert_eq!(spans(&turns.slow[0])[1..4], expected);
    }

    #[test]
    fn where_events_were_lost_nothing_is_made_up() {
        let turns = story(&[(0, "exit 426"), (10, "lost"), (90_000, "enter 426"), (90_010, "exit 426")]);
        assert_eq!((turns.lost, turns.slow.len()), (5, 0));
    }
}
