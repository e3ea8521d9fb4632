//! A topic's settings: Kafka's names, types, ranges and defaults, each inheriting from the broker's.

use std::collections::BTreeMap;

use super::{
    error::{ConfigError, nearest},
    key::Effect,
    kinds::COMPRESSION,
    origin::Origin,
    settings::Settings,
    value::{Dialect, Field, Kind, Unit, Value},
};

/// One setting of a topic.
#[derive(Clone, Copy, Debug)]
pub struct TopicKey {
    /// Kafka's name.
    pub name: &'static str,
    /// Type and range.
    pub kind: Kind,
    /// The default where the broker's settings say nothing.
    pub default: &'static str,
    /// The broker's settings it inherits from, the first that is set, and how many of this setting's
    /// units one of theirs is.
    pub inherits: &'static [(&'static str, i64)],
    /// Whether it has an effect.
    pub effect: Effect,
    /// What it does, in a sentence; why not, where it has no effect.
    pub doc: &'static str,
}

/// What becomes of old records.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CleanupPolicy {
    /// They are dropped by age and size.
    pub delete: bool,
    /// The last of each key is to be kept; until compaction is there, every record is.
    pub compact: bool,
}

/// Whose clock stamps records.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TimestampType {
    /// The producer's.
    CreateTime,
    /// The broker's, at the append.
    LogAppendTime,
}

/// In which codec batches are stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CompressionType {
    /// That in which they come.
    Producer,
    /// In none.
    Uncompressed,
    /// RFC 1952.
    Gzip,
    /// In xerial's chunks.
    Snappy,
    /// Its frame format.
    Lz4,
    /// Its frame format.
    Zstd,
}

impl Field for CompressionType {
    fn take(value: Option<&Value>, name: &str) -> Self {
        match String::take(value, name).as_str() {
            "uncompressed" => Self::Uncompressed,
            "gzip" => Self::Gzip,
            "snappy" => Self::Snappy,
            "lz4" => Self::Lz4,
            "zstd" => Self::Zstd,
            _ => Self::Producer,
        }
    }
}

impl Field for CleanupPolicy {
    fn take(value: Option<&Value>, name: &str) -> Self {
        let words = Vec::<String>::take(value, name);
        let has = |word: &str| words.iter().any(|one| one == word);
        Self { delete: has("delete"), compact: has("compact") }
    }
}

impl Field for TimestampType {
    fn take(value: Option<&Value>, name: &str) -> Self {
        match String::take(value, name).as_str() {
            "LogAppendTime" => Self::LogAppendTime,
            _ => Self::CreateTime,
        }
    }
}

const I32: i64 = i32::MAX as i64;
const I64: i64 = i64::MAX;
const LONG_MAX: &str = "9223372036854775807";

macro_rules! topic_keys {
    (
        works { $($field:ident: $type:ty = $name:literal, $kind:expr, $default:expr, [$($from:expr),*], $doc:literal;)* }
        $($effect:ident $why:literal { $($other:literal, $other_kind:expr, $other_default:expr, [$($other_from:expr),*];)* })*
    ) => {
        /// Every setting of a topic, those with an effect first.
        pub static TOPIC_KEYS: &[TopicKey] = &[
            $(TopicKey {
                name: $name, kind: $kind, default: $default, inherits: &[$($from),*],
                effect: Effect::Works, doc: $doc,
            },)*
            $($(TopicKey {
                name: $other, kind: $other_kind, default: $other_default, inherits: &[$($other_from),*],
                effect: Effect::$effect, doc: $why,
            },)*)*
        ];

        /// A topic's settings that have an effect, typed.
        #[derive(Clone, Debug, PartialEq)]
        pub struct TopicConfig {
            $(#[doc = $doc] pub $field: $type,)*
        }

        impl TopicConfig {
            /// The settings of a topic: its own over the broker's over the defaults.
            pub fn new(broker: &Settings, own: &TopicSettings) -> Self {
                Self { $($field: Field::take(Some(&own.effective($name, broker)), $name),)* }
            }
        }
    };
}

topic_keys! {
    works {
        cleanup_policy: CleanupPolicy = "cleanup.policy", Kind::Choices(&["compact", "delete"]), "delete", [("log.cleanup.policy", 1)], "What happens to old records. delete drops them. compact is to keep the last record of each key, but compaction is not supported yet, so it keeps every record.";
        compression_type: CompressionType = "compression.type", COMPRESSION, "producer", [("compression.type", 1)], "The codec in which batches are stored. producer: the codec in which they come. Batches that come in another codec are compressed anew, off the core; those behind them wait.";
        compression_gzip_level: i32 = "compression.gzip.level", Kind::GzipLevel, "-1", [("compression.gzip.level", 1)], "How closely batches are compressed anew where compression.type is gzip. -1 is the codec's own default, 6.";
        compression_lz4_level: i32 = "compression.lz4.level", Kind::Int(1, 17, Unit::Count), "9", [("compression.lz4.level", 1)], "How closely batches are compressed anew where compression.type is lz4. 9 is the fast compressor; every other level is one of the slower and closer one, which has no more than 12.";
        compression_zstd_level: i32 = "compression.zstd.level", Kind::Int(-131_072, 22, Unit::Count), "3", [("compression.zstd.level", 1)], "How closely batches are compressed anew where compression.type is zstd.";
        file_delete_delay_ms: i64 = "file.delete.delay.ms", Kind::Long(0, I64, Unit::Millis), "60000", [("log.segment.delete.delay.ms", 1)], "How long the files of a dropped segment stay before they are removed, in milliseconds.";
        flush_messages: i64 = "flush.messages", Kind::Long(1, I64, Unit::Count), LONG_MAX, [("log.flush.interval.messages", 1)], "After how many records the log is flushed to the disk. With a value above 1, acks and consumers no longer wait for the flush. If neither this nor flush.ms is given, acks=all waits for one.";
        flush_ms: i64 = "flush.ms", Kind::Long(0, I64, Unit::Millis), LONG_MAX, [("log.flush.interval.ms", 1), ("log.flush.scheduler.interval.ms", 1)], "After how many milliseconds the log is flushed to the disk. With a value above 0, acks and consumers no longer wait for the flush.";
        index_interval_bytes: i32 = "index.interval.bytes", Kind::Int(0, I32, Unit::Bytes), "4096", [("log.index.interval.bytes", 1)], "How many bytes of log lie between two entries of the offset index.";
        internal_segment_bytes: i32 = "internal.segment.bytes", Kind::Int(0, I32, Unit::Bytes), "0", [], "For tests: the largest size of a segment file, in bytes. If it is not 0, it replaces segment.bytes.";
        max_message_bytes: i32 = "max.message.bytes", Kind::Int(0, I32, Unit::Bytes), "1048588", [("message.max.bytes", 1)], "The largest record batch that is accepted, in bytes.";
        message_timestamp_after_max_ms: i64 = "message.timestamp.after.max.ms", Kind::Long(0, I64, Unit::Millis), "3600000", [("log.message.timestamp.after.max.ms", 1)], "How far a record's timestamp may lie ahead of the broker's clock, in milliseconds. A batch that goes further is refused.";
        message_timestamp_before_max_ms: i64 = "message.timestamp.before.max.ms", Kind::Long(0, I64, Unit::Millis), LONG_MAX, [("log.message.timestamp.before.max.ms", 1)], "How far a record's timestamp may lie behind the broker's clock, in milliseconds. A batch that goes further is refused.";
        message_timestamp_type: TimestampType = "message.timestamp.type", Kind::Choice(&["CreateTime", "LogAppendTime"]), "CreateTime", [("log.message.timestamp.type", 1)], "Whose clock gives records their timestamps: the producer's (CreateTime) or the broker's (LogAppendTime).";
        min_insync_replicas: i32 = "min.insync.replicas", Kind::Int(1, I32, Unit::Count), "1", [("min.insync.replicas", 1)], "The number of replicas that must hold a record before acks=all is answered. Each partition has one replica, so any value works as 1.";
        preallocate: bool = "preallocate", Kind::Boolean, "false", [("log.preallocate", 1)], "Whether the disk space of a whole segment is allocated before its first write. Writes and syncs are then cheaper and more even, and each partition takes the space of one or two segments at once.";
        retention_bytes: i64 = "retention.bytes", Kind::Long(-1, I64, Unit::Bytes), "-1", [("log.retention.bytes", 1)], "How many bytes of each partition are kept. -1 is no limit.";
        retention_ms: i64 = "retention.ms", Kind::Long(-1, I64, Unit::Millis), "604800000", [("log.retention.ms", 1), ("log.retention.minutes", 60_000), ("log.retention.hours", 3_600_000)], "How long records are kept, in milliseconds. -1 is forever.";
        // Topics that were made before Creel asked for 1 MiB, as Kafka does, keep a smaller value.
        segment_bytes: i32 = "segment.bytes", Kind::Int(16_384, I32, Unit::Bytes), "1073741824", [("log.segment.bytes", 1)], "The largest size of a segment file, in bytes.";
        segment_index_bytes: i32 = "segment.index.bytes", Kind::Int(4, I32, Unit::Bytes), "10485760", [("log.index.size.max.bytes", 1)], "The largest size of an index file, in bytes.";
        segment_jitter_ms: i64 = "segment.jitter.ms", Kind::Long(0, I64, Unit::Millis), "0", [("log.roll.jitter.ms", 1), ("log.roll.jitter.hours", 3_600_000)], "By how much segment.ms is shortened at most, in milliseconds, so that many partitions do not begin segments at the same time. Each partition draws its part of it when it is opened, and when a setting of the topic changes.";
        segment_ms: i64 = "segment.ms", Kind::Long(1, I64, Unit::Millis), "604800000", [("log.roll.ms", 1), ("log.roll.hours", 3_600_000)], "How long a segment is appended to at most, in milliseconds.";
    }
    Accepted "Compaction is not supported yet: compacted topics keep every record." {
        "delete.retention.ms", Kind::Long(0, I64, Unit::Millis), "86400000", [("log.cleaner.delete.retention.ms", 1)];
        "max.compaction.lag.ms", Kind::Long(1, I64, Unit::Millis), LONG_MAX, [("log.cleaner.max.compaction.lag.ms", 1)];
        "min.cleanable.dirty.ratio", Kind::Double(0.0, 1.0), "0.5", [("log.cleaner.min.cleanable.ratio", 1)];
        "min.compaction.lag.ms", Kind::Long(0, I64, Unit::Millis), "0", [("log.cleaner.min.compaction.lag.ms", 1)];
    }
    Accepted "Each partition has one replica, so there is nothing to throttle, and no other replica to elect." {
        "follower.replication.throttled.replicas", Kind::ThrottledReplicas, "", [];
        "leader.replication.throttled.replicas", Kind::ThrottledReplicas, "", [];
        "unclean.leader.election.enable", Kind::Boolean, "false", [("unclean.leader.election.enable", 1)];
    }
    Refused "There is no tiered storage." {
        "local.retention.bytes", Kind::Long(-2, I64, Unit::Bytes), "-2", [("log.local.retention.bytes", 1)];
        "local.retention.ms", Kind::Long(-2, I64, Unit::Millis), "-2", [("log.local.retention.ms", 1)];
        "remote.log.copy.disable", Kind::Boolean, "false", [];
        "remote.log.delete.on.disable", Kind::Boolean, "false", [];
        "remote.storage.enable", Kind::Boolean, "false", [];
    }
}

const MIN_LAG: &str = "min.compaction.lag.ms";
const MAX_LAG: &str = "max.compaction.lag.ms";

/// The smallest `segment.bytes` that a client may set.
pub const SEGMENT_BYTES_MIN: i32 = 1 << 20;

impl TopicKey {
    /// Whether Kafka shows it only where it was given.
    pub fn is_internal(&self) -> bool {
        self.name.starts_with("internal.")
    }

    /// The row of a name.
    pub fn find(name: &str) -> Option<&'static Self> {
        TOPIC_KEYS.iter().find(|key| key.name == name)
    }

    /// The value of a topic without one of its own: the broker's, else the default. Also the broker's setting that it
    /// came from.
    pub fn inherited(&self, broker: &Settings) -> (Value, Option<&'static str>) {
        let of_broker = self.inherits.iter().find_map(|(name, scale)| {
            let value = match broker.value(name)? {
                Value::Number(-1) => Value::Number(-1),
                Value::Number(number) => Value::Number(number.saturating_mul(*scale)),
                value => value.clone(),
            };
            Some((value, Some(*name)))
        });
        let default =
            || self.kind.read(self.default).expect("a default is of its own kind: a test reads all");
        of_broker.unwrap_or_else(|| (default(), None))
    }
}

/// What a topic was created or altered with: checked values, kept as text with its record.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TopicSettings(BTreeMap<String, String>);

impl TopicSettings {
    /// Takes values as a client gave them; the first that is wrong is the error (Kafka's INVALID_CONFIG).
    pub fn checked<N: Into<String>, T: AsRef<str>>(
        given: impl IntoIterator<Item = (N, T)>,
    ) -> Result<Self, ConfigError> {
        let mut own = Self::default();
        for (name, text) in given {
            own.set(name.into(), text.as_ref())?;
        }
        Ok(own)
    }

    /// Sets one value.
    pub fn set(&mut self, name: String, text: &str) -> Result<(), ConfigError> {
        let value = Self::check(&name, text)?;
        self.0.insert(name, value.to_string());
        Ok(())
    }

    /// Takes one value back, so that the broker's is inherited again.
    pub fn unset(&mut self, name: &str) {
        self.0.remove(name);
    }

    /// Checks a name and a value, written as Kafka reads them, without keeping them.
    pub fn check(name: &str, text: &str) -> Result<Value, ConfigError> {
        let origin = Origin::Flag("topic");
        let key = TopicKey::find(name).ok_or_else(|| ConfigError::Unknown {
            name: name.to_owned(),
            origin: origin.clone(),
            nearest: nearest(name, TOPIC_KEYS.iter().map(|key| key.name)),
        })?;
        // Smaller values are read from records of topics that were made before. They can no longer be set.
        let kind = match name {
            "segment.bytes" => Kind::Int(SEGMENT_BYTES_MIN.into(), I32, Unit::Bytes),
            _ => key.kind,
        };
        let value = kind.read_as_kafka(text).ok_or_else(|| ConfigError::Value {
            name: name.to_owned(),
            text: text.to_owned(),
            origin: origin.clone(),
            accepted: kind.accepted(Dialect::Kafka),
        })?;
        if key.effect == Effect::Refused && value.to_string() != key.default {
            return Err(ConfigError::Refused { name: name.to_owned(), origin, reason: key.doc });
        }
        Ok(value)
    }

    /// Whether values that are right by themselves go together in a topic: its own, and the broker's where it has none.
    pub fn check_together(&self, broker: &Settings) -> Result<(), ConfigError> {
        let [shortest, longest] = [MIN_LAG, MAX_LAG].map(|name| self.effective(name, broker));
        let (Value::Number(from), Value::Number(to)) = (&shortest, &longest) else { return Ok(()) };
        if from <= to {
            return Ok(());
        }
        Err(ConfigError::Conflict {
            name: MIN_LAG.to_owned(),
            text: from.to_string(),
            origin: Origin::Flag("topic"),
            reason: format!("it must not be more than {MAX_LAG}, {to}"),
        })
    }

    /// What was read back from a topic's record; a name that this version does not know stays, unused.
    pub fn from_record(texts: BTreeMap<String, String>) -> Self {
        Self(texts)
    }

    /// The values as text, for the topic's record.
    pub const fn texts(&self) -> &BTreeMap<String, String> {
        &self.0
    }

    /// A setting's value in this topic.
    ///
    /// # Panics
    /// When no topic setting has the name.
    pub fn effective(&self, name: &str, broker: &Settings) -> Value {
        let key = TopicKey::find(name).expect("a name of the table");
        let own = self.0.get(name).and_then(|text| key.kind.read_as_kafka(text));
        own.unwrap_or_else(|| key.inherited(broker).0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Config;

    #[test]
    fn every_default_is_of_its_kind_and_inherits_from_settings_that_exist() {
        let broker = Settings::default();
        for key in TOPIC_KEYS {
            assert!(key.kind.read(key.default).is_some(), "{}", key.name);
            assert!(key.doc.ends_with('.'), "{}", key.name);
            for (name, _) in key.inherits {
                assert!(broker.get(name).is_some(), "{} inherits from {name}", key.name);
            }
            assert_eq!(key.inherited(&broker).0.to_string(), key.default, "{}", key.name);
        }
    }

    #[test]
    fn small_segments_are_asked_for_by_their_internal_name_as_in_kafka() {
        let check = |name: &str, text: &str| TopicSettings::check(name, text).map(drop);
        assert_eq!(check("segment.bytes", "1048576"), Ok(()));
        for name in ["1048575", "16384", "14", "0"] {
            let error = check("segment.bytes", name).unwrap_err().to_string();
            assert!(error.contains("1048576"), "{error}");
            assert_eq!(check("internal.segment.bytes", name), Ok(()));
        }
        // What an earlier version accepted still counts.
        let made_before = [("segment.bytes".to_owned(), "16384".to_owned())];
        let made_before = TopicSettings::from_record(made_before.into());
        assert_eq!(TopicConfig::new(&Settings::default(), &made_before).segment_bytes, 16_384);
    }

    #[test]
    fn a_topic_inherits_until_it_has_a_value_of_its_own() {
        let broker = Config::with(&["log.retention.minutes=2", "log.flush.interval.ms=50"]).unwrap().settings;
        let mut own = TopicSettings::default();
        assert_eq!(TopicConfig::new(&broker, &own).retention_ms, 120_000);
        assert_eq!(TopicConfig::new(&broker, &own).flush_ms, 50);
        own.set("retention.ms".into(), "-1").unwrap();
        own.set("cleanup.policy".into(), "compact,delete").unwrap();
        let config = TopicConfig::new(&broker, &own);
        assert_eq!(config.retention_ms, -1);
        assert_eq!(config.cleanup_policy, CleanupPolicy { delete: true, compact: true });
        own.unset("retention.ms");
        assert_eq!(TopicConfig::new(&broker, &own).retention_ms, 120_000);
    }

    #[test]
    fn what_would_be_missed_can_only_have_its_default() {
        for (name, other) in [
            ("remote.storage.enable", "true"),
            ("remote.log.copy.disable", "true"),
            ("remote.log.delete.on.disable", "true"),
            ("local.retention.ms", "1000"),
            ("local.retention.bytes", "-1"),
        ] {
            let key = TopicKey::find(name).unwrap();
            assert!(TopicSettings::check(name, key.default).is_ok(), "{name}");
            let error = TopicSettings::check(name, other).unwrap_err().to_string();
            assert_eq!(error, format!("topic: {name} is refused. There is no tiered storage."));
        }
    }

    #[test]
    fn a_record_cannot_be_too_young_to_compact_and_overdue() {
        let with = |own: &[(&str, &str)], of_broker: &[&str]| {
            let broker = Config::with(of_broker).unwrap().settings;
            let own = TopicSettings::checked(own.iter().copied()).unwrap();
            own.check_together(&broker).map_err(|error| error.to_string())
        };
        assert_eq!(with(&[], &[]), Ok(()));
        assert_eq!(with(&[(MIN_LAG, "7"), (MAX_LAG, "7")], &[]), Ok(()));
        let told = "topic: min.compaction.lag.ms = \"8\": it must not be more than max.compaction.lag.ms, 7";
        assert_eq!(with(&[(MIN_LAG, "8"), (MAX_LAG, "7")], &[]), Err(told.to_owned()));
        assert_eq!(with(&[(MIN_LAG, "8")], &["log.cleaner.max.compaction.lag.ms=7"]), Err(told.to_owned()));
        assert_eq!(with(&[(MAX_LAG, "7")], &["log.cleaner.min.compaction.lag.ms=8"]), Err(told.to_owned()));
    }

    #[test]
    fn a_wrong_name_or_value_is_told() {
        let error = TopicSettings::checked([("retention.m", "1")]).unwrap_err();
        assert_eq!(error.to_string(), "topic: unknown setting retention.m: did you mean retention.ms?");
        let error = TopicSettings::checked([("segment.bytes", "1")]).unwrap_err();
        assert!(error.to_string().contains("segment.bytes = \"1\" is not accepted"), "{error}");
        let error = TopicSettings::checked([("compression.type", "brotli")]).unwrap_err();
        let expected = "topic: compression.type = \"brotli\" is not accepted: it must be one of uncompressed, zstd, lz4, snappy, \
                        gzip, producer";
        assert_eq!(error.to_string(), expected);
    }
}
