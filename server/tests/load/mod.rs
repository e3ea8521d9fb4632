//! A load that knows what it was promised: careful producers that repeat what was not acknowledged, a careless one,
//! readers, groups that commit; and a judge. It runs against the simulated broker and against the real one alike.
#![allow(dead_code, unreachable_pub, reason = "each test uses a part of it")]

mod committer;
pub mod content;
pub mod judge;
mod producer;
mod reader;
mod unanswered;

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::rc::Rc;
use std::time::Duration;

use creel_io::{sleep, spawn, timeout};
use creel_wire::api::create_topics::{CreatableTopic, CreatableTopicConfig, CreateTopicsRequest};
use creel_wire::{ErrorCode, Request};

use crate::support::{Client, Connector};
use judge::{Judge, Part};

/// A topic that keeps everything.
pub const KEPT: &str = "kept";
/// A topic that drops its oldest segments all the time, and has a codec of its own.
pub const ROLLING: &str = "rolling";
/// Partitions of each of them.
const PARTITIONS: i32 = 2;
const GROUPS: [&str; 2] = ["left", "right"];
/// Answers slower than this are given up, and the connection with them.
const PATIENCE: Duration = Duration::from_secs(10);

/// Tries after which a partition counts as lost.
const TRIES_MAX: u32 = 500;
const REFUSALS_KEPT: usize = 12;

/// How much load there is.
#[derive(Clone, Copy, Debug)]
pub struct Plan {
    pub producers: u16,
    pub value_bytes_max: u64,
    /// The longest pause between two batches of a producer.
    pub pause_max: Duration,
    /// Whether what was written outlives what happens (kill -9), so that acks=1 is a promise too.
    pub written_is_kept: bool,
}

/// The settings a broker needs for topics to roll while a test looks on.
pub const SETTINGS: &[&str] = &[
    "log.retention.check.interval.ms=40",
    "offsets.topic.num.partitions=2",
    "offsets.topic.segment.bytes=16384",
    "log.index.interval.bytes=600",
];

/// What all parts of the load share.
#[derive(Clone)]
pub struct Load {
    pub judge: Rc<RefCell<Judge>>,
    connector: Connector,
    plan: Plan,
    stage: Rc<Cell<Stage>>,
    /// Parts that have not ended yet, once they have begun.
    alive: Rc<Cell<Option<usize>>>,
    /// The last errors, newest first.
    refusals: Rc<RefCell<VecDeque<String>>>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    Running,
    /// Nobody connects.
    Held,
    /// What was begun is brought to its end.
    Draining,
}

pub fn parts() -> impl Iterator<Item = Part> {
    [KEPT, ROLLING].into_iter().flat_map(|topic| (0..PARTITIONS).map(move |index| Part { topic, index }))
}

impl Load {
    pub fn new(connector: Connector, plan: Plan) -> Self {
        // The last producer is the careless one.
        let judge = Judge::new(parts().map(|part| (part, part.topic == KEPT)), vec![plan.producers]);
        Self {
            judge: Rc::new(RefCell::new(judge)),
            connector,
            plan,
            stage: Rc::new(Cell::new(Stage::Running)),
            alive: Rc::default(),
            refusals: Rc::default(),
        }
    }

    /// Creates the topics, however often it takes.
    pub async fn prepare(&self) {
        while !self.try_prepare().await {
            self.rest().await;
        }
    }

    async fn try_prepare(&self) -> bool {
        let set = |name: &'static str, value: &'static str| CreatableTopicConfig {
            name: name.into(),
            value: Some(value.into()),
        };
        let topic = |name: &'static str, configs| CreatableTopic {
            name: name.into(),
            num_partitions: PARTITIONS,
            replication_factor: 1,
            configs,
            ..Default::default()
        };
        let kept = topic(
            KEPT,
            vec![
                set("internal.segment.bytes", "16384"),
                set("retention.ms", "-1"),
                set("preallocate", "true"),
            ],
        );
        let rolling = topic(
            ROLLING,
            vec![
                set("internal.segment.bytes", "16384"),
                set("retention.bytes", "30000"),
                set("compression.type", "zstd"),
            ],
        );
        let request = CreateTopicsRequest { topics: vec![kept, rolling], ..Default::default() };
        let Some(mut client) = self.connect().await else { return false };
        let Some(response) = self.ask(&mut client, 7, &request).await else { return false };
        let is_there = |code| matches!(code, ErrorCode::None | ErrorCode::TopicAlreadyExists);
        response.topics.iter().all(|topic| is_there(topic.error_code))
    }

    /// Begins the load on this core.
    pub fn begin(&self) {
        for index in 0..self.plan.producers {
            self.part(producer::careful(self.clone(), index));
        }
        self.part(producer::careless(self.clone(), self.plan.producers));
        for part in parts() {
            self.part(reader::follow(self.clone(), part));
        }
        for group in GROUPS {
            self.part(committer::commit(self.clone(), group));
        }
    }

    fn part(&self, body: impl Future<Output = ()> + 'static) {
        let alive = self.alive.clone();
        alive.set(Some(alive.get().unwrap_or(0) + 1));
        spawn(async move {
            body.await;
            alive.set(alive.get().map(|count| count - 1));
        });
    }

    /// Nobody connects again until [`Load::go_on`].
    pub fn hold(&self) {
        self.stage.set(Stage::Held);
    }

    pub fn go_on(&self) {
        self.stage.set(Stage::Running);
    }

    /// Nothing new is begun; what was is brought to its end.
    pub fn drain(&self) {
        self.stage.set(Stage::Draining);
    }

    /// Whether everything has come to its end.
    pub fn is_drained(&self) -> bool {
        self.alive.get() == Some(0)
    }

    fn is_draining(&self) -> bool {
        self.stage.get() == Stage::Draining
    }

    /// Reads every partition from its start to its end and has the judge look at it, and at the groups' offsets.
    pub async fn sweep(&self) {
        for part in parts() {
            let mut tries = 0;
            while reader::sweep(self, part).await.is_none() {
                tries += 1;
                assert!(tries < TRIES_MAX, "{part:?} can't be read: {:?}", self.refusals());
                self.rest().await;
            }
        }
        for group in GROUPS {
            while committer::look(self, group).await.is_none() {
                self.rest().await;
            }
        }
    }

    fn refused(&self, what: &str, code: ErrorCode) {
        let mut refusals = self.refusals.borrow_mut();
        refusals.truncate(REFUSALS_KEPT - 1);
        refusals.push_front(format!("{:?} {what}: {code:?}", creel_io::now()));
    }

    /// The last errors that the broker answered with, newest first.
    pub fn refusals(&self) -> String {
        self.refusals.borrow().iter().map(|one| format!("\n    {one}")).collect()
    }

    /// A connection, when the load may have one and the broker gives one.
    async fn connect(&self) -> Option<Client> {
        timeout(PATIENCE, self.connector.try_connect()).await.ok()?
    }

    /// Waits until connections may be made.
    async fn gate(&self) {
        while self.stage.get() == Stage::Held {
            sleep(Duration::from_millis(2)).await;
        }
    }

    async fn ask<R: Request>(&self, client: &mut Client, version: i16, request: &R) -> Option<R::Response> {
        timeout(PATIENCE, client.try_call(version, request)).await.ok()?
    }

    /// A while between two tries.
    async fn rest(&self) {
        sleep(Duration::from_millis(5 + creel_io::random_u64() % 20)).await;
    }

    /// A while between two requests.
    async fn pause(&self) {
        let most = self.plan.pause_max.as_micros() as u64;
        sleep(Duration::from_micros(creel_io::random_u64() % (most + 1))).await;
    }
}
