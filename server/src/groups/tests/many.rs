//! Groups with more offsets than one batch takes, and more groups than are looked at in one piece.

use std::collections::BTreeSet;
use std::rc::Rc;

use super::story::{LIMITS, WALL_MS, at_ms, ms_of};
use crate::groups::*;
use crate::offsets::{BatchContent, LoggedRecord, OffsetCommit, OffsetsRecord, RecordKey, batch_of};

/// What a batch takes in these stories, in bytes.
const BATCH_BYTES: usize = 1 << 20;

fn now(ms: u64) -> Now {
    Now { monotonic: at_ms(ms), wall_ms: WALL_MS + ms as i64 }
}

fn committed(group: &str, topic: &str, partition: i32) -> OffsetsRecord {
    let (group, topic) = (group.to_owned(), topic.to_owned());
    let commit = OffsetCommit {
        offset: 7,
        leader_epoch: -1,
        metadata: String::new(),
        commit_time_ms: WALL_MS,
        expire_time_ms: None,
    };
    OffsetsRecord::offset(&RecordKey::Offset { group, topic, partition }, &commit)
}

/// A coordinator with its log.
struct Broker {
    coordinator: Coordinator,
    log: Vec<OffsetsRecord>,
}

impl Broker {
    fn start(log: Vec<OffsetsRecord>) -> Self {
        let mut coordinator = Coordinator::new(LIMITS);
        let logged = (0..).zip(log.clone()).map(|(offset, record)| LoggedRecord { offset, record });
        logged.for_each(|record| coordinator.replay(BatchContent::Records(vec![record])).unwrap());
        coordinator.loaded(now(0));
        Self { coordinator, log }
    }

    /// The log takes what it is given, but for a batch that is too large.
    fn write(&mut self, writes: Vec<Write>) -> Vec<GroupReply> {
        let mut replies = Vec::new();
        for write in writes {
            assert!(batch_of(&write.records, 0).unwrap().size_bytes() <= BATCH_BYTES, "the log takes it");
            let at = self.log.len() as i64;
            self.log.extend(write.records);
            replies.extend(self.handle(now(0), Event::Persisted(write.id, at)).0);
        }
        replies
    }

    fn handle(&mut self, now: Now, event: Event) -> (Vec<GroupReply>, Vec<Write>) {
        let outputs = self.coordinator.handle(now, event);
        (outputs.replies.into_iter().map(|(_, reply)| reply).collect(), outputs.writes)
    }

    fn fetched(&self, group: &str) -> usize {
        let request = FetchRequest { group: group.to_owned(), ..FetchRequest::default() };
        self.coordinator.fetch(&request).topics.iter().map(|(_, partitions)| partitions.len()).sum()
    }
}

const MANY: usize = 20_000;

fn of_one_group() -> Vec<OffsetsRecord> {
    (0..MANY as i32).map(|partition| committed("g", "orders", partition)).collect()
}

#[test]
fn a_group_with_many_offsets_is_deleted_in_pieces_and_a_crash_between_them_leaves_the_rest() {
    let mut broker = Broker::start(of_one_group());
    let delete = |broker: &mut Broker| {
        let (replies, writes) = broker.handle(now(0), Event::DeleteGroup(Token(0), "g".to_owned()));
        assert!(replies.is_empty(), "answered once it is durable");
        let records: usize = writes.iter().map(|write| write.records.len()).sum();
        assert!(records <= LIMITS.offsets_at_once + 1, "{records} in one piece");
        broker.write(writes)
    };
    for _ in 0..3 {
        assert_eq!(delete(&mut broker), [GroupReply::DeleteGroup(Ok(GroupDeletion::InPart))]);
    }
    broker.coordinator.check_invariants();
    let left = broker.fetched("g");
    assert!((MANY - 3 * LIMITS.offsets_at_once..=MANY - 300).contains(&left), "{left}");
    let mut broker = Broker::start(broker.log);
    assert_eq!(broker.fetched("g"), left);
    while delete(&mut broker) == [GroupReply::DeleteGroup(Ok(GroupDeletion::InPart))] {}
    broker.coordinator.check_invariants();
    assert!(broker.coordinator.list().is_empty());
    assert!(Broker::start(broker.log).coordinator.list().is_empty());
}

fn commit_of(count: usize) -> CommitRequest {
    let one = |partition| OffsetToCommit { partition, offset: 7, leader_epoch: -1, metadata: None };
    CommitRequest {
        group: "g".to_owned(),
        generation: -1,
        topics: vec![("orders".to_owned(), (0..count as i32).map(one).collect())],
        ..CommitRequest::default()
    }
}

#[test]
fn a_commit_of_many_offsets_is_several_batches_and_one_answer() {
    let mut broker = Broker::start(Vec::new());
    let (replies, mut writes) = broker.handle(now(0), Event::Commit(Token(0), commit_of(MANY)));
    assert!(replies.is_empty() && writes.len() > 10, "{}", writes.len());
    let last = writes.pop().unwrap();
    assert_eq!(broker.write(writes), [], "not before all of it is durable");
    let replies = broker.write(vec![last]);
    let [GroupReply::Commit(reply)] = &replies[..] else { panic!("{replies:?}") };
    assert!(reply.topics[0].1.len() == MANY && reply.topics[0].1.iter().all(|(_, error)| error.is_none()));
    assert_eq!(broker.fetched("g"), MANY);
    assert_eq!(Broker::start(broker.log).fetched("g"), MANY);
}

#[test]
fn a_commit_is_refused_if_one_of_its_batches_fails_and_the_next_commit_is_not() {
    let mut broker = Broker::start(Vec::new());
    let (_, mut writes) = broker.handle(now(0), Event::Commit(Token(0), commit_of(MANY)));
    let failed = writes.remove(1);
    let rest = writes.split_off(1);
    let lost = failed.records.len();
    assert_eq!(broker.write(writes), []);
    let event = Event::WriteFailed(failed.id, GroupError::CoordinatorNotAvailable);
    assert_eq!(broker.handle(now(0), event).0, []);
    let replies = broker.write(rest);
    let [GroupReply::Commit(reply)] = &replies[..] else { panic!("{replies:?}") };
    let error = Some(GroupError::CoordinatorNotAvailable);
    assert!(reply.topics[0].1.iter().all(|(_, told)| *told == error), "nobody is told that it is all there");
    assert_eq!(broker.fetched("g"), MANY - lost, "memory says what the log says");
    assert_eq!(Broker::start(broker.log.clone()).fetched("g"), MANY - lost);

    let (_, writes) = broker.handle(now(0), Event::Commit(Token(1), commit_of(1)));
    let replies = broker.write(writes);
    let [GroupReply::Commit(reply)] = &replies[..] else { panic!("{replies:?}") };
    assert_eq!(reply.topics[0].1, [(0, None)]);
}

#[test]
fn a_deleted_topics_offsets_are_looked_for_in_pieces_and_many_groups_tombstones_are_one_batch() {
    let groups = 10_000;
    let log = (0..groups).flat_map(|at| {
        let group = format!("group-{at:05}");
        [committed(&group, "kept", 0), committed(&group, if at % 2 == 0 { "gone" } else { "gone too" }, 0)]
    });
    let mut log: Vec<_> = log.collect();
    log.extend((0..1000).map(|partition| committed("many", "gone", partition)));
    let mut broker = Broker::start(log);
    let topics = ["gone", "gone too", "never there"].map(str::to_owned);
    let mut cleanup = OffsetCleanup::of(Rc::new(BTreeSet::from(topics)));
    let (mut steps, mut batches, mut longest) = (0, 0, 0);
    loop {
        let (outputs, step) = broker.coordinator.clean_up_topics(now(0), &mut cleanup);
        (steps, batches, longest) = (steps + 1, batches + outputs.writes.len(), longest.max(step.work));
        broker.write(outputs.writes);
        if step.is_last {
            break;
        }
    }
    assert!(longest <= LIMITS.offsets_at_once + 1, "others come in between: {longest}");
    let records = groups + 1000;
    assert!(batches <= 2 * records / LIMITS.offsets_at_once, "{batches} batches in {steps} steps");
    broker.coordinator.check_invariants();
    for broker in [Broker::start(broker.log.clone()), broker] {
        assert_eq!(broker.fetched("many"), 0);
        assert!((0..groups).all(|at| broker.fetched(&format!("group-{at:05}")) == 1));
    }
}

#[test]
fn many_offsets_expire_in_pieces() {
    let mut log: Vec<_> = (0..3000).map(|at| committed(&format!("group-{at:05}"), "t", 0)).collect();
    log.extend(of_one_group());
    let mut broker = Broker::start(log);
    broker.handle(now(0), Event::Tick);
    let mut longest = 0;
    while let Some(at) = broker.coordinator.next_deadline() {
        let (_, writes) = broker.handle(now(ms_of(at) + LIMITS.offsets_retention_ms as u64), Event::Tick);
        longest = longest.max(writes.iter().map(|write| write.records.len()).sum::<usize>());
        broker.write(writes);
    }
    assert!((1..=2 * LIMITS.offsets_at_once + 1).contains(&longest), "others come in between: {longest}");
    assert!(broker.coordinator.list().is_empty());
    assert!(Broker::start(broker.log).coordinator.list().is_empty());
}
