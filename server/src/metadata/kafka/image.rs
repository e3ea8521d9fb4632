//! What the records of Kafka's metadata log add up to: topics, partitions, settings, features.

use std::collections::{BTreeMap, BTreeSet};

use creel_wire::Uuid;

use super::record::{Control, FeatureLevelRecord, MetadataRecord, PartitionChangeRecord, PartitionRecord};

const TOPIC: i8 = 2;
const BROKER: i8 = 4;

/// The features of Apache Kafka 4.3.1, and their highest levels. A higher one may change what records mean.
const FEATURES: [(&str, i16); 7] = [
    ("metadata.version", 30),
    ("kraft.version", 1),
    ("transaction.version", 2),
    ("group.version", 1),
    ("eligible.leader.replicas.version", 1),
    ("share.version", 1),
    ("streams.version", 1),
];

/// Settings by name.
pub(crate) type Configs = BTreeMap<String, String>;

/// A topic.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct ImageTopic {
    pub(crate) name: String,
    pub(crate) partitions: BTreeMap<i32, ImagePartition>,
}

/// Who holds a partition.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct ImagePartition {
    pub(crate) replicas: Vec<i32>,
    /// The directory of each replica, where that is known.
    pub(crate) directories: Vec<Uuid>,
    pub(crate) isr: Vec<i32>,
    /// Replicas that have all that was ever acknowledged although they are not in sync: a node that has stopped.
    pub(crate) eligible: Vec<i32>,
}

/// All of it, as of the last record that was replayed.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Image {
    pub(crate) topics: BTreeMap<Uuid, ImageTopic>,
    /// Topics that were removed, as far as the records go back.
    pub(crate) removed: BTreeSet<Uuid>,
    /// The topics' ids by name.
    ids: BTreeMap<String, Uuid>,
    /// By resource type and name.
    configs: BTreeMap<(i8, String), Configs>,
    /// Producer ids below it are given out.
    pub(crate) next_producer_id: i64,
    /// Who votes in the metadata quorum, as far as the log says.
    pub(crate) voters: Option<Vec<i32>>,
    /// What Kafka enforces and Creel does not.
    pub(crate) unserved: BTreeSet<&'static str>,
    /// Whether a feature's level was told. Kafka writes that first, before any topic.
    pub(crate) has_features: bool,
    /// The records of a transaction that has not ended.
    open: Option<Vec<MetadataRecord>>,
}

/// Why a record does not fit those before it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum ImageError {
    #[error("the feature {name} has level {level}; Creel knows levels up to {known}")]
    Level { name: String, level: i16, known: i16 },
    #[error("the feature {0} is not known")]
    Feature(String),
    #[error("it names a topic that does not exist: {0}")]
    NoTopic(Uuid),
    #[error("it names a partition that does not exist: {0} of topic {1}")]
    NoPartition(i32, String),
    #[error("two topics are called {0}")]
    NameTaken(String),
    #[error("a transaction begins inside another one, or ends where none has begun")]
    Transaction,
}

impl Image {
    /// Takes in a record.
    pub(crate) fn replay(&mut self, record: MetadataRecord) -> Result<(), ImageError> {
        match (record, self.open.as_mut()) {
            (MetadataRecord::Begin, None) => self.open = Some(Vec::new()),
            (MetadataRecord::Abort, Some(_)) => self.open = None,
            (MetadataRecord::End, Some(_)) => {
                let records = self.open.take().unwrap_or_default();
                records.into_iter().try_for_each(|record| self.apply(record))?;
            }
            (MetadataRecord::Begin, Some(_)) | (MetadataRecord::Abort | MetadataRecord::End, None) => {
                return Err(ImageError::Transaction);
            }
            (record, Some(open)) => open.push(record),
            (record, None) => self.apply(record)?,
        }
        Ok(())
    }

    /// Takes in a control record.
    pub(crate) fn replay_control(&mut self, control: &Control) {
        if let Control::Voters(voters) = control {
            self.voters = Some(voters.clone());
        }
    }

    fn apply(&mut self, record: MetadataRecord) -> Result<(), ImageError> {
        match record {
            MetadataRecord::Topic(topic) => {
                let name = topic.name.as_str().to_owned();
                if self.ids.insert(name.clone(), topic.topic_id).is_some_and(|id| id != topic.topic_id) {
                    return Err(ImageError::NameTaken(name));
                }
                self.topics.insert(topic.topic_id, ImageTopic { name, ..ImageTopic::default() });
            }
            MetadataRecord::RemoveTopic(removed) => {
                let topic = self.topics.remove(&removed.topic_id);
                let topic = topic.ok_or(ImageError::NoTopic(removed.topic_id))?;
                self.ids.remove(&topic.name);
                self.configs.remove(&(TOPIC, topic.name));
                self.removed.insert(removed.topic_id);
            }
            MetadataRecord::Partition(partition) => {
                let topic = self.topics.get_mut(&partition.topic_id);
                let topic = topic.ok_or(ImageError::NoTopic(partition.topic_id))?;
                topic.partitions.insert(partition.partition_id, partition.into());
            }
            MetadataRecord::PartitionChange(change) => self.change_partition(change)?,
            MetadataRecord::Config(config) => {
                let resource = (config.resource_type, config.resource_name.as_str().to_owned());
                let configs = self.configs.entry(resource).or_default();
                match config.value {
                    Some(value) => configs.insert(config.name.as_str().to_owned(), value.as_str().to_owned()),
                    None => configs.remove(config.name.as_str()),
                };
            }
            MetadataRecord::Feature(feature) => {
                check_level(&feature)?;
                self.has_features = true;
            }
            MetadataRecord::ProducerIds(ids) => self.next_producer_id = ids.next_producer_id,
            MetadataRecord::Unserved(what) => {
                self.unserved.insert(what);
            }
            MetadataRecord::Begin | MetadataRecord::End | MetadataRecord::Abort | MetadataRecord::OfNodes => {
            }
        }
        Ok(())
    }

    fn change_partition(&mut self, change: PartitionChangeRecord) -> Result<(), ImageError> {
        let topic = self.topics.get_mut(&change.topic_id).ok_or(ImageError::NoTopic(change.topic_id))?;
        let index = change.partition_id;
        let Some(partition) = topic.partitions.get_mut(&index) else {
            return Err(ImageError::NoPartition(index, topic.name.clone()));
        };
        let set = |field: &mut Vec<i32>, new: Option<Vec<i32>>| {
            if let Some(new) = new {
                *field = new;
            }
        };
        set(&mut partition.replicas, change.replicas);
        set(&mut partition.isr, change.isr);
        set(&mut partition.eligible, change.eligible_leader_replicas);
        if let Some(directories) = change.directories {
            partition.directories = directories;
        }
        Ok(())
    }

    /// A topic's own settings.
    pub(crate) fn topic_configs(&self, name: &str) -> Configs {
        self.configs.get(&(TOPIC, name.to_owned())).cloned().unwrap_or_default()
    }

    /// A broker's settings that were given while it ran: its own, over those for all brokers.
    pub(crate) fn broker_configs(&self, node_id: i32) -> Configs {
        let of = |name: String| self.configs.get(&(BROKER, name)).into_iter().flatten();
        let all = of(String::new()).chain(of(node_id.to_string()));
        all.map(|(name, value)| (name.clone(), value.clone())).collect()
    }
}

impl From<PartitionRecord> for ImagePartition {
    fn from(record: PartitionRecord) -> Self {
        Self {
            replicas: record.replicas,
            directories: record.directories,
            isr: record.isr,
            eligible: record.eligible_leader_replicas.unwrap_or_default(),
        }
    }
}

fn check_level(feature: &FeatureLevelRecord) -> Result<(), ImageError> {
    let (name, level) = (feature.name.as_str(), feature.feature_level);
    match FEATURES.iter().find(|(known, _)| *known == name) {
        _ if level == 0 => Ok(()),
        None => Err(ImageError::Feature(name.to_owned())),
        Some((_, known)) if level > *known => {
            Err(ImageError::Level { name: name.to_owned(), level, known: *known })
        }
        Some(_) => Ok(()),
    }
}
