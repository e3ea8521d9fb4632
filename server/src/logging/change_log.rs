//! One log line for each change of a topic or group, up to so many lines a second. Those beyond are counted.

use std::collections::BTreeMap;
use std::time::Duration;

use super::log_throttle::LogThrottle;
use crate::groups::{GroupChange, LogLine};
use crate::limits::CHANGE_LOG_LINES_A_SECOND;
use crate::quoted::Quoted;
use crate::topics::Topic;

/// The lines of a core.
#[derive(Debug)]
pub(crate) struct ChangeLog {
    topics: LogThrottle,
    groups: LogThrottle,
}

impl Default for ChangeLog {
    fn default() -> Self {
        let throttle = || LogThrottle::new(CHANGE_LOG_LINES_A_SECOND, Duration::from_secs(1));
        Self { topics: throttle(), groups: throttle() }
    }
}

impl ChangeLog {
    pub(crate) fn created(&self, topic: &Topic) {
        if let Some(left_out) = self.topics.permits() {
            let Topic { name, id, partitions, settings, .. } = topic;
            let settings = changes(&BTreeMap::new(), settings.texts());
            tracing::info!(
                topic = %name, %id, partitions, settings, left_out = left_out.field(), "topic created"
            );
        }
    }

    pub(crate) fn deleted(&self, topic: &Topic) {
        if let Some(left_out) = self.topics.permits() {
            let Topic { name, id, partitions, .. } = topic;
            tracing::info!(topic = %name, %id, partitions, left_out = left_out.field(), "topic deleted");
        }
    }

    /// A topic was changed. If nothing is different there is no line.
    pub(crate) fn altered(&self, old: &Topic, new: &Topic) {
        if old.partitions != new.partitions
            && let Some(left_out) = self.topics.permits()
        {
            let (from, to) = (old.partitions, new.partitions);
            tracing::info!(topic = %new.name, from, to, left_out = left_out.field(), "topic has more partitions");
        }
        if let Some(settings) = changes(old.settings.texts(), new.settings.texts())
            && let Some(left_out) = self.topics.permits()
        {
            let left_out = left_out.field();
            tracing::info!(topic = %new.name, settings, left_out, "settings of a topic changed");
        }
    }

    pub(crate) fn of_group(&self, line: &LogLine) {
        let Some(left_out) = self.groups.permits() else { return };
        let left_out = left_out.field();
        let LogLine { group, generation, members, what } = line;
        let group = Quoted(group);
        match what {
            GroupChange::Rebalances(reason) => {
                tracing::info!(%group, generation, members, %reason, left_out, "group rebalances");
            }
            GroupChange::Missing(missing) => {
                tracing::info!(
                    %group, generation, members, %missing, left_out,
                    "members did not join the group in time, and were removed"
                );
            }
            GroupChange::Stable { protocol } => {
                let protocol = Quoted(protocol);
                tracing::info!(%group, generation, members, %protocol, left_out, "group is stable");
            }
            GroupChange::Empty => tracing::info!(%group, generation, left_out, "group has no members"),
            GroupChange::Deleted => tracing::info!(%group, left_out, "group deleted"),
        }
    }

    /// Says how many lines were left out, once there are no more.
    pub(crate) fn tell_left_out(&self) {
        for (throttle, of) in [(&self.topics, "topics"), (&self.groups, "groups")] {
            if let Some(lines) = throttle.take_left_out() {
                tracing::info!(lines, of, "log lines were left out: there were too many changes in a second");
            }
        }
    }
}

/// What differs between two sets of settings: `retention.ms=1000, segment.bytes unset`; `None`: nothing.
fn changes(old: &BTreeMap<String, String>, new: &BTreeMap<String, String>) -> Option<String> {
    let set = new.iter().filter(|(name, value)| old.get(*name) != Some(*value));
    let unset = old.keys().filter(|name| !new.contains_key(*name));
    let set = set.map(|(name, value)| format!("{name}={value}"));
    let all: Vec<_> = set.chain(unset.map(|name| format!("{name} unset"))).collect();
    (!all.is_empty()).then(|| all.join(", "))
}
