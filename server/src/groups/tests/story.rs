//! Runs a script of requests against a coordinator and writes down what comes back.
//!
//! ```text
//! join a [static] [fresh] [known] [v3|v9] [session=10s] [rebalance=60s] [type=t] [protocols=x,y]
//! sync a [generation] [a=x b=y]     heartbeat a [generation]     leave a b     leave instance:a
//! commit a|- generation t/0=5       fetch t/0 | fetch all        after 3s
//! hold | persist | refuse           describe | list | delete | delete offsets t/0 | topic deleted t
//! restart                           (the records that were persisted, replayed)
//! ```
//!
//! All is about one group, `g`. A member's id is shown as `a~1`, the number counting the ids made.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::rc::Rc;

use bytes::Bytes;
use creel_io::Instant;

use crate::{
    groups::*,
    offsets::{BatchContent, GroupMetadata, LoggedRecord, OffsetCommit, OffsetsRecord, RecordKey},
};

pub(super) const WALL_MS: i64 = 1_700_000_000_000;

/// The moment so many milliseconds after the start of the monotonic clock.
pub(super) fn at_ms(ms: u64) -> Instant {
    Instant::from_nanos(ms * 1_000_000)
}

/// How many milliseconds after the start of the monotonic clock a moment is.
pub(super) fn ms_of(moment: Instant) -> u64 {
    moment.as_nanos() / 1_000_000
}

pub(super) const LIMITS: GroupLimits = GroupLimits {
    initial_rebalance_delay_ms: 3_000,
    session_timeout_min_ms: 6_000,
    session_timeout_max_ms: 1_800_000,
    members_max: 3,
    offset_metadata_chars_max: 16,
    offsets_retention_ms: 3_600_000,
    expiry_interval_ms: 600_000,
    offsets_at_once: 250,
    batch_bytes: 64 << 10,
    state_bytes_max: 1 << 20,
};

pub(super) struct Story {
    coordinator: Coordinator,
    limits: GroupLimits,
    now_ms: u64,
    tokens: Vec<(String, bool)>,
    ids: BTreeMap<String, String>,
    made: u8,
    held: Option<Vec<Write>>,
    log: Vec<OffsetsRecord>,
    text: String,
}

/// The story of a script: each line, and what came back.
pub(super) fn story(script: &str) -> String {
    story_with(LIMITS, script)
}

pub(super) fn story_with(limits: GroupLimits, script: &str) -> String {
    let mut story = Story {
        coordinator: Coordinator::new(limits),
        limits,
        now_ms: 0,
        tokens: Vec::new(),
        ids: BTreeMap::new(),
        made: 0,
        held: None,
        log: Vec::new(),
        text: String::new(),
    };
    for line in script.lines().map(str::trim).filter(|line| !line.is_empty()) {
        writeln!(story.text, "{line}").unwrap();
        story.run(line);
        story.coordinator.check_invariants();
    }
    story.text
}

impl Story {
    fn now(&self) -> Now {
        Now { monotonic: at_ms(self.now_ms), wall_ms: WALL_MS + self.now_ms as i64 }
    }

    fn say(&mut self, text: &str) {
        writeln!(self.text, "    {text}").unwrap();
    }

    fn run(&mut self, line: &str) {
        let words: Vec<&str> = line.split_whitespace().collect();
        match words.as_slice() {
            ["join", name, options @ ..] => self.join(name, options),
            ["sync", name, rest @ ..] => self.sync(name, rest),
            ["heartbeat", name, rest @ ..] => {
                let token = self.token(&format!("{name} heartbeat"));
                let (member, generation) = (self.member(name), self.generation(rest.first()));
                self.event(Event::Heartbeat(
                    token,
                    HeartbeatRequest { group: "g".into(), member, generation },
                ));
            }
            ["leave", names @ ..] => {
                let token = self.token("leave");
                let members = names.iter().map(|name| self.member(name)).collect();
                self.event(Event::Leave(token, LeaveRequest { group: "g".into(), members }));
            }
            ["commit", name, generation, offsets @ ..] => self.commit(name, generation, offsets),
            ["fetch", what] => self.fetch(what),
            ["after", time] => self.after(seconds(time)),
            ["hold"] => self.held = Some(Vec::new()),
            ["persist"] => self.held.take().into_iter().flatten().for_each(|write| self.persist(write)),
            ["refuse"] => {
                for write in self.held.take().into_iter().flatten() {
                    self.event(Event::WriteFailed(write.id, GroupError::NotCoordinator));
                }
            }
            ["describe"] => self.describe(),
            ["list"] => {
                let list = format!("{:?}", self.coordinator.list());
                self.say(&list);
            }
            ["delete"] => {
                let token = self.token("delete");
                self.event(Event::DeleteGroup(token, "g".into()));
            }
            ["delete", "offsets", key] => {
                let token = self.token("delete offsets");
                let (topic, partition) = partition(key);
                self.event(Event::DeleteOffsets(token, "g".into(), vec![(topic, vec![partition])]));
            }
            ["topic", "deleted", topic] => self.forget(topic),
            ["restart"] => self.restart(),
            other => panic!("a line of a story: {other:?}"),
        }
    }

    fn forget(&mut self, topic: &str) {
        let mut cleanup = OffsetCleanup::of(Rc::new(BTreeSet::from([topic.to_owned()])));
        loop {
            let (outputs, step) = self.coordinator.clean_up_topics(self.now(), &mut cleanup);
            self.take(outputs);
            if step.is_last {
                return;
            }
        }
    }

    fn token(&mut self, what: &str) -> Token {
        self.tokens.push((what.to_owned(), false));
        Token(self.tokens.len() as u64 - 1)
    }

    fn member(&self, name: &str) -> Member {
        if let Some(instance) = name.strip_prefix("instance:") {
            return Member { member_id: String::new(), instance_id: Some(instance.to_owned()) };
        }
        let (name, instance_id) = match name.strip_suffix('!') {
            Some(name) => (name, Some(name.to_owned())),
            None => (name, None),
        };
        let member_id = self.ids.get(name).cloned().unwrap_or_default();
        Member { member_id, instance_id }
    }

    fn generation(&self, word: Option<&&str>) -> i32 {
        word.and_then(|word| word.parse().ok()).unwrap_or(1)
    }

    fn join(&mut self, name: &str, options: &[&str]) {
        let option = |key: &str| options.iter().find_map(|one| one.strip_prefix(key));
        let is = |word: &str| options.contains(&word);
        let plain = name.trim_end_matches('!');
        let mut member = self.member(name);
        if is("fresh") {
            member.member_id.clear();
        }
        self.made += 1;
        let mut entropy = [0; 16];
        entropy[15] = self.made;
        let protocols = option("protocols=").unwrap_or("range").split(',');
        let subscription = Bytes::from_static(b"\x00\x00\x00\x00\x00\x01\x00\x01t");
        let request = JoinRequest {
            reason: None,
            group: option("group=").unwrap_or("g").to_owned(),
            member,
            client: GroupClient(plain.bytes().next().map(u64::from)),
            client_id: plain.to_owned(),
            client_host: "/127.0.0.1".to_owned(),
            session_timeout_ms: option("session=").map_or(10_000, |time| seconds(time) as i32),
            rebalance_timeout_ms: option("rebalance=").map_or(60_000, |time| seconds(time) as i32),
            protocol_type: option("type=").unwrap_or("consumer").to_owned(),
            protocols: protocols
                .map(|name| Protocol { name: name.to_owned(), metadata: subscription.clone() })
                .collect(),
            member_id_required: !is("v3"),
            can_skip_assignment: is("v9"),
            entropy,
        };
        let token = self.token(&format!("{name} join"));
        self.event(Event::Join(token, request));
    }

    fn sync(&mut self, name: &str, rest: &[&str]) {
        let pairs = rest.iter().filter_map(|word| word.split_once('='));
        let assignments = pairs
            .map(|(name, text)| {
                (self.ids.get(name).cloned().unwrap_or_default(), Bytes::copy_from_slice(text.as_bytes()))
            })
            .collect();
        let request = SyncRequest {
            group: "g".into(),
            member: self.member(name),
            generation: self.generation(rest.first()),
            assignments,
            ..SyncRequest::default()
        };
        let token = self.token(&format!("{name} sync"));
        self.event(Event::Sync(token, request));
    }

    fn commit(&mut self, name: &str, generation: &str, offsets: &[&str]) {
        let topics = offsets.iter().map(|one| {
            let (key, value) = one.split_once('=').unwrap();
            let (topic, partition) = partition(key);
            let (offset, note) = value.split_once(':').unwrap_or((value, ""));
            let offset = offset.parse().unwrap();
            let metadata = Some(note.to_owned());
            (topic, vec![OffsetToCommit { partition, offset, leader_epoch: -1, metadata }])
        });
        let request = CommitRequest {
            group: "g".into(),
            member: self.member(name),
            generation: generation.parse().unwrap(),
            retention_ms: None,
            knows_group_id_not_found: false,
            topics: topics.collect(),
        };
        let token = self.token(&format!("{name} commit"));
        self.event(Event::Commit(token, request));
    }

    fn fetch(&mut self, what: &str) {
        let topics = (what != "all").then(|| {
            let (topic, partition) = partition(what);
            vec![(topic, vec![partition])]
        });
        let request = FetchRequest { group: "g".into(), topics, require_stable: true };
        for (topic, partitions) in self.coordinator.fetch(&request).topics {
            for one in partitions {
                let error = one.error.map(|error| format!(" {error}")).unwrap_or_default();
                self.say(&format!("{topic}/{} = {} {:?}{error}", one.partition, one.offset, one.metadata));
            }
        }
    }

    fn describe(&mut self) {
        let group = self.coordinator.describe("g");
        self.say(&format!("{} {:?} {:?}", group.state, group.protocol_type, group.protocol));
        for member in group.members {
            let assignment = String::from_utf8_lossy(&member.assignment).into_owned();
            let line = format!("{} {:?} = {assignment:?}", short(&member.member_id), member.instance_id);
            self.say(&line);
        }
    }

    /// Lets time pass, waking the coordinator when it asked for that.
    fn after(&mut self, ms: u64) {
        let end = self.now_ms + ms;
        while let Some(deadline) = self.coordinator.next_deadline().filter(|deadline| ms_of(*deadline) <= end)
        {
            self.now_ms = self.now_ms.max(ms_of(deadline));
            self.event(Event::Tick);
        }
        self.now_ms = end;
    }

    fn event(&mut self, event: Event) {
        let outputs = self.coordinator.handle(self.now(), event);
        self.take(outputs);
    }

    fn take(&mut self, outputs: Outputs) {
        for (token, reply) in outputs.replies {
            let (what, answered) = &mut self.tokens[token.0 as usize];
            assert!(!std::mem::replace(answered, true), "{what} is answered twice");
            let what = what.clone();
            self.learn(&what, &reply);
            let at = self.now_ms as f64 / 1000.0;
            self.say(&format!("{at:.1}s {what}: {}", show(&reply)));
        }
        for write in outputs.writes {
            match &mut self.held {
                Some(held) => held.push(write),
                None => self.persist(write),
            }
        }
    }

    fn persist(&mut self, write: Write) {
        for record in &write.records {
            let line = show_record(record);
            self.say(&format!("log {line}"));
        }
        let log_offset = self.log.len() as i64;
        self.log.extend(write.records);
        self.event(Event::Persisted(write.id, log_offset));
    }

    /// A client learns the id it is given.
    fn learn(&mut self, what: &str, reply: &GroupReply) {
        if let GroupReply::Join(reply) = reply
            && matches!(reply.error, None | Some(GroupError::MemberIdRequired))
        {
            let name = what.split_whitespace().next().unwrap().trim_end_matches('!');
            self.ids.insert(name.to_owned(), reply.member_id.clone());
        }
    }

    fn restart(&mut self) {
        self.coordinator = Coordinator::new(self.limits);
        for (offset, record) in (0..).zip(&self.log) {
            let logged = LoggedRecord { offset, record: record.clone() };
            self.coordinator.replay(BatchContent::Records(vec![logged])).unwrap();
        }
        let outputs = self.coordinator.loaded(self.now());
        self.take(outputs);
    }
}

fn seconds(text: &str) -> u64 {
    let text = text.strip_suffix('s').unwrap();
    (text.parse::<f64>().unwrap() * 1000.0) as u64
}

fn partition(key: &str) -> (String, i32) {
    let (topic, partition) = key.split_once('/').unwrap();
    (topic.to_owned(), partition.parse().unwrap())
}

/// `a-00000000-0000-4000-8000-000000000001` as `a~1`.
fn short(member_id: &str) -> String {
    match (member_id.split_once('-'), member_id.rsplit_once('-')) {
        (Some((name, _)), Some((_, number))) => {
            format!("{name}~{}", i64::from_str_radix(number, 16).unwrap_or(-1))
        }
        _ => format!("{member_id:?}"),
    }
}

fn show(reply: &GroupReply) -> String {
    match reply {
        GroupReply::Join(reply) => match reply.error {
            Some(error) => format!("{error}, id {}", short(&reply.member_id)),
            None => {
                let members: Vec<_> = reply.members.iter().map(|one| short(&one.member_id)).collect();
                let protocol = reply.protocol_name.as_deref().unwrap_or("-");
                let skip = if reply.skip_assignment { ", skip assignment" } else { "" };
                format!(
                    "{} in generation {}, {protocol}, led by {}, members [{}]{skip}",
                    short(&reply.member_id),
                    reply.generation,
                    short(&reply.leader),
                    members.join(" ")
                )
            }
        },
        GroupReply::Sync(reply) => match reply.error {
            Some(error) => error.to_string(),
            None => format!("assigned {:?}", String::from_utf8_lossy(&reply.assignment)),
        },
        GroupReply::Heartbeat(result) => result.map_or_else(|error| error.to_string(), |()| "ok".to_owned()),
        GroupReply::DeleteGroup(result) => match result {
            Ok(GroupDeletion::Whole) => "ok".to_owned(),
            Ok(GroupDeletion::InPart) => "not all yet".to_owned(),
            Err(error) => error.to_string(),
        },
        GroupReply::Leave(reply) => {
            let members: Vec<_> = reply
                .members
                .iter()
                .map(|one| one.error.map_or("ok".to_owned(), |e| e.to_string()))
                .collect();
            members.join(", ")
        }
        GroupReply::Commit(CommitReply { topics }) => show_topics(topics),
        GroupReply::DeleteOffsets(reply) => {
            reply.error.map_or_else(|| show_topics(&reply.topics), |error| error.to_string())
        }
    }
}

fn show_topics(topics: &TopicErrors) -> String {
    let all = topics.iter().flat_map(|(topic, partitions)| {
        partitions.iter().map(move |(partition, error)| {
            let error = error.map_or("ok".to_owned(), |error| error.to_string());
            format!("{topic}/{partition} {error}")
        })
    });
    all.collect::<Vec<_>>().join(", ")
}

fn show_record(record: &OffsetsRecord) -> String {
    let value = record.value.as_ref();
    match RecordKey::decode(&record.key).unwrap() {
        RecordKey::Offset { topic, partition, .. } => match value {
            Some(value) => {
                let commit = OffsetCommit::decode(value).unwrap();
                format!("offset {topic}/{partition} = {} {:?}", commit.offset, commit.metadata)
            }
            None => format!("offset {topic}/{partition} gone"),
        },
        RecordKey::Group { group } => match value {
            Some(value) => {
                let state = GroupMetadata::decode(value).unwrap();
                let members: Vec<_> = state
                    .members
                    .iter()
                    .map(|one| {
                        format!("{}={}", short(&one.member_id), String::from_utf8_lossy(&one.assignment))
                    })
                    .collect();
                format!("{group} generation {} [{}]", state.generation, members.join(" "))
            }
            None => format!("{group} gone"),
        },
        RecordKey::Other { .. } => unreachable!("never written"),
    }
}
