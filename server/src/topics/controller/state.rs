//! Core 0 decides about topics: a change is written down first, one at a time, then made on every core, then answered. Making
//! it may take long, so that others are not kept waiting for that; who wants to change the same topic is.

use std::cell::{Cell, RefCell};
use std::collections::BTreeSet;
use std::ops::Range;
use std::rc::Rc;
use std::sync::Arc;

use creel_io::local::Notify;
use creel_io::{CoreId, spawn};
use creel_wire::{ErrorCode, Str, Uuid};

use crate::core::checkpoint::write_checkpoint;
use crate::core::{Core, ask_all_cores};
use crate::metadata::{
    LocalStore, LocalWatch, NameError, Revision, Store, StoreError, TopicRecord, Topics as Written,
    Transaction, Verdict, Watch, next_producer_ids,
};
use crate::peers::questions::{DeleteTopics, RemoveTopics, TopicOutcome, TopicRefusal};
use crate::tasks::async_mutex::AsyncMutex;

/// The core that decides.
pub(crate) const AUTHORITY: CoreId = CoreId(0);

/// A request asks for more partitions than one may. The words are Kafka's.
pub(crate) fn too_many_partitions() -> TopicRefusal {
    let message = "Excessively large number of partitions per request.";
    TopicRefusal::new(ErrorCode::PolicyViolation, message)
}

/// What has been written down about topics, and the right to change it: one change at a time.
pub(crate) struct Authority {
    /// The right to write something down.
    pub(super) turn: AsyncMutex,
    /// The right to make many partitions.
    pub(super) many: AsyncMutex,
    /// Names of topics that are being changed: of each there is one change at a time, until every core knows it.
    claimed: RefCell<BTreeSet<Str>>,
    released: Notify,
    store: LocalStore,
    written: RefCell<Written>,
    /// Topics that could not be made, and are still written down: no core has them.
    unmade: RefCell<BTreeSet<String>>,
    /// What follows after `written`; whose turn it is has it.
    watch: Cell<Option<LocalWatch>>,
}

impl Authority {
    /// Reads what the store holds.
    pub(crate) async fn read(store: LocalStore) -> Result<Self, String> {
        let failed = |error: StoreError| error.to_string();
        let snapshot = store.range(&Written::range(), None).await.map_err(failed)?;
        let written = Written::from_snapshot(&snapshot).map_err(|error| error.to_string())?;
        let watch = store.watch(Written::range(), snapshot.revision).await.map_err(failed)?;
        Ok(Self {
            turn: AsyncMutex::default(),
            many: AsyncMutex::default(),
            claimed: RefCell::default(),
            released: Notify::default(),
            store,
            written: RefCell::new(written),
            unmade: RefCell::default(),
            watch: Cell::new(Some(watch)),
        })
    }

    /// Waits until none of these topics is being changed by somebody else. All at once: who waits has claimed nothing.
    pub(super) async fn claim(&self, names: Vec<Str>) -> Claim<'_> {
        while names.iter().any(|name| self.claimed.borrow().contains(name)) {
            self.released.notified().await;
        }
        self.claimed.borrow_mut().extend(names.iter().cloned());
        Claim { authority: self, names }
    }

    /// At a clean stop: what is written down is complete, and damage to it shows.
    pub(crate) async fn seal(&self) -> Result<(), StoreError> {
        self.store.seal().await
    }

    /// All topics that are written down.
    pub(crate) fn records(&self) -> Vec<TopicRecord> {
        self.written.borrow().iter().map(|topic| topic.record.clone()).collect()
    }

    /// Writes topics down, all or none.
    pub(crate) async fn write(&self, records: &[TopicRecord]) -> Result<(), TopicRefusal> {
        self.commit(TopicRecord::create(records)).await
    }

    /// Writes down what a topic has become.
    pub(super) async fn update(&self, record: &TopicRecord) -> Result<(), TopicRefusal> {
        let revision = self.written.borrow().get(&record.name).map(|topic| topic.revision);
        let code = ErrorCode::UnknownTopicOrPartition;
        let revision = revision.ok_or_else(|| TopicRefusal::new(code, code.description()))?;
        self.commit(record.update(revision)).await
    }

    /// Erases topics, all or none.
    async fn erase(&self, names: impl IntoIterator<Item = &str>) -> Result<(), TopicRefusal> {
        let transaction = {
            let written = self.written.borrow();
            TopicRecord::delete(names.into_iter().filter_map(|name| written.get(name)))
        };
        if transaction.changes.is_empty() { Ok(()) } else { self.commit(transaction).await }
    }

    /// Erases topics that no core has, and those that could not be erased when this was asked for before.
    pub(super) async fn forget<'a>(
        &self,
        names: impl IntoIterator<Item = &'a str>,
    ) -> Result<(), TopicRefusal> {
        self.unmade.borrow_mut().extend(names.into_iter().map(str::to_owned));
        let unmade = self.unmade.borrow().clone();
        self.erase(unmade.iter().map(String::as_str)).await?;
        self.unmade.borrow_mut().clear();
        Ok(())
    }

    pub(super) fn check_new_name(&self, name: &str) -> Result<(), NameError> {
        self.written.borrow().check_new_name(name)
    }

    async fn commit(&self, transaction: Transaction) -> Result<(), TopicRefusal> {
        let verdict = self.store.commit(transaction).await;
        match verdict.map_err(|error| TopicRefusal::new(ErrorCode::KafkaStorageError, error.to_string()))? {
            Verdict::Committed(revision) => self.follow(revision).await,
            Verdict::Conflict(_) => {
                Err(TopicRefusal::new(ErrorCode::TopicAlreadyExists, "someone else was faster"))
            }
        }
    }

    /// Takes in what the store has to tell, up to `revision`.
    async fn follow(&self, revision: Revision) -> Result<(), TopicRefusal> {
        let failed = |error: &dyn std::fmt::Display| {
            TopicRefusal::new(ErrorCode::UnknownServerError, error.to_string())
        };
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
pub(super) struct Claim<'a> {
    authority: &'a Authority,
    names: Vec<Str>,
}

impl Drop for Claim<'_> {
    fn drop(&mut self) {
        let mut claimed = self.authority.claimed.borrow_mut();
        self.names.iter().for_each(|name| {
            claimed.remove(name);
        });
        drop(claimed);
        self.authority.released.notify_all();
    }
}

/// Takes a block of producer ids.
pub(crate) async fn take_producer_ids(core: &Core) -> Option<Range<i64>> {
    let authority = core.authority()?;
    let block = next_producer_ids(&authority.store).await;
    block.inspect_err(|error| tracing::error!(%error, "cannot take producer ids")).ok()
}

pub(super) fn refuse_all(count: usize) -> Vec<TopicOutcome> {
    let refusal = || TopicRefusal::new(ErrorCode::NotController, "this core does not decide about topics");
    (0..count).map(|_| Err(refusal())).collect()
}

/// Deletes topics by id. What has begun is finished, also when nobody waits any more.
pub(crate) async fn delete(core: &Rc<Core>, question: DeleteTopics) -> Vec<TopicOutcome> {
    let Some(authority) = core.authority() else {
        return refuse_all(question.0.len());
    };
    let core = core.clone();
    spawn(async move {
        let known = question.0.iter().filter_map(|id| core.topics.by_id(id));
        let claim = authority.claim(known.map(|local| local.topic.name.clone()).collect()).await;
        let outcomes = delete_claimed(&core, &authority, &question.0).await;
        // A new topic of the same name must not find how far the old one was safe.
        write_checkpoint(&core).await;
        drop(claim);
        outcomes
    })
    .await
}

/// Erased first, all at once: a crash in between leaves files of topics that are not, which the next start puts aside.
async fn delete_claimed(core: &Rc<Core>, authority: &Authority, ids: &[Uuid]) -> Vec<TopicOutcome> {
    let unknown = || TopicRefusal::new(ErrorCode::UnknownTopicId, "This server does not host this topic ID.");
    let find = |id| core.topics.by_id(id).map(|local| local.topic.clone()).ok_or_else(unknown);
    let found: Vec<TopicOutcome> = ids.iter().map(find).collect();
    let topics = || found.iter().filter_map(|found| found.as_ref().ok());
    let turn = authority.turn.lock().await;
    let erased = authority.erase(topics().map(|topic| &*topic.name)).await;
    drop(turn);
    if let Err(refusal) = erased {
        return found.into_iter().map(|found| found.and_then(|_| Err(refusal.clone()))).collect();
    }
    let gone: Arc<[Uuid]> = topics().map(|topic| topic.id).collect();
    ask_all_cores(core, || RemoveTopics(gone.clone())).await;
    topics().for_each(|topic| core.change_log.deleted(topic));
    found
}
