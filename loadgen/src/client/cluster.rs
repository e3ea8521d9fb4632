//! The topic and who leads its partitions.

use super::control::{Control, describe, resolve};
use crate::error::LoadError;
use creel_wire::api::metadata::{MetadataRequest, MetadataRequestTopic, MetadataResponse, MetadataResponseTopic};
use creel_wire::{ErrorCode, Str, Uuid};
use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

const TOPIC_READY_SECONDS_MAX: u64 = 20;
const ASK_AGAIN: Duration = Duration::from_millis(50);

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

/// Finds `name`, whose partitions may still be in need of leaders; `None` when it does not exist.
pub fn find_topic(control: &mut Control, name: &str, create: bool) -> Result<Option<Topic>, LoadError> {
    let started = Instant::now();
    loop {
        let answer = ask(control, name, create)?;
        let topic = answer.topics.first();
        let code = topic.map_or(ErrorCode::UnknownTopicOrPartition, |topic| topic.error_code);
        match (code, topic) {
            (ErrorCode::None, Some(topic)) => {
                if let Some(topic) = with_leaders(&answer, topic, name)? {
                    return Ok(Some(topic));
                }
            }
            (ErrorCode::UnknownTopicOrPartition, _) if !create => return Ok(None),
            (ErrorCode::UnknownTopicOrPartition | ErrorCode::LeaderNotAvailable, _) => {}
            (code, _) => return Err(LoadError::Refused { what: format!("show topic {name}"), code: describe(code) }),
        }
        if started.elapsed() > Duration::from_secs(TOPIC_READY_SECONDS_MAX) {
            let what = format!("make topic {name} ready within {TOPIC_READY_SECONDS_MAX} s");
            return Err(LoadError::Refused { what, code: describe(code) });
        }
        std::thread::sleep(ASK_AGAIN);
    }
}

fn ask(control: &mut Control, name: &str, create: bool) -> Result<MetadataResponse, LoadError> {
    let topic = MetadataRequestTopic { name: Some(Str::from(name.to_owned())), ..Default::default() };
    control.call(&MetadataRequest {
        topics: Some(vec![topic]),
        allow_auto_topic_creation: create,
        ..Default::default()
    })
}

/// `None` while a partition has no leader.
fn with_leaders(
    answer: &MetadataResponse,
    topic: &MetadataResponseTopic,
    name: &str,
) -> Result<Option<Topic>, LoadError> {
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
