//! loadgen's own Kafka client: a blocking connection for what happens before and after the load, and connections on
//! the ring for the load itself.

pub mod cluster;
pub mod connection;
pub mod control;
pub mod retry_window;
pub mod versions;

/// How loadgen names itself to brokers.
pub const CLIENT_ID: &str = "loadgen";
/// A broker that says nothing for so long has failed the run.
pub const SILENCE_SECONDS_MAX: u64 = 30;
/// The largest answer that is read.
pub const FRAME_BYTES_MAX: usize = 512 << 20;
