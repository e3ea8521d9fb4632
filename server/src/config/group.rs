//! A group's own settings: Kafka's names, types, ranges and defaults, each inheriting from the broker's.
//!
//! They are for members of the newer group protocols, which are not served yet. Tools set and show them all the same, so they
//! are checked, kept and described.

use std::collections::BTreeMap;

use super::{
    error::{ConfigError, nearest},
    kinds::{count, millis},
    origin::Origin,
    settings::Settings,
    value::{Dialect, Kind, Value},
};

/// One setting of a group.
#[derive(Clone, Copy, Debug)]
pub struct GroupKey {
    /// Kafka's name.
    pub name: &'static str,
    /// Type and range.
    pub kind: Kind,
    /// The default where the broker's settings say nothing.
    pub default: &'static str,
    /// The broker's setting that it inherits from.
    pub inherits: Option<&'static str>,
    /// The broker's settings that bound what a group may be given: the lowest and the highest value.
    pub bounds: (Option<&'static str>, Option<&'static str>),
    /// What it is for, in a sentence.
    pub doc: &'static str,
}

const ISOLATION: Kind = Kind::Choice(&["read_committed", "read_uncommitted"]);
const OFFSET_RESET: &str = "share.auto.offset.reset";

macro_rules! group_keys {
    ($($name:literal => $kind:expr, $default:literal, $inherits:expr, $low:expr, $high:expr, $doc:literal;)*) => {
        /// Every setting of a group.
        pub static GROUP_KEYS: &[GroupKey] = &[$(GroupKey {
            name: $name, kind: $kind, default: $default, inherits: $inherits, bounds: ($low, $high), doc: $doc,
        },)*];
    };
}

group_keys! {
    "consumer.assignment.interval.ms" => millis(0), "1000", Some("group.consumer.assignment.interval.ms"), Some("group.consumer.min.assignment.interval.ms"), Some("group.consumer.max.assignment.interval.ms"), "The shortest time between two assignments of a consumer group, in milliseconds.";
    "consumer.heartbeat.interval.ms" => millis(1), "5000", Some("group.consumer.heartbeat.interval.ms"), Some("group.consumer.min.heartbeat.interval.ms"), Some("group.consumer.max.heartbeat.interval.ms"), "How often members of a consumer group send heartbeats, in milliseconds.";
    "consumer.session.timeout.ms" => millis(1), "45000", Some("group.consumer.session.timeout.ms"), Some("group.consumer.min.session.timeout.ms"), Some("group.consumer.max.session.timeout.ms"), "After how many milliseconds without a heartbeat a member of a consumer group is removed.";
    "share.assignment.interval.ms" => millis(0), "1000", Some("group.share.assignment.interval.ms"), Some("group.share.min.assignment.interval.ms"), Some("group.share.max.assignment.interval.ms"), "The shortest time between two assignments of a share group, in milliseconds.";
    "share.auto.offset.reset" => Kind::Text, "latest", None, None, None, "Where a share group begins to read: earliest, latest, or by_duration: with an ISO 8601 duration.";
    "share.delivery.count.limit" => count(2, i32::MAX as i64), "5", Some("group.share.delivery.count.limit"), Some("group.share.min.delivery.count.limit"), Some("group.share.max.delivery.count.limit"), "How often a share group is given a record at most.";
    "share.heartbeat.interval.ms" => millis(1), "5000", Some("group.share.heartbeat.interval.ms"), Some("group.share.min.heartbeat.interval.ms"), Some("group.share.max.heartbeat.interval.ms"), "How often members of a share group send heartbeats, in milliseconds.";
    "share.isolation.level" => ISOLATION, "read_uncommitted", None, None, None, "Whether a share group is given records of transactions that are not committed.";
    "share.partition.max.record.locks" => count(100, i32::MAX as i64), "2000", Some("group.share.partition.max.record.locks"), Some("group.share.min.partition.max.record.locks"), Some("group.share.max.partition.max.record.locks"), "How many records of a partition members of a share group may hold at a time.";
    "share.record.lock.duration.ms" => millis(1000), "30000", Some("group.share.record.lock.duration.ms"), Some("group.share.min.record.lock.duration.ms"), Some("group.share.max.record.lock.duration.ms"), "How long a member of a share group may hold a record, in milliseconds.";
    "share.renew.acknowledge.enable" => Kind::Boolean, "true", None, None, None, "Whether members of a share group may extend how long they hold a record.";
    "share.session.timeout.ms" => millis(1), "45000", Some("group.share.session.timeout.ms"), Some("group.share.min.session.timeout.ms"), Some("group.share.max.session.timeout.ms"), "After how many milliseconds without a heartbeat a member of a share group is removed.";
    "streams.assignment.interval.ms" => millis(0), "1000", Some("group.streams.assignment.interval.ms"), Some("group.streams.min.assignment.interval.ms"), Some("group.streams.max.assignment.interval.ms"), "The shortest time between two assignments of a streams group, in milliseconds.";
    "streams.heartbeat.interval.ms" => millis(1), "5000", Some("group.streams.heartbeat.interval.ms"), Some("group.streams.min.heartbeat.interval.ms"), Some("group.streams.max.heartbeat.interval.ms"), "How often members of a streams group send heartbeats, in milliseconds.";
    "streams.initial.rebalance.delay.ms" => millis(0), "3000", Some("group.streams.initial.rebalance.delay.ms"), None, None, "How long a new streams group waits for more members before its first assignment, in milliseconds.";
    "streams.num.standby.replicas" => count(0, i32::MAX as i64), "0", Some("group.streams.num.standby.replicas"), None, Some("group.streams.max.standby.replicas"), "How many standby replicas each task of a streams group has.";
    "streams.session.timeout.ms" => millis(1), "45000", Some("group.streams.session.timeout.ms"), Some("group.streams.min.session.timeout.ms"), Some("group.streams.max.session.timeout.ms"), "After how many milliseconds without a heartbeat a member of a streams group is removed.";
}

/// A member must be able to miss a heartbeat: the session timeout and the interval of each kind of group.
const SESSIONS: [(&str, &str); 3] = [
    ("consumer.session.timeout.ms", "consumer.heartbeat.interval.ms"),
    ("share.session.timeout.ms", "share.heartbeat.interval.ms"),
    ("streams.session.timeout.ms", "streams.heartbeat.interval.ms"),
];

impl GroupKey {
    /// The row of a name.
    pub fn find(name: &str) -> Option<&'static Self> {
        GROUP_KEYS.iter().find(|key| key.name == name)
    }

    /// The value of a group without one of its own: the broker's, else the default.
    pub fn inherited(&self, broker: &Settings) -> Value {
        let of_broker = self.inherits.and_then(|name| broker.value(name)).cloned();
        of_broker.unwrap_or_else(|| self.kind.read(self.default).expect("a default is of its own kind"))
    }
}

/// A group's own settings: checked values, kept as text.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct GroupSettings(BTreeMap<String, String>);

impl GroupSettings {
    /// What was read back from a group's record. A name that this version does not know stays, unused.
    pub const fn from_record(texts: BTreeMap<String, String>) -> Self {
        Self(texts)
    }

    /// The values as text, for the group's record.
    pub const fn texts(&self) -> &BTreeMap<String, String> {
        &self.0
    }

    /// Sets one value, as a client wrote it.
    pub fn set(&mut self, name: String, text: &str) -> Result<(), ConfigError> {
        let value = read(&name, text)?;
        self.0.insert(name, value.to_string());
        Ok(())
    }

    /// Takes one value back, so that the broker's is inherited again.
    pub fn unset(&mut self, name: &str) {
        self.0.remove(name);
    }

    /// Whether the values lie within the broker's bounds and go together.
    pub fn check(&self, broker: &Settings) -> Result<(), ConfigError> {
        for (name, text) in &self.0 {
            let Some(key) = GroupKey::find(name) else { continue };
            let Some(Value::Number(value)) = key.kind.read_as_kafka(text) else { continue };
            let bound = |name: Option<&str>| match name.and_then(|name| broker.value(name)) {
                Some(Value::Number(bound)) => Some(*bound),
                _ => None,
            };
            let (low, high) = (bound(key.bounds.0), bound(key.bounds.1));
            if low.is_some_and(|low| value < low) || high.is_some_and(|high| value > high) {
                return Err(conflict(name, text, out_of_bounds(low, high)));
            }
        }
        SESSIONS.iter().try_for_each(|(session, heartbeat)| self.check_session(session, heartbeat, broker))
    }

    fn check_session(&self, session: &str, heartbeat: &str, broker: &Settings) -> Result<(), ConfigError> {
        let Some(text) = self.0.get(session).or_else(|| self.0.get(heartbeat)) else { return Ok(()) };
        let value = |name: &str| match self.effective(name, broker) {
            Some(Value::Number(value)) => value,
            _ => 0,
        };
        match value(session) > value(heartbeat) {
            true => Ok(()),
            false => Err(conflict(session, text, format!("it must be more than {heartbeat}"))),
        }
    }

    /// A setting's value in this group, if any setting has the name.
    pub fn effective(&self, name: &str, broker: &Settings) -> Option<Value> {
        let key = GroupKey::find(name)?;
        let own = self.0.get(name).and_then(|text| key.kind.read_as_kafka(text));
        Some(own.unwrap_or_else(|| key.inherited(broker)))
    }
}

fn out_of_bounds(low: Option<i64>, high: Option<i64>) -> String {
    match (low, high) {
        (Some(low), Some(high)) => format!("this broker accepts values from {low} to {high}"),
        (None, Some(high)) => format!("this broker accepts values up to {high}"),
        (Some(low), None) => format!("this broker accepts values from {low} on"),
        (None, None) => unreachable!("a value without bounds lies within them"),
    }
}

fn conflict(name: &str, text: &str, reason: String) -> ConfigError {
    let (name, text) = (name.to_owned(), text.to_owned());
    ConfigError::Conflict { name, text, origin: ORIGIN, reason }
}

const ORIGIN: Origin = Origin::Flag("group");

fn read(name: &str, text: &str) -> Result<Value, ConfigError> {
    let key = GroupKey::find(name).ok_or_else(|| ConfigError::Unknown {
        name: name.to_owned(),
        origin: ORIGIN,
        nearest: nearest(name, GROUP_KEYS.iter().map(|key| key.name)),
    })?;
    let value =
        key.kind.read_as_kafka(text).filter(|value| name != OFFSET_RESET || is_reset(&value.to_string()));
    value.ok_or_else(|| ConfigError::Value {
        name: name.to_owned(),
        text: text.to_owned(),
        origin: ORIGIN,
        accepted: match name {
            OFFSET_RESET => {
                "earliest, latest, or by_duration: with an ISO 8601 duration such as PT1H".to_owned()
            }
            _ => key.kind.accepted(Dialect::Kafka),
        },
    })
}

fn is_reset(text: &str) -> bool {
    match text.strip_prefix("by_duration:") {
        Some(duration) => is_duration(duration),
        None => matches!(text, "earliest" | "latest"),
    }
}

/// Days, hours, minutes and seconds, as Java reads them, without a sign: `P2DT3H4M5.5S`.
fn is_duration(text: &str) -> bool {
    let text = text.to_ascii_uppercase();
    let Some(rest) = text.strip_prefix('P') else { return false };
    let (days, time) = rest.split_once('T').map_or((rest, None), |(days, time)| (days, Some(time)));
    let days_are = days.is_empty() || days.strip_suffix('D').is_some_and(is_whole);
    let time_is = time.is_none_or(|time| !time.is_empty() && is_time(time));
    days_are && time_is && !rest.is_empty()
}

fn is_time(mut time: &str) -> bool {
    for unit in ['H', 'M'] {
        if let Some((number, rest)) = time.split_once(unit) {
            if !is_whole(number) {
                return false;
            }
            time = rest;
        }
    }
    let is_seconds = |number: &str| {
        let (whole, fraction) = number.split_once('.').unwrap_or((number, "0"));
        is_whole(whole) && is_whole(fraction)
    };
    time.is_empty() || time.strip_suffix('S').is_some_and(is_seconds)
}

fn is_whole(text: &str) -> bool {
    !text.is_empty() && text.len() < 19 && text.bytes().all(|byte| byte.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Config;

    #[test]
    fn every_default_is_of_its_kind_and_is_the_brokers_default() {
        let broker = Settings::default();
        for key in GROUP_KEYS {
            assert!(read(key.name, key.default).is_ok(), "{}", key.name);
            assert_eq!(key.inherited(&broker).to_string(), key.default, "{}", key.name);
            for name in [key.inherits, key.bounds.0, key.bounds.1].into_iter().flatten() {
                assert!(broker.get(name).is_some(), "{}: {name}", key.name);
            }
        }
    }

    #[test]
    fn values_are_checked_one_by_one_and_together() {
        let broker = Config::with(&["group.consumer.max.session.timeout.ms=50000"]).unwrap().settings;
        let mut group = GroupSettings::default();
        assert!(group.set("no.such".into(), "1").is_err());
        assert!(group.set("consumer.session.timeout.ms".into(), "soon").is_err());
        group.set("consumer.session.timeout.ms".into(), " 50000 ").unwrap();
        assert_eq!(group.check(&broker), Ok(()));
        assert_eq!(group.texts()["consumer.session.timeout.ms"], "50000");
        for (session, words) in [("50001", "from 45000 to 50000"), ("44999", "from 45000 to 50000")] {
            group.set("consumer.session.timeout.ms".into(), session).unwrap();
            assert!(group.check(&broker).unwrap_err().to_string().contains(words), "{session}");
        }
    }

    #[test]
    fn a_session_must_outlast_a_heartbeat() {
        let broker = Config::with(&[
            "group.consumer.min.session.timeout.ms=1000",
            "group.consumer.min.heartbeat.interval.ms=1000",
        ]);
        let broker = broker.unwrap().settings;
        let mut group = GroupSettings::default();
        group.set("consumer.session.timeout.ms".into(), "5000").unwrap();
        assert!(group.check(&broker).unwrap_err().to_string().contains("consumer.heartbeat.interval.ms"));
        group.set("consumer.heartbeat.interval.ms".into(), "4999").unwrap();
        assert_eq!(group.check(&broker), Ok(()));
    }

    #[test]
    fn a_share_group_may_begin_some_time_ago() {
        for good in ["earliest", "latest", "by_duration:PT1H", "by_duration:P2DT3H4M5.5S", "by_duration:P1D"]
        {
            assert!(read(OFFSET_RESET, good).is_ok(), "{good}");
        }
        for bad in [
            "",
            "now",
            "by_duration:",
            "by_duration:P",
            "by_duration:PT",
            "by_duration:-PT1H",
            "by_duration:1h",
        ] {
            assert!(read(OFFSET_RESET, bad).is_err(), "{bad}");
        }
    }
}
