//! Makes topics before a round and removes them after it, over a socket of their own.

use std::io::{self, Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::time::{Duration, Instant};

use bytes::Bytes;
use creel_wire::api::create_topics::{CreatableTopic, CreatableTopicConfig, CreateTopicsRequest};
use creel_wire::api::delete_topics::DeleteTopicsRequest;
use creel_wire::api::list_offsets::{ListOffsetsPartition, ListOffsetsRequest, ListOffsetsTopic};
use creel_wire::{ErrorCode, Request, Str, frame};

use crate::frames::header;

const PATIENCE: Duration = Duration::from_secs(30);
const BETWEEN_QUESTIONS: Duration = Duration::from_millis(1);

/// A topic; gone when [`remove`](Topic::remove)d.
pub struct Topic {
    /// Its name.
    pub name: String,
    address: SocketAddr,
}

impl Topic {
    /// Makes it and waits until its partitions have leaders.
    pub fn create(
        address: SocketAddr,
        name: &str,
        partitions: i32,
        configs: &[(&str, &str)],
    ) -> io::Result<Topic> {
        let topic = Topic { name: name.to_owned(), address };
        let mut stream = TcpStream::connect(address)?;
        let config = |(name, value): &(&str, &str)| CreatableTopicConfig {
            name: Str::from((*name).to_owned()),
            value: Some(Str::from((*value).to_owned())),
        };
        let creatable = CreatableTopic {
            name: Str::from(name.to_owned()),
            num_partitions: partitions,
            replication_factor: 1,
            configs: configs.iter().map(config).collect(),
            ..Default::default()
        };
        let request =
            CreateTopicsRequest { topics: vec![creatable], timeout_ms: 30_000, ..Default::default() };
        let made = call(&mut stream, &request, 4)?;
        if let Some(refused) = made.topics.iter().find(|t| t.error_code != ErrorCode::None) {
            return Err(io::Error::other(format!("topic {name} was refused: {:?}", refused.error_code)));
        }
        topic.wait_for_leaders(&mut stream, partitions)?;
        Ok(topic)
    }

    /// A partition may be known before its leader takes it up. Once it tells its end it takes requests.
    pub fn wait_for_leaders(&self, stream: &mut TcpStream, partitions: i32) -> io::Result<()> {
        let deadline = Instant::now() + PATIENCE;
        let of = |index| ListOffsetsPartition { partition_index: index, timestamp: -1, ..Default::default() };
        let partitions = (0..partitions).map(of).collect();
        let topic = ListOffsetsTopic { name: Str::from(self.name.clone()), partitions };
        let request = ListOffsetsRequest { replica_id: -1, topics: vec![topic], ..Default::default() };
        loop {
            let answer = call(stream, &request, 2)?;
            let mut partitions = answer.topics.iter().flat_map(|t| &t.partitions);
            if partitions.all(|p| p.error_code == ErrorCode::None) {
                return Ok(());
            }
            if Instant::now() > deadline {
                return Err(io::Error::other(format!("topic {} has no leader", self.name)));
            }
            std::thread::sleep(BETWEEN_QUESTIONS);
        }
    }

    /// The same topic at another address: that of a broker that was started again.
    #[must_use]
    pub fn at(self, address: SocketAddr) -> Topic {
        Topic { address, ..self }
    }

    /// Removes it.
    pub fn remove(self) -> io::Result<()> {
        let names = vec![Str::from(self.name.clone())];
        let request = DeleteTopicsRequest { topic_names: names, timeout_ms: 30_000, ..Default::default() };
        call(&mut TcpStream::connect(self.address)?, &request, 3).map(drop)
    }
}

/// Asks, and waits for the answer.
pub fn call<R: Request>(stream: &mut TcpStream, request: &R, version: i16) -> io::Result<R::Response> {
    exchange::<R>(stream, &frame::encode_request(&header::<R>(version), request), version)
}

/// The same with a request that is encoded already.
pub fn exchange<R: Request>(stream: &mut TcpStream, request: &[u8], version: i16) -> io::Result<R::Response> {
    stream.write_all(request)?;
    let mut size = [0; 4];
    stream.read_exact(&mut size)?;
    let mut reply = vec![0; u32::from_be_bytes(size) as usize];
    stream.read_exact(&mut reply)?;
    let answer = frame::decode_response::<R>(Bytes::from(reply), version);
    answer.map(|(_, response)| response).map_err(io::Error::other)
}
