//! The topic, who leads its partitions, and where these end.

use super::control::{Control, describe, resolve};
use super::retry_window::RetryWindow;
use super::versions::Versions;
use crate::error::EngineError;
use creel_wire::api::create_topics::{CreatableTopic, CreateTopicsRequest};
use creel_wire::api::delete_topics::{DeleteTopicState, DeleteTopicsRequest};
use creel_wire::api::list_offsets::{ListOffsetsPartition, ListOffsetsRequest, ListOffsetsTopic};
use creel_wire::api::metadata::{
    MetadataRequest, MetadataRequestTopic, MetadataResponse, MetadataResponseTopic,
};
use creel_wire::{ErrorCode, Request, Str, Uuid};
use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::time::Duration;

const READY_WITHIN: Duration = Duration::from_secs(20);
const ASK_AGAIN: Duration = Duration::from_millis(50);
const CREATE_TIMEOUT_MS: i32 = 15_000;
const LATEST: i64 = -1;
const EARLIEST: i64 = -2;

/// A topic, ready to be produced to.
#[derive(Debug, Clone)]
pub struct Topic {
    /// Its name.
    pub name: Str,
    /// Its id; zero on brokers without ids.
    pub id: Uuid,
    /// The address of each partition's leader.
    pub leaders: Vec<SocketAddr>,
}

impl Topic {
    /// How many partitions it has.
    pub fn partitions(&self) -> usize {
        self.leaders.len()
    }

    /// Partitions by leader.
    pub fn by_leader(&self) -> BTreeMap<SocketAddr, Vec<usize>> {
        let mut by_leader = BTreeMap::<_, Vec<usize>>::new();
        for (partition, leader) in self.leaders.iter().enumerate() {
            by_leader.entry(*leader).or_default().push(partition);
        }
        by_leader
    }
}

/// The brokers, asked outside of the load.
#[derive(Debug)]
pub struct Cluster {
    first: Control,
    leaders: BTreeMap<SocketAddr, Control>,
}

impl Cluster {
    /// Through the first of `addresses` that answers.
    pub fn connect(addresses: &str) -> Result<Cluster, EngineError> {
        Ok(Cluster { first: Control::connect_any(addresses)?, leaders: BTreeMap::new() })
    }

    /// The topic, made if it does not exist. An existing one with another number of partitions than asked for is an
    /// error: the numbers would be those of another test.
    pub fn topic(&mut self, name: &str, partitions: Option<i32>, default: i32) -> Result<Topic, EngineError> {
        let topic = match find_topic(&mut self.first, name, Want::Existing)? {
            Some(topic) => topic,
            None => self.create(name, partitions.unwrap_or(default))?,
        };
        match partitions {
            Some(asked) if asked as usize != topic.partitions() => Err(EngineError::Options(format!(
                "topic {name} has {} partitions, not the {asked} asked for: name another topic, or leave out --partitions",
                topic.partitions()
            ))),
            _ => Ok(topic),
        }
    }

    /// A topic that somebody else made.
    pub fn existing_topic(&mut self, name: &str) -> Result<Option<Topic>, EngineError> {
        find_topic(&mut self.first, name, Want::Existing)
    }

    /// Asks one broker and waits for its answer.
    pub fn call<R: Request>(&mut self, broker: SocketAddr, request: &R) -> Result<R::Response, EngineError> {
        self.leader(broker)?.call(request)
    }

    fn create(&mut self, name: &str, partitions: i32) -> Result<Topic, EngineError> {
        let topic = CreatableTopic {
            name: Str::from(name.to_owned()),
            num_partitions: partitions,
            replication_factor: -1,
            ..Default::default()
        };
        // Versions before 4 know no default for replication.
        let version = self.first.versions().pick::<CreateTopicsRequest>();
        let topic = CreatableTopic { replication_factor: if version? < 4 { 1 } else { -1 }, ..topic };
        let request =
            CreateTopicsRequest { topics: vec![topic], timeout_ms: CREATE_TIMEOUT_MS, validate_only: false };
        let mut retry_window = RetryWindow::default();
        loop {
            let answer = self.first.call(&request)?;
            let code = answer.topics.first().map_or(ErrorCode::UnknownServerError, |topic| topic.error_code);
            if matches!(code, ErrorCode::None | ErrorCode::TopicAlreadyExists) {
                break; // one that was made in spite of a time-out exists by now
            }
            if !code.is_retriable() || retry_window.is_over(READY_WITHIN) {
                return Err(EngineError::Refused {
                    what: format!("create topic {name}"),
                    code: describe(code),
                });
            }
            std::thread::sleep(ASK_AGAIN);
        }
        let found = find_topic(&mut self.first, name, Want::Made)?;
        found.ok_or_else(|| EngineError::Refused {
            what: format!("create topic {name}"),
            code: "it is gone".into(),
        })
    }

    /// What each leader of `topic` offers.
    pub fn versions(&mut self, topic: &Topic) -> Result<BTreeMap<SocketAddr, Versions>, EngineError> {
        let leaders: Vec<SocketAddr> = topic.by_leader().into_keys().collect();
        leaders.into_iter().map(|leader| Ok((leader, self.leader(leader)?.versions().clone()))).collect()
    }

    /// The offset behind the last record of each partition that consumers may read.
    pub fn end_offsets(&mut self, topic: &Topic) -> Result<Vec<i64>, EngineError> {
        self.offsets(topic, LATEST)
    }

    /// The offset of each partition's first record.
    pub fn start_offsets(&mut self, topic: &Topic) -> Result<Vec<i64>, EngineError> {
        self.offsets(topic, EARLIEST)
    }

    /// Offsets of each partition by a special timestamp. A leader that was only just
    /// appointed may not know it yet, so it is asked again.
    fn offsets(&mut self, topic: &Topic, timestamp: i64) -> Result<Vec<i64>, EngineError> {
        let mut ends = vec![0; topic.partitions()];
        for (leader, partitions) in topic.by_leader() {
            let mut retry_window = RetryWindow::default();
            while let Err((code, refused)) =
                self.offsets_from(leader, &partitions, topic, timestamp, &mut ends)?
            {
                if !code.is_retriable() || retry_window.is_over(READY_WITHIN) {
                    return Err(refused);
                }
                std::thread::sleep(ASK_AGAIN);
            }
        }
        Ok(ends)
    }

    /// Asks one leader for those of its partitions.
    fn offsets_from(
        &mut self,
        leader: SocketAddr,
        partitions: &[usize],
        topic: &Topic,
        timestamp: i64,
        ends: &mut [i64],
    ) -> Result<Result<(), (ErrorCode, EngineError)>, EngineError> {
        let ask = |partition: &usize| ListOffsetsPartition {
            partition_index: *partition as i32,
            timestamp,
            ..Default::default()
        };
        let asked = partitions.iter().map(ask).collect();
        let topics = vec![ListOffsetsTopic { name: topic.name.clone(), partitions: asked }];
        let request = ListOffsetsRequest { replica_id: -1, topics, ..Default::default() };
        let answer = self.leader(leader)?.call(&request)?;
        for partition in answer.topics.iter().flat_map(|topic| &topic.partitions) {
            let code = partition.error_code;
            if !code.is_none() {
                let what = format!("list offsets of {}-{}", topic.name.as_str(), partition.partition_index);
                return Ok(Err((code, EngineError::Refused { what, code: describe(code) })));
            }
            let slot = usize::try_from(partition.partition_index).ok().and_then(|index| ends.get_mut(index));
            slot.into_iter().for_each(|slot| *slot = partition.offset);
        }
        Ok(Ok(()))
    }

    /// Deletes what a run made for itself; a broker that will not is left with it.
    pub fn delete(&mut self, topic: &Topic) -> Result<(), EngineError> {
        let state = DeleteTopicState { name: Some(topic.name.clone()), ..Default::default() };
        let request = DeleteTopicsRequest {
            topics: vec![state],
            topic_names: vec![topic.name.clone()],
            timeout_ms: CREATE_TIMEOUT_MS,
        };
        self.first.call(&request).map(drop)
    }

    fn leader(&mut self, address: SocketAddr) -> Result<&mut Control, EngineError> {
        Ok(match self.leaders.entry(address) {
            std::collections::btree_map::Entry::Occupied(known) => known.into_mut(),
            std::collections::btree_map::Entry::Vacant(new) => new.insert(Control::connect(address)?),
        })
    }
}

/// What is hoped for when a topic is looked up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Want {
    /// It may exist.
    Existing,
    /// It was just made; the broker asked may not know yet.
    Made,
}

/// Finds `name` and waits until all its partitions have leaders; `None` when it does not exist.
fn find_topic(control: &mut Control, name: &str, want: Want) -> Result<Option<Topic>, EngineError> {
    let mut retry_window = RetryWindow::default();
    loop {
        let answer = ask(control, name)?;
        let topic = answer.topics.first();
        let code = topic.map_or(ErrorCode::UnknownTopicOrPartition, |topic| topic.error_code);
        match (code, topic) {
            (ErrorCode::None, Some(topic)) => {
                if let Some(topic) = with_leaders(&answer, topic, name)? {
                    return Ok(Some(topic));
                }
            }
            (ErrorCode::UnknownTopicOrPartition, _) if want == Want::Existing => return Ok(None),
            (code, _) if code.is_retriable() => {}
            (code, _) => {
                return Err(EngineError::Refused {
                    what: format!("show topic {name}"),
                    code: describe(code),
                });
            }
        }
        if retry_window.is_over(READY_WITHIN) {
            let what = format!("make topic {name} ready within {} s", READY_WITHIN.as_secs());
            return Err(EngineError::Refused { what, code: describe(code) });
        }
        std::thread::sleep(ASK_AGAIN);
    }
}

fn ask(control: &mut Control, name: &str) -> Result<MetadataResponse, EngineError> {
    let topic = MetadataRequestTopic { name: Some(Str::from(name.to_owned())), ..Default::default() };
    control.call(&MetadataRequest {
        topics: Some(vec![topic]),
        allow_auto_topic_creation: false,
        ..Default::default()
    })
}

/// `None` while a partition has no leader.
fn with_leaders(
    answer: &MetadataResponse,
    topic: &MetadataResponseTopic,
    name: &str,
) -> Result<Option<Topic>, EngineError> {
    let mut nodes = BTreeMap::new();
    for broker in &answer.brokers {
        nodes.insert(broker.node_id, resolve(&host_port(&broker.host, broker.port))?);
    }
    let mut leaders = vec![None; topic.partitions.len()];
    for partition in &topic.partitions {
        let slot = usize::try_from(partition.partition_index).ok().and_then(|index| leaders.get_mut(index));
        if let Some(slot) = slot {
            *slot = nodes.get(&partition.leader_id).copied();
        }
    }
    let leaders: Option<Vec<SocketAddr>> = leaders.into_iter().collect();
    let leaders = leaders.filter(|leaders| !leaders.is_empty());
    Ok(leaders.map(|leaders| Topic { name: Str::from(name.to_owned()), id: topic.topic_id, leaders }))
}

fn host_port(host: &str, port: i32) -> String {
    if host.contains(':') { format!("[{host}]:{port}") } else { format!("{host}:{port}") }
}
