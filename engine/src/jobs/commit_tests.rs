//! A random walk of writes, waiters, settings, alarms and syncs. Each step is checked against the rules.

use core::time::Duration;

use super::*;
use crate::log::Place;
use crate::offset::{FilePosition, Offset};
use crate::test_random::Random;

fn end(offset: i64) -> End {
    let place = Place { segment: Offset::ZERO, position: FilePosition::new(offset as u64) };
    End { offset: Offset::of(offset), place }
}

fn backlog(written: i64, synced: i64, bytes: u64) -> Backlog {
    Backlog { synced: Offset::of(synced), durable: Offset::of(synced), written: Offset::of(written), bytes }
}

const RELAXED: Durability = Durability::Relaxed { records: Some(100), after: Some(Duration::from_nanos(50)) };

struct Walk {
    random: Random,
    commit: Commit,
    waiters: HwWaiters,
    durability: Durability,
    now: u64,
    written: i64,
    synced: i64,
    /// How much was written since the last sync began.
    bytes: u64,
    /// Someone waits until everything before it is durable.
    wanted: i64,
    covers: Option<i64>,
    /// When the oldest unsynced write for which nobody waits was first seen.
    alarm: Option<u64>,
}

impl Walk {
    fn new(seed: u64) -> Self {
        let durability = if seed.is_multiple_of(2) { Durability::GroupCommit } else { RELAXED };
        Self {
            random: Random::new(seed),
            commit: Commit::of_partition(0),
            waiters: HwWaiters::default(),
            durability,
            now: 0,
            written: 0,
            synced: 0,
            bytes: 0,
            wanted: 0,
            covers: None,
            alarm: None,
        }
    }

    fn ask(&mut self) {
        let now = Instant::from_nanos(self.now);
        let backlog = backlog(self.written, self.synced, self.bytes);
        let is_urgent = self.commit.is_awaited(backlog, self.durability, &self.waiters);
        let due = self.commit.after_write(backlog, self.durability, is_urgent, || now);
        let unsynced = self.written - self.synced;
        if self.covers.is_some() || unsynced == 0 {
            assert_eq!(due, None, "one sync at a time, and none of nothing");
            return;
        }
        let (is_urgent, linger) = match self.durability {
            Durability::GroupCommit => (
                self.wanted.min(self.written) > self.synced || self.bytes >= UNSYNCED_BYTES,
                COMMIT_LINGER.as_nanos() as u64,
            ),
            Durability::Relaxed { .. } => (unsynced >= 100, 50),
        };
        match due {
            Some(Due::Sync) => {
                assert!(is_urgent);
                self.begin();
            }
            Some(Due::Alarm(at)) => {
                assert!(!is_urgent && self.alarm.is_none());
                assert_eq!(at, Instant::from_nanos(self.now + linger));
                self.alarm = Some(self.now + linger);
            }
            None => assert!(!is_urgent && self.alarm.is_some(), "nothing is forgotten"),
        }
    }

    fn begin(&mut self) {
        self.commit.begin(end(self.written));
        self.covers = Some(self.written);
        self.bytes = 0;
        self.alarm = None;
    }

    fn end(&mut self) {
        assert_eq!(self.commit.end(), self.covers.map(end));
        self.synced = self.covers.take().unwrap();
        self.ask();
    }

    fn let_time_pass(&mut self) {
        self.now += self.random.below(1 + COMMIT_LINGER.as_nanos() as u64);
        let due = self.commit.alarm(Instant::from_nanos(self.now));
        match self.alarm {
            None => assert_eq!(due, None),
            Some(at) if at > self.now => assert_eq!(due, Some(Due::Alarm(Instant::from_nanos(at)))),
            Some(_) => {
                assert_eq!(due, Some(Due::Sync));
                self.begin();
            }
        }
    }

    /// What is written is synced at once, so a shorter time than before applies at once.
    fn change_settings(&mut self) {
        self.durability = if self.durability == RELAXED { Durability::GroupCommit } else { RELAXED };
        self.commit.stop_lingering();
        self.alarm = None;
        if self.covers.is_none() && self.synced < self.written {
            self.begin();
        }
    }

    fn step(&mut self) {
        match self.random.below(8) {
            0 => self.let_time_pass(),
            1 => {
                self.wanted = self.wanted.max(self.written + self.random.below(40) as i64);
                self.commit.want(Offset::of(self.wanted));
                self.ask();
            }
            2 => {
                self.wanted = self.wanted.min(self.written);
                self.commit.cut(Offset::of(self.written));
            }
            3 | 4 if self.covers.is_some() => self.end(),
            5 => self.change_settings(),
            _ => {
                self.written += 1 + self.random.below(30) as i64;
                self.bytes += self.random.below(UNSYNCED_BYTES / 4);
                self.ask();
            }
        }
        assert_eq!(self.commit.is_syncing(), self.covers.is_some());
    }
}

#[test]
fn a_sync_is_due_when_the_rules_say_so_and_never_two_at_once() {
    for seed in 0..100 {
        let mut walk = Walk::new(seed);
        for _ in 0..500 {
            walk.step();
        }
    }
}

#[test]
fn whoever_waits_at_the_high_watermark_hastens_the_sync() {
    let (mut commit, mut waiters, now) =
        (Commit::of_partition(0), HwWaiters::default(), Instant::from_nanos(7));
    let mut ask = |waiters: &HwWaiters| {
        let is_urgent = commit.is_awaited(backlog(2, 1, 9), Durability::GroupCommit, waiters);
        commit.after_write(backlog(2, 1, 9), Durability::GroupCommit, is_urgent, || now)
    };
    assert_eq!(ask(&waiters), Some(Due::Alarm(now + COMMIT_LINGER)));
    assert_eq!(ask(&waiters), None);
    waiters.wait(None, Offset::of(1), std::task::Waker::noop());
    assert_eq!(ask(&waiters), Some(Due::Sync));
}

#[test]
fn what_is_durable_already_need_not_be_synced_at_once() {
    let (mut commit, mut waiters, now) =
        (Commit::of_partition(0), HwWaiters::default(), Instant::from_nanos(7));
    commit.want(Offset::of(9));
    waiters.wait(None, Offset::of(9), std::task::Waker::noop());
    let mut ask = |backlog| {
        let is_urgent = commit.is_awaited(backlog, Durability::GroupCommit, &waiters);
        commit.after_write(backlog, Durability::GroupCommit, is_urgent, || now)
    };
    let durable = Backlog { durable: Offset::of(2), ..backlog(2, 1, 9) };
    assert_eq!(ask(durable), Some(Due::Alarm(now + COMMIT_LINGER)));
    assert_eq!(ask(Backlog { written: Offset::of(3), ..durable }), Some(Due::Sync));
}
