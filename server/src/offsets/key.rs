//! The keys: which offset, or which group, a record is about.
//!
//! ```text
//! version 0, 1 | int16 version | string group | string topic | int32 partition |   an offset
//! version 2    | int16 version | string group |                                    a group's state
//! ```

use bytes::Bytes;
use creel_wire::{Message, Str};

use super::error::Malformed;
use super::versioned::{encode, message, version};

/// Written for offsets; version 0 differs in nothing.
const OFFSET_VERSION: i16 = 1;
const GROUP_VERSION: i16 = 2;

#[derive(Clone, Debug, PartialEq, Message)]
#[wire(flexible = "none")]
struct OffsetKey {
    group: Str,
    topic: Str,
    partition: i32,
}

#[derive(Clone, Debug, PartialEq, Message)]
#[wire(flexible = "none")]
struct GroupKey {
    group: Str,
}

/// A record's key.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum RecordKey {
    /// The offset that a group committed for a partition.
    Offset {
        /// The group.
        group: String,
        /// The topic.
        topic: String,
        /// The partition.
        partition: i32,
    },
    /// The state of a group.
    Group {
        /// The group.
        group: String,
    },
    /// Something newer or other (Kafka keeps its next-generation groups in the same topic): not ours to
    /// touch.
    Other {
        /// The key's version, which is its type.
        version: i16,
    },
}

impl RecordKey {
    /// The bytes of the key.
    ///
    /// # Panics
    /// For [`RecordKey::Other`], which is never written.
    pub fn encode(&self) -> Bytes {
        let text = |text: &str| Str::from(text.to_owned());
        match self {
            Self::Offset { group, topic, partition } => {
                let key = OffsetKey { group: text(group), topic: text(topic), partition: *partition };
                encode(&key, OFFSET_VERSION)
            }
            Self::Group { group } => encode(&GroupKey { group: text(group) }, GROUP_VERSION),
            Self::Other { version } => panic!("keys of version {version} are only read"),
        }
    }

    /// Reads a key.
    pub fn decode(bytes: &Bytes) -> Result<Self, Malformed> {
        let what = "key of an offset record";
        match version(bytes, what)? {
            (version @ (0 | OFFSET_VERSION), reader) => {
                let OffsetKey { group, topic, partition } = message(reader, version, what)?;
                Ok(Self::Offset { group: owned(&group), topic: owned(&topic), partition })
            }
            (GROUP_VERSION, reader) => {
                let GroupKey { group } = message(reader, GROUP_VERSION, what)?;
                Ok(Self::Group { group: owned(&group) })
            }
            (version, _) => Ok(Self::Other { version }),
        }
    }
}

/// Copied: what is kept must not hold on to the whole read it came from.
fn owned(text: &Str) -> String {
    text.as_str().to_owned()
}
