//! Everyone who waits for a partition's high watermark to move. Acks of durable appends each wait for their own offset.
//! Watchers (parked fetches) wait for many partitions, and are told which of them moved.
//!
//! Owns the list of waiters. Knows neither the log nor its high watermark: the caller reports each move.
//!
//! Adding and removing a waiter costs the same however many there are. A removed waiter leaves a gap in the list, and
//! the gaps are removed together.

use std::cell::RefCell;
use std::future::poll_fn;
use std::rc::Rc;
use std::task::{Poll, Waker};

use creel_io::count_work;

use crate::offset::Offset;

/// The list may keep fewer gaps than this.
const GAPS_MIN: usize = 16;

#[derive(Debug, Default)]
pub(crate) struct HwWaiters {
    /// Ascending by key.
    waiting: Vec<Waiter>,
    gaps: usize,
    next_key: u64,
}

#[derive(Debug)]
struct Waiter {
    key: u64,
    past: Offset,
    who: Who,
}

#[derive(Debug)]
enum Who {
    /// A task that waits until the high watermark is past its offset.
    Task(Waker),
    /// A watcher, and its number for this partition. It is also told when the log's start moves.
    Watcher(Rc<Moved>, u32),
    /// The waiter that was here has been removed.
    Gap,
}

impl Who {
    fn wake(self) {
        match self {
            Self::Task(waker) => waker.wake(),
            Self::Watcher(moved, number) => moved.add(number),
            Self::Gap => {}
        }
    }
}

impl HwWaiters {
    /// Adds a waiter, or renews the one with `key`. It is woken when the high watermark is past `past`.
    pub(crate) fn wait(&mut self, key: Option<u64>, past: Offset, waker: &Waker) -> u64 {
        if let Some(key) = key
            && let Some(Waiter { who: Who::Task(known), .. }) = self.find(key)
        {
            known.clone_from(waker);
            return key;
        }
        self.add(past, Who::Task(waker.clone()))
    }

    /// Tells `watcher`, once, when the high watermark is past `past` or the log's start has moved.
    pub(crate) fn watch(&mut self, past: Offset, watcher: &Watcher, number: u32) -> u64 {
        self.add(past, Who::Watcher(watcher.0.clone(), number))
    }

    fn add(&mut self, past: Offset, who: Who) -> u64 {
        count_work(1);
        let key = self.next_key;
        self.next_key += 1;
        self.waiting.push(Waiter { key, past, who });
        key
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.waiting.len() == self.gaps
    }

    pub(crate) fn forget(&mut self, key: u64) {
        let waiter = self.find(key).filter(|waiter| !matches!(waiter.who, Who::Gap));
        let Some(waiter) = waiter else { return };
        count_work(1);
        waiter.who = Who::Gap;
        self.gaps += 1;
        if self.gaps == self.waiting.len() {
            self.waiting.clear();
            self.gaps = 0;
        } else if self.gaps >= GAPS_MIN && self.gaps * 2 >= self.waiting.len() {
            self.waiting.retain(|waiter| !matches!(waiter.who, Who::Gap));
            self.gaps = 0;
        }
    }

    /// Wakes everyone whose offset lies before `high_watermark`.
    pub(crate) fn advance(&mut self, high_watermark: Offset) {
        self.wake(|waiter| waiter.past < high_watermark);
    }

    /// Wakes everyone who waits for the log's start to move.
    pub(crate) fn start_moved(&mut self) {
        self.wake(|waiter| matches!(waiter.who, Who::Watcher(..)));
    }

    /// Wakes everyone, after a change that all of them must look at.
    pub(crate) fn wake_all(&mut self) {
        self.wake(|_| true);
    }

    fn wake(&mut self, due: impl Fn(&Waiter) -> bool) {
        if self.waiting.iter().any(&due) {
            let is_over = |waiter: &Waiter| due(waiter) || matches!(waiter.who, Who::Gap);
            self.waiting.extract_if(.., |waiter| is_over(waiter)).for_each(|waiter| waiter.who.wake());
            self.gaps = 0;
        }
    }

    fn find(&mut self, key: u64) -> Option<&mut Waiter> {
        let at = self.waiting.binary_search_by_key(&key, |waiter| waiter.key).ok()?;
        self.waiting.get_mut(at)
    }
}

/// What a reader has seen of a partition.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Seen {
    /// End of the committed records.
    pub high_watermark: Offset,
    /// Start of the log.
    pub log_start: Offset,
}

/// Watches many partitions. It is told which of them moved, by numbers that the caller chooses.
#[derive(Clone, Debug, Default)]
pub struct Watcher(Rc<Moved>);

/// Each number is in here at most once: a watcher that has been told is no longer in the partition's list.
#[derive(Debug, Default)]
struct Moved {
    numbers: RefCell<Vec<u32>>,
    waker: RefCell<Option<Waker>>,
}

impl Moved {
    fn add(&self, number: u32) {
        self.numbers.borrow_mut().push(number);
        self.waker.take().into_iter().for_each(Waker::wake);
    }
}

impl Watcher {
    /// Reports a move of `number` that the caller has seen itself.
    pub fn tell(&self, number: u32) {
        self.0.add(number);
    }

    /// Waits until something has moved. Returns the numbers of what moved.
    pub async fn moved(&self) -> Vec<u32> {
        poll_fn(|cx| {
            let numbers = self.take_moved();
            if !numbers.is_empty() {
                return Poll::Ready(numbers);
            }
            *self.0.waker.borrow_mut() = Some(cx.waker().clone());
            Poll::Pending
        })
        .await
    }

    /// Returns the numbers of what has moved since the last call.
    pub fn take_moved(&self) -> Vec<u32> {
        self.0.numbers.take()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::mpsc::{Sender, channel};
    use std::task::Wake;

    use super::*;
    use crate::test_random::Random;

    fn many(waiters: &mut HwWaiters, watcher: &Watcher, count: u32) -> Vec<u64> {
        (0..count).map(|number| waiters.watch(Offset::ZERO, watcher, number)).collect()
    }

    #[test]
    fn a_watcher_is_told_what_moved_and_each_once() {
        let (mut waiters, watcher) = (HwWaiters::default(), Watcher::default());
        waiters.watch(Offset::of(5), &watcher, 5);
        waiters.watch(Offset::of(3), &watcher, 3);
        waiters.advance(Offset::of(4));
        assert_eq!(watcher.take_moved(), [3]);
        waiters.advance(Offset::of(5));
        assert!(watcher.take_moved().is_empty());
        waiters.start_moved();
        assert_eq!(watcher.take_moved(), [5]);
        assert!(waiters.is_empty());
    }

    #[test]
    fn whoever_goes_is_not_told_and_leaves_no_more_than_a_gap_for_each_who_stays() {
        let (mut waiters, watcher) = (HwWaiters::default(), Watcher::default());
        let keys = many(&mut waiters, &watcher, 1000);
        for key in keys.iter().rev().filter(|key| *key % 10 != 0) {
            waiters.forget(*key);
            waiters.forget(*key);
        }
        assert!(waiters.waiting.len() <= 2 * 100);
        waiters.wake_all();
        assert_eq!(watcher.take_moved(), (0..100).map(|at| at * 10).collect::<Vec<_>>());
        assert!(waiters.is_empty() && waiters.waiting.is_empty());
    }

    #[test]
    fn when_all_have_gone_nobody_waits() {
        let (mut waiters, watcher) = (HwWaiters::default(), Watcher::default());
        for key in many(&mut waiters, &watcher, 10) {
            assert!(!waiters.is_empty());
            waiters.forget(key);
        }
        assert!(waiters.is_empty() && waiters.waiting.is_empty());
    }

    /// A task that sends its number when it is woken.
    struct Sleeper(u32, Sender<u32>);

    impl Wake for Sleeper {
        fn wake(self: Arc<Self>) {
            self.1.send(self.0).unwrap();
        }
    }

    /// Who waits, by a number of its own.
    struct Known {
        key: u64,
        past: i64,
        number: u32,
        is_watcher: bool,
    }

    #[test]
    fn whoever_waits_is_woken_when_it_is_due_and_once() {
        for seed in 0..50 {
            let (mut random, mut waiters) = (Random::new(seed), HwWaiters::default());
            let (watcher, (sender, woken)) = (Watcher::default(), channel());
            let mut model: Vec<Known> = Vec::new();
            for number in 0..400 {
                let past = random.below(50) as i64;
                let mut due = Vec::new();
                match random.below(10) {
                    0 => {
                        waiters.advance(Offset::ZERO + past);
                        due.extend(model.extract_if(.., |known| known.past < past));
                    }
                    1 => {
                        waiters.start_moved();
                        due.extend(model.extract_if(.., |known| known.is_watcher));
                    }
                    2 if random.below(20) == 0 => {
                        waiters.wake_all();
                        due.append(&mut model);
                    }
                    3..6 if !model.is_empty() => {
                        let at = random.below(model.len() as u64) as usize;
                        waiters.forget(model.swap_remove(at).key);
                    }
                    6 => {
                        let key = waiters.watch(Offset::ZERO + past, &watcher, number);
                        model.push(Known { key, past, number, is_watcher: true });
                    }
                    _ => {
                        let waker = Arc::new(Sleeper(number, sender.clone())).into();
                        let key = waiters.wait(None, Offset::ZERO + past, &waker);
                        model.push(Known { key, past, number, is_watcher: false });
                    }
                }
                let mut told: Vec<u32> = watcher.take_moved().into_iter().chain(woken.try_iter()).collect();
                let mut expected: Vec<u32> = due.iter().map(|known| known.number).collect();
                told.sort_unstable();
                expected.sort_unstable();
                assert_eq!(told, expected, "seed {seed}");
                assert_eq!(waiters.is_empty(), model.is_empty(), "seed {seed}");
            }
        }
    }
}
