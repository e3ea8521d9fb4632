//! The one task that changes the store.

use std::collections::BTreeMap;
use std::rc::Rc;
use std::time::Duration;

use creel_io::Instant;
use creel_io::local::{QueueReceiver, Sender};

use super::super::contract::{Change, CommitResult, Entry, Revision, SessionId, StoreError, Transaction};
use super::journal::{Journal, JournalError};
use super::record::JournalRecord;
use super::shared::StoreShared;
use super::state::StoreState;

/// What the store is asked to do, with where to answer.
pub(super) enum Order {
    Commit(Transaction, Sender<Result<CommitResult, StoreError>>),
    OpenSession(Duration, Sender<Result<SessionId, StoreError>>),
    KeepAlive(SessionId, Sender<Result<(), StoreError>>),
    EndSession(SessionId, Sender<Result<(), StoreError>>),
    Seal(Sender<Result<(), StoreError>>),
}

/// Longer than anyone waits: when no session can end.
const FOREVER: Duration = Duration::from_secs(3600);

struct StoreSession {
    lifetime: Duration,
    ends: Instant,
}

/// Whether the journal can be written.
enum WriterHealth {
    Healthy,
    /// A sync has failed: what is on the disk is unknown, and stays so until it is read anew.
    Poisoned(String),
}

/// The writer's own.
pub(super) struct StoreWriter {
    shared: Rc<StoreShared>,
    journal: Journal,
    health: WriterHealth,
    sessions: BTreeMap<SessionId, StoreSession>,
    last_session: u64,
}

impl StoreWriter {
    pub(super) const fn new(shared: Rc<StoreShared>, journal: Journal) -> Self {
        Self { shared, journal, health: WriterHealth::Healthy, sessions: BTreeMap::new(), last_session: 0 }
    }

    /// Removes what sessions of earlier runs have left: they are over.
    pub(super) async fn end_earlier_sessions(&mut self) -> Result<(), StoreError> {
        let keys = self.shared.state.borrow().session_keys(|_| true);
        self.remove(keys).await
    }

    /// Does what it is asked until nobody can ask any more.
    pub(super) async fn run(mut self, mut inbox: QueueReceiver<Order>) {
        loop {
            match creel_io::timeout(self.until_next_end(), inbox.recv()).await {
                Ok(Some(order)) => self.obey(order).await,
                Ok(None) => return,
                Err(_) => {}
            }
            self.end_overdue_sessions().await;
        }
    }

    /// Does what one order asks. If the asker has gone, the answer is dropped.
    async fn obey(&mut self, order: Order) {
        match order {
            Order::Commit(transaction, answer) => drop(answer.send(self.commit(transaction).await)),
            Order::OpenSession(lifetime, answer) => drop(answer.send(Ok(self.open_session(lifetime)))),
            Order::KeepAlive(session, answer) => drop(answer.send(self.keep_alive(session))),
            Order::EndSession(session, answer) => drop(answer.send(self.end_session(session).await)),
            Order::Seal(answer) => drop(answer.send(self.seal().await)),
        }
    }

    async fn commit(&mut self, transaction: Transaction) -> Result<CommitResult, StoreError> {
        StoreState::check(&transaction)?;
        self.check_sessions(&transaction)?;
        // Checked before the conditions: memory no longer says what a restart will find.
        self.check_health()?;
        let revision = self.shared.state.borrow().revision();
        if !self.shared.state.borrow().holds(&transaction) {
            return Ok(CommitResult::Conflict(revision));
        }
        if transaction.changes.is_empty() {
            return Ok(CommitResult::Committed(revision));
        }
        self.write(transaction.changes).await
    }

    async fn seal(&mut self) -> Result<(), StoreError> {
        self.check_health()?;
        let sealed = self.journal.seal().await;
        self.note(sealed.map_err(JournalError::Lost))
    }

    fn check_sessions(&self, transaction: &Transaction) -> Result<(), StoreError> {
        let sessions = transaction.changes.iter().filter_map(|change| match change {
            Change::Put { session, .. } => *session,
            Change::Delete(_) => None,
        });
        let mut unknown = sessions.filter(|session| !self.sessions.contains_key(session));
        unknown.next().map_or(Ok(()), |session| Err(StoreError::NoSession(session)))
    }

    fn check_health(&self) -> Result<(), StoreError> {
        match &self.health {
            WriterHealth::Healthy => Ok(()),
            WriterHealth::Poisoned(reason) => Err(StoreError::Unavailable(reason.clone())),
        }
    }

    /// Journal first, memory second: nobody sees what a crash could take back.
    async fn write(&mut self, changes: Vec<Change>) -> Result<CommitResult, StoreError> {
        self.check_health()?;
        let next = Revision(self.shared.state.borrow().revision().0 + 1);
        let record = JournalRecord::Commit(next, changes);
        let appended = self.journal.append(&record).await;
        self.note(appended)?;
        let JournalRecord::Commit(_, changes) = record else { unreachable!("it was made so") };
        let revision = self.shared.state.borrow_mut().apply(changes);
        self.shared.changed.notify_all();
        self.compact_if_overgrown().await;
        Ok(CommitResult::Committed(revision))
    }

    /// Compacts the journal if it is too large. Whatever becomes of that, the commit before is durable.
    async fn compact_if_overgrown(&mut self) {
        if self.journal.is_overgrown() {
            let state = StoreState::new(self.shared.state.borrow().revision(), self.entries());
            let compacted = self.journal.compact(&state).await;
            // `health` keeps the error, and the next commit returns it.
            let _ = self.note(compacted);
        }
    }

    fn entries(&self) -> Vec<Entry> {
        self.shared.state.borrow().entries().cloned().collect()
    }

    fn note(&mut self, outcome: Result<(), JournalError>) -> Result<(), StoreError> {
        let reason = match outcome {
            Ok(()) => return Ok(()),
            Err(JournalError::NotWritten(error)) => error.to_string(),
            Err(JournalError::Lost(error)) => {
                tracing::error!(%error, "the metadata journal has failed: topics cannot change until the broker is restarted");
                self.health = WriterHealth::Poisoned(error.to_string());
                error.to_string()
            }
        };
        Err(StoreError::Unavailable(reason))
    }

    fn open_session(&mut self, lifetime: Duration) -> SessionId {
        self.last_session += 1;
        let session = SessionId(self.last_session);
        self.sessions.insert(session, StoreSession { lifetime, ends: creel_io::now() + lifetime });
        session
    }

    fn keep_alive(&mut self, session: SessionId) -> Result<(), StoreError> {
        let found = self.sessions.get_mut(&session).ok_or(StoreError::NoSession(session))?;
        found.ends = creel_io::now() + found.lifetime;
        Ok(())
    }

    async fn end_session(&mut self, session: SessionId) -> Result<(), StoreError> {
        self.sessions.remove(&session).ok_or(StoreError::NoSession(session))?;
        let keys = self.shared.state.borrow().session_keys(|one| one == session);
        self.remove(keys).await
    }

    async fn remove(&mut self, keys: Vec<String>) -> Result<(), StoreError> {
        if keys.is_empty() {
            return Ok(());
        }
        self.write(keys.into_iter().map(Change::Delete).collect()).await.map(|_| ())
    }

    fn until_next_end(&self) -> Duration {
        let now = creel_io::now();
        let ends = self.sessions.values().map(|session| session.ends.saturating_since(now));
        ends.min().unwrap_or(FOREVER)
    }

    async fn end_overdue_sessions(&mut self) {
        let now = creel_io::now();
        let overdue: Vec<_> =
            self.sessions.iter().filter(|(_, session)| session.ends <= now).map(|(id, _)| *id).collect();
        for session in overdue {
            if let Err(error) = self.end_session(session).await {
                tracing::warn!(session = session.0, %error, "cannot remove the keys of a session that has ended");
            }
        }
    }
}
