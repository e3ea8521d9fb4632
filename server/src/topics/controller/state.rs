//! What is written down about topics, and the right to change it. One change is written at a time, and a topic is
//! changed again only once every core knows its last change. Making a change may take long. A change of another topic
//! does not wait for that; another change of the same topic does.
//!
//! This file knows the metadata store, and no core: `create`, `alter` and `delete` make what follows from a change.

use std::cell::{Cell, RefCell};
use std::collections::BTreeSet;
use std::ops::Range;

use creel_io::local::Notify;
use creel_wire::Str;

use super::error::TopicError;
use crate::config::GroupSettings;
use crate::metadata::{
    CommitResult, LocalStore, LocalWatch, Revision, Store, StoreError, StoredGroup, StoredTopics,
    TopicDefinition, Transaction, Watch, groups_with_settings, next_producer_ids,
};
use crate::tasks::async_mutex::AsyncMutex;

/// What has been written down about topics, and the right to change it: one change at a time.
pub(crate) struct Controller {
    /// The right to write something down.
    pub(super) writing: AsyncMutex,
    /// The right to make many partitions.
    pub(super) making_many: AsyncMutex,
    /// Names of topics that are being changed.
    locked: RefCell<BTreeSet<Str>>,
    unlocked: Notify,
    store: LocalStore,
    written: RefCell<StoredTopics>,
    /// Topics whose creation was rolled back, and that are still written down: no core has them.
    rolled_back: RefCell<BTreeSet<String>>,
    /// Tells what follows after `written`. The task whose turn it is has it.
    watch: Cell<Option<LocalWatch>>,
}

impl Controller {
    /// Reads what the store holds.
    pub(crate) async fn read(store: LocalStore) -> Result<Self, String> {
        let failed = |error: StoreError| error.to_string();
        let snapshot = store.range(&StoredTopics::range(), None).await.map_err(failed)?;
        let written = StoredTopics::from_snapshot(&snapshot).map_err(|error| error.to_string())?;
        let watch = store.watch(StoredTopics::range(), snapshot.revision).await.map_err(failed)?;
        Ok(Self {
            writing: AsyncMutex::default(),
            making_many: AsyncMutex::default(),
            locked: RefCell::default(),
            unlocked: Notify::default(),
            store,
            written: RefCell::new(written),
            rolled_back: RefCell::default(),
            watch: Cell::new(Some(watch)),
        })
    }

    /// Waits until nobody else changes any of these topics. All are locked at once: a task that waits has locked
    /// nothing.
    pub(super) async fn lock_names(&self, names: Vec<Str>) -> NameLock<'_> {
        while names.iter().any(|name| self.locked.borrow().contains(name)) {
            self.unlocked.notified().await;
        }
        self.locked.borrow_mut().extend(names.iter().cloned());
        NameLock { controller: self, names }
    }

    /// At a clean stop: what is written down is complete, and damage to it shows.
    pub(crate) async fn seal(&self) -> Result<(), StoreError> {
        self.store.seal().await
    }

    /// All topics that are written down.
    pub(crate) fn records(&self) -> Vec<TopicDefinition> {
        self.written.borrow().iter().map(|topic| topic.record.clone()).collect()
    }

    /// Writes topics down, all or none.
    pub(crate) async fn write(&self, records: &[TopicDefinition]) -> Result<(), TopicError> {
        self.commit(TopicDefinition::create(records)).await
    }

    /// Writes down what a topic has become.
    pub(super) async fn update(&self, record: &TopicDefinition) -> Result<(), TopicError> {
        let revision = self.written.borrow().get(&record.name).map(|topic| topic.revision);
        let revision = revision.ok_or(TopicError::UnknownName)?;
        self.commit(record.update(revision)).await
    }

    /// Erases topics, all or none.
    pub(super) async fn erase(&self, names: impl IntoIterator<Item = &str>) -> Result<(), TopicError> {
        let transaction = {
            let written = self.written.borrow();
            TopicDefinition::delete(names.into_iter().filter_map(|name| written.get(name)))
        };
        if transaction.changes.is_empty() { Ok(()) } else { self.commit(transaction).await }
    }

    /// Erases topics that could not be made and that no core has, and those that an earlier call could not erase.
    pub(super) async fn roll_back<'a>(
        &self,
        names: impl IntoIterator<Item = &'a str>,
    ) -> Result<(), TopicError> {
        self.rolled_back.borrow_mut().extend(names.into_iter().map(str::to_owned));
        let rolled_back = self.rolled_back.borrow().clone();
        self.erase(rolled_back.iter().map(String::as_str)).await?;
        self.rolled_back.borrow_mut().clear();
        Ok(())
    }

    pub(super) fn check_new_name(&self, name: &str) -> Result<(), TopicError> {
        Ok(self.written.borrow().check_new_name(name)?)
    }

    /// Takes a block of producer ids.
    pub(super) async fn next_producer_ids(&self) -> Result<Range<i64>, StoreError> {
        next_producer_ids(&self.store).await
    }

    /// What is written down about a group.
    pub(super) async fn group(&self, name: &str) -> Result<StoredGroup, StoreError> {
        StoredGroup::read(&self.store, name).await
    }

    /// How many groups something is written down about.
    pub(super) async fn groups_with_settings(&self) -> Result<usize, StoreError> {
        groups_with_settings(&self.store).await
    }

    /// Writes down a group's settings. False: they are no longer as they were read.
    pub(super) async fn write_group(
        &self,
        group: StoredGroup,
        settings: &GroupSettings,
    ) -> Result<bool, StoreError> {
        group.write(&self.store, settings).await
    }

    async fn commit(&self, transaction: Transaction) -> Result<(), TopicError> {
        let result = self.store.commit(transaction).await;
        match result.map_err(|error| TopicError::Storage(error.to_string()))? {
            CommitResult::Committed(revision) => self.follow(revision).await,
            CommitResult::Conflict(_) => Err(TopicError::Conflict),
        }
    }

    /// Takes in what the store has to tell, up to `revision`.
    async fn follow(&self, revision: Revision) -> Result<(), TopicError> {
        let failed = |error: &dyn std::fmt::Display| TopicError::Metadata(error.to_string());
        let mut watch = self.watch.take().ok_or_else(|| failed(&"the topics are no longer followed"))?;
        while self.written.borrow().revision() < revision {
            let update = watch.next().await.map_err(|error| failed(&error))?;
            self.written.borrow_mut().apply(&update).map_err(|error| failed(&error))?;
        }
        self.watch.set(Some(watch));
        Ok(())
    }
}

/// The right to change some topics. Dropping it lets others.
pub(super) struct NameLock<'a> {
    controller: &'a Controller,
    names: Vec<Str>,
}

impl Drop for NameLock<'_> {
    fn drop(&mut self) {
        let mut locked = self.controller.locked.borrow_mut();
        self.names.iter().for_each(|name| {
            locked.remove(name);
        });
        drop(locked);
        self.controller.unlocked.notify_all();
    }
}
