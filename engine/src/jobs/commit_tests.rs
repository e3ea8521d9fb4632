//! A random walk of writes, waiters, journal records, settings, turns and syncs. Each step is checked against the rules.

use core::time::Duration;

use super::*;
use crate::jobs::sync_queue::{Next, Space, SyncQueue};
use crate::log::Place;
use crate::offset::{FilePosition, Offset};
use crate::test_random::Random;

const LINGER: u64 = COMMIT_LINGER.as_nanos() as u64;
const JOURNALED: u64 = JOURNALED_LINGER.as_nanos() as u64;

fn end(offset: i64) -> End {
    let place = Place { segment: Offset::ZERO, position: FilePosition::new(offset as u64) };
    End { offset: Offset::of(offset), place }
}

fn backlog(written: i64, synced: i64, bytes: u64) -> Backlog {
    Backlog { synced: Offset::of(synced), durable: Offset::of(synced), written: Offset::of(written), bytes }
}

const RELAXED: Durability = Durability::Relaxed { records: Some(100), after: Some(Duration::from_nanos(50)) };

/// A write, as the rules see it.
struct Written {
    end: i64,
    at: u64,
}

struct Walk {
    random: Random,
    commit: Commit,
    queue: SyncQueue<()>,
    waiters: HwWaiters,
    durability: Durability,
    now: u64,
    /// What is not synced, and when it was written.
    unsynced: Vec<Written>,
    written: i64,
    synced: i64,
    durable: i64,
    /// How much was written since the last sync began.
    bytes: u64,
    /// Someone waits until everything before it is durable.
    wanted: i64,
    covers: Option<i64>,
    syncs: u64,
}

impl Walk {
    fn new(seed: u64) -> Self {
        let durability = if seed.is_multiple_of(3) { RELAXED } else { Durability::GroupCommit };
        Self {
            random: Random::new(seed),
            commit: Commit::of_partition(0),
            queue: SyncQueue::default(),
            waiters: HwWaiters::default(),
            durability,
            now: 0,
            unsynced: Vec::new(),
            written: 0,
            synced: 0,
            durable: 0,
            bytes: 0,
            wanted: 0,
            covers: None,
            syncs: 0,
        }
    }

    fn backlog(&self) -> Backlog {
        Backlog { durable: Offset::of(self.durable), ..backlog(self.written, self.synced, self.bytes) }
    }

    /// `with_journal`: it takes what someone waits for.
    fn ask(&mut self, with_journal: bool) {
        let backlog = self.backlog();
        let is_awaited = self.commit.is_awaited(backlog, self.durability, &self.waiters);
        let awaited = match (is_awaited, with_journal) {
            (false, _) => Awaited::No,
            (true, true) => Awaited::ByJournal,
            (true, false) => Awaited::BySync,
        };
        let is_wanted = self.wanted.min(self.written) > self.durable;
        assert_eq!(awaited != Awaited::No, is_wanted && self.durability == Durability::GroupCommit);
        let now = Instant::from_nanos(self.now);
        match self.commit.after_write(backlog, self.durability, awaited, || now) {
            due if self.covers.is_some() || self.synced == self.written => {
                assert_eq!(due, None, "one sync at a time, and none of nothing");
            }
            Some(Due::Sync) => {
                assert_eq!(awaited, Awaited::BySync, "only a sync that someone waits for begins at once");
                self.begin();
            }
            Some(Due::At(at)) => {
                let queue = &mut self.queue;
                self.commit.queue(|former| queue.add(former, at, ()));
            }
            None => {
                assert!(self.commit.ticket.is_some() && awaited != Awaited::BySync, "nothing is forgotten")
            }
        }
        if awaited == Awaited::ByJournal {
            self.journal();
        }
    }

    /// The latest time for the turn of what is not synced.
    fn latest_turn(&self) -> Option<u64> {
        let oldest = self.unsynced.first()?.at;
        let lingered = match self.durability {
            Durability::Relaxed { .. } => oldest + 50,
            Durability::GroupCommit => {
                let exposed = self.unsynced.iter().find(|write| write.end > self.durable);
                let exposed = exposed.map_or(u64::MAX, |write| write.at + LINGER);
                exposed.min(oldest + JOURNALED)
            }
        };
        let is_much = match self.durability {
            Durability::Relaxed { .. } => self.written - self.synced >= 100,
            Durability::GroupCommit => self.bytes >= UNSYNCED_BYTES,
        };
        Some(if is_much { lingered.min(self.unsynced.last()?.at) } else { lingered })
    }

    fn begin(&mut self) {
        self.commit.begin(end(self.written));
        self.covers = Some(self.written);
        self.bytes = 0;
        self.syncs += 1;
    }

    fn end(&mut self) {
        assert_eq!(self.commit.end(), self.covers.map(end));
        self.synced = self.covers.take().unwrap();
        self.durable = self.durable.max(self.synced);
        self.unsynced.retain(|write| write.end > self.synced);
        // From the end of a sync on, what was written meanwhile is not synced.
        self.unsynced.iter_mut().for_each(|write| write.at = self.now);
        self.ask(false);
    }

    /// A record of the journal is on the medium. It has all that was written, or what was when it was put together.
    fn journal(&mut self) {
        let meanwhile = self.random.below(2) == 0;
        let covers = self.written;
        if meanwhile {
            self.write();
        }
        if covers > self.durable {
            self.durable = covers;
            // What came meanwhile is not older than that.
            let exposed = self.unsynced.iter_mut().filter(|write| write.end > covers);
            exposed.for_each(|write| write.at = self.now);
        }
        self.ask(false);
    }

    fn let_time_pass(&mut self) {
        self.now += 1 + self.random.below(LINGER);
        self.take_turns();
    }

    fn take_turns(&mut self) {
        let now = Instant::from_nanos(self.now);
        while let Next::Turn(()) = self.queue.next(now, Space::Enough) {
            match self.commit.came_up(self.backlog(), self.durability, now) {
                Some(Due::Sync) => {
                    self.turn();
                    self.begin();
                }
                Some(Due::At(at)) => {
                    assert!(at > now);
                    let queue = &mut self.queue;
                    self.commit.queue(|former| queue.add(former, at, ()));
                }
                None => {}
            }
        }
        let is_late = self.latest_turn().is_some_and(|latest| latest <= self.now);
        assert!(self.covers.is_some() || !is_late, "its turn has come, and it was not synced");
    }

    /// It is synced because its turn came. That is not before the rules say so.
    fn turn(&self) {
        let earliest = self.latest_turn().unwrap();
        assert!(earliest <= self.now || self.commit.is_hurried(self.backlog()), "{earliest} {}", self.now);
    }

    /// It is the turn of what is written, so a shorter time than before applies at once.
    fn change_settings(&mut self) {
        self.durability = if self.durability == RELAXED { Durability::GroupCommit } else { RELAXED };
        self.commit.stop_lingering();
        self.commit.hurry(Offset::of(self.written), Instant::from_nanos(self.now));
        self.ask(false);
        self.take_turns();
        assert!(self.covers.is_some() || self.synced == self.written);
    }

    fn write(&mut self) {
        self.written += 1 + self.random.below(30) as i64;
        self.bytes += self.random.below(UNSYNCED_BYTES / 4);
        self.unsynced.push(Written { end: self.written, at: self.now });
        let with_journal = self.random.below(2) == 0;
        self.ask(with_journal);
        self.take_turns();
    }

    fn step(&mut self) {
        match self.random.below(8) {
            0 => self.let_time_pass(),
            1 => {
                self.wanted = self.wanted.max(self.written + self.random.below(40) as i64);
                self.commit.want(Offset::of(self.wanted));
                let with_journal = self.random.below(2) == 0;
                self.ask(with_journal);
            }
            2 => {
                self.wanted = self.wanted.min(self.written);
                self.commit.cut(Offset::of(self.written));
            }
            3 | 4 if self.covers.is_some() => self.end(),
            5 if self.random.below(4) == 0 => self.change_settings(),
            6 if self.durability == Durability::GroupCommit => self.journal(),
            _ => self.write(),
        }
        assert_eq!(self.commit.is_syncing(), self.covers.is_some());
        assert_eq!(self.commit.covers(), self.covers.map(Offset::of));
    }
}

#[test]
fn a_sync_is_due_when_the_rules_say_so_and_never_two_at_once() {
    let mut syncs = 0;
    for seed in 0..300 {
        let mut walk = Walk::new(seed);
        for _ in 0..500 {
            walk.step();
        }
        syncs += walk.syncs;
    }
    assert!(syncs > 3000, "{syncs} syncs");
}

/// What is due of a log of which nothing is durable.
fn due(commit: &mut Commit, waiters: &HwWaiters, backlog: Backlog, now: Instant) -> Option<Due> {
    let is_awaited = commit.is_awaited(backlog, Durability::GroupCommit, waiters);
    let awaited = if is_awaited { Awaited::BySync } else { Awaited::No };
    let due = commit.after_write(backlog, Durability::GroupCommit, awaited, || now);
    if let Some(Due::At(at)) = due {
        commit.queue(|former| SyncQueue::default().add(former, at, ()));
    }
    due
}

#[test]
fn whoever_waits_at_the_high_watermark_hastens_the_sync() {
    let (mut commit, mut waiters, now) =
        (Commit::of_partition(0), HwWaiters::default(), Instant::from_nanos(7));
    let written = backlog(2, 1, 9);
    assert_eq!(due(&mut commit, &waiters, written, now), Some(Due::At(now + COMMIT_LINGER)));
    assert_eq!(due(&mut commit, &waiters, written, now), None);
    waiters.wait(None, Offset::of(1), std::task::Waker::noop());
    assert_eq!(due(&mut commit, &waiters, written, now), Some(Due::Sync));
}

#[test]
fn what_the_journal_holds_is_synced_later_and_what_it_lacks_is_not() {
    let (mut commit, mut waiters) = (Commit::of_partition(0), HwWaiters::default());
    let at = |seconds: u64| Instant::from_nanos(seconds * 1_000_000_000);
    commit.want(Offset::of(9));
    waiters.wait(None, Offset::of(9), std::task::Waker::noop());
    let journaled = Backlog { durable: Offset::of(2), ..backlog(2, 1, 9) };
    assert_eq!(due(&mut commit, &waiters, journaled, at(1)), Some(Due::At(at(1) + JOURNALED_LINGER)));
    assert_eq!(
        due(&mut commit, &waiters, Backlog { written: Offset::of(3), ..journaled }, at(1)),
        Some(Due::Sync)
    );

    let (mut commit, nobody) = (Commit::of_partition(0), HwWaiters::default());
    assert_eq!(due(&mut commit, &nobody, journaled, at(1)), Some(Due::At(at(1) + JOURNALED_LINGER)));
    let exposed = Backlog { written: Offset::of(3), ..journaled };
    assert_eq!(due(&mut commit, &nobody, exposed, at(2)), Some(Due::At(at(2) + COMMIT_LINGER)));
    let covered = Backlog { durable: Offset::of(3), ..exposed };
    assert_eq!(due(&mut commit, &nobody, covered, at(2)), None);
    // It comes up for what the journal has by now.
    let came_up = commit.came_up(covered, Durability::GroupCommit, at(3));
    assert_eq!(came_up, Some(Due::At(at(1) + JOURNALED_LINGER)));
    assert_eq!(commit.came_up(covered, Durability::GroupCommit, at(6)), Some(Due::Sync));
}

#[test]
fn the_turns_of_a_topics_partitions_differ() {
    let turn = |index| {
        let due = due(
            &mut Commit::of_partition(index),
            &HwWaiters::default(),
            backlog(2, 1, 9),
            Instant::default(),
        );
        let Some(Due::At(at)) = due else { panic!("{due:?}") };
        at
    };
    let turns: Vec<_> = (0..16).map(turn).collect();
    assert!(turns.is_sorted_by(|left, right| left > right), "{turns:?}");
    assert!(turns[15] - Instant::default() > COMMIT_LINGER * 3 / 4);
    assert_eq!(turn(16), turns[0]);
}
