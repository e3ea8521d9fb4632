//! The journal's records.
//!
//! ```text
//! file:    "creelmd1", then frames
//! frame:   uint32 length of the body | uint32 CRC-32C of the body | body           (big endian)
//! body:    uint8 kind = 0, a snapshot | uint64 revision | uint32 count, entries
//!          uint8 kind = 1, a commit   | uint64 revision | uint32 count, changes
//!          uint8 kind = 2, the end    | uint64 revision | uint32 0
//! entry:   text key | text value | uint64 created | uint64 modified | uint64 session, 0 is none
//! change:  uint8 0 | text key | text value | uint64 session       a put
//!          uint8 1 | text key                                     a delete
//! text:    uint32 length | bytes
//! ```

use bytes::{Buf, BufMut, Bytes, BytesMut};

use super::super::contract::{Change, Entry, Revision, SessionId};

/// What a journal begins with.
pub(crate) const MAGIC: &[u8; 8] = b"creelmd1";
const HEADER_LENGTH: usize = 8;
const SNAPSHOT: u8 = 0;
const COMMIT: u8 = 1;
const END: u8 = 2;
const PUT: u8 = 0;
const DELETE: u8 = 1;

/// One record of the journal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum JournalRecord {
    /// All entries as of a revision: what came before is not needed.
    Snapshot(Revision, Vec<Entry>),
    /// What a transaction changed.
    Commit(Revision, Vec<Change>),
    /// All before this was durable when it was written. The next record is written over it.
    End(Revision),
}

impl JournalRecord {
    /// The record as a frame.
    pub(super) fn frame(&self) -> Bytes {
        let mut out = BytesMut::from(&[0; HEADER_LENGTH][..]);
        match self {
            Self::Snapshot(revision, entries) => {
                put_head(&mut out, SNAPSHOT, *revision, entries.len());
                entries.iter().for_each(|entry| put_entry(&mut out, entry));
            }
            Self::Commit(revision, changes) => {
                put_head(&mut out, COMMIT, *revision, changes.len());
                changes.iter().for_each(|change| put_change(&mut out, change));
            }
            Self::End(revision) => put_head(&mut out, END, *revision, 0),
        }
        seal(&mut out);
        out.freeze()
    }

    /// The revision that it leads to.
    pub(super) const fn revision(&self) -> Revision {
        match self {
            Self::Snapshot(revision, _) | Self::Commit(revision, _) | Self::End(revision) => *revision,
        }
    }

    fn decode(mut body: Bytes) -> Option<Self> {
        let kind = body.try_get_u8().ok()?;
        let revision = Revision(body.try_get_u64().ok()?);
        let count = body.try_get_u32().ok()?;
        let record = match kind {
            SNAPSHOT => {
                Self::Snapshot(revision, (0..count).map(|_| take_entry(&mut body)).collect::<Option<_>>()?)
            }
            COMMIT => {
                Self::Commit(revision, (0..count).map(|_| take_change(&mut body)).collect::<Option<_>>()?)
            }
            END if count == 0 => Self::End(revision),
            _ => return None,
        };
        body.is_empty().then_some(record)
    }
}

/// Writes the head of a frame in front of its body.
pub(crate) fn seal(frame: &mut [u8]) {
    let Some((head, body)) = frame.split_at_mut_checked(HEADER_LENGTH) else { return };
    head[..4].copy_from_slice(&length_of(body).to_be_bytes());
    head[4..].copy_from_slice(&crc_of(body).to_be_bytes());
}

/// The record at the beginning of `bytes`, and the length of its frame; `None` if there is no whole one.
pub(super) fn take_frame(bytes: &Bytes) -> Option<(JournalRecord, usize)> {
    let mut head = bytes.get(..HEADER_LENGTH)?;
    let (length, crc) = (head.get_u32() as usize, head.get_u32());
    let end = HEADER_LENGTH.checked_add(length)?;
    let body = bytes.get(HEADER_LENGTH..end)?;
    if crc_of(body) != crc {
        return None;
    }
    JournalRecord::decode(bytes.slice(HEADER_LENGTH..end)).map(|record| (record, end))
}

fn length_of(bytes: &[u8]) -> u32 {
    u32::try_from(bytes.len()).expect("metadata values are small: a record stays far below 4 GiB")
}

fn crc_of(bytes: &[u8]) -> u32 {
    crc_fast::checksum(crc_fast::CrcAlgorithm::Crc32Iscsi, bytes) as u32
}

fn put_head(out: &mut BytesMut, kind: u8, revision: Revision, count: usize) {
    out.put_u8(kind);
    out.put_u64(revision.0);
    out.put_u32(u32::try_from(count).expect("a record's entries are counted in 32 bits"));
}

fn put_text(out: &mut BytesMut, text: &[u8]) {
    out.put_u32(length_of(text));
    out.put_slice(text);
}

fn put_entry(out: &mut BytesMut, entry: &Entry) {
    put_text(out, entry.key.as_bytes());
    put_text(out, &entry.value);
    out.put_u64(entry.created.0);
    out.put_u64(entry.modified.0);
    out.put_u64(entry.session.map_or(0, |session| session.0));
}

fn put_change(out: &mut BytesMut, change: &Change) {
    match change {
        Change::Put { key, value, session } => {
            out.put_u8(PUT);
            put_text(out, key.as_bytes());
            put_text(out, value);
            out.put_u64(session.map_or(0, |session| session.0));
        }
        Change::Delete(key) => {
            out.put_u8(DELETE);
            put_text(out, key.as_bytes());
        }
    }
}

fn take_bytes(body: &mut Bytes) -> Option<Bytes> {
    let length = body.try_get_u32().ok()? as usize;
    if length > body.len() {
        return None;
    }
    // Copied, so that one entry does not keep the whole journal in memory.
    Some(Bytes::copy_from_slice(&body.split_to(length)))
}

fn take_key(body: &mut Bytes) -> Option<String> {
    String::from_utf8(take_bytes(body)?.into()).ok()
}

fn take_session(body: &mut Bytes) -> Option<Option<SessionId>> {
    let session = body.try_get_u64().ok()?;
    Some((session != 0).then_some(SessionId(session)))
}

fn take_entry(body: &mut Bytes) -> Option<Entry> {
    Some(Entry {
        key: take_key(body)?,
        value: take_bytes(body)?,
        created: Revision(body.try_get_u64().ok()?),
        modified: Revision(body.try_get_u64().ok()?),
        session: take_session(body)?,
    })
}

fn take_change(body: &mut Bytes) -> Option<Change> {
    match body.try_get_u8().ok()? {
        PUT => {
            Some(Change::Put { key: take_key(body)?, value: take_bytes(body)?, session: take_session(body)? })
        }
        DELETE => take_key(body).map(Change::Delete),
        _ => None,
    }
}
