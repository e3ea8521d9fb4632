//! What a careless producer sent and got no answer to.
//!
//! It sends one batch at a time: what was answered stands before all that it sent later. But a connection that breaks
//! leaves its batch adrift. The broker takes it from there whenever it gets to that connection, if at all (one that is
//! starting has both the old and the new one waiting for it), so that what was sent over the next connection may go first.
//! Kafka promises no more to a producer without an id. Only the broker's end is an end of it.

use std::collections::{BTreeMap, HashMap};

use super::content::RecordId;

#[derive(Default)]
pub struct Unanswered {
    /// The first number that the producer sent after the end of the broker that the record was sent to.
    before: BTreeMap<RecordId, Option<i32>>,
    /// What each producer sends next.
    next: HashMap<u16, i32>,
}

impl Unanswered {
    pub fn sending(&mut self, first: RecordId, count: i32) {
        self.before.extend(records(first, count).map(|id| (id, None)));
        self.next.insert(first.producer, first.number + count);
    }

    pub fn answered(&mut self, first: RecordId, count: i32) {
        records(first, count).for_each(|id| {
            self.before.remove(&id);
        });
    }

    pub fn broker_ended(&mut self) {
        for (id, before) in &mut self.before {
            before.get_or_insert(self.next[&id.producer]);
        }
    }

    /// Whether a record may stand behind `highest`, the largest of its producer's numbers before it.
    pub fn may_follow(&self, id: RecordId, highest: Option<i32>) -> bool {
        let Some(highest) = highest.filter(|highest| id.number <= *highest) else { return true };
        self.before.get(&id).is_some_and(|before| before.is_none_or(|before| highest < before))
    }
}

fn records(first: RecordId, count: i32) -> impl Iterator<Item = RecordId> {
    (first.number..first.number + count).map(move |number| RecordId { number, ..first })
}
