//! The memory that a core's answers take together, beyond what each may without asking.

use std::cell::Cell;
use std::fmt;
use std::rc::Rc;

use creel_io::local::Notify;
use creel_wire::ApiKey;

use crate::limits::{ANSWER_BYTES_ENCODED_HERE, ANSWER_BYTES_FREE, ANSWER_BYTES_HELD};

/// Bytes of memory that an answer takes for each byte of its request's lists: the answer's entries, the questions to
/// other cores on the way to them, and the frame. What the broker has to tell of each thing comes on top. The tests
/// of worst frames check these figures.
pub(crate) const fn weight(api: ApiKey) -> usize {
    match api {
        // Four bytes name a partition, and some sixty tell of it.
        ApiKey::OffsetFetch => 48,
        ApiKey::OffsetDelete => 24,
        // Short names, and many fields for each.
        ApiKey::DescribeGroups | ApiKey::FindCoordinator | ApiKey::OffsetForLeaderEpoch => 12,
        _ => 8,
    }
}

/// What a core's answers hold, and those who wait for room.
#[derive(Default)]
pub(crate) struct AnswerMemory {
    held: Cell<usize>,
    waiting: Cell<usize>,
    freed: Notify,
}

impl AnswerMemory {
    /// Whether someone waits for room.
    pub(crate) fn is_awaited(&self) -> bool {
        self.waiting.get() > 0
    }

    /// Room for an answer of about so many bytes of memory, before it is made. A small answer needs none. One that is
    /// larger than all that a core may hold is refused.
    pub(crate) async fn hold(room: &Rc<Self>, bytes: usize) -> Result<AnswerRoom, AnswerTooLarge> {
        if bytes <= ANSWER_BYTES_FREE {
            return Ok(AnswerRoom::NOTHING);
        }
        if bytes > ANSWER_BYTES_HELD {
            return Err(AnswerTooLarge { bytes });
        }
        let _waiting = Waiting::new(&room.waiting);
        // Not in the order of arrival: an answer that waits for its own connection must not keep others waiting.
        while room.held.get() + bytes > ANSWER_BYTES_HELD {
            room.freed.notified().await;
        }
        room.held.set(room.held.get() + bytes);
        Ok(AnswerRoom { room: Some(room.clone()), bytes })
    }
}

/// Being counted among those who wait.
struct Waiting<'a>(&'a Cell<usize>);

impl<'a> Waiting<'a> {
    fn new(count: &'a Cell<usize>) -> Self {
        count.set(count.get() + 1);
        Self(count)
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.0.set(self.0.get() - 1);
    }
}

/// Room that an answer has. Dropping it gives it back.
pub(crate) struct AnswerRoom {
    /// A small one has none.
    room: Option<Rc<AnswerMemory>>,
    bytes: usize,
}

impl AnswerRoom {
    /// A small answer.
    pub(crate) const NOTHING: Self = Self { room: None, bytes: 0 };

    /// Whether the answer is one of those that count.
    pub(crate) const fn counts(&self) -> bool {
        self.bytes > 0
    }

    /// Whether encoding it takes long.
    pub(crate) const fn is_long(&self) -> bool {
        self.bytes > ANSWER_BYTES_ENCODED_HERE
    }

    /// Whether someone waits for what this one has.
    pub(crate) fn is_awaited(&self) -> bool {
        self.room.as_ref().is_some_and(|room| room.is_awaited())
    }

    /// The answer has become smaller: it is encoded.
    pub(crate) fn shrink(&mut self, bytes: usize) {
        let bytes = if bytes <= ANSWER_BYTES_FREE { 0 } else { bytes };
        if bytes < self.bytes {
            self.give_back(self.bytes - bytes);
            self.bytes = bytes;
        }
    }

    fn give_back(&self, bytes: usize) {
        if let Some(room) = &self.room {
            room.held.set(room.held.get().saturating_sub(bytes));
            room.freed.notify_all();
        }
    }
}

impl Drop for AnswerRoom {
    fn drop(&mut self) {
        if self.bytes > 0 {
            self.give_back(self.bytes);
        }
    }
}

/// An answer that would be too large to be made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct AnswerTooLarge {
    pub(crate) bytes: usize,
}

impl fmt::Display for AnswerTooLarge {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { bytes } = self;
        write!(
            f,
            "the response would take about {bytes} bytes of memory: at most {ANSWER_BYTES_HELD} are allowed"
        )
    }
}

#[cfg(test)]
mod tests {
    use creel_io::{spawn, yield_now};

    use super::*;

    #[test]
    fn large_answers_share_what_there_is_and_wait_for_each_other() {
        creel_io::sim::run(1, |_| async {
            let room = Rc::new(AnswerMemory::default());
            let most = ANSWER_BYTES_HELD;
            assert!(!AnswerMemory::hold(&room, ANSWER_BYTES_FREE).await.unwrap().counts());
            assert_eq!(
                AnswerMemory::hold(&room, most + 1).await.err(),
                Some(AnswerTooLarge { bytes: most + 1 })
            );
            let mut first = AnswerMemory::hold(&room, most / 2).await.unwrap();
            let second = AnswerMemory::hold(&room, most / 2).await.unwrap();
            assert!(first.counts() && !first.is_awaited());
            let (of_third, of_fourth) = (room.clone(), room.clone());
            let third = spawn(async move { AnswerMemory::hold(&of_third, most / 4).await.unwrap() });
            let fourth = spawn(async move { AnswerMemory::hold(&of_fourth, most).await.unwrap() });
            yield_now().await;
            assert!(second.is_awaited());
            assert!(!AnswerMemory::hold(&room, 1).await.unwrap().counts(), "a small one waits for nobody");
            // It has been encoded: it is smaller now.
            first.shrink(most / 4);
            let third = third.await;
            assert!(!fourth.is_finished());
            // It turned out to be a small one.
            first.shrink(1);
            assert!(!first.counts());
            drop((first, second, third));
            let fourth = fourth.await;
            assert!(!fourth.is_awaited());
            drop(fourth);
            assert_eq!(room.held.get(), 0);
        });
    }
}
