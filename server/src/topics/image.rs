//! What a core knows of all topics, and which partitions are its own.
//!
//! Plain state, without IO: the code that opens or removes a partition (`replicas`) puts it here.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::ops::Bound;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicI32, Ordering};

use creel_engine::{Offset, Partition, RecordRules, TopicPartition};
use creel_io::CoreId;
use creel_wire::{Str, Uuid};

use super::record_rules::record_rules;
use crate::config::{Origin, Settings, TopicConfig, TopicKey, TopicSettings, Value};
use crate::limits::PARTITIONS_LOOKED_UP;
use crate::metadata::{TopicDefinition, TopicId};
use crate::placement::core_of;

const RETENTION_MS: &str = "retention.ms";
const FOREVER_MS: i64 = -1;
/// Kafka's leader epoch for a partition that nobody leads.
pub(super) const OFFLINE: i32 = -1;

/// A topic as every core knows it.
#[derive(Clone, Debug)]
pub(crate) struct Topic {
    pub(crate) name: Str,
    pub(crate) id: Uuid,
    pub(crate) partitions: i32,
    /// What it was created with.
    pub(crate) settings: TopicSettings,
    /// What holds for it, the broker's settings included.
    pub(crate) config: TopicConfig,
    /// What that asks of the records of clients' batches.
    pub(crate) record_rules: RecordRules,
    /// Whether it was taken over from another broker, whose configuration is not known here.
    pub(super) is_adopted: bool,
    /// Whether all records are kept, because nobody has said for how long.
    is_retention_unsaid: bool,
    /// Each partition's leader epoch, set by its core when it opens it.
    leader_epochs: Arc<[AtomicI32]>,
}

impl Topic {
    /// The topic of a record.
    pub(crate) fn from_record(record: TopicDefinition, broker: &Settings) -> Self {
        let TopicDefinition { name, id, partitions, settings, is_adopted } = record;
        let mut config = TopicConfig::new(broker, &settings);
        let is_retention_unsaid = is_adopted && is_retention_unsaid(&settings, broker);
        if is_retention_unsaid {
            config.retention_ms = FOREVER_MS;
        }
        let record_rules = record_rules(&config);
        let (name, id) = (Str::from(name), Uuid(id.0));
        let leader_epochs = (0..partitions).map(|_| AtomicI32::new(0)).collect();
        Self {
            name,
            id,
            partitions,
            settings,
            config,
            record_rules,
            is_adopted,
            is_retention_unsaid,
            leader_epochs,
        }
    }

    /// A setting's value in this topic.
    pub(crate) fn effective(&self, key: &TopicKey, broker: &Settings) -> Value {
        match key.name {
            RETENTION_MS => Value::Number(self.config.retention_ms),
            name => self.settings.effective(name, broker),
        }
    }

    /// Whether old records are kept only because nobody has said here for how long they are to be.
    pub(crate) fn keeps_all_unasked(&self) -> bool {
        self.is_retention_unsaid && self.config.cleanup_policy.delete
    }

    /// The leader epoch of a partition.
    pub(crate) fn leader_epoch(&self, partition: i32) -> i32 {
        let epoch = usize::try_from(partition).ok().and_then(|index| self.leader_epochs.get(index));
        epoch.map_or(0, |epoch| epoch.load(Ordering::Relaxed))
    }

    /// Whether a partition's core could not open it.
    pub(crate) fn is_offline(&self, partition: i32) -> bool {
        self.leader_epoch(partition) == OFFLINE
    }

    pub(super) fn set_leader_epoch(&self, partition: i32, epoch: i32) {
        if let Some(known) = usize::try_from(partition).ok().and_then(|index| self.leader_epochs.get(index)) {
            known.store(epoch, Ordering::Relaxed);
        }
    }

    /// What is written down of it.
    pub(crate) fn record(&self) -> TopicDefinition {
        TopicDefinition {
            name: self.name.as_str().to_owned(),
            id: TopicId(self.id.0),
            partitions: self.partitions,
            settings: self.settings.clone(),
            is_adopted: self.is_adopted,
        }
    }
}

/// Whether only the default says how long records are kept. Kafka's configuration may have said otherwise, and is not in
/// its data directory.
fn is_retention_unsaid(own: &TopicSettings, broker: &Settings) -> bool {
    let is_default = |name: &str| broker.get(name).is_none_or(|setting| setting.origin == Origin::Default);
    let from = TopicKey::find(RETENTION_MS).and_then(|key| key.inherited(broker).1);
    !own.texts().contains_key(RETENTION_MS) && from.is_none_or(is_default)
}

/// A topic on one core: with those of its partitions that the core owns, by their index.
pub(crate) struct LocalTopic {
    pub(crate) topic: Arc<Topic>,
    pub(super) own: BTreeMap<i32, Own>,
}

/// A partition that a core owns.
#[derive(Clone)]
pub(super) enum Own {
    Open(Partition),
    Offline(Offline),
}

/// A partition that could not be opened. Nobody can use it until the next start. It keeps what this start was told,
/// as the next one must know it, too.
#[derive(Clone, Debug)]
pub(crate) struct Offline {
    pub(crate) name: TopicPartition,
    pub(crate) recovery_point: Offset,
    pub(crate) log_start: Offset,
}

impl Own {
    pub(super) const fn open(&self) -> Option<&Partition> {
        match self {
            Self::Open(partition) => Some(partition),
            Self::Offline(_) => None,
        }
    }

    fn usable(&self) -> Result<Partition, PartitionError> {
        self.open().cloned().ok_or(PartitionError::Offline)
    }
}

impl LocalTopic {
    /// Whether the topic has such a partition, on whichever core.
    pub(crate) fn has(&self, partition: i32) -> bool {
        (0..self.topic.partitions).contains(&partition)
    }
}

/// Where a partition is.
pub(crate) enum Location {
    /// On this core.
    Local(Partition),
    /// On another.
    Remote(CoreId),
    /// It cannot be used, and why.
    Unavailable(PartitionError),
}

/// Why a partition cannot be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum PartitionError {
    /// There is no such topic, or it has no such partition.
    Unknown,
    /// Its core could not open it.
    Offline,
}

/// A walk over a core's partitions, in order. No step of it takes long, however many there are. Topics may come and go
/// meanwhile.
#[derive(Default)]
pub(crate) struct Walk {
    /// What was looked up and not walked over yet.
    taken: std::vec::IntoIter<Partition>,
    last: Option<Partition>,
}

impl Walk {
    pub(crate) fn next(&mut self, topics: &Topics) -> Option<Partition> {
        if self.taken.len() == 0 {
            let last = self.last.as_ref().map(Partition::name);
            self.taken = topics.own_behind(last, PARTITIONS_LOOKED_UP).into_iter();
        }
        let next = self.taken.next()?;
        self.last = Some(next.clone());
        Some(next)
    }
}

/// A core's image of all topics.
pub(crate) struct Topics {
    core: CoreId,
    cores: usize,
    by_name: RefCell<BTreeMap<Str, Rc<LocalTopic>>>,
    by_id: RefCell<BTreeMap<Uuid, Rc<LocalTopic>>>,
    /// Topics as they will be shown once they are open on every core.
    hidden: RefCell<BTreeMap<Uuid, Rc<LocalTopic>>>,
}

impl Topics {
    pub(crate) fn new(core: CoreId, cores: usize) -> Self {
        let (by_name, by_id, hidden) = Default::default();
        Self { core, cores, by_name, by_id, hidden }
    }

    pub(crate) fn by_name(&self, name: &str) -> Option<Rc<LocalTopic>> {
        self.by_name.borrow().get(name).cloned()
    }

    pub(crate) fn by_id(&self, id: &Uuid) -> Option<Rc<LocalTopic>> {
        self.by_id.borrow().get(id).cloned()
    }

    /// All topics by name.
    pub(crate) fn all(&self) -> Vec<Arc<Topic>> {
        self.by_name.borrow().values().map(|local| local.topic.clone()).collect()
    }

    /// Names from this one on, so many at most.
    pub(crate) fn names_from(&self, first: &str, count: usize) -> Vec<Str> {
        let by_name = self.by_name.borrow();
        let from = by_name.range::<str, _>((Bound::Included(first), Bound::Unbounded));
        from.take(count).map(|(name, _)| name.clone()).collect()
    }

    /// All partitions of this core, in order.
    pub(crate) fn own_partitions(&self) -> Vec<Partition> {
        let topics = self.by_name.borrow();
        topics.values().flat_map(|local| local.own.values().filter_map(Own::open).cloned()).collect()
    }

    /// Goes through this core's partitions, a few at a time.
    pub(crate) fn walk(&self) -> Walk {
        Walk::default()
    }

    /// So many of this core's partitions, in order, from behind the one of this name on.
    fn own_behind(&self, last: Option<&TopicPartition>, count: usize) -> Vec<Partition> {
        let topics = self.by_name.borrow();
        let first = last.map_or("", |last| &last.topic);
        let topics = topics.range::<str, _>((Bound::Included(first), Bound::Unbounded));
        let own = topics.flat_map(|(name, local)| {
            let from = match last {
                Some(last) if **name == *last.topic => Bound::Excluded(last.partition),
                _ => Bound::Unbounded,
            };
            local.own.range((from, Bound::Unbounded)).filter_map(|(_, own)| own.open())
        });
        own.take(count).cloned().collect()
    }

    /// All partitions of this core that could not be opened.
    pub(crate) fn offline_partitions(&self) -> Vec<Offline> {
        let topics = self.by_name.borrow();
        let offline = |own: &Own| match own {
            Own::Open(_) => None,
            Own::Offline(offline) => Some(offline.clone()),
        };
        topics.values().flat_map(|local| local.own.values().filter_map(offline)).collect()
    }

    /// Where a partition is.
    pub(crate) fn locate(&self, local: &LocalTopic, partition: i32) -> Location {
        if !local.has(partition) {
            return Location::Unavailable(PartitionError::Unknown);
        }
        match local.own.get(&partition).map(Own::usable) {
            Some(Ok(partition)) => Location::Local(partition),
            Some(Err(error)) => Location::Unavailable(error),
            None => Location::Remote(core_of(&local.topic.id, partition, self.cores)),
        }
    }

    /// The core that owns a partition of a topic that may not exist, and the topic's id.
    pub(crate) fn owner(&self, name: &str, partition: i32) -> Result<(CoreId, Uuid), PartitionError> {
        let local = self.by_name(name).ok_or(PartitionError::Unknown)?;
        match self.locate(&local, partition) {
            Location::Local(_) => Ok((self.core, local.topic.id)),
            Location::Remote(core) => Ok((core, local.topic.id)),
            Location::Unavailable(error) => Err(error),
        }
    }

    /// A partition of this core, by its topic's id and its index, as other cores name it.
    pub(crate) fn own(&self, id: &Uuid, partition: i32) -> Result<Partition, PartitionError> {
        let local = self.by_id(id);
        let own = local.as_ref().and_then(|local| local.own.get(&partition));
        own.ok_or(PartitionError::Unknown)?.usable()
    }

    /// Shows topics that are open on every core.
    pub(crate) fn show(&self, ids: &[Uuid]) {
        for id in ids {
            let local = self.take_hidden(id);
            local.into_iter().for_each(|local| self.insert(local));
        }
    }

    pub(super) fn hide(&self, local: LocalTopic) {
        self.hidden.borrow_mut().insert(local.topic.id, Rc::new(local));
    }

    pub(super) fn take_hidden(&self, id: &Uuid) -> Option<Rc<LocalTopic>> {
        self.hidden.borrow_mut().remove(id)
    }

    pub(super) fn insert(&self, local: Rc<LocalTopic>) {
        self.by_name.borrow_mut().insert(local.topic.name.clone(), local.clone());
        self.by_id.borrow_mut().insert(local.topic.id, local);
    }

    pub(super) fn take(&self, id: &Uuid) -> Option<Rc<LocalTopic>> {
        let shown = self.by_id.borrow_mut().remove(id);
        if let Some(local) = &shown {
            self.by_name.borrow_mut().remove(&*local.topic.name);
        }
        shown.or_else(|| self.take_hidden(id))
    }

    /// The partitions of a topic that are this core's.
    pub(super) fn own_indexes(&self, topic: &Topic) -> impl Iterator<Item = i32> + use<'_> {
        let id = topic.id;
        (0..topic.partitions).filter(move |index| core_of(&id, *index, self.cores) == self.core)
    }
}
