//! Topics: their records in the metadata store, and all of them in memory.
//!
//! A topic `orders` is the entry `topics/orders`, its value JSON, so that any of the store's own tools can
//! show it: `{"id":"yXm...","partitions":3,"configs":{"retention.ms":"1000"}}`, and `"adopted":true` behind that if it was
//! taken over from Kafka.

use std::{
    collections::{BTreeMap, BTreeSet, btree_map},
    fmt,
};

use super::contract::{
    Change, Condition, Entry, KeyEvent, KeyRange, Revision, Snapshot, Transaction, Update,
};
use crate::config::TopicSettings;

const PREFIX: &str = "topics/";
const NAME_LENGTH_MAX: usize = 249;

/// A topic's id, a UUID. A topic that is made again under the same name gets another one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TopicId(pub [u8; 16]);

impl TopicId {
    /// An id from randomness: a UUID of version 4. Kafka uses no ids that begin with a dash, as they would look like
    /// options on a command line. Such randomness gives none.
    pub fn from_entropy(mut entropy: [u8; 16]) -> Option<Self> {
        entropy[6] = (entropy[6] & 0x0f) | 0x40;
        entropy[8] = (entropy[8] & 0x3f) | 0x80;
        let id = Self(entropy);
        (!id.to_string().starts_with('-')).then_some(id)
    }

    /// Reads Kafka's text form.
    pub fn read(text: &str) -> Option<Self> {
        let mut bits: u128 = 0;
        if text.len() != 22 {
            return None;
        }
        // The last of 22 characters holds two bits of the id and four of nothing.
        for (index, byte) in text.bytes().enumerate() {
            let value = ALPHABET.iter().position(|one| *one == byte)? as u128;
            bits = if index < 21 { bits << 6 | value } else { bits << 2 | value >> 4 };
        }
        Some(Self(bits.to_be_bytes()))
    }
}

const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

/// Kafka's text form: base64 for URLs, without padding.
impl fmt::Display for TopicId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let bits = u128::from_be_bytes(self.0);
        let digit = |value: u128| char::from(ALPHABET[(value & 63) as usize]);
        let text: String = (0..21).map(|index| digit(bits >> (122 - 6 * index))).collect();
        write!(f, "{text}{}", digit(bits << 4))
    }
}

/// Why a topic cannot have a name.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NameError {
    /// No character, `.` or `..`.
    #[error("a topic's name cannot be empty, \".\" or \"..\"")]
    Reserved,
    /// Too long for a directory's name with a partition behind it.
    #[error("a topic's name cannot be longer than {NAME_LENGTH_MAX} characters")]
    TooLong,
    /// Some other character.
    #[error("a topic's name consists of ASCII letters, digits, '.', '_' and '-'")]
    Character,
    /// Metrics would mix them up, as they turn dots into underscores.
    #[error("the name collides with the topic {0}: metrics treat '.' and '_' alike")]
    Collides(String),
}

/// A topic as it is stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TopicDefinition {
    /// Its name.
    pub name: String,
    /// Its id.
    pub id: TopicId,
    /// How many partitions it has.
    pub partitions: i32,
    /// Its own settings.
    pub settings: TopicSettings,
    /// Whether it was taken over from another broker, whose configuration is not known here.
    pub is_adopted: bool,
}

/// The JSON in the store.
#[derive(serde::Serialize, serde::Deserialize)]
struct Stored {
    id: String,
    partitions: i32,
    #[serde(default)]
    configs: BTreeMap<String, String>,
    #[serde(default, skip_serializing_if = "is_false")]
    adopted: bool,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks so")]
const fn is_false(value: &bool) -> bool {
    !*value
}

impl TopicDefinition {
    fn key(name: &str) -> String {
        format!("{PREFIX}{name}")
    }

    fn put(&self) -> Change {
        let stored = Stored {
            id: self.id.to_string(),
            partitions: self.partitions,
            configs: self.settings.texts().clone(),
            adopted: self.is_adopted,
        };
        let value = serde_json::to_vec(&stored).expect("texts and numbers can be written as JSON");
        Change::put(Self::key(&self.name), value)
    }

    fn read(entry: &Entry) -> Result<Self, TopicsError> {
        let damaged = |reason: String| TopicsError { key: entry.key.clone(), reason };
        let name = entry.key.strip_prefix(PREFIX).ok_or_else(|| damaged("not a topic".to_owned()))?;
        let stored: Stored =
            serde_json::from_slice(&entry.value).map_err(|error| damaged(error.to_string()))?;
        let id = TopicId::read(&stored.id).ok_or_else(|| damaged(format!("{:?} is no id", stored.id)))?;
        let settings = TopicSettings::from_record(stored.configs);
        let (partitions, is_adopted) = (stored.partitions, stored.adopted);
        Ok(Self { name: name.to_owned(), id, partitions, settings, is_adopted })
    }

    /// Creates topics, all or none; a conflict means that one of them exists.
    pub fn create(records: &[Self]) -> Transaction {
        Transaction {
            conditions: records.iter().map(|record| Condition::Absent(Self::key(&record.name))).collect(),
            changes: records.iter().map(Self::put).collect(),
        }
    }

    /// Changes a topic that is still as it was at a revision.
    pub fn update(&self, revision: Revision) -> Transaction {
        Transaction {
            conditions: vec![Condition::Unchanged(Self::key(&self.name), revision)],
            changes: vec![self.put()],
        }
    }

    /// Removes topics that are still as they were, all or none.
    pub fn delete<'a>(topics: impl Iterator<Item = &'a StoredTopic>) -> Transaction {
        let mut transaction = Transaction::default();
        for topic in topics {
            let key = Self::key(&topic.record.name);
            transaction.conditions.push(Condition::Unchanged(key.clone(), topic.revision));
            transaction.changes.push(Change::Delete(key));
        }
        transaction
    }
}

/// An entry that is no topic.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{key} cannot be read as a topic: {reason}")]
pub struct TopicsError {
    key: String,
    reason: String,
}

/// A topic, and the revision of its record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredTopic {
    /// What is stored.
    pub record: TopicDefinition,
    /// Since when.
    pub revision: Revision,
}

/// All topics, as of a revision.
#[derive(Clone, Debug, Default)]
pub struct StoredTopics {
    by_name: BTreeMap<String, StoredTopic>,
    by_id: BTreeMap<TopicId, String>,
    /// Names with dots or underscores, by the form in which each dot is an underscore.
    blurred: BTreeMap<String, BTreeSet<String>>,
    revision: Revision,
}

impl StoredTopics {
    /// What to read and to watch.
    pub fn range() -> KeyRange {
        KeyRange::Prefix(PREFIX.to_owned())
    }

    /// The topics of a snapshot of that range.
    pub fn from_snapshot(snapshot: &Snapshot) -> Result<Self, TopicsError> {
        let mut topics = Self { revision: snapshot.revision, ..Self::default() };
        snapshot.entries.iter().try_for_each(|entry| topics.put(entry))?;
        Ok(topics)
    }

    /// Follows an update of that range.
    pub fn apply(&mut self, update: &Update) -> Result<(), TopicsError> {
        self.revision = update.revision;
        update.events.iter().try_for_each(|event| match event {
            KeyEvent::Put(entry) => self.put(entry),
            KeyEvent::Deleted(key) => {
                self.remove(key.strip_prefix(PREFIX).unwrap_or(key));
                Ok(())
            }
        })
    }

    fn put(&mut self, entry: &Entry) -> Result<(), TopicsError> {
        let record = TopicDefinition::read(entry)?;
        self.remove(&record.name);
        self.by_id.insert(record.id, record.name.clone());
        if let Some(blurred) = blurred(&record.name) {
            self.blurred.entry(blurred).or_default().insert(record.name.clone());
        }
        self.by_name.insert(record.name.clone(), StoredTopic { record, revision: entry.modified });
        Ok(())
    }

    fn remove(&mut self, name: &str) {
        if let Some(topic) = self.by_name.remove(name) {
            self.by_id.remove(&topic.record.id);
        }
        let Some(blurred) = blurred(name) else { return };
        if let Some(names) = self.blurred.get_mut(&blurred) {
            names.remove(name);
            if names.is_empty() {
                self.blurred.remove(&blurred);
            }
        }
    }

    /// As of when.
    pub const fn revision(&self) -> Revision {
        self.revision
    }

    /// The topic of a name.
    pub fn get(&self, name: &str) -> Option<&StoredTopic> {
        self.by_name.get(name)
    }

    /// The topic of an id.
    pub fn by_id(&self, id: TopicId) -> Option<&StoredTopic> {
        self.by_id.get(&id).and_then(|name| self.get(name))
    }

    /// All, by name.
    pub fn iter(&self) -> btree_map::Values<'_, String, StoredTopic> {
        self.by_name.values()
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.by_name.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.by_name.is_empty()
    }

    /// Whether a topic can have a name (Kafka's INVALID_TOPIC otherwise).
    pub fn check_name(name: &str) -> Result<(), NameError> {
        if matches!(name, "" | "." | "..") {
            return Err(NameError::Reserved);
        }
        if name.len() > NAME_LENGTH_MAX {
            return Err(NameError::TooLong);
        }
        let fits = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-');
        if name.bytes().all(fits) { Ok(()) } else { Err(NameError::Character) }
    }

    /// Whether a new topic can have a name beside those that there are. One of the same name is no collision.
    pub fn check_new_name(&self, name: &str) -> Result<(), NameError> {
        Self::check_name(name)?;
        let alike = blurred(name).and_then(|blurred| self.blurred.get(&blurred));
        let collides = alike.into_iter().flatten().find(|other| other.as_str() != name);
        collides.map_or(Ok(()), |other| Err(NameError::Collides(other.clone())))
    }
}

/// The form of a name that no two topics may share: each dot is an underscore. A name without dots and underscores
/// has none.
fn blurred(name: &str) -> Option<String> {
    name.contains(['.', '_']).then(|| name.replace('.', "_"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_have_kafkas_text_form() {
        let id = TopicId::read("4L6g3nShT-eMCtK--X86sw").unwrap();
        assert_eq!(id.0[..4], [0xe0, 0xbe, 0xa0, 0xde]);
        assert_eq!(id.to_string(), "4L6g3nShT-eMCtK--X86sw");
        assert_eq!(TopicId([0; 16]).to_string(), "AAAAAAAAAAAAAAAAAAAAAA");
        assert_eq!(TopicId([0xff; 16]).to_string(), "_____________________w");
        assert_eq!(TopicId::read("short"), None);
        assert_eq!(TopicId::from_entropy([0xf8; 16]), None);
        assert!(TopicId::from_entropy([7; 16]).is_some());
    }

    #[test]
    fn names_are_kafkas() {
        for good in ["a", "orders.v1", "A-b_c.9", &"x".repeat(249)] {
            assert_eq!(StoredTopics::check_name(good), Ok(()), "{good}");
        }
        for bad in ["", ".", "..", "a b", "a/b", "ä", &"x".repeat(250)] {
            assert!(StoredTopics::check_name(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn dots_and_underscores_collide() {
        let mut topics = StoredTopics::default();
        let record = record("orders.v1");
        let Change::Put { key, value, .. } = record.put() else { unreachable!() };
        let entry = Entry { key, value, created: Revision(1), modified: Revision(1), session: None };
        topics.apply(&Update { revision: Revision(1), events: vec![KeyEvent::Put(entry)] }).unwrap();
        assert_eq!(topics.get("orders.v1").map(|topic| &topic.record), Some(&record));
        assert_eq!(topics.by_id(record.id).map(|topic| &topic.record), Some(&record));
        assert_eq!(topics.check_new_name("orders_v1"), Err(NameError::Collides("orders.v1".into())));
        assert_eq!(topics.check_new_name("orders.v1"), Ok(()));
        assert_eq!(topics.check_new_name("orders-v1"), Ok(()));
        let gone = KeyEvent::Deleted("topics/orders.v1".into());
        topics.apply(&Update { revision: Revision(2), events: vec![gone] }).unwrap();
        assert!(topics.is_empty() && topics.by_id(record.id).is_none());
    }

    fn record(name: &str) -> TopicDefinition {
        let settings = TopicSettings::checked([("retention.ms", "1000")]).unwrap();
        TopicDefinition {
            name: name.into(),
            id: TopicId([7; 16]),
            partitions: 3,
            settings,
            is_adopted: false,
        }
    }
}
