//! The metadata store of a single broker: all of it in memory, with a journal in the data directory.
//!
//! This room owns the journal's file and the memory that follows it. It must not know what keys and values mean.
//!
//! One task owns the journal and commits one transaction at a time: check, append, sync, apply, answer. So what is
//! read or watched is durable, and a crash can tear at most one record of the journal. A failed sync is final: from
//! then on every commit is refused until the broker is started again.

mod journal;
mod record;
mod shared;
mod state;
mod writer;

#[cfg(test)]
mod crash_tests;
#[cfg(test)]
mod tests;

use std::path::Path;
use std::rc::Rc;
use std::time::Duration;

use creel_io::local::{QueueSender, oneshot, queue};

use self::journal::Journal;
use self::shared::StoreShared;
use self::writer::{Order, StoreWriter};
pub(crate) use self::{
    journal::{NAME as JOURNAL_NAME, rewritten},
    record::{MAGIC, seal},
};
use super::contract::{
    CommitResult, KeyRange, Revision, SessionId, Snapshot, Store, StoreError, Transaction, Update, Watch,
};

/// Commits that may wait for the one before them. At the bound the caller waits to ask.
const ORDERS_MAX: usize = 1024;

/// The store; a cheap handle, which belongs to the core that opened it.
#[derive(Clone)]
pub struct LocalStore {
    shared: Rc<StoreShared>,
    orders: QueueSender<Order>,
}

impl LocalStore {
    /// Whether a data directory has a store.
    pub fn exists(data_dir: &Path) -> bool {
        creel_io::fs::exists(&data_dir.join(JOURNAL_NAME))
    }

    /// What the store in a data directory holds in a range, and how many bytes at its end a crash has torn. Nothing is
    /// changed. `None`: there is no store.
    pub fn look(data_dir: &Path, range: &KeyRange) -> Result<Option<(Snapshot, u64)>, StoreError> {
        let Some((state, torn_bytes)) = Journal::look(data_dir)? else { return Ok(None) };
        Ok(Some((state.range(range, None)?, torn_bytes)))
    }

    /// Opens the store in a data directory, making it if there is none. What a crash tore is cut off; what
    /// is damaged otherwise is an error. Sessions of earlier runs have ended.
    pub async fn open(data_dir: &Path) -> Result<Self, StoreError> {
        let (journal, state) = Journal::open(data_dir).await?;
        let shared = Rc::new(StoreShared::new(state));
        let (orders, inbox) = queue(ORDERS_MAX);
        let mut writer = StoreWriter::new(shared.clone(), journal);
        writer.end_earlier_sessions().await?;
        creel_io::spawn(writer.run(inbox));
        Ok(Self { shared, orders })
    }

    /// At a clean stop. From now on damage to the last record, too, is told from a record that a crash tore.
    pub async fn seal(&self) -> Result<(), StoreError> {
        self.order(Order::Seal).await
    }

    async fn order<T>(
        &self,
        order: impl FnOnce(creel_io::local::Sender<Result<T, StoreError>>) -> Order,
    ) -> Result<T, StoreError> {
        let (answer, answered) = oneshot();
        let stopped = || StoreError::Unavailable("the store has stopped".to_owned());
        self.orders.send(order(answer)).await.map_err(|_| stopped())?;
        answered.await.unwrap_or_else(|_| Err(stopped()))
    }
}

impl Store for LocalStore {
    type Watch = LocalWatch;

    async fn commit(&self, transaction: Transaction) -> Result<CommitResult, StoreError> {
        self.order(|answer| Order::Commit(transaction, answer)).await
    }

    async fn range(&self, range: &KeyRange, at: Option<Revision>) -> Result<Snapshot, StoreError> {
        self.shared.state.borrow().range(range, at)
    }

    async fn watch(&self, range: KeyRange, after: Revision) -> Result<LocalWatch, StoreError> {
        self.shared.state.borrow().check_kept(after)?;
        Ok(LocalWatch { shared: self.shared.clone(), range, after })
    }

    async fn open_session(&self, lifetime: Duration) -> Result<SessionId, StoreError> {
        self.order(|answer| Order::OpenSession(lifetime, answer)).await
    }

    async fn keep_alive(&self, session: SessionId) -> Result<(), StoreError> {
        self.order(|answer| Order::KeepAlive(session, answer)).await
    }

    async fn end_session(&self, session: SessionId) -> Result<(), StoreError> {
        self.order(|answer| Order::EndSession(session, answer)).await
    }
}

/// A view of the changes in a range of the local store.
pub struct LocalWatch {
    shared: Rc<StoreShared>,
    range: KeyRange,
    after: Revision,
}

impl Watch for LocalWatch {
    async fn next(&mut self) -> Result<Update, StoreError> {
        loop {
            let changed = self.shared.changed.notified();
            let found = self.shared.state.borrow().next_update(&self.range, &mut self.after)?;
            match found {
                Some(update) => return Ok(update),
                None => changed.await,
            }
        }
    }
}
