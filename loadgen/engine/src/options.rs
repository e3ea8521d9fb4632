//! What a run is asked to do, as plain data, whoever asks. The defaults are the command line's.

use crate::codec::CodecSpec;
use crate::payload::options::PayloadOptions;
use crate::schedule::Shape;
use loadgen_result::report::verification::Level;
use std::path::PathBuf;
use std::time::Duration;

/// A broker that loadgen knows how to start.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum BrokerChoice {
    /// The one of this project.
    #[default]
    Creel,
    /// Apache Kafka itself.
    Kafka,
}

/// When a produce request counts as done.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Acks {
    /// When it is sent.
    None,
    /// When the leader has written it.
    Leader,
    /// When it is as durable as the broker makes it.
    #[default]
    All,
}

impl Acks {
    /// As the protocol numbers them.
    pub fn code(self) -> i16 {
        match self {
            Acks::None => 0,
            Acks::Leader => 1,
            Acks::All => -1,
        }
    }

    /// As the option names them.
    pub fn name(self) -> &'static str {
        match self {
            Acks::None => "0",
            Acks::Leader => "1",
            Acks::All => "all",
        }
    }
}

/// The keys of the records.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Keys {
    /// No keys: a batch goes to one partition, the next to the next.
    #[default]
    None,
    /// So many different keys, each always to the same partition, as Kafka's own partitioner does.
    Distinct(u32),
}

/// Which broker is measured.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct BrokerOptions {
    /// Addresses of a running broker, `HOST:PORT[,HOST:PORT...]`; without them one is started.
    pub bootstrap: Option<String>,
    /// The broker to start.
    pub broker: BrokerChoice,
    /// Any broker to start, as a shell reads it, with `{port}`, `{dir}` and `{cores}` filled in.
    pub broker_command: Option<String>,
    /// The creel to start.
    pub broker_bin: Option<PathBuf>,
    /// The Kafka to start.
    pub kafka_dir: Option<PathBuf>,
    /// Flags of Kafka's JVM.
    pub kafka_jvm: Option<String>,
    /// Cores for the started broker, such as `0,2`.
    pub broker_cores: Option<String>,
    /// Settings of the started broker, `NAME=VALUE`.
    pub broker_set: Vec<String>,
    /// Where the started broker's temporary directory is made.
    pub broker_dir: Option<PathBuf>,
    /// Process of a running broker on this machine.
    pub broker_pid: Option<u32>,
    /// Admin listener of a running creel.
    pub broker_admin: Option<String>,
    /// Data directory of a running broker on this machine.
    pub broker_data_dir: Option<PathBuf>,
}

impl BrokerOptions {
    /// Whether a creel is started.
    pub fn starts_creel(&self) -> bool {
        self.bootstrap.is_none() && self.broker_command.is_none() && self.broker == BrokerChoice::Creel
    }
}

/// All that is asked of a run.
#[derive(Debug, Clone, PartialEq)]
pub struct RunOptions {
    /// Which broker is measured.
    pub broker: BrokerOptions,
    /// Topic to make and use; without a name a new one, deleted afterwards.
    pub topic: Option<String>,
    /// The topic may exist and hold others' records.
    pub into_existing: bool,
    /// Partitions of the topic.
    pub partitions: Option<i32>,
    /// What the records hold.
    pub values: PayloadOptions,
    /// How many different keys.
    pub keys: Keys,
    /// Seed of everything random.
    pub seed: u64,
    /// Records per second over all connections; without a rate the highest there is.
    pub rate: Option<f64>,
    /// How an open loop's records lie in time.
    pub schedule: Option<Shape>,
    /// The records of a topic at the times they have there, so many times faster.
    pub replay: Option<f64>,
    /// How long to measure.
    pub duration: Duration,
    /// How long to load before measuring.
    pub warmup: Duration,
    /// Producers.
    pub connections: u16,
    /// Consumers.
    pub consumers: Option<u16>,
    /// Threads of the generator.
    pub threads: Option<u16>,
    /// Bytes of a batch before compression.
    pub batch_bytes: usize,
    /// Milliseconds that a batch may wait for more records.
    pub linger_ms: f64,
    /// The codec of the batches, and its level.
    pub codec: CodecSpec,
    /// When a record counts as delivered.
    pub acks: Acks,
    /// Produce requests in flight per connection.
    pub in_flight: u16,
    /// How often the started broker is killed in the middle.
    pub crash: Option<u16>,
    /// What is verified.
    pub verify: Level,
    /// The directory of the result; a flame graph is drawn into it.
    pub out: Option<PathBuf>,
    /// A flame graph of the broker.
    pub flame: bool,
}

impl Default for RunOptions {
    fn default() -> RunOptions {
        RunOptions {
            broker: BrokerOptions::default(),
            topic: None,
            into_existing: false,
            partitions: None,
            values: PayloadOptions::default(),
            keys: Keys::None,
            seed: 1,
            rate: None,
            schedule: None,
            replay: None,
            duration: Duration::from_secs(10),
            warmup: Duration::from_secs(2),
            connections: 4,
            consumers: None,
            threads: None,
            batch_bytes: 64 << 10,
            linger_ms: 5.0,
            codec: CodecSpec::NONE,
            acks: Acks::All,
            in_flight: 5,
            crash: None,
            verify: Level::Seq,
            out: None,
            flame: false,
        }
    }
}
