//! The syncs of a core that nobody waits for: in which order they begin, and how many of them are in flight.
//!
//! One at a time. A sync takes locks of the file system and the device's queue, so each one more in flight is one more that
//! the core's appends and the syncs that someone waits for may meet. A disk on which that is too slow gets more: each sync
//! in flight lets the next one wait a linger longer, so their number grows with how late the oldest one is.
//!
//! Owns the order and the count. Does not know a partition, nor whether it still has something to sync when its turn
//! comes: whoever takes it looks.

use std::collections::BTreeMap;

use creel_io::Instant;

use crate::limits::{BACKGROUND_SYNCS, COMMIT_LINGER};

/// A place in the queue: the one with the earliest time comes first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Ticket {
    pub(crate) at: Instant,
    number: u64,
}

/// Whether partitions are to be synced so that the journal gets space.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Space {
    Enough,
    /// There is time to sync them one by one.
    Due,
    /// The journal is about to be full.
    Short,
}

impl Space {
    fn most_in_flight(self) -> usize {
        match self {
            Self::Enough => 0,
            Self::Due => 1,
            Self::Short => BACKGROUND_SYNCS,
        }
    }
}

/// What comes next.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Next<P> {
    /// The turn of this partition.
    Turn(P),
    /// The turn of a partition whose sync gives the journal space.
    ForSpace,
    /// Nothing before this time, unless something changes.
    At(Instant),
    /// Nothing until a sync ends, or something else changes.
    Wait,
    /// Nothing waits, and no sync is in flight.
    Nothing,
}

/// See the module. `P` is a partition.
#[derive(Debug)]
pub(crate) struct SyncQueue<P> {
    waiting: BTreeMap<Ticket, P>,
    in_flight: usize,
    tickets: u64,
    /// The last turn was for the journal's space. If both want one, they alternate.
    was_for_space: bool,
}

impl<P> Default for SyncQueue<P> {
    fn default() -> Self {
        Self { waiting: BTreeMap::new(), in_flight: 0, tickets: 0, was_for_space: false }
    }
}

impl<P> SyncQueue<P> {
    /// Adds a partition, whose turn comes at `at`. It leaves its former place, if it had one.
    pub(crate) fn add(&mut self, former: Option<Ticket>, at: Instant, partition: P) -> Ticket {
        if let Some(former) = former {
            self.waiting.remove(&former);
        }
        self.tickets += 1;
        let ticket = Ticket { at, number: self.tickets };
        self.waiting.insert(ticket, partition);
        ticket
    }

    pub(crate) fn is_first(&self, ticket: Ticket) -> bool {
        self.waiting.first_key_value().is_some_and(|(first, _)| *first == ticket)
    }

    /// Whether a sync for the journal's space may begin now.
    pub(crate) fn takes_for_space(&self, space: Space) -> bool {
        self.in_flight < space.most_in_flight()
    }

    /// What comes next. A partition whose turn it is leaves the queue.
    pub(crate) fn next(&mut self, now: Instant, space: Space) -> Next<P> {
        let at = self.first_turn();
        let is_turn = at.is_some_and(|at| at <= now);
        if self.takes_for_space(space) && !(is_turn && self.was_for_space) {
            self.was_for_space = true;
            return Next::ForSpace;
        }
        if is_turn && let Some((_, partition)) = self.waiting.pop_first() {
            self.was_for_space = false;
            return Next::Turn(partition);
        }
        match at {
            Some(at) => Next::At(at),
            None if self.in_flight == 0 && space == Space::Enough => Next::Nothing,
            None => Next::Wait,
        }
    }

    /// When the first in the queue may begin, if no sync ends before.
    fn first_turn(&self) -> Option<Instant> {
        let (first, _) = self.waiting.first_key_value()?;
        let lateness = COMMIT_LINGER * self.in_flight as u32;
        (self.in_flight < BACKGROUND_SYNCS).then(|| first.at + lateness)
    }

    /// Notes that a sync has begun that nobody waits for.
    pub(crate) fn begin(&mut self) {
        self.in_flight += 1;
    }

    /// Notes that one has ended.
    pub(crate) fn end(&mut self) {
        self.in_flight -= 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::test_random::Random;

    const LINGER: u64 = COMMIT_LINGER.as_nanos() as u64;

    fn at(nanos: u64) -> Instant {
        Instant::from_nanos(nanos)
    }

    /// A queue of partitions and the times of their turns, which may be in flight.
    struct Walk {
        random: Random,
        queue: SyncQueue<u64>,
        /// Each partition's ticket, if it waits.
        tickets: Vec<Option<Ticket>>,
        in_flight: usize,
        now: u64,
        most: usize,
        turns: u64,
    }

    impl Walk {
        fn new(seed: u64) -> Self {
            Self {
                random: Random::new(seed),
                queue: SyncQueue::default(),
                tickets: vec![None; 12],
                in_flight: 0,
                now: 0,
                most: 0,
                turns: 0,
            }
        }

        fn take(&mut self) {
            let space =
                [Space::Enough, Space::Enough, Space::Due, Space::Short][self.random.below(4) as usize];
            let oldest = self.tickets.iter().flatten().map(|ticket| ticket.at).min();
            let late = oldest.filter(|oldest| *oldest <= at(self.now)).map(|oldest| at(self.now) - oldest);
            let is_allowed = late.is_some_and(|late| {
                self.in_flight < BACKGROUND_SYNCS && late.as_nanos() as u64 / LINGER >= self.in_flight as u64
            });
            let is_for_space = match space {
                Space::Enough => false,
                Space::Due => self.in_flight == 0,
                Space::Short => self.in_flight < BACKGROUND_SYNCS,
            };
            match self.queue.next(at(self.now), space) {
                Next::Turn(partition) => {
                    let ticket = self.tickets[partition as usize].take().expect("it waits");
                    assert_eq!(Some(ticket.at), oldest, "the oldest comes first");
                    assert!(is_allowed);
                    self.turns += 1;
                    self.sync();
                }
                Next::ForSpace => {
                    assert!(is_for_space);
                    self.sync();
                }
                Next::At(when) => {
                    assert!(when > at(self.now) && !is_for_space && !is_allowed);
                    assert!(self.in_flight < BACKGROUND_SYNCS && oldest.is_some());
                }
                Next::Wait => {
                    assert!(self.in_flight > 0 && !is_for_space && !is_allowed);
                    assert!(oldest.is_none() || self.in_flight == BACKGROUND_SYNCS);
                }
                Next::Nothing => assert!(self.in_flight == 0 && oldest.is_none() && !is_for_space),
            }
        }

        /// Sometimes it has nothing to sync when its turn comes.
        fn sync(&mut self) {
            if self.random.below(4) > 0 {
                self.queue.begin();
                self.in_flight += 1;
                self.most = self.most.max(self.in_flight);
            }
        }

        fn step(&mut self) {
            match self.random.below(6) {
                0 | 1 => {
                    let partition = self.random.below(12);
                    let when = at(self.now + self.random.below(2 * LINGER));
                    let former = self.tickets[partition as usize];
                    let ticket = self.queue.add(former, when, partition);
                    self.tickets[partition as usize] = Some(ticket);
                    let first = self.tickets.iter().flatten().min();
                    assert_eq!(self.queue.is_first(ticket), first == Some(&ticket));
                }
                2 if self.in_flight > 0 => {
                    self.queue.end();
                    self.in_flight -= 1;
                }
                3 => self.now += self.random.below(2 * LINGER),
                // The machine slept.
                4 if self.random.below(50) == 0 => self.now += 3_600_000_000_000,
                _ => self.take(),
            }
        }
    }

    #[test]
    fn the_oldest_comes_first_and_few_are_in_flight() {
        let (mut most, mut turns) = (0, 0);
        for seed in 0..200 {
            let mut walk = Walk::new(seed);
            for _ in 0..500 {
                walk.step();
            }
            (most, turns) = (most.max(walk.most), turns + walk.turns);
        }
        assert_eq!(most, BACKGROUND_SYNCS);
        assert!(turns > 1000, "{turns} turns");
    }

    #[test]
    fn one_is_in_flight_until_the_next_is_a_linger_late() {
        let mut queue = SyncQueue::default();
        for partition in 0..3 {
            queue.add(None, at(partition), partition);
        }
        assert_eq!(queue.next(at(0), Space::Enough), Next::Turn(0));
        queue.begin();
        assert_eq!(queue.next(at(2), Space::Enough), Next::At(at(1 + LINGER)));
        assert_eq!(queue.next(at(1 + LINGER), Space::Enough), Next::Turn(1));
        queue.begin();
        assert_eq!(queue.next(at(1 + LINGER), Space::Enough), Next::At(at(2 + 2 * LINGER)));
        queue.end();
        queue.end();
        assert_eq!(queue.next(at(1 + LINGER), Space::Enough), Next::Turn(2));
        assert_eq!(queue.next(at(1 + LINGER), Space::Enough), Next::Nothing);
    }

    #[test]
    fn the_journals_space_and_the_oldest_take_turns() {
        let mut queue = SyncQueue::default();
        for partition in 0..3 {
            queue.add(None, at(0), partition);
        }
        let mut next = || queue.next(at(9), Space::Due);
        assert_eq!([next(), next(), next()], [Next::ForSpace, Next::Turn(0), Next::ForSpace]);
        queue.begin();
        assert_eq!(queue.next(at(9), Space::Due), Next::At(at(LINGER)));
        assert_eq!(
            queue.next(at(9), Space::Short),
            Next::ForSpace,
            "more than one, if it is about to be full"
        );
    }

    #[test]
    fn after_a_jump_of_the_clock_no_more_are_in_flight_than_may_be() {
        let mut queue = SyncQueue::default();
        for partition in 0..1000 {
            queue.add(None, at(partition), partition);
        }
        for partition in 0..BACKGROUND_SYNCS as u64 {
            assert_eq!(queue.next(at(u64::MAX), Space::Enough), Next::Turn(partition));
            queue.begin();
        }
        assert_eq!(queue.next(at(u64::MAX), Space::Short), Next::Wait);
    }
}
