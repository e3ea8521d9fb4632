//! The broker's settings: the one table from which parsing, listing and DescribeConfigs follow.
//!
//! Names, types, ranges and defaults are Kafka 4.3's. Where Creel differs the line above says why.

use super::key::{Effect, Key};
use super::kinds::{COMPRESSION, I32, I64, I64_MIN, LONG_MAX, bytes, count, long_bytes, long_millis, millis};
use super::unserved::UNSERVED;
use super::value::{Field, Kind, Unit, Value};

macro_rules! broker_keys {
    ($($field:ident: $type:ty = $name:literal, $kind:expr, $default:expr, $doc:literal;)*) => {
        const SERVED: &[Key] = &[
            $(Key { name: $name, kind: $kind, default: $default, doc: $doc, effect: Effect::Works },)*
        ];

        /// The broker's settings that have an effect, typed. `Option` is a setting that may be unset.
        #[derive(Clone, Debug, PartialEq)]
        pub struct BrokerConfig {
            $(#[doc = $doc] pub $field: $type,)*
        }

        impl BrokerConfig {
            /// The typed form of values, by their settings' names.
            pub(super) fn from_values<'a>(value: impl Fn(&str) -> Option<&'a Value>) -> Self {
                Self { $($field: Field::take(value($name), $name),)* }
            }
        }
    };
}

broker_keys! {
    // Kafka demands a node id; one broker alone does well with 1.
    node_id: i32 = "node.id", count(0, I32), Some("1"), "The broker's id in the cluster.";
    cluster_id: Option<String> = "cluster.id", Kind::Text, None, "The cluster's id. If it is unset, the first start makes one up.";
    broker_rack: Option<String> = "broker.rack", Kind::Text, None, "The rack of this broker, for clients to know.";
    // Kafka listens on every interface; a broker without passwords had better not.
    listeners: Vec<String> = "listeners", Kind::List, Some("PLAINTEXT://127.0.0.1:9092"), "Where to listen: NAME://host:port or host:port, several separated by commas. An empty host is every address of the machine, port 0 a free port. Whoever can reach a listener can read, write and delete everything; 0.0.0.0 lets every network in.";
    advertised_listeners: Option<Vec<String>> = "advertised.listeners", Kind::List, None, "The addresses that the clients of each listener are told to connect to. If it is unset, a client is told the address that it has connected to.";
    listener_security_protocol_map: String = "listener.security.protocol.map", Kind::Text, Some("SASL_SSL:SASL_SSL,PLAINTEXT:PLAINTEXT,SSL:SSL,SASL_PLAINTEXT:SASL_PLAINTEXT"), "The protocol of each listener, as NAME:PROTOCOL. Only PLAINTEXT is supported yet.";
    controller_listener_names: Option<Vec<String>> = "controller.listener.names", Kind::List, None, "The listeners of the controller. Creel accepts their names and does not open them.";
    log_dirs: Vec<String> = "log.dirs", Kind::List, Some("./creel-data"), "The data directory. There can be only one.";
    metadata_log_dir: Option<String> = "metadata.log.dir", Kind::Text, None, "Where Kafka kept its metadata log, if Kafka has used the data directory before. If it is unset, that is the data directory.";

    creel_admin_listener: Option<String> = "creel.admin.listener", Kind::Text, None, "The host:port of the admin listener: HTTP without authentication, GET /stages and /health. If it is unset, there is none. Port 0 is a free port.";
    creel_core_brokers: i32 = "creel.core.brokers", count(1, 256), Some("1"), "An experiment: as how many brokers the cores show themselves to clients, at most as many as there are cores. Each has a part of the cores, a node id from node.id upwards, and of each listener a port from its port upwards. Clients then send requests to the cores that own the partitions.";
    creel_cores: String = "creel.cores", Kind::Text, Some("all"), "The CPUs to run on: all, or a list such as 0-3,6. Each has one thread.";
    // Off until it has proved itself.
    creel_journal: bool = "creel.journal", Kind::Boolean, Some("false"), "Whether each core has a journal: small durable appends to many partitions become durable with one write to it, and their segments are synced later. After a crash Creel must start before anything else opens the data directory.";
    creel_journal_bytes: i64 = "creel.journal.bytes", Kind::Long(1 << 20, 4 << 30, Unit::Bytes), Some("67108864"), "The size of a core's journal on the disk, in bytes, if it has one (creel.journal).";
    creel_journal_dir: Option<String> = "creel.journal.dir", Kind::Text, None, "A directory for the journals of all cores (creel.journal), on a device of its own. It must exist, and serve one data directory only. It may be changed between two starts: the old one is read first. If it is unset, the journals lie in the data directory.";
    creel_pin: bool = "creel.pin", Kind::Boolean, Some("true"), "Whether each thread is pinned to its CPU; false: the kernel places the threads, and of creel.cores only the number counts.";
    creel_segment_recycle: bool = "creel.segment.recycle", Kind::Boolean, Some("false"), "Whether the file of a segment that retention drops becomes a new segment. Syncs are then cheaper, and each partition may keep up to one segment on disk beyond retention.";
    creel_spin_us: i32 = "creel.spin.us", count(0, 1_000_000), Some("0"), "How long an idle core looks for work before it sleeps, in microseconds. A longer time lowers latency and takes CPU.";
    creel_stage_histograms: bool = "creel.stage.histograms", Kind::Boolean, Some("true"), "Whether to measure where the time of Produce and Fetch requests goes. creel.admin.listener shows it.";

    auto_create_topics_enable: bool = "auto.create.topics.enable", Kind::Boolean, Some("true"), "Whether a topic is created when a client asks for one that does not exist.";
    delete_topic_enable: bool = "delete.topic.enable", Kind::Boolean, Some("true"), "Whether clients may delete topics.";
    num_partitions: i32 = "num.partitions", count(1, 100_000), Some("1"), "The number of partitions of a new topic, if its creator does not say.";
    default_replication_factor: i32 = "default.replication.factor", count(1, 1), Some("1"), "The number of replicas of a new topic, if its creator does not say. It is 1, because there is one broker.";
    min_insync_replicas: i32 = "min.insync.replicas", count(1, I32), Some("1"), "The number of replicas that must hold a record before acks=all is answered. Each partition has one replica, so any value works as 1.";

    message_max_bytes: i32 = "message.max.bytes", bytes(0), Some("1048588"), "The largest record batch that is accepted, in bytes.";
    compression_type: String = "compression.type", COMPRESSION, Some("producer"), "The codec in which batches are stored. producer: the codec in which they come. Batches that come in another codec are compressed anew, off the core; those behind them wait.";
    compression_gzip_level: i32 = "compression.gzip.level", Kind::GzipLevel, Some("-1"), "How closely batches are compressed anew where compression.type is gzip. -1 is the codec's own default, 6.";
    compression_lz4_level: i32 = "compression.lz4.level", count(1, 17), Some("9"), "How closely batches are compressed anew where compression.type is lz4. 9 is the fast compressor; every other level is one of the slower and closer one, which has no more than 12.";
    compression_zstd_level: i32 = "compression.zstd.level", count(-131_072, 22), Some("3"), "How closely batches are compressed anew where compression.type is zstd.";
    // Kafka asks for 1 MiB at least; smaller ones are useful in tests.
    log_segment_bytes: i32 = "log.segment.bytes", bytes(16_384), Some("1073741824"), "The largest size of a segment file, in bytes.";
    log_roll_ms: Option<i64> = "log.roll.ms", long_millis(1), None, "How long a segment is appended to at most, in milliseconds. If it is unset, log.roll.hours applies.";
    log_roll_hours: i32 = "log.roll.hours", count(1, I32), Some("168"), "How long a segment is appended to at most, in hours.";
    log_roll_jitter_ms: Option<i64> = "log.roll.jitter.ms", long_millis(I64_MIN), None, "By how much the time of log.roll.ms is shortened at most, in milliseconds, so that many partitions do not begin segments at the same time. If it is unset, log.roll.jitter.hours applies.";
    log_roll_jitter_hours: i32 = "log.roll.jitter.hours", count(0, I32), Some("0"), "The same in hours.";
    log_retention_ms: Option<i64> = "log.retention.ms", long_millis(-1), None, "How long records are kept, in milliseconds. -1 is forever. If it is unset, log.retention.minutes applies.";
    log_retention_minutes: Option<i32> = "log.retention.minutes", count(-1, I32), None, "How long records are kept, in minutes. If it is unset, log.retention.hours applies.";
    log_retention_hours: i32 = "log.retention.hours", count(-1, I32), Some("168"), "How long records are kept, in hours.";
    log_retention_bytes: i64 = "log.retention.bytes", long_bytes(-1), Some("-1"), "How many bytes of each partition are kept. -1 is no limit.";
    log_retention_check_interval_ms: i64 = "log.retention.check.interval.ms", long_millis(1), Some("300000"), "How often each core looks for segments to roll and to drop, in milliseconds. It looks every 60 seconds at least.";
    log_cleanup_policy: Vec<String> = "log.cleanup.policy", Kind::Choices(&["compact", "delete"]), Some("delete"), "What happens to old records. delete drops them. compact is to keep the last record of each key, but compaction is not supported yet, so it keeps every record.";
    log_preallocate: bool = "log.preallocate", Kind::Boolean, Some("false"), "Whether the disk space of a whole segment is allocated before its first write. Writes and syncs are then cheaper and more even, and each partition takes the space of one or two segments at once.";
    log_index_interval_bytes: i32 = "log.index.interval.bytes", bytes(0), Some("4096"), "How many bytes of log lie between two entries of the offset index.";
    log_index_size_max_bytes: i32 = "log.index.size.max.bytes", bytes(4), Some("10485760"), "The largest size of an index file, in bytes.";
    log_flush_interval_messages: i64 = "log.flush.interval.messages", Kind::Long(1, I64, Unit::Count), Some(LONG_MAX), "After how many records a log is flushed to the disk. With a value above 1, acks and consumers no longer wait for the flush. If no flush setting is given, acks=all waits for one.";
    log_flush_interval_ms: Option<i64> = "log.flush.interval.ms", long_millis(0), None, "After how many milliseconds a log is flushed to the disk. With a value above 0, acks and consumers no longer wait for the flush.";
    log_flush_scheduler_interval_ms: i64 = "log.flush.scheduler.interval.ms", long_millis(1), Some(LONG_MAX), "The same as log.flush.interval.ms, if that is unset.";
    log_segment_delete_delay_ms: i64 = "log.segment.delete.delay.ms", long_millis(0), Some("60000"), "How long the files of a dropped segment stay before they are removed, in milliseconds.";
    log_message_timestamp_type: String = "log.message.timestamp.type", Kind::Choice(&["CreateTime", "LogAppendTime"]), Some("CreateTime"), "Whose clock gives records their timestamps: the producer's (CreateTime) or the broker's (LogAppendTime).";
    log_message_timestamp_before_max_ms: i64 = "log.message.timestamp.before.max.ms", long_millis(0), Some(LONG_MAX), "How far a record's timestamp may lie behind the broker's clock, in milliseconds. A batch that goes further is refused.";
    log_message_timestamp_after_max_ms: i64 = "log.message.timestamp.after.max.ms", long_millis(0), Some("3600000"), "How far a record's timestamp may lie ahead of the broker's clock, in milliseconds. A batch that goes further is refused.";

    socket_request_max_bytes: i32 = "socket.request.max.bytes", bytes(1), Some("104857600"), "The largest request that is accepted, in bytes. The connection of a larger one is closed.";
    max_connections: i32 = "max.connections", count(0, I32), Some("2147483647"), "How many connections may be open at a time. Further ones are closed at once.";
    connections_max_idle_ms: i64 = "connections.max.idle.ms", Kind::Long(-1, I64, Unit::Millis), Some("600000"), "How long an idle connection is kept, in milliseconds. -1 is forever. A connection is idle if its client sends nothing, or takes nothing of the replies that it is owed.";
    queued_max_request_bytes: i64 = "queued.max.request.bytes", long_bytes(-1), Some("-1"), "How many bytes of large requests all cores hold at a time. Further large requests are not read until there is room. -1 is 256 MiB for each core.";
    queued_max_requests: i32 = "queued.max.requests", count(1, I32), Some("500"), "How many requests of one connection may be in flight. At the bound its socket is not read.";
    fetch_max_bytes: i32 = "fetch.max.bytes", bytes(1024), Some("57671680"), "How many bytes of records one Fetch response holds at most. Its first batch may be larger.";
    max_incremental_fetch_session_cache_slots: i32 = "max.incremental.fetch.session.cache.slots", count(0, I32), Some("1000"), "How many fetch sessions are kept at a time. A session ends with its connection. Those of one core take 32 MiB at most.";

    group_initial_rebalance_delay_ms: i32 = "group.initial.rebalance.delay.ms", millis(0), Some("3000"), "How long a new group waits for more members before its first rebalance, in milliseconds.";
    group_min_session_timeout_ms: i32 = "group.min.session.timeout.ms", millis(0), Some("6000"), "The shortest session timeout that a member may ask for, in milliseconds.";
    group_max_session_timeout_ms: i32 = "group.max.session.timeout.ms", millis(0), Some("1800000"), "The longest session timeout that a member may ask for, in milliseconds.";
    group_max_size: i32 = "group.max.size", count(1, I32), Some("2147483647"), "How many members a group may have.";
    offset_metadata_max_bytes: i32 = "offset.metadata.max.bytes", bytes(0), Some("4096"), "The longest metadata text of a committed offset. As in Kafka, characters are counted.";
    offsets_topic_num_partitions: i32 = "offsets.topic.num.partitions", count(1, 10_000), Some("50"), "The number of partitions of __consumer_offsets. It is fixed once the topic exists.";
    offsets_topic_segment_bytes: i32 = "offsets.topic.segment.bytes", bytes(16_384), Some("104857600"), "The largest size of a segment file of __consumer_offsets, in bytes.";
    offsets_retention_minutes: i32 = "offsets.retention.minutes", count(1, I32), Some("10080"), "How long committed offsets are kept after their group has become empty, in minutes.";
    offsets_retention_check_interval_ms: i64 = "offsets.retention.check.interval.ms", long_millis(1), Some("600000"), "How often expired offsets are looked for, in milliseconds.";

    producer_id_expiration_ms: i32 = "producer.id.expiration.ms", millis(1), Some("86400000"), "How long the state of an idempotent producer is kept after its last batch, in milliseconds.";
}

const COUNT: usize = SERVED.len() + UNSERVED.len();

const fn all_keys() -> [Key; COUNT] {
    let mut all = [SERVED[0]; COUNT];
    let mut at = 0;
    while at < COUNT {
        all[at] = if at < SERVED.len() { SERVED[at] } else { UNSERVED[at - SERVED.len()] };
        at += 1;
    }
    all
}

/// Every setting of the broker, those with an effect first.
pub static BROKER_KEYS: &[Key] = &all_keys();

impl BrokerConfig {
    /// How long records are kept, by whichever of Kafka's three settings was given; -1 is forever.
    pub fn retention_ms(&self) -> i64 {
        let minutes = self.log_retention_minutes.map(|minutes| scaled(minutes, 60_000));
        self.log_retention_ms.or(minutes).unwrap_or_else(|| scaled(self.log_retention_hours, 3_600_000))
    }
}

/// A count of larger units in milliseconds; -1, which means "no limit", stays as it is.
pub(super) fn scaled(count: i32, unit_ms: i64) -> i64 {
    if count < 0 { -1 } else { i64::from(count) * unit_ms }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Settings;

    #[test]
    fn every_default_is_of_its_own_kind_and_every_name_is_there_once() {
        let mut names = std::collections::BTreeSet::new();
        for key in BROKER_KEYS {
            assert!(names.insert(key.name), "{} is there twice", key.name);
            let _ = key.default_value();
            assert!(key.doc.ends_with('.'), "{}", key.name);
        }
        let _ = Settings::default().broker();
    }

    #[test]
    fn environment_names_are_unique() {
        let names: std::collections::BTreeSet<_> = BROKER_KEYS.iter().map(Key::environment_name).collect();
        assert_eq!(names.len(), BROKER_KEYS.len());
        assert!(names.contains("CREEL_NUM_PARTITIONS") && names.contains("CREEL_SPIN_US"));
    }

    #[test]
    fn the_finest_of_the_three_retentions_wins() {
        let mut config = Settings::default().broker();
        assert_eq!(config.retention_ms(), 604_800_000);
        config.log_retention_minutes = Some(5);
        assert_eq!(config.retention_ms(), 300_000);
        config.log_retention_ms = Some(-1);
        assert_eq!(config.retention_ms(), -1);
    }
}
