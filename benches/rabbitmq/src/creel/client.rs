//! One partition through loadgen's blocking connection: produce, fetch from an offset, commit and ask for a group's
//! offset. One request at a time.

use crate::error::{BenchError, Result};
use creel_wire::api::fetch::{FetchPartition, FetchRequest, FetchTopic};
use creel_wire::api::find_coordinator::FindCoordinatorRequest;
use creel_wire::api::offset_commit::{
    OffsetCommitRequest, OffsetCommitRequestPartition, OffsetCommitRequestTopic,
};
use creel_wire::api::offset_fetch::{
    OffsetFetchRequest, OffsetFetchRequestGroup, OffsetFetchRequestTopic, OffsetFetchRequestTopics,
};
use creel_wire::api::produce::{PartitionProduceData, ProduceRequest, TopicProduceData};
use creel_wire::{Bytes, ErrorCode, Records, Str};
use loadgen_engine::client::cluster::{Cluster, Topic};
use loadgen_engine::client::control::{Control, describe};
use loadgen_engine::codec::{CodecSpec, Decoder, Encoder};
use loadgen_engine::records::build::OpenBatch;
use loadgen_engine::records::parse::next_batch;
use loadgen_engine::records::stamp::Stamp;
use std::net::SocketAddr;
use std::time::Duration;

const FETCH_BYTES: i32 = 1 << 20;
const PRODUCE_TIMEOUT_MS: i32 = 10_000;
const COORDINATOR_TRIES: usize = 100;
const TRY_AGAIN: Duration = Duration::from_millis(50);

/// A connection and the topic it is about, whose one partition is 0.
pub struct Client {
    control: Control,
    topic: Topic,
}

/// A topic of one partition.
pub fn topic(address: SocketAddr, name: &str) -> Result<Topic> {
    Ok(Cluster::connect(&address.to_string())?.topic(name, Some(1), 1)?)
}

impl Client {
    /// Connects.
    pub fn open(address: SocketAddr, topic: &Topic) -> Result<Client> {
        Ok(Client { control: Control::connect(address)?, topic: topic.clone() })
    }

    /// Sends records as one batch and waits for its ack.
    pub fn produce<'a>(&mut self, acks: i16, records: impl Iterator<Item = (Stamp, &'a [u8])>) -> Result<()> {
        let mut open = OpenBatch::new(Vec::new(), 0);
        records.for_each(|(stamp, value)| open.push(None, Some(value), &stamp, 0));
        let (built, _) = open.finish(&mut Encoder::new(CodecSpec::NONE), Vec::new());
        let records = Records::Inline(Bytes::copy_from_slice(built.batch()));
        let partition = PartitionProduceData { index: 0, records };
        let (name, topic_id) = (self.topic.name.clone(), self.topic.id);
        let request = ProduceRequest {
            transactional_id: None,
            acks,
            timeout_ms: PRODUCE_TIMEOUT_MS,
            topic_data: vec![TopicProduceData { name, topic_id, partition_data: vec![partition] }],
        };
        let answer = self.control.call(&request)?;
        let partitions = answer.responses.iter().flat_map(|topic| &topic.partition_responses);
        check(partitions.map(|partition| partition.error_code), "a produce request")
    }

    /// Records from `offset` on, with their offsets; none when there were none within `max_wait_ms`.
    pub fn fetch(&mut self, offset: i64, max_wait_ms: i32) -> Result<Vec<(i64, Stamp)>> {
        let partition = FetchPartition {
            partition: 0,
            fetch_offset: offset,
            partition_max_bytes: FETCH_BYTES,
            ..Default::default()
        };
        let (topic, topic_id) = (self.topic.name.clone(), self.topic.id);
        let request = FetchRequest {
            replica_id: -1,
            max_wait_ms,
            min_bytes: 1,
            max_bytes: FETCH_BYTES,
            topics: vec![FetchTopic { topic, topic_id, partitions: vec![partition] }],
            ..Default::default()
        };
        let answer = self.control.call(&request)?;
        let partitions: Vec<_> = answer.responses.into_iter().flat_map(|topic| topic.partitions).collect();
        check(partitions.iter().map(|partition| partition.error_code), "a fetch")?;
        let mut found = Vec::new();
        for partition in partitions {
            if let Records::Inline(bytes) = partition.records {
                stamps_of(&bytes, offset, &mut found)?;
            }
        }
        Ok(found)
    }

    /// Stores a group's offset, as a consumer does that assigns its partitions itself.
    pub fn commit(&mut self, group: &str, offset: i64) -> Result<()> {
        let partition = OffsetCommitRequestPartition { committed_offset: offset, ..Default::default() };
        let (name, topic_id) = (self.topic.name.clone(), self.topic.id);
        let request = OffsetCommitRequest {
            group_id: Str::from(group.to_owned()),
            topics: vec![OffsetCommitRequestTopic { name, topic_id, partitions: vec![partition] }],
            ..Default::default()
        };
        let mut last = ErrorCode::None;
        for _ in 0..COORDINATOR_TRIES {
            let answer = self.control.call(&request)?;
            let mut codes = answer.topics.iter().flat_map(|topic| &topic.partitions);
            last = codes.next().map_or(ErrorCode::UnknownServerError, |partition| partition.error_code);
            match last {
                ErrorCode::None => return Ok(()),
                ErrorCode::NotCoordinator | ErrorCode::CoordinatorNotAvailable => {
                    self.find_coordinator(group)?
                }
                ErrorCode::CoordinatorLoadInProgress => std::thread::sleep(TRY_AGAIN),
                _ => break,
            }
        }
        check([last].into_iter(), "a commit")
    }

    /// The group's offset.
    pub fn committed(&mut self, group: &str) -> Result<i64> {
        let (name, topic_id) = (self.topic.name.clone(), self.topic.id);
        let group_id = Str::from(group.to_owned());
        let new = OffsetFetchRequestTopics { name: name.clone(), topic_id, partition_indexes: vec![0] };
        let request = OffsetFetchRequest {
            group_id: group_id.clone(),
            topics: Some(vec![OffsetFetchRequestTopic { name, partition_indexes: vec![0] }]),
            groups: vec![OffsetFetchRequestGroup { group_id, topics: Some(vec![new]), ..Default::default() }],
            ..Default::default()
        };
        let answer = self.control.call(&request)?;
        let of_groups =
            answer.groups.iter().flat_map(|group| &group.topics).flat_map(|topic| &topic.partitions);
        let mut offsets = of_groups.map(|partition| partition.committed_offset);
        offsets.next().ok_or_else(|| BenchError::Said("no answer about the group's offset".into()))
    }

    /// Asked once, so that there is one.
    fn find_coordinator(&mut self, group: &str) -> Result<()> {
        let key = Str::from(group.to_owned());
        let request =
            FindCoordinatorRequest { key: key.clone(), coordinator_keys: vec![key], ..Default::default() };
        self.control.call(&request)?;
        std::thread::sleep(TRY_AGAIN);
        Ok(())
    }
}

fn check(mut codes: impl Iterator<Item = ErrorCode>, what: &str) -> Result<()> {
    match codes.find(|code| !code.is_none()) {
        Some(code) => Err(BenchError::Said(format!("{what} was refused: {}", describe(code)))),
        None => Ok(()),
    }
}

/// The first batch may begin before the offset that was asked for.
fn stamps_of(mut bytes: &[u8], from: i64, found: &mut Vec<(i64, Stamp)>) -> Result<()> {
    let garbled = |why: &dyn std::fmt::Display| BenchError::Said(format!("a batch does not read: {why}"));
    let mut decoder = Decoder::default();
    while let Some(batch) = next_batch(&mut bytes).map_err(|why| garbled(&why))? {
        batch.check_crc().map_err(|why| garbled(&why))?;
        let mut records = batch.records(&mut decoder).map_err(|why| garbled(&why))?;
        while let Some(record) = records.next_record().map_err(|why| garbled(&why))? {
            let offset = batch.base_offset + record.offset_delta;
            if let Some(stamp) = record.stamp.filter(|_| offset >= from) {
                found.push((offset, stamp));
            }
        }
    }
    Ok(())
}
