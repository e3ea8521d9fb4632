//! Tasks that wait for a partition to move: acks of durable appends, each for its own offset, and watchers of many
//! partitions (parked fetches), who are told which of them moved.
//!
//! Coming and going costs the same however many wait: whoever goes leaves a gap, and gaps are swept out together.

use std::cell::{Cell, RefCell};
use std::future::poll_fn;
use std::rc::Rc;
use std::task::{Poll, Waker};

use creel_io::count_work;

use crate::log::Health;
use crate::offset::Offset;
use crate::partition::Partition;

/// Fewer gaps than these are left.
const GAPS_MIN: usize = 16;

#[derive(Debug, Default)]
pub(crate) struct Watch {
    /// Ascending by key.
    waiting: RefCell<Vec<Waiter>>,
    gaps: Cell<usize>,
    next_key: Cell<u64>,
}

#[derive(Debug)]
struct Waiter {
    key: u64,
    past: Offset,
    who: Who,
}

#[derive(Debug)]
enum Who {
    /// A task that wants to know when the high watermark is past its offset.
    Task(Waker),
    /// A watcher, and what it calls this partition. It wants to know of a new log start, too.
    Watcher(Rc<Moved>, u32),
    /// Whoever it was has gone.
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

impl Watch {
    /// Waits, or waits on under `key`, until the high watermark is past `past`.
    pub(crate) fn wait(&self, key: Option<u64>, past: Offset, waker: &Waker) -> u64 {
        if let Some(key) = key
            && let Some(Waiter { who: Who::Task(known), .. }) = find(&mut self.waiting.borrow_mut(), key)
        {
            known.clone_from(waker);
            return key;
        }
        self.add(past, Who::Task(waker.clone()))
    }

    fn add(&self, past: Offset, who: Who) -> u64 {
        count_work(1);
        let key = self.next_key.replace(self.next_key.get() + 1);
        self.waiting.borrow_mut().push(Waiter { key, past, who });
        key
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.waiting.borrow().len() == self.gaps.get()
    }

    pub(crate) fn forget(&self, key: u64) {
        let mut waiting = self.waiting.borrow_mut();
        let waiter = find(&mut waiting, key).filter(|waiter| !matches!(waiter.who, Who::Gap));
        let Some(waiter) = waiter else { return };
        count_work(1);
        waiter.who = Who::Gap;
        let gaps = self.gaps.get() + 1;
        self.gaps.set(gaps);
        if gaps == waiting.len() {
            waiting.clear();
            self.gaps.set(0);
        } else if gaps >= GAPS_MIN && gaps * 2 >= waiting.len() {
            waiting.retain(|waiter| !matches!(waiter.who, Who::Gap));
            self.gaps.set(0);
        }
    }

    /// Wakes those whose offset lies before `high_watermark`.
    pub(crate) fn advance(&self, high_watermark: Offset) {
        self.wake(|waiter| waiter.past < high_watermark);
    }

    /// Wakes those who want to know where the log starts.
    pub(crate) fn start_moved(&self) {
        self.wake(|waiter| matches!(waiter.who, Who::Watcher(..)));
    }

    /// Wakes everyone: something happened that they must look at.
    pub(crate) fn wake_all(&self) {
        self.wake(|_| true);
    }

    fn wake(&self, due: impl Fn(&Waiter) -> bool) {
        let mut waiting = self.waiting.borrow_mut();
        if waiting.iter().any(&due) {
            let is_over = |waiter: &Waiter| due(waiter) || matches!(waiter.who, Who::Gap);
            waiting.extract_if(.., |waiter| is_over(waiter)).for_each(|waiter| waiter.who.wake());
            self.gaps.set(0);
        }
    }
}

fn find(waiting: &mut [Waiter], key: u64) -> Option<&mut Waiter> {
    let at = waiting.binary_search_by_key(&key, |waiter| waiter.key).ok()?;
    waiting.get_mut(at)
}

/// What a reader has seen of a partition.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Seen {
    /// End of what was committed.
    pub high_watermark: Offset,
    /// Start of the log.
    pub log_start: Offset,
}

/// Watches many partitions and is told which of them moved, by numbers of its own choice.
#[derive(Clone, Debug, Default)]
pub struct Watcher(Rc<Moved>);

/// Each number is in here once at most, for who has been told is no longer in the partition's list.
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
    /// Watches a partition, to be told once: when its high watermark or its start are no longer as seen, or it is
    /// closed. One whose storage failed never moves again, and is not watched. Dropping what this returns ends it.
    pub fn watch(&self, partition: &Partition, seen: Seen, number: u32) -> Watching {
        let inner = partition.inner();
        let cursors = inner.cursors.get();
        let has_moved = cursors.high_watermark > seen.high_watermark || cursors.log_start > seen.log_start;
        let health = inner.health.get();
        if has_moved || health == Health::Closed {
            self.tell(number);
            return Watching(None);
        }
        if health == Health::Poisoned {
            return Watching(None);
        }
        let key = inner.watch.add(seen.high_watermark, Who::Watcher(self.0.clone(), number));
        inner.start_commit();
        Watching(Some((partition.clone(), key)))
    }

    /// Tells it of a move that was seen elsewhere.
    pub fn tell(&self, number: u32) {
        self.0.add(number);
    }

    /// Waits until something has moved. What it was.
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

    /// What has moved since this was last asked.
    pub fn take_moved(&self) -> Vec<u32> {
        self.0.numbers.take()
    }
}

/// A partition that is watched for as long as this is kept.
#[derive(Debug, Default)]
pub struct Watching(Option<(Partition, u64)>);

impl Drop for Watching {
    fn drop(&mut self) {
        if let Some((partition, key)) = self.0.take() {
            partition.inner().watch.forget(key);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn many(watch: &Watch, watcher: &Watcher, count: u32) -> Vec<u64> {
        (0..count).map(|number| watch.add(Offset(0), Who::Watcher(watcher.0.clone(), number))).collect()
    }

    #[test]
    fn a_watcher_is_told_what_moved_and_each_once() {
        let (watch, watcher) = (Watch::default(), Watcher::default());
        watch.add(Offset(5), Who::Watcher(watcher.0.clone(), 5));
        watch.add(Offset(3), Who::Watcher(watcher.0.clone(), 3));
        watch.advance(Offset(4));
        assert_eq!(watcher.take_moved(), [3]);
        watch.advance(Offset(5));
        assert!(watcher.take_moved().is_empty());
        watch.start_moved();
        assert_eq!(watcher.take_moved(), [5]);
        assert!(watch.is_empty());
    }

    #[test]
    fn whoever_goes_is_not_told_and_leaves_no_more_than_a_gap_for_each_who_stays() {
        let (watch, watcher) = (Watch::default(), Watcher::default());
        let keys = many(&watch, &watcher, 1000);
        for key in keys.iter().rev().filter(|key| *key % 10 != 0) {
            watch.forget(*key);
            watch.forget(*key);
        }
        assert!(watch.waiting.borrow().len() <= 2 * 100);
        watch.wake_all();
        assert_eq!(watcher.take_moved(), (0..100).map(|at| at * 10).collect::<Vec<_>>());
        assert!(watch.is_empty() && watch.waiting.borrow().is_empty());
    }

    #[test]
    fn when_all_have_gone_nobody_waits() {
        let (watch, watcher) = (Watch::default(), Watcher::default());
        for key in many(&watch, &watcher, 10) {
            assert!(!watch.is_empty());
            watch.forget(key);
        }
        assert!(watch.is_empty() && watch.waiting.borrow().is_empty());
    }
}
