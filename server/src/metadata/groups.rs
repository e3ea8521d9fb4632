//! Groups' own settings: their records in the metadata store.
//!
//! The settings of the group `billing` are the entry `groups/billing`, its value JSON:
//! `{"configs":{"consumer.session.timeout.ms":"60000"}}`. A group without settings of its own has no entry.

use std::collections::BTreeMap;

use super::contract::{Change, CommitResult, Condition, KeyRange, Store, StoreError, Transaction};
use crate::config::GroupSettings;

const PREFIX: &str = "groups/";

/// The JSON in the store.
#[derive(serde::Serialize, serde::Deserialize)]
struct Stored {
    #[serde(default)]
    configs: BTreeMap<String, String>,
}

/// What a group's settings are, and what must hold for them to be changed.
#[derive(Clone, Debug)]
pub struct StoredGroup {
    /// The settings; none are written down for most groups.
    pub settings: GroupSettings,
    key: String,
    condition: Condition,
}

impl StoredGroup {
    /// Reads a group's settings.
    pub async fn read(store: &impl Store, name: &str) -> Result<Self, StoreError> {
        let key = format!("{PREFIX}{name}");
        let found = store.range(&KeyRange::Key(key.clone()), None).await?;
        let Some(entry) = found.entries.first() else {
            let (settings, condition) = (GroupSettings::default(), Condition::Absent(key.clone()));
            return Ok(Self { settings, key, condition });
        };
        let stored: Stored = serde_json::from_slice(&entry.value)
            .map_err(|error| StoreError::Damaged(format!("{key}: {error}")))?;
        let condition = Condition::Unchanged(key.clone(), entry.modified);
        Ok(Self { settings: GroupSettings::from_record(stored.configs), key, condition })
    }

    /// Whether nothing is written down about it.
    pub const fn is_new(&self) -> bool {
        matches!(self.condition, Condition::Absent(_))
    }

    /// Writes down other settings. False: somebody else has changed them meanwhile.
    pub async fn write(self, store: &impl Store, settings: &GroupSettings) -> Result<bool, StoreError> {
        let change = match settings.texts().is_empty() {
            true => Change::Delete(self.key),
            false => {
                let stored = Stored { configs: settings.texts().clone() };
                let value = serde_json::to_vec(&stored).expect("texts can be written as JSON");
                Change::put(self.key, value)
            }
        };
        let transaction = Transaction { conditions: vec![self.condition], changes: vec![change] };
        Ok(matches!(store.commit(transaction).await?, CommitResult::Committed(_)))
    }
}

/// How many groups have settings of their own.
pub async fn groups_with_settings(store: &impl Store) -> Result<usize, StoreError> {
    Ok(store.range(&KeyRange::Prefix(PREFIX.to_owned()), None).await?.entries.len())
}
