//! What a metadata store must do.
//!
//! Keys are texts, values are bytes. Each committed transaction has a revision, one higher than the one before. All
//! that is read is as of some revision, and a watch sees every revision once, in order. So a reader takes a range,
//! then watches from its revision on, and misses nothing.
//!
//! The shape is etcd's. What etcd cannot do is not asked for: no function runs inside a transaction, and no key is
//! changed twice in one.

use core::time::Duration;

use bytes::Bytes;

/// The number of a committed transaction; 0 is before the first.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Revision(pub u64);

/// A session: keys put under it go when it ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SessionId(pub u64);

/// A key with its value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// The key.
    pub key: String,
    /// The value.
    pub value: Bytes,
    /// When the key came into being.
    pub created: Revision,
    /// When the value was put.
    pub modified: Revision,
    /// The session it goes with.
    pub session: Option<SessionId>,
}

/// What must hold for a transaction to be committed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Condition {
    /// There is no such key.
    Absent(String),
    /// There is such a key.
    Present(String),
    /// The key's value is still the one that was put at this revision.
    Unchanged(String, Revision),
}

/// A change to one key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Change {
    /// Sets a key's value.
    Put {
        /// The key.
        key: String,
        /// The value.
        value: Bytes,
        /// The session the key is to go with.
        session: Option<SessionId>,
    },
    /// Removes a key. One that is not there is no error.
    Delete(String),
}

impl Change {
    /// Sets a key's value, for good.
    pub fn put(key: impl Into<String>, value: impl Into<Bytes>) -> Self {
        Self::Put { key: key.into(), value: value.into(), session: None }
    }

    /// The key it changes.
    pub fn key(&self) -> &str {
        match self {
            Self::Put { key, .. } | Self::Delete(key) => key,
        }
    }
}

/// Changes that are made all together, if all conditions hold, or not at all.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Transaction {
    /// What must hold.
    pub conditions: Vec<Condition>,
    /// What is changed; no key twice.
    pub changes: Vec<Change>,
}

/// What became of a transaction that was to be committed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CommitResult {
    /// It is committed and durable, under this revision.
    Committed(Revision),
    /// A condition did not hold, as of this revision; nothing is changed.
    Conflict(Revision),
}

/// The keys that are asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum KeyRange {
    /// One key.
    Key(String),
    /// All that begin so.
    Prefix(String),
}

impl KeyRange {
    /// Whether a key belongs to it.
    pub fn contains(&self, key: &str) -> bool {
        match self {
            Self::Key(one) => one == key,
            Self::Prefix(prefix) => key.starts_with(prefix.as_str()),
        }
    }
}

/// A range of keys as of a revision.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Snapshot {
    /// As of when.
    pub revision: Revision,
    /// The entries, by key.
    pub entries: Vec<Entry>,
}

/// What one transaction changed in a range.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Update {
    /// The transaction.
    pub revision: Revision,
    /// Its changes, at least one.
    pub events: Vec<KeyEvent>,
}

/// A change as a watch sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum KeyEvent {
    /// A key was put.
    Put(Entry),
    /// A key was removed.
    Deleted(String),
}

/// Why a store could not do what it was asked.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum StoreError {
    /// The revision is too old: what it held is forgotten. Take a range and watch from there.
    #[error("revision {} is no longer kept", .0.0)]
    Compacted(Revision),
    /// The revision is yet to come.
    #[error("revision {} is not there yet", .0.0)]
    Future(Revision),
    /// The session has ended.
    #[error("session {} has ended", .0.0)]
    NoSession(SessionId),
    /// A transaction changes a key twice.
    #[error("a transaction changes {0} twice")]
    ChangedTwice(String),
    /// The store cannot be written now; a later try may do.
    #[error("metadata cannot be written: {0}")]
    Unavailable(String),
    /// What the store holds cannot be trusted; it says where.
    #[error("damaged metadata: {0}")]
    Damaged(String),
}

/// A metadata store. Its futures belong to the core they were made on.
#[expect(async_fn_in_trait, reason = "a core's futures are never sent to another")]
pub trait Store {
    /// The store's watch.
    type Watch: Watch;

    /// Commits a transaction if its conditions hold. Done means durable. If the future is dropped the
    /// transaction may be committed all the same.
    async fn commit(&self, transaction: Transaction) -> Result<CommitResult, StoreError>;

    /// Reads a range, as of now or of an earlier revision that is still kept.
    async fn range(&self, range: &KeyRange, at: Option<Revision>) -> Result<Snapshot, StoreError>;

    /// Sees what happens to a range after a revision.
    async fn watch(&self, range: KeyRange, after: Revision) -> Result<Self::Watch, StoreError>;

    /// Opens a session, which ends when it is not kept alive for as long as `lifetime`.
    async fn open_session(&self, lifetime: Duration) -> Result<SessionId, StoreError>;

    /// Gives a session its full lifetime again.
    async fn keep_alive(&self, session: SessionId) -> Result<(), StoreError>;

    /// Ends a session: its keys go, in one transaction.
    async fn end_session(&self, session: SessionId) -> Result<(), StoreError>;
}

/// An ordered view of the changes in a range.
#[expect(async_fn_in_trait, reason = "a core's futures are never sent to another")]
pub trait Watch {
    /// The next transaction that changes the range, once it is durable. Nothing is lost when the future is
    /// dropped.
    async fn next(&mut self) -> Result<Update, StoreError>;
}
