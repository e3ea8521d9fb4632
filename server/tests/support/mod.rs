//! A whole broker in the simulator, and a client that speaks raw frames to it.
#![allow(clippy::unwrap_used, reason = "a test says what went wrong by failing")]
#![allow(dead_code, unreachable_pub, reason = "each test uses a part of it")]

pub mod http;
pub mod log;

use std::future::Future;
use std::net::SocketAddr;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use creel_engine::{BATCH_HEADER_BYTES, Batch, BatchBuilder, BatchHeader, crc32c};
use creel_io::net::{More, TcpStream};
use creel_io::sim::{Config as SimConfig, NodeId, Simulation};
use creel_io::sleep;
use creel_server::config::Config;
use creel_server::{Setup, run_core};
use creel_wire::api::create_topics::{CreatableTopic, CreateTopicsRequest};
use creel_wire::api::fetch::{FetchPartition, FetchRequest, FetchResponse, FetchTopic, PartitionData};
use creel_wire::api::metadata::{MetadataRequest, MetadataRequestTopic, MetadataResponseTopic};
use creel_wire::api::produce::{
    PartitionProduceData, PartitionProduceResponse, ProduceRequest, TopicProduceData,
};
use creel_wire::{ErrorCode, Records, Request, RequestHeader, Str, Uuid, frame};

const PORT: u16 = 9092;

/// The seeds each story is told under.
pub const SEEDS: std::ops::Range<u64> = 0..4;

/// A broker and a node for its clients.
pub struct World {
    pub sim: Simulation,
    pub broker: NodeId,
    clients: NodeId,
    cores: u16,
    settings: Vec<String>,
    address: SocketAddr,
}

impl World {
    /// Starts a broker of `cores` cores.
    pub fn new(seed: u64, cores: u16, settings: &[&str]) -> Self {
        Self::with(seed, SimConfig::default(), cores, settings)
    }

    /// The same in a world of these manners.
    pub fn with(seed: u64, manners: SimConfig, cores: u16, settings: &[&str]) -> Self {
        let mut world = Self::down(seed, manners, cores, settings);
        world.start();
        world
    }

    /// The same, and the broker is not started yet.
    pub fn down(seed: u64, manners: SimConfig, cores: u16, settings: &[&str]) -> Self {
        let mut sim = Simulation::new(seed, manners);
        let broker = sim.add_node("broker", cores);
        let clients = sim.add_node("clients", 1);
        let address = SocketAddr::new(sim.handle().address(broker), PORT);
        let settings = settings.iter().map(|one| (*one).to_owned()).collect();
        Self { sim, broker, clients, cores, settings, address }
    }

    /// Starts the broker, again if it has been stopped or has crashed.
    pub fn start(&mut self) -> Setup {
        let listen = format!("listeners={}", self.address);
        let mut given = vec!["log.dirs=/data", "group.initial.rebalance.delay.ms=0", &listen];
        given.extend(self.settings.iter().map(String::as_str));
        let setup = Setup::new(Config::with(&given).unwrap(), usize::from(self.cores), |_| {});
        let of_cores = setup.clone();
        self.sim.start(self.broker, move |core| run_core(core, of_cores.clone()));
        setup
    }

    /// One more setting, from the next start on.
    pub fn set(&mut self, setting: &str) {
        self.settings.push(setting.to_owned());
    }

    /// Stops the broker as SIGTERM does, and starts it again.
    pub fn restart(&mut self) {
        self.sim.handle().ask_to_stop(self.broker);
        self.sim.run_until_ended(self.broker).unwrap();
        self.start();
    }

    /// The node of the clients.
    pub fn clients(&self) -> NodeId {
        self.clients
    }

    /// How clients find the broker.
    pub fn connector(&self) -> Connector {
        Connector(self.address)
    }

    /// Runs a client's story to its end.
    pub fn client<F, T>(&mut self, story: impl FnOnce(Connector) -> F) -> T
    where
        F: Future<Output = T> + 'static,
        T: 'static,
    {
        let connector = Connector(self.address);
        self.sim.block_on(self.clients, story(connector)).unwrap()
    }
}

/// Tells a story under each seed, on one core and on several.
pub fn story<F>(settings: &[&str], story: impl Fn(Connector) -> F)
where
    F: Future<Output = ()> + 'static,
{
    for seed in SEEDS {
        for cores in [1, 3] {
            World::new(seed, cores, settings).client(&story);
        }
    }
}

/// Makes connections to the broker.
#[derive(Clone, Copy)]
pub struct Connector(SocketAddr);

impl Connector {
    /// Connects to a broker wherever it is.
    pub fn to(address: SocketAddr) -> Self {
        Self(address)
    }

    /// Where the broker is.
    pub fn address(self) -> SocketAddr {
        self.0
    }

    /// A connection, if the broker takes one now.
    pub async fn try_connect(self) -> Option<Client> {
        let stream = TcpStream::connect(self.0).await.ok()?;
        Some(Client { stream, buffer: BytesMut::new(), next: 0 })
    }

    pub async fn connect(self) -> Client {
        loop {
            if let Ok(stream) = TcpStream::connect(self.0).await {
                return Client { stream, buffer: BytesMut::new(), next: 0 };
            }
            sleep(Duration::from_millis(1)).await;
        }
    }
}

/// One connection.
pub struct Client {
    stream: TcpStream,
    buffer: BytesMut,
    next: i32,
}

impl Client {
    /// Sends a request of a version; its correlation id.
    pub async fn send<R: Request>(&mut self, version: i16, request: &R) -> i32 {
        let correlation_id = self.next;
        self.next += 1;
        let header = RequestHeader {
            api_key: R::API_KEY.code(),
            api_version: version,
            correlation_id,
            client_id: Some(Str::from_static("story")),
        };
        let _ = self.stream.send_all(frame::encode_request(&header, request), More::No).await;
        correlation_id
    }

    /// Sends bytes as they are.
    pub async fn send_raw(&mut self, bytes: &[u8]) {
        let _ = self.stream.send_all(Bytes::copy_from_slice(bytes), More::No).await;
    }

    /// Shuts down this side: nothing more will be sent.
    pub fn finish(&self) {
        self.stream.finish().unwrap();
    }

    /// Takes some bytes of what has come, fewer than there may be; how many, none at the end.
    pub async fn take_some(&mut self) -> usize {
        let (received, _) = self.stream.recv(BytesMut::new(), 1).await;
        received.unwrap_or(0)
    }

    /// The next frame, without its size; `None` when the broker has closed the connection.
    pub async fn receive_frame(&mut self) -> Option<Bytes> {
        loop {
            if let Some(prefix) = self.buffer.first_chunk::<4>() {
                let whole = 4 + i32::from_be_bytes(*prefix) as usize;
                if self.buffer.len() >= whole {
                    return Some(self.buffer.split_to(whole).freeze().slice(4..));
                }
            }
            let (received, buffer) = self.stream.recv(std::mem::take(&mut self.buffer), 1).await;
            self.buffer = buffer;
            if !received.is_ok_and(|count| count > 0) {
                return None;
            }
        }
    }

    /// The reply to a request of a version; `None` when the connection has broken.
    pub async fn try_receive<R: Request>(&mut self, version: i16) -> Option<R::Response> {
        let frame = self.receive_frame().await?;
        Some(frame::decode_response::<R>(frame, version).unwrap().1)
    }

    /// Asks and awaits the reply; `None` when the connection has broken.
    pub async fn try_call<R: Request>(&mut self, version: i16, request: &R) -> Option<R::Response> {
        self.send(version, request).await;
        self.try_receive::<R>(version).await
    }

    /// The reply to a request of a version, and its correlation id.
    pub async fn receive<R: Request>(&mut self, version: i16) -> (i32, R::Response) {
        let frame = self.receive_frame().await.expect("the broker has closed the connection");
        let (header, response) = frame::decode_response::<R>(frame, version).unwrap();
        (header.correlation_id, response)
    }

    /// Asks and awaits the reply.
    pub async fn call<R: Request>(&mut self, version: i16, request: &R) -> R::Response {
        let sent = self.send(version, request).await;
        let (answered, response) = self.receive::<R>(version).await;
        assert_eq!(answered, sent, "replies come in the order of requests");
        response
    }

    /// Creates a topic.
    pub async fn create_topic(&mut self, name: &'static str, num_partitions: i32) -> Uuid {
        let topic =
            CreatableTopic { name: name.into(), num_partitions, replication_factor: 1, ..Default::default() };
        let request = CreateTopicsRequest { topics: vec![topic], ..Default::default() };
        let response = self.call(7, &request).await;
        assert_eq!(response.topics[0].error_code, ErrorCode::None);
        response.topics[0].topic_id
    }

    /// What Metadata says of a topic, which it may create.
    pub async fn topic(&mut self, name: &'static str, may_create: bool) -> MetadataResponseTopic {
        let topic = MetadataRequestTopic { name: Some(name.into()), ..Default::default() };
        let request = MetadataRequest {
            topics: Some(vec![topic]),
            allow_auto_topic_creation: may_create,
            ..Default::default()
        };
        self.call(12, &request).await.topics.remove(0)
    }

    /// Produces a batch to a partition with acks=all.
    pub async fn produce(
        &mut self,
        topic: &'static str,
        partition: i32,
        batch: &Batch,
    ) -> PartitionProduceResponse {
        let request = produce_request(topic, partition, batch.bytes().clone(), -1);
        self.call(9, &request).await.responses.remove(0).partition_responses.remove(0)
    }

    /// Fetches from one partition without waiting.
    pub async fn fetch(&mut self, topic: &'static str, partition: i32, offset: i64) -> PartitionData {
        let request = fetch_request(topic, partition, offset, 0);
        one(self.call(12, &request).await)
    }
}

/// A request as it is sent.
pub fn encoded<R: Request>(api_version: i16, request: &R) -> Bytes {
    let header =
        RequestHeader { api_key: R::API_KEY.code(), api_version, correlation_id: 0, client_id: None };
    frame::encode_request(&header, request)
}

/// A request with one batch.
pub fn produce_request(topic: &'static str, index: i32, records: Bytes, acks: i16) -> ProduceRequest {
    let partition_data = vec![PartitionProduceData { index, records: Records::Inline(records) }];
    let topic = TopicProduceData { name: topic.into(), partition_data, ..Default::default() };
    ProduceRequest { acks, timeout_ms: 30_000, topic_data: vec![topic], ..Default::default() }
}

/// A request for one partition, sessionless.
pub fn fetch_request(
    topic: &'static str,
    partition: i32,
    fetch_offset: i64,
    max_wait_ms: i32,
) -> FetchRequest {
    let asked =
        FetchPartition { partition, fetch_offset, partition_max_bytes: 1 << 20, ..Default::default() };
    let topic = FetchTopic { topic: topic.into(), partitions: vec![asked], ..Default::default() };
    FetchRequest { max_wait_ms, min_bytes: 1, max_bytes: 1 << 20, topics: vec![topic], ..Default::default() }
}

/// The one partition of a fetch response.
pub fn one(mut response: FetchResponse) -> PartitionData {
    assert_eq!(response.error_code, ErrorCode::None);
    response.responses.remove(0).partitions.remove(0)
}

/// A batch of records with these values.
pub fn batch(values: &[&str]) -> Batch {
    build(BatchBuilder::new(1_767_225_600_000), values)
}

/// The same from an idempotent producer.
pub fn batch_of_producer(id: i64, epoch: i16, sequence: i32, values: &[&str]) -> Batch {
    build(BatchBuilder::new(1_767_225_600_000).producer(id, epoch, sequence), values)
}

fn build(builder: BatchBuilder, values: &[&str]) -> Batch {
    let add = |builder: BatchBuilder, value: &&str| {
        builder.record(1_767_225_600_000, Some(b"key"), Some(value.as_bytes()))
    };
    values.iter().fold(builder, add).build().unwrap()
}

/// The bytes of a batch with more bits in its attributes, and another body behind its header.
pub fn altered(batch: &Batch, attributes: u8, body: &[u8]) -> Bytes {
    let mut bytes = BytesMut::from(&batch.bytes()[..BATCH_HEADER_BYTES]);
    bytes.extend_from_slice(body);
    let length = bytes.len() as i32 - 12;
    bytes[8..12].copy_from_slice(&length.to_be_bytes());
    bytes[22] |= attributes;
    let crc = crc32c(&bytes[21..]);
    bytes[17..21].copy_from_slice(&crc.to_be_bytes());
    bytes.freeze()
}

/// The values of fetched records, with their offsets.
pub fn values(data: &PartitionData) -> Vec<(i64, String)> {
    let mut bytes = data.records.inline().clone();
    let mut values = Vec::new();
    while !bytes.is_empty() {
        let size = BatchHeader::parse(&bytes).unwrap().size_bytes;
        let batch = creel_engine::UncheckedBatch::new(bytes.split_to(size)).verify().unwrap();
        for record in creel_engine::Records::decompress(&batch).unwrap() {
            let record = record.unwrap();
            values.push((record.offset.get(), String::from_utf8(record.value.unwrap().to_vec()).unwrap()));
        }
    }
    values
}
