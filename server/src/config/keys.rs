//! The broker's settings: the one table from which parsing, listing and DescribeConfigs follow.
//!
//! Names, types, ranges and defaults are Kafka 4.3's. Where Creel differs the line above says why.

use super::{
    key::{Effect, Key},
    kinds::{I32, I64, LONG_MAX, bytes, count, long_bytes, long_millis, millis},
    unserved::UNSERVED,
    value::{Field, Kind, Unit, Value},
};

/// Kafka compresses anew where another one is asked for; taken and not done, that would be a promise broken in silence.
const COMPRESSION: Kind = Kind::Choice(&["producer"]);

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
    cluster_id: Option<String> = "cluster.id", Kind::Text, None, "The cluster's id; made up at the first start when unset.";
    broker_rack: Option<String> = "broker.rack", Kind::Text, None, "The rack that clients are told this broker stands in.";
    // Kafka listens on every interface; a broker without passwords had better not.
    listeners: Vec<String> = "listeners", Kind::List, Some("PLAINTEXT://127.0.0.1:9092"), "Where to listen: NAME://host:port, several separated by commas, or host:port; no host is every address, port 0 a free one. Who can reach one can read, write and delete everything: 0.0.0.0 lets every network in.";
    advertised_listeners: Option<Vec<String>> = "advertised.listeners", Kind::List, None, "The address that clients of each listener are told to connect to; unset: the one they came in by.";
    listener_security_protocol_map: String = "listener.security.protocol.map", Kind::Text, Some("SASL_SSL:SASL_SSL,PLAINTEXT:PLAINTEXT,SSL:SSL,SASL_PLAINTEXT:SASL_PLAINTEXT"), "What each listener speaks, as NAME:PROTOCOL; PLAINTEXT alone is served yet.";
    controller_listener_names: Option<Vec<String>> = "controller.listener.names", Kind::List, None, "Listeners of the controller: they are known, and not bound.";
    log_dirs: Vec<String> = "log.dirs", Kind::List, Some("./creel-data"), "The data directory.";
    metadata_log_dir: Option<String> = "metadata.log.dir", Kind::Text, None, "Where a Kafka that used the data directory before kept its metadata log; unset: there.";

    creel_admin_listener: Option<String> = "creel.admin.listener", Kind::Text, None, "The host:port of the admin listener (HTTP, without authentication: GET /stages and /health); unset: none; port 0: a free one.";
    creel_cores: String = "creel.cores", Kind::Text, Some("all"), "The CPUs to run on, one pinned thread each: all, or a list as 0-3,6.";
    // Off until it has proved itself.
    creel_journal: bool = "creel.journal", Kind::Boolean, Some("false"), "Make small durable appends of many partitions durable with one write to a journal of the core, and sync their segments later. After a crash a start of Creel must come before anything else reads the data directory.";
    creel_journal_bytes: i64 = "creel.journal.bytes", Kind::Long(1 << 20, 1 << 40, Unit::Bytes), Some("67108864"), "The size of a core's journal on disk, with creel.journal.";
    creel_pin: bool = "creel.pin", Kind::Boolean, Some("true"), "Pin each core's thread to its CPU.";
    creel_segment_recycle: bool = "creel.segment.recycle", Kind::Boolean, Some("false"), "Use the file of a segment that retention drops for the next one: cheaper syncs, and up to one segment a partition on disk beyond retention.";
    creel_spin_us: i32 = "creel.spin.us", count(0, 1_000_000), Some("0"), "How long an idle core looks for work before it sleeps, in microseconds: lower latency, more CPU.";
    creel_stage_histograms: bool = "creel.stage.histograms", Kind::Boolean, Some("true"), "Count where the time of Produce and Fetch requests goes, for creel.admin.listener to show.";

    auto_create_topics_enable: bool = "auto.create.topics.enable", Kind::Boolean, Some("true"), "Create a topic when a client asks for one that does not exist.";
    delete_topic_enable: bool = "delete.topic.enable", Kind::Boolean, Some("true"), "Let clients delete topics.";
    num_partitions: i32 = "num.partitions", count(1, 100_000), Some("1"), "Partitions of a topic created without saying how many.";
    default_replication_factor: i32 = "default.replication.factor", count(1, 1), Some("1"), "Replicas of a topic created without saying how many: 1, as there is one broker.";
    min_insync_replicas: i32 = "min.insync.replicas", count(1, I32), Some("1"), "Replicas that must hold a record before acks=all is answered.";

    message_max_bytes: i32 = "message.max.bytes", bytes(0), Some("1048588"), "The largest record batch accepted.";
    compression_type: String = "compression.type", COMPRESSION, Some("producer"), "The codec batches are stored in: the one they come in.";
    // Kafka asks for 1 MiB at least; smaller ones are useful in tests.
    log_segment_bytes: i32 = "log.segment.bytes", bytes(16_384), Some("1073741824"), "The largest size of a segment file.";
    log_roll_ms: Option<i64> = "log.roll.ms", long_millis(1), None, "The longest time a segment is appended to; unset: log.roll.hours.";
    log_roll_hours: i32 = "log.roll.hours", count(1, I32), Some("168"), "The longest time a segment is appended to, in hours.";
    log_retention_ms: Option<i64> = "log.retention.ms", long_millis(-1), None, "How long records are kept; -1 is forever; unset: log.retention.minutes.";
    log_retention_minutes: Option<i32> = "log.retention.minutes", count(-1, I32), None, "How long records are kept, in minutes; unset: log.retention.hours.";
    log_retention_hours: i32 = "log.retention.hours", count(-1, I32), Some("168"), "How long records are kept, in hours.";
    log_retention_bytes: i64 = "log.retention.bytes", long_bytes(-1), Some("-1"), "How many bytes of a partition are kept; -1 is no limit.";
    log_retention_check_interval_ms: i64 = "log.retention.check.interval.ms", long_millis(1), Some("300000"), "How often the log looks for what may be dropped.";
    log_cleanup_policy: Vec<String> = "log.cleanup.policy", Kind::Choices(&["compact", "delete"]), Some("delete"), "What happens to old records: delete drops them; compact is to keep the last of each key, and keeps every record until compaction is there.";
    log_preallocate: bool = "log.preallocate", Kind::Boolean, Some("false"), "Whether a segment's disk is claimed whole before its first write: writes and syncs are then cheaper and more even, and each partition takes the disk of a whole segment, or two, at once.";
    log_index_interval_bytes: i32 = "log.index.interval.bytes", bytes(0), Some("4096"), "Bytes of log between two entries of the offset index.";
    log_index_size_max_bytes: i32 = "log.index.size.max.bytes", bytes(4), Some("10485760"), "The largest size of an index file.";
    log_flush_interval_messages: i64 = "log.flush.interval.messages", Kind::Long(1, I64, Unit::Count), Some(LONG_MAX), "Records after which the log is flushed whatever acks asked.";
    log_flush_interval_ms: Option<i64> = "log.flush.interval.ms", long_millis(0), None, "Time after which the log is flushed whatever acks asked.";
    log_flush_scheduler_interval_ms: i64 = "log.flush.scheduler.interval.ms", long_millis(1), Some(LONG_MAX), "Time after which the log is flushed where log.flush.interval.ms is unset.";
    log_segment_delete_delay_ms: i64 = "log.segment.delete.delay.ms", long_millis(0), Some("60000"), "How long a dropped segment's files stay before they are removed.";
    log_message_timestamp_type: String = "log.message.timestamp.type", Kind::Choice(&["CreateTime", "LogAppendTime"]), Some("CreateTime"), "Whose clock stamps records: the producer's or the broker's.";
    log_message_timestamp_before_max_ms: i64 = "log.message.timestamp.before.max.ms", long_millis(0), Some(LONG_MAX), "How far a record's timestamp may lie behind the broker's clock.";
    log_message_timestamp_after_max_ms: i64 = "log.message.timestamp.after.max.ms", long_millis(0), Some("3600000"), "How far a record's timestamp may lie ahead of the broker's clock.";

    socket_request_max_bytes: i32 = "socket.request.max.bytes", bytes(1), Some("104857600"), "The largest request accepted; the connection of a larger one is closed.";
    max_connections: i32 = "max.connections", count(0, I32), Some("2147483647"), "Connections at once.";
    connections_max_idle_ms: i64 = "connections.max.idle.ms", Kind::Long(-1, I64, Unit::Millis), Some("600000"), "How long a connection is kept that does nothing: it sends nothing, or takes nothing of what it is owed.";
    queued_max_request_bytes: i64 = "queued.max.request.bytes", long_bytes(-1), Some("-1"), "Bytes of large requests that are held at once, shared by the cores, before further ones are left unread; -1: 256 MiB a core.";
    queued_max_requests: i32 = "queued.max.requests", count(1, I32), Some("500"), "Requests in flight per connection before its socket is left unread.";
    fetch_max_bytes: i32 = "fetch.max.bytes", bytes(1024), Some("57671680"), "The most bytes of records in one Fetch reply.";
    max_incremental_fetch_session_cache_slots: i32 = "max.incremental.fetch.session.cache.slots", count(0, I32), Some("1000"), "Fetch sessions kept at once. They end with their connections, and those of a core take 32 MiB at most.";

    group_initial_rebalance_delay_ms: i32 = "group.initial.rebalance.delay.ms", millis(0), Some("3000"), "How long a new group waits for more members before its first rebalance.";
    group_min_session_timeout_ms: i32 = "group.min.session.timeout.ms", millis(0), Some("6000"), "The shortest session timeout a member may ask for.";
    group_max_session_timeout_ms: i32 = "group.max.session.timeout.ms", millis(0), Some("1800000"), "The longest session timeout a member may ask for.";
    group_max_size: i32 = "group.max.size", count(1, I32), Some("2147483647"), "Members a group may have.";
    offset_metadata_max_bytes: i32 = "offset.metadata.max.bytes", bytes(0), Some("4096"), "The longest metadata text of a committed offset.";
    offsets_topic_num_partitions: i32 = "offsets.topic.num.partitions", count(1, 10_000), Some("50"), "Partitions of __consumer_offsets; fixed once the topic exists.";
    offsets_topic_segment_bytes: i32 = "offsets.topic.segment.bytes", bytes(16_384), Some("104857600"), "The segment size of __consumer_offsets.";
    offsets_retention_minutes: i32 = "offsets.retention.minutes", count(1, I32), Some("10080"), "How long a committed offset is kept after its group became empty.";
    offsets_retention_check_interval_ms: i64 = "offsets.retention.check.interval.ms", long_millis(1), Some("600000"), "How often expired offsets are looked for.";

    producer_id_expiration_ms: i32 = "producer.id.expiration.ms", millis(1), Some("86400000"), "How long an idle idempotent producer's state is remembered.";
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

    /// The longest time a segment is appended to.
    pub fn roll_ms(&self) -> i64 {
        self.log_roll_ms.unwrap_or_else(|| scaled(self.log_roll_hours, 3_600_000))
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
