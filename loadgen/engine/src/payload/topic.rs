//! A topic of a running broker as payload: its records as they lie there, read once before the run.
//!
//! All partitions are read from their beginnings at the same time, until everything or enough was read. If a
//! partition could not be read to its end, the later part of the topic would lack its records. So only the longest
//! complete stretch of time is used.

use super::recorded::{Merged, Recording};
use crate::client::SILENCE_SECONDS_MAX;
use crate::client::cluster::{Cluster, Topic};
use crate::client::control::describe;
use crate::client::retry_window::RetryWindow;
use crate::codec::Decoder;
use crate::error::EngineError;
use crate::records::parse::{BatchFault, next_batch};
use creel_wire::ErrorCode;
use creel_wire::api::fetch::{FetchPartition, FetchRequest, FetchResponse, FetchTopic, PartitionData};
use std::fmt;
use std::net::SocketAddr;
use std::str::FromStr;
use std::time::Duration;

/// Keys and values of the records taken.
const BYTES_MAX: usize = 1 << 30;
const MAX_WAIT_MS: i32 = 500;
const FETCH_BYTES_MAX: i32 = 32 << 20;
const PARTITION_BYTES_MAX: i32 = 4 << 20;
/// Before a leader that refused is asked again.
const ASK_AGAIN: Duration = Duration::from_millis(50);
/// A partition that has records and yields none so many times in a row will yield none at all.
const EMPTY_ROUNDS_MAX: u32 = 20;

/// Where a topic is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TopicAddress {
    bootstrap: String,
    name: String,
}

impl FromStr for TopicAddress {
    type Err = String;

    fn from_str(text: &str) -> Result<TopicAddress, String> {
        match text.rsplit_once('/') {
            Some((bootstrap, name)) if bootstrap.contains(':') && !name.is_empty() => {
                Ok(TopicAddress { bootstrap: bootstrap.to_owned(), name: name.to_owned() })
            }
            _ => Err("takes a broker and a topic, such as localhost:9092/orders".into()),
        }
    }
}

impl fmt::Display for TopicAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} at {}", self.name, self.bootstrap)
    }
}

/// Reads up to `records_max` records, unless `interrupted` before they are there.
pub fn read(
    from: &TopicAddress,
    records_max: usize,
    interrupted: &dyn Fn() -> bool,
) -> Result<Merged, EngineError> {
    let mut cluster = Cluster::connect(&from.bootstrap)?;
    let topic = cluster.existing_topic(&from.name)?;
    let topic = topic.ok_or_else(|| EngineError::Options(format!("there is no topic {from}")))?;
    let mut reading = Reading::begin(&mut cluster, topic)?;
    let mut empty_rounds = 0;
    while !reading.is_whole() && reading.records() < records_max && reading.bytes() < BYTES_MAX {
        if interrupted() {
            return Err(EngineError::Interrupted); // a part of the records would be another payload
        }
        let before = reading.cursors();
        match reading.round(&mut cluster)? {
            Round::Refused => std::thread::sleep(ASK_AGAIN),
            Round::Answered if reading.cursors() == before => empty_rounds += 1,
            Round::Answered => empty_rounds = 0,
        }
        if empty_rounds == EMPTY_ROUNDS_MAX {
            let what = format!("read on in topic {from}");
            return Err(EngineError::Refused { what, code: "the answers hold no records".into() });
        }
    }
    let left = reading.left();
    let merged = Merged::of(reading.partitions.into_iter().map(|partition| partition.recording), records_max);
    if merged.count() == 0 {
        return Err(EngineError::Options(format!("topic {from} has no records")));
    }
    Ok(merged.told_of(&from.to_string(), left))
}

struct Partition {
    next: i64,
    end: i64,
    recording: Recording,
}

struct Reading {
    topic: Topic,
    partitions: Vec<Partition>,
    decoder: Decoder,
    retry_window: RetryWindow,
}

/// Whether all leaders had an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Round {
    Answered,
    /// One said that it may be asked again.
    Refused,
}

impl Reading {
    fn begin(cluster: &mut Cluster, topic: Topic) -> Result<Reading, EngineError> {
        let (starts, ends) = (cluster.start_offsets(&topic)?, cluster.end_offsets(&topic)?);
        let offsets = starts.into_iter().zip(ends);
        let partition = |(next, end)| {
            let mut recording = Recording::default();
            recording.is_whole = next >= end;
            Partition { next, end, recording }
        };
        let partitions = offsets.map(partition).collect();
        Ok(Reading { topic, partitions, decoder: Decoder::default(), retry_window: RetryWindow::default() })
    }

    fn is_whole(&self) -> bool {
        self.partitions.iter().all(|partition| partition.recording.is_whole)
    }

    fn records(&self) -> usize {
        self.partitions.iter().map(|partition| partition.recording.count()).sum()
    }

    fn bytes(&self) -> usize {
        self.partitions.iter().map(|partition| partition.recording.bytes()).sum()
    }

    fn cursors(&self) -> Vec<i64> {
        self.partitions.iter().map(|partition| partition.next).collect()
    }

    /// Offsets that were not read; a compacted topic has fewer records there.
    fn left(&self) -> u64 {
        self.partitions.iter().map(|partition| (partition.end - partition.next).max(0) as u64).sum()
    }

    /// Asks each leader once for what is missing.
    fn round(&mut self, cluster: &mut Cluster) -> Result<Round, EngineError> {
        let mut round = Round::Answered;
        for (leader, indexes) in self.topic.by_leader() {
            let is_open = |index: &usize| !self.partitions[*index].recording.is_whole;
            let open: Vec<usize> = indexes.into_iter().filter(is_open).collect();
            if !open.is_empty() {
                let response = cluster.call(leader, &self.request(&open))?;
                if self.take(&response, leader)? == Round::Refused {
                    round = Round::Refused;
                }
            }
        }
        if round == Round::Answered {
            self.retry_window.restore();
        }
        Ok(round)
    }

    fn request(&self, open: &[usize]) -> FetchRequest {
        let partition = |index: &usize| FetchPartition {
            partition: *index as i32,
            fetch_offset: self.partitions[*index].next,
            partition_max_bytes: PARTITION_BYTES_MAX,
            ..Default::default()
        };
        let partitions = open.iter().map(partition).collect();
        FetchRequest {
            max_wait_ms: MAX_WAIT_MS,
            min_bytes: 1,
            max_bytes: FETCH_BYTES_MAX,
            session_epoch: -1,
            topics: vec![FetchTopic { topic: self.topic.name.clone(), topic_id: self.topic.id, partitions }],
            ..Default::default()
        }
    }

    /// A refused request may be tried again if the broker says so, for a while and no longer.
    fn refused(&mut self, code: ErrorCode) -> Result<Round, EngineError> {
        if code.is_retriable() && !self.retry_window.is_over(Duration::from_secs(SILENCE_SECONDS_MAX)) {
            return Ok(Round::Refused);
        }
        let what = format!("read topic {}", self.topic.name.as_str());
        Err(EngineError::Refused { what, code: describe(code) })
    }

    fn take(&mut self, response: &FetchResponse, leader: SocketAddr) -> Result<Round, EngineError> {
        if !response.error_code.is_none() {
            return self.refused(response.error_code);
        }
        let mut round = Round::Answered;
        for data in response.responses.iter().flat_map(|topic| &topic.partitions) {
            if !data.error_code.is_none() {
                round = self.refused(data.error_code)?;
                continue;
            }
            let index = usize::try_from(data.partition_index).ok();
            let Some(partition) = index.and_then(|index| self.partitions.get_mut(index)) else { continue };
            partition.take(data, &mut self.decoder).map_err(|fault| EngineError::Protocol {
                address: leader,
                api: "Fetch",
                why: format!("partition {}: {fault}", data.partition_index),
            })?;
        }
        Ok(round)
    }
}

impl Partition {
    fn take(&mut self, data: &PartitionData, decoder: &mut Decoder) -> Result<(), BatchFault> {
        let mut bytes: &[u8] = data.records.inline();
        while let Some(batch) = next_batch(&mut bytes)? {
            batch.check_crc()?;
            if !batch.is_control() {
                let mut records = batch.records(decoder)?;
                while let Some(record) = records.next_record()? {
                    let offset = batch.base_offset + record.offset_delta;
                    // A fetch from the middle of a batch brings all of it. Records are written while the topic is
                    // read.
                    if (self.next..self.end).contains(&offset) {
                        self.recording.push(&record, batch.append_time_ms());
                    }
                }
            }
            self.next = batch.next_offset().max(self.next);
        }
        self.recording.is_whole = self.next >= self.end;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_topic_is_named_with_its_broker() {
        let address: TopicAddress = "localhost:9092,other:9093/orders".parse().unwrap();
        assert_eq!(address.to_string(), "orders at localhost:9092,other:9093");
        for bad in ["", "orders", "localhost:9092", "localhost:9092/", "/orders"] {
            assert!(bad.parse::<TopicAddress>().is_err(), "{bad}");
        }
    }
}
