//! The facts of a cluster (its topics, ids given out), behind one small contract.
//!
//! This room owns what is written down about the cluster. It must not know cores, connections or requests.
//!
//! `contract` is what a store must do: transactions that compare and set, ranges at a revision, an ordered watch,
//! sessions. It is etcd's model, small enough for others. `local` is the store of a single broker: in memory, with a
//! journal in the data directory. `topics`, `groups` and `producer_ids` are the typed facts on top. `properties` is Kafka's
//! own `meta.properties`, which says whose data a directory holds, and where the journals of its cores lie (`journals_mark`).
//! `journal_directory` is the file by which a directory of journals says whose it is. `kafka` reads the metadata log of a
//! directory that Kafka has left.

mod contract;
mod groups;
mod journal_directory;
mod journals_mark;
pub(crate) mod kafka;
mod local;
mod producer_ids;
mod properties;
mod topics;

pub use contract::{
    Change, CommitResult, Condition, Entry, KeyEvent, KeyRange, Revision, SessionId, Snapshot, Store,
    StoreError, Transaction, Update, Watch,
};
pub use groups::{StoredGroup, groups_with_settings};
pub(crate) use journal_directory::{JournalDirectory, JournalDirectoryError};
pub use journals_mark::{JournalPlace, JournalsMark};
pub use kafka::NotUnderstood;
pub(crate) use local::{
    JOURNAL_NAME, MAGIC as JOURNAL_MAGIC, rewritten as rewritten_journal, seal as seal_journal_frame,
};
pub use local::{LocalStore, LocalWatch};
pub use producer_ids::{PRODUCER_ID_BLOCK, next_producer_ids};
pub use properties::{MetaProperties, PropertiesError};
pub use topics::{NameError, StoredTopic, StoredTopics, TopicDefinition, TopicId, TopicsError};
