//! Random histories: whatever happens, the invariants hold, every request is answered exactly once, and
//! what was made durable is what a restart finds.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;
use std::rc::Rc;

use bytes::Bytes;
use proptest::prelude::*;

use super::story::{LIMITS, WALL_MS, at_ms, ms_of};
use crate::{
    groups::*,
    offsets::{BatchContent, LoggedRecord, OffsetsRecord},
};

const GROUPS: [&str; 2] = ["g", "h"];

/// A step of a history. Clients are named by small numbers; even ones are static members.
#[derive(Clone, Debug)]
enum Step {
    Join { client: u8, group: u8, fresh: bool, protocols: u8, old: bool },
    Sync { client: u8, group: u8, stale: bool },
    Heartbeat { client: u8, group: u8, stale: bool },
    Leave { clients: Vec<u8>, group: u8 },
    Commit { client: u8, group: u8, member: bool },
    DeleteGroup { group: u8 },
    DeleteOffsets { group: u8 },
    TopicDeleted,
    Persist { fails: bool, which: u8 },
    Fold { steps: u8 },
    After { ms: u32 },
}

fn step() -> impl Strategy<Value = Step> {
    let client = 0..5_u8;
    let group = prop_oneof![4 => Just(0_u8), 1 => Just(1)];
    prop_oneof![
        8 => (client.clone(), group.clone(), prop::bool::weighted(0.2), 0..4_u8, any::<bool>())
            .prop_map(|(client, group, fresh, protocols, old)| Step::Join { client, group, fresh, protocols, old }),
        8 => (client.clone(), group.clone(), prop::bool::weighted(0.1))
            .prop_map(|(client, group, stale)| Step::Sync { client, group, stale }),
        4 => (client.clone(), group.clone(), prop::bool::weighted(0.1))
            .prop_map(|(client, group, stale)| Step::Heartbeat { client, group, stale }),
        1 => (prop::collection::vec(client.clone(), 1..3), group.clone())
            .prop_map(|(clients, group)| Step::Leave { clients, group }),
        4 => (client, group.clone(), any::<bool>())
            .prop_map(|(client, group, member)| Step::Commit { client, group, member }),
        1 => group.clone().prop_map(|group| Step::DeleteGroup { group }),
        1 => group.prop_map(|group| Step::DeleteOffsets { group }),
        1 => Just(Step::TopicDeleted),
        8 => (prop::bool::weighted(0.05), any::<u8>())
            .prop_map(|(fails, which)| Step::Persist { fails, which }),
        4 => (1..4_u8).prop_map(|steps| Step::Fold { steps }),
        6 => prop_oneof![0..100_u32, 0..5_000_u32, 0..70_000_u32, 0..5_000_000_u32].prop_map(|ms| Step::After { ms }),
    ]
}

#[derive(Clone, Default)]
struct Client {
    member_id: String,
    generation: i32,
    leads: Vec<String>,
}

/// A record of the log.
#[derive(Clone, Copy, PartialEq)]
enum Kind {
    Own,
    /// A copy that a fold has made.
    Copy,
    /// Its write has failed: it is not there.
    Lost,
}

struct World {
    coordinator: Coordinator,
    now_ms: u64,
    /// Each token's kind, client and group, and whether it was answered.
    tokens: Vec<(&'static str, u8, u8, bool)>,
    clients: BTreeMap<(u8, u8), Client>,
    writes: Vec<(WriteId, Range<usize>)>,
    log: Vec<(OffsetsRecord, Kind)>,
    /// Where the fold that is under way began.
    folding: Option<usize>,
    /// Where each fold began, and how much of the log was durable when it was over.
    folds: Vec<(usize, usize)>,
    any_failed: bool,
    entropy: u64,
}

impl World {
    /// With `in_pieces` everything is done an offset at a time, and each record is a batch.
    fn new(in_pieces: bool) -> Self {
        let narrow = GroupLimits { offsets_at_once: 1, batch_bytes: 1, ..LIMITS };
        Self {
            coordinator: Coordinator::new(if in_pieces { narrow } else { LIMITS }),
            now_ms: 0,
            tokens: Vec::new(),
            clients: BTreeMap::new(),
            writes: Vec::new(),
            log: Vec::new(),
            folding: None,
            folds: Vec::new(),
            any_failed: false,
            entropy: 0,
        }
    }

    fn now(&self) -> Now {
        Now { monotonic: at_ms(self.now_ms), wall_ms: WALL_MS + self.now_ms as i64 }
    }

    fn token(&mut self, kind: &'static str, client: u8, group: u8) -> Token {
        self.tokens.push((kind, client, group, false));
        Token(self.tokens.len() as u64 - 1)
    }

    fn client(&self, client: u8, group: u8) -> Client {
        self.clients.get(&(client, group)).cloned().unwrap_or_default()
    }

    fn member(&self, client: u8, group: u8) -> Member {
        let instance_id = client.is_multiple_of(2).then(|| format!("s{client}"));
        Member { member_id: self.client(client, group).member_id, instance_id }
    }

    fn run(&mut self, step: Step) {
        match step {
            Step::Join { client, group, fresh, protocols, old } => {
                self.join(client, group, fresh, protocols, old);
            }
            Step::Sync { client, group, stale } => self.sync(client, group, stale),
            Step::Heartbeat { client, group, stale } => {
                let generation = self.client(client, group).generation - i32::from(stale);
                let token = self.token("heartbeat", client, group);
                let member = self.member(client, group);
                let group = GROUPS[group as usize].to_owned();
                self.event(Event::Heartbeat(token, HeartbeatRequest { group, member, generation }));
            }
            Step::Leave { clients, group } => {
                let token = self.token("leave", clients[0], group);
                let members = clients.iter().map(|client| self.member(*client, group)).collect();
                let group = GROUPS[group as usize].to_owned();
                self.event(Event::Leave(token, LeaveRequest { group, members }));
            }
            Step::Commit { client, group, member } => self.commit(client, group, member),
            Step::DeleteGroup { group } => {
                let token = self.token("delete", 0, group);
                self.event(Event::DeleteGroup(token, GROUPS[group as usize].to_owned()));
            }
            Step::DeleteOffsets { group } => {
                let token = self.token("delete offsets", 0, group);
                let topics = vec![("t".to_owned(), vec![0, 1])];
                self.event(Event::DeleteOffsets(token, GROUPS[group as usize].to_owned(), topics));
            }
            Step::TopicDeleted => self.forget("t"),
            Step::Persist { fails, which } => self.persist(fails, which),
            Step::Fold { steps } => self.fold(steps),
            Step::After { ms } => self.after(u64::from(ms)),
        }
    }

    fn forget(&mut self, topic: &str) {
        let mut cleanup = OffsetCleanup::of(Rc::new(BTreeSet::from([topic.to_owned()])));
        loop {
            let (outputs, step) = self.coordinator.clean_up_topics(self.now(), &mut cleanup);
            self.take(outputs, Kind::Own);
            if step.is_last {
                return;
            }
        }
    }

    fn fold(&mut self, steps: u8) {
        let from = *self.folding.get_or_insert_with(|| {
            self.coordinator.begin_fold(self.log.len() as i64);
            self.log.len()
        });
        for _ in 0..steps {
            let (outputs, step) = self.coordinator.fold(self.now());
            self.take(outputs, Kind::Copy);
            match step {
                FoldStep::More { .. } => continue,
                FoldStep::Waits => {}
                FoldStep::Done(_) => {
                    let durable = self.writes.iter().map(|(_, place)| place.start).min();
                    self.folds.push((from, durable.unwrap_or(self.log.len())));
                    self.folding = None;
                }
                FoldStep::Failed(_) => self.folding = None,
            }
            return;
        }
    }

    fn join(&mut self, client: u8, group: u8, fresh: bool, protocols: u8, old: bool) {
        let mut member = self.member(client, group);
        if fresh {
            member.member_id.clear();
        }
        self.entropy += 1;
        let mut entropy = [0; 16];
        entropy[8..].copy_from_slice(&self.entropy.to_be_bytes());
        let protocol =
            |name: &str| Protocol { name: name.to_owned(), metadata: Bytes::from(vec![0, 0, 0, 0, 0, 0]) };
        let names: &[&str] = match protocols {
            0 => &["range", "sticky"],
            1 => &["sticky", "range"],
            2 => &["range"],
            _ => &["roundrobin"],
        };
        let request = JoinRequest {
            reason: None,
            group: GROUPS[group as usize].to_owned(),
            member,
            client: GroupClient(Some(u64::from(client))),
            client_id: format!("c{client}"),
            client_host: "/127.0.0.1".to_owned(),
            session_timeout_ms: 10_000,
            rebalance_timeout_ms: 30_000,
            protocol_type: "consumer".to_owned(),
            protocols: names.iter().map(|name| protocol(name)).collect(),
            member_id_required: !old,
            can_skip_assignment: old,
            entropy,
        };
        let token = self.token("join", client, group);
        self.event(Event::Join(token, request));
    }

    fn sync(&mut self, client: u8, group: u8, stale: bool) {
        let known = self.client(client, group);
        let assign = |id: &String| (id.clone(), Bytes::from(format!("{id} {}", known.generation)));
        let request = SyncRequest {
            group: GROUPS[group as usize].to_owned(),
            member: self.member(client, group),
            generation: known.generation - i32::from(stale),
            assignments: known.leads.iter().map(assign).collect(),
            ..SyncRequest::default()
        };
        let token = self.token("sync", client, group);
        self.event(Event::Sync(token, request));
    }

    fn commit(&mut self, client: u8, group: u8, member: bool) {
        let offset = self.now_ms as i64;
        let one = |partition| OffsetToCommit { partition, offset, leader_epoch: -1, metadata: None };
        let request = CommitRequest {
            group: GROUPS[group as usize].to_owned(),
            member: if member { self.member(client, group) } else { Member::default() },
            generation: if member { self.client(client, group).generation } else { -1 },
            topics: vec![("t".to_owned(), vec![one(0), one(i32::from(client))])],
            ..CommitRequest::default()
        };
        let token = self.token("commit", client, group);
        self.event(Event::Commit(token, request));
    }

    /// Some write ends: the log keeps its order, the word of it need not.
    fn persist(&mut self, fails: bool, which: u8) {
        if self.writes.is_empty() {
            return;
        }
        let (write, place) = self.writes.remove(usize::from(which) % self.writes.len());
        if fails {
            self.any_failed = true;
            self.log[place].iter_mut().for_each(|(_, kind)| *kind = Kind::Lost);
            return self.event(Event::WriteFailed(write, GroupError::NotCoordinator));
        }
        self.event(Event::Persisted(write, place.start as i64));
    }

    fn after(&mut self, ms: u64) {
        let end = self.now_ms + ms;
        while let Some(deadline) = self.coordinator.next_deadline().filter(|deadline| ms_of(*deadline) <= end)
        {
            assert!(ms_of(deadline) >= self.now_ms, "no deadline is left behind");
            self.now_ms = ms_of(deadline);
            self.event(Event::Tick);
            let next = self.coordinator.next_deadline();
            assert!(next.is_none_or(|next| next > deadline), "a tick deals with what was due");
        }
        self.now_ms = end;
    }

    fn event(&mut self, event: Event) {
        let outputs = self.coordinator.handle(self.now(), event);
        self.take(outputs, Kind::Own);
    }

    fn take(&mut self, outputs: Outputs, kind: Kind) {
        self.coordinator.check_invariants();
        for write in outputs.writes {
            let begin = self.log.len();
            self.log.extend(write.records.into_iter().map(|record| (record, kind)));
            self.writes.push((write.id, begin..self.log.len()));
        }
        for (token, reply) in outputs.replies {
            let (kind, client, group, answered) = &mut self.tokens[token.0 as usize];
            assert!(!std::mem::replace(answered, true), "a {kind} of {client} is answered twice");
            let key = (*client, *group);
            self.learn(key, reply);
        }
    }

    fn learn(&mut self, key: (u8, u8), reply: GroupReply) {
        let client = self.clients.entry(key).or_default();
        match reply {
            GroupReply::Join(reply) => match reply.error {
                None => {
                    client.member_id = reply.member_id;
                    client.generation = reply.generation;
                    client.leads = reply.members.into_iter().map(|member| member.member_id).collect();
                }
                Some(GroupError::MemberIdRequired) => client.member_id = reply.member_id,
                Some(GroupError::UnknownMemberId | GroupError::FencedInstanceId) => client.member_id.clear(),
                Some(_) => {}
            },
            // What a leader assigned names the member and the generation.
            GroupReply::Sync(reply) if reply.error.is_none() && !reply.assignment.is_empty() => {
                let assignment = String::from_utf8_lossy(&reply.assignment).into_owned();
                let (_, generation) = assignment.split_once(' ').unwrap();
                assert!(generation.parse::<i32>().unwrap() <= client.generation, "from its own generation");
            }
            _ => {}
        }
    }

    /// All writes get through, all sessions end: then every request has its answer.
    fn end(&mut self) {
        for _ in 0..20 {
            while !self.writes.is_empty() {
                self.persist(false, 0);
            }
            self.after(400_000);
        }
        for (kind, client, _, answered) in &self.tokens {
            assert!(answered, "a {kind} of {client} is never answered");
        }
    }

    /// What a restart would find, against what is in memory.
    fn compare_with_restart(&self) {
        let restarted = self.restarted(0..self.log.len(), true);
        for group in GROUPS {
            let request = FetchRequest { group: group.to_owned(), topics: None, require_stable: false };
            assert_eq!(restarted.fetch(&request), self.coordinator.fetch(&request), "offsets of {group}");
            let (before, after) = (self.coordinator.describe(group), restarted.describe(group));
            // A group goes on although its own record is lost.
            if before.state == "Stable" && !self.any_failed {
                assert_eq!(before, after);
            }
        }
    }

    /// A coordinator that has found this part of the log, with copies or without.
    fn restarted(&self, part: Range<usize>, with_copies: bool) -> Coordinator {
        let mut restarted = Coordinator::new(LIMITS);
        for offset in part {
            let (record, kind) = self.log[offset].clone();
            if kind == Kind::Lost || kind == Kind::Copy && !with_copies {
                continue;
            }
            let logged = LoggedRecord { offset: offset as i64, record };
            restarted.replay(BatchContent::Records(vec![logged])).unwrap();
        }
        restarted.loaded(self.now());
        restarted.check_invariants();
        restarted
    }

    /// Once a fold is over, the log from where it began, or from any place before, tells what the whole log would without
    /// the copies: wherever a crash lets it end.
    fn compare_folded_with_whole(&self) {
        for (from, done) in &self.folds {
            for end in *done..=self.log.len() {
                let whole = self.restarted(0..end, false);
                for begin in [0, from / 2, *from] {
                    let part = self.restarted(begin..end, true);
                    for group in GROUPS {
                        let request =
                            FetchRequest { group: group.to_owned(), topics: None, require_stable: false };
                        assert_eq!(part.fetch(&request), whole.fetch(&request), "offsets of {group}");
                        assert_eq!(part.describe(group), whole.describe(group));
                    }
                    assert_eq!(part.list(), whole.list());
                }
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn every_history_keeps_the_promises(
        in_pieces in any::<bool>(),
        steps in prop::collection::vec(step(), 1..120),
    ) {
        let mut world = World::new(in_pieces);
        for step in steps {
            world.run(step);
        }
        while !world.writes.is_empty() {
            world.persist(false, 0);
        }
        world.compare_with_restart();
        world.compare_folded_with_whole();
        world.end();
    }
}
