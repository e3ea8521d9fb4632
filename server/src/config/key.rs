//! A row of the broker's table of settings.

use super::value::{Kind, Value};

/// Whether a setting does something.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Effect {
    /// It does what its documentation says.
    Works,
    /// Kafka has it, and files written for Kafka may name it: it is checked, listed, and does nothing here.
    Accepted,
    /// Kafka has it, and starting without what it asks for would be wrong. So it can only have its default.
    Refused,
}

/// One setting of the broker.
#[derive(Clone, Copy, Debug)]
pub struct Key {
    /// The name: Kafka's where Kafka has one.
    pub name: &'static str,
    /// Type and range.
    pub kind: Kind,
    /// The default as text; `None` when unset means something of its own.
    pub default: Option<&'static str>,
    /// What it does, in a sentence; why not, where it has no effect.
    pub doc: &'static str,
    /// Whether it has an effect.
    pub effect: Effect,
}

impl Key {
    /// The default as a value.
    pub fn default_value(&self) -> Option<Value> {
        self.default.map(|text| self.kind.read(text).expect("a default is of its own kind: a test reads all"))
    }

    /// Whether Kafka hides it from those who describe a broker, unless it is given.
    pub fn is_internal(&self) -> bool {
        INTERNAL.contains(&self.name)
    }

    /// Whether its value must never be shown.
    pub const fn is_secret(&self) -> bool {
        matches!(self.kind, Kind::Password)
    }

    /// The environment variable that sets it.
    pub fn environment_name(&self) -> String {
        format!("CREEL_{}", self.name.replace('.', "_").to_ascii_uppercase()).replacen(
            "CREEL_CREEL_",
            "CREEL_",
            1,
        )
    }
}

/// Other names under which Kafka, or its older releases, know a setting.
pub(super) const ALIASES: &[(&str, &str)] = &[("broker.id", "node.id"), ("log.dir", "log.dirs")];

/// Settings of older Kafka releases or of Kafka's plug-ins: accepted, and reported as having no effect. The name, and
/// why.
pub(super) const FOREIGN: &[(&str, &str)] = &[
    ("allow.everyone.if.no.acl.found", "There is no authorizer yet."),
    ("super.users", "There is no authorizer yet."),
    ("zookeeper.connect", NO_ZOOKEEPER),
    ("zookeeper.connection.timeout.ms", NO_ZOOKEEPER),
    ("zookeeper.max.in.flight.requests", NO_ZOOKEEPER),
    ("zookeeper.session.timeout.ms", NO_ZOOKEEPER),
    ("zookeeper.set.acl", NO_ZOOKEEPER),
];

const NO_ZOOKEEPER: &str = "There is no ZooKeeper.";

/// Settings that Kafka hides from those who describe a broker, unless they are given.
pub(super) const INTERNAL: &[&str] = &[
    "controller.performance.always.log.threshold.ms",
    "controller.performance.sample.period.ms",
    "group.consumer.regex.refresh.interval.ms",
    "group.share.initialize.retry.interval.ms",
    "group.share.persister.class.name",
    "internal.metadata.delete.delay.millis",
    "internal.metadata.log.segment.bytes",
    "internal.metadata.max.batch.size.in.bytes",
    "log.initial.task.delay.ms",
    "producer.id.expiration.check.interval.ms",
    "remote.log.index.file.cache.ttl.ms",
    "remote.log.manager.task.retry.backoff.max.ms",
    "remote.log.manager.task.retry.backoff.ms",
    "remote.log.manager.task.retry.jitter",
    "server.max.startup.time.ms",
    "share.coordinator.cold.partition.snapshot.interval.ms",
    "share.coordinator.state.topic.prune.interval.ms",
    "unclean.leader.election.interval.ms",
    "unstable.api.versions.enable",
    "unstable.feature.versions.enable",
];

/// The name that a setting has in the table, from it or one of its aliases.
pub(super) fn canonical(name: &str) -> &str {
    ALIASES.iter().find(|(alias, _)| *alias == name).map_or(name, |(_, name)| name)
}
