//! `--crash`: the broker is killed with kill -9 in the middle of the load, started again in the same place, and
//! waited for, while the load goes on.

use crate::error::RunError;
use loadgen_engine::client::SILENCE_SECONDS_MAX;
use loadgen_engine::run_state::RunState;
use loadgen_engine::window::Window;
use loadgen_host::broker::target::Target;
use loadgen_host::observer::Observer;
use loadgen_result::report::crash::{CrashReport, Kill};
use loadgen_result::report::verification::Findings;
use std::collections::VecDeque;
use std::time::{Duration, Instant};

/// A broker that is needed to say what was lost is waited for so long after an interrupt.
const PATIENCE_INTERRUPTED: Duration = Duration::from_secs(10);

/// A broker that was killed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Killed {
    /// When.
    pub at_ns: u64,
    /// Its process.
    pub pid: u32,
}

/// Kills at its times, and sees the broker come back.
#[derive(Debug, Default)]
pub struct Crasher {
    due: VecDeque<u64>,
    killed: Vec<Killed>,
    /// Since the broker was started again and has acked nothing.
    waiting: Option<Instant>,
    interrupted: Option<Instant>,
}

impl Crasher {
    /// `count` crashes that divide `window` into equal parts.
    pub fn new(count: usize, window: Window) -> Crasher {
        let part = window.to_ns.saturating_sub(window.from_ns) / (count as u64 + 1);
        Crasher { due: (1..=count as u64).map(|i| window.from_ns + i * part).collect(), ..Crasher::default() }
    }

    /// Does what is due. Called often.
    pub fn look(
        &mut self,
        now_ns: u64,
        target: &mut Target,
        observer: Option<&mut Observer>,
        run_state: &RunState,
    ) -> Result<(), RunError> {
        if let Some(since) = self.waiting {
            return self.look_for_life(since, target, run_state);
        }
        let is_due = self.due.front().is_some_and(|due| now_ns >= *due);
        let (true, Some(observer)) = (is_due, observer) else { return Ok(target.check()?) };
        self.due.pop_front();
        if now_ns < run_state.window().to_ns {
            self.kill(now_ns, target, observer, run_state)?;
        }
        Ok(())
    }

    fn kill(
        &mut self,
        now_ns: u64,
        target: &mut Target,
        observer: &mut Observer,
        run_state: &RunState,
    ) -> Result<(), RunError> {
        target.check()?; // one that has ended by itself was not killed
        observer.before_kill();
        run_state.generations().end();
        let pid = target.crash()?;
        self.killed.push(Killed { at_ns: now_ns, pid });
        target.restart()?;
        run_state.generations().begin();
        observer.after_restart(target.pid());
        self.waiting = Some(Instant::now());
        Ok(())
    }

    /// A broker is back with its first ack. If nothing is left to be acked, any answer counts.
    fn look_for_life(
        &mut self,
        since: Instant,
        target: &mut Target,
        run_state: &RunState,
    ) -> Result<(), RunError> {
        let notes = run_state.generations().notes(run_state.generations().present());
        let has_acked = notes.is_some_and(|notes| notes.acks_ns.is_some());
        if has_acked || (run_state.all_produced() && target.answers()) {
            self.waiting = None;
            return Ok(());
        }
        target.check().map_err(|died| RunError::NotBack(died.to_string()))?;
        // One that listens and does not answer is found by those who ask it.
        let patience =
            target.ready_within().max(Duration::from_secs(SILENCE_SECONDS_MAX)) + PATIENCE_INTERRUPTED;
        if since.elapsed() > patience {
            return Err(RunError::NotBack(format!("it acked nothing within {} s", patience.as_secs())));
        }
        if self.interrupted.is_some_and(|at| at.elapsed() > PATIENCE_INTERRUPTED) {
            let seconds = PATIENCE_INTERRUPTED.as_secs();
            return Err(RunError::NotBack(format!("interrupted, and {seconds} s later it had not answered")));
        }
        Ok(())
    }

    /// The run is to end early: less patience.
    pub fn interrupt(&mut self) {
        self.interrupted.get_or_insert_with(Instant::now);
    }

    /// Nothing is waited for.
    pub fn is_up(&self) -> bool {
        self.waiting.is_none()
    }

    /// The brokers that were killed.
    pub fn into_killed(self) -> Vec<Killed> {
        self.killed
    }
}

/// What became of it, for the report.
pub fn report(
    asked: usize,
    killed: &[Killed],
    run_state: &RunState,
    window: Window,
    found: &Findings,
) -> CrashReport {
    let generations = run_state.generations();
    let seconds = |from_ns: u64, to_ns: u64| (to_ns as f64 - from_ns as f64) / 1e9;
    let mut acked_before = 0;
    let kills = killed.iter().enumerate().map(|(generation, killed)| {
        let (before, after) = (generations.notes(generation), generations.notes(generation + 1));
        acked_before += before.map_or(0, |notes| notes.acked_records);
        let last = before.and_then(|notes| notes.acks_ns).map_or(killed.at_ns, |(_, last)| last);
        let first = after.and_then(|notes| notes.acks_ns).map(|(first, _)| first);
        Kill {
            at_s: seconds(window.from_ns, killed.at_ns),
            killed_pid: killed.pid,
            down_s: first.map(|first| seconds(last, first)),
            acked_before,
            in_flight_unknown: before.map_or(0, |notes| notes.unknown_records),
        }
    });
    let kills: Vec<Kill> = kills.collect();
    CrashReport {
        asked,
        in_flight_unknown: kills.iter().map(|kill| kill.in_flight_unknown).sum(),
        kills,
        lost: found.lost,
        appeared: found.appeared,
        duplicates: found.duplicated,
        taken_back: found.taken_back,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn crashes_divide_the_window() {
        let window = Window { from_ns: 100, to_ns: 500 };
        assert_eq!(Crasher::new(3, window).due, [200, 300, 400]);
        assert_eq!(Crasher::new(1, window).due, [300]);
        assert!(Crasher::new(0, window).due.is_empty());
    }

    #[test]
    fn an_outage_is_from_the_last_ack_before_to_the_first_after() {
        let run_state = RunState::new(1, 1, 1).with_crashes(2);
        let generations = run_state.generations();
        generations.acked(0, 1_000_000_000, 10);
        generations.unknown(0, 4);
        generations.acked(1, 3_500_000_000, 5);
        let killed = [Killed { at_ns: 2_000_000_000, pid: 7 }, Killed { at_ns: 4_000_000_000, pid: 8 }];
        let window = Window { from_ns: 500_000_000, to_ns: 9_000_000_000 };
        let report = report(2, &killed, &run_state, window, &Findings::default());
        let [first, second] = &report.kills[..] else { panic!("{report:?}") };
        assert_eq!((first.at_s, first.down_s, first.acked_before), (1.5, Some(2.5), 10));
        assert_eq!((first.killed_pid, first.in_flight_unknown), (7, 4));
        assert_eq!((second.down_s, second.acked_before), (None, 15), "no ack came after");
    }
}
