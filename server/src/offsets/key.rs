//! The keys: which offset, or which group, a record is about.
//!
//! ```text
//! version 0, 1 | int16 version | string group | string topic | int32 partition |   an offset
//! version 2    | int16 version | string group |                                    a group's state
//! ```

use bytes::{BufMut, Bytes, BytesMut};

use super::fields::{Input, Malformed, put_string};

/// Written for offsets; version 0 differs in nothing.
const OFFSET_VERSION: i16 = 1;
const GROUP_VERSION: i16 = 2;

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
        let mut out = BytesMut::new();
        match self {
            Self::Offset { group, topic, partition } => {
                out.put_i16(OFFSET_VERSION);
                put_string(&mut out, group);
                put_string(&mut out, topic);
                out.put_i32(*partition);
            }
            Self::Group { group } => {
                out.put_i16(GROUP_VERSION);
                put_string(&mut out, group);
            }
            Self::Other { version } => panic!("keys of version {version} are only read"),
        }
        out.freeze()
    }

    /// Reads a key.
    pub fn decode(bytes: &Bytes) -> Result<Self, Malformed> {
        let mut input = Input::new(bytes.clone(), "key of an offset record");
        match input.i16()? {
            0 | OFFSET_VERSION => {
                let (group, topic) = (input.string()?, input.string()?);
                Ok(Self::Offset { group, topic, partition: input.i32()? })
            }
            GROUP_VERSION => Ok(Self::Group { group: input.string()? }),
            version => Ok(Self::Other { version }),
        }
    }
}
