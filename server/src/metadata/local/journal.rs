//! The journal: a snapshot, then what was committed since. Each record is synced before the next is written.
//!
//! So a crash can tear only the last record. On opening, a last record that is not whole is cut off. A record that is
//! not whole with a whole one behind it was damaged later. That is an error, because what it said was promised to
//! someone.
//!
//! A mark makes this hold for the last record too. It follows the record once that is durable, and the next record is
//! written over it. Nobody waits for a mark, except at a clean stop. If a power cut takes a mark, a durable record
//! looks like one that may be torn. It is never the other way round.

use std::{
    io::{self, IoSlice},
    path::{Path, PathBuf},
};

use bytes::Bytes;
use creel_io::fs::{self, File, OpenOptions};

use super::{
    super::contract::{Revision, StoreError},
    record::{JournalRecord, MAGIC, take_frame},
    state::StoreState,
};

/// The journal's name in the data directory. A file, not a directory: Kafka takes each directory there for a
/// partition.
pub(crate) const NAME: &str = "creel-metadata.journal";
/// Bytes below which a journal is not worth compacting.
const COMPACT_FROM: u64 = 64 << 10;
/// How many times the size of its snapshot a journal may reach.
const GROWTH_MAX: u64 = 4;

/// The open journal.
pub(super) struct Journal {
    path: PathBuf,
    file: File,
    length: u64,
    /// The length at which it is compacted.
    compact_at: u64,
}

impl Journal {
    /// Opens the journal of a data directory, and what it says.
    pub(super) async fn open(data_dir: &Path) -> Result<(Self, StoreState), StoreError> {
        let path = data_dir.join(NAME);
        let content = match fs::read(&path) {
            // Only then: a journal that cannot be read must not be taken for one that is not there.
            Err(error) if error.kind() == io::ErrorKind::NotFound => snapshot(&StoreState::default()).into(),
            content => content.map_err(|error| unreadable(&path, &error))?,
        };
        let Replayed { state, torn_bytes, .. } = replay(&path, &content)?;
        if torn_bytes > 0 {
            tracing::warn!(
                journal = %path.display(),
                bytes = torn_bytes,
                "the metadata journal ended with a torn record: it was cut off"
            );
        }
        // From now on readers see what was read here, so it must not be lost again. But its last record may have been
        // written and not synced, or its sync may have failed, so a second sync proves nothing. Written anew, it is
        // as durable as it looks.
        let (content, length) = snapshot_and_end(&state);
        match fs::write_atomically(&path, &content).await {
            Err(error) if is_disk_full(&error) && fs::exists(&path) => {
                tracing::warn!(
                    journal = %path.display(), %error,
                    "the disk is too full to rewrite the metadata journal: the existing one stays in use"
                );
                return Self::open_as_it_is(data_dir, path).await;
            }
            written => written.map_err(unavailable)?,
        }
        let file = File::open(&path, OpenOptions::read_write()).map_err(unavailable)?;
        Ok((Self { path, file, length, compact_at: compact_at(length) }, state))
    }

    /// What the journal of a data directory says, and how many bytes at its end do not count. `None`: there is none.
    pub(super) fn look(data_dir: &Path) -> Result<Option<(StoreState, u64)>, StoreError> {
        let path = data_dir.join(NAME);
        let content = match fs::read(&path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            content => content.map_err(|error| unreadable(&path, &error))?,
        };
        let Replayed { state, torn_bytes, .. } = replay(&path, &content)?;
        Ok(Some((state, torn_bytes)))
    }

    /// Makes the journal that is there as durable as it looks. What was not on its way to the medium yet is synced.
    /// What a failed sync has left only in the page cache is dropped, before the journal is read again.
    async fn open_as_it_is(data_dir: &Path, path: PathBuf) -> Result<(Self, StoreState), StoreError> {
        remove_unfinished(&path);
        let file = File::open(&path, OpenOptions::read_write()).map_err(unavailable)?;
        file.sync_data().await.map_err(unavailable)?;
        fs::sync_dir(data_dir).await.map_err(unavailable)?;
        file.drop_cached();
        let content = fs::read(&path).map_err(|error| unreadable(&path, &error))?;
        let Replayed { state, length, torn_bytes } = replay(&path, &content)?;
        if torn_bytes > 0 {
            file.truncate(content.len() as u64 - torn_bytes).map_err(unavailable)?;
            file.sync_data().await.map_err(unavailable)?;
        }
        let compact_at = compact_at(snapshot(&state).len() as u64);
        let journal = Self { path, file, length, compact_at };
        journal.mark_end(state.revision());
        Ok((journal, state))
    }

    /// Appends a record, and waits until it is durable.
    pub(super) async fn append(&mut self, record: &JournalRecord) -> Result<(), JournalError> {
        let frame = record.frame();
        if let Err(error) = self.file.write_all_at(&mut [IoSlice::new(&frame)], self.length) {
            // Nobody was promised any of it. If it can't be cut off, the next record would lie behind it.
            return match self.file.truncate(self.length) {
                Ok(()) => {
                    self.mark_end(Revision(record.revision().0.saturating_sub(1)));
                    Err(JournalError::NotWritten(error))
                }
                Err(_) => Err(JournalError::Lost(error)),
            };
        }
        self.file.sync_data().await.map_err(JournalError::Lost)?;
        self.length += frame.len() as u64;
        self.mark_end(record.revision());
        Ok(())
    }

    /// Says that all up to a revision is durable. The mark is not synced at once, and not written if there is no
    /// room. It tells damage from a torn end; without it the end may be torn.
    fn mark_end(&self, revision: Revision) {
        let mark = JournalRecord::End(revision).frame();
        let _ = self.file.write_all_at(&mut [IoSlice::new(&mark)], self.length);
    }

    /// Waits until the mark at the end is on the disk.
    pub(super) async fn seal(&self) -> io::Result<()> {
        self.file.sync_data().await
    }

    pub(super) const fn is_overgrown(&self) -> bool {
        self.length > self.compact_at
    }

    /// Puts a snapshot in the place of all records.
    pub(super) async fn compact(&mut self, state: &StoreState) -> Result<(), JournalError> {
        let (content, length) = snapshot_and_end(state);
        if let Err(error) = fs::write_atomically(&self.path, &content).await {
            // The name may stand for either file now. If it is still the old one, nothing has happened.
            let unchanged = fs::read(&self.path).is_ok_and(|found| found != content);
            self.compact_at = self.length.saturating_mul(2);
            remove_unfinished(&self.path);
            return if unchanged { Ok(()) } else { Err(JournalError::Lost(error)) };
        }
        self.file = File::open(&self.path, OpenOptions::read_write()).map_err(JournalError::Lost)?;
        self.length = length;
        self.compact_at = compact_at(self.length);
        Ok(())
    }
}

/// Why a record is not durable.
#[derive(Debug)]
pub(super) enum JournalError {
    /// It is not there, and the journal is as it was.
    NotWritten(io::Error),
    /// Nobody knows what is there.
    Lost(io::Error),
}

/// Removes an unfinished snapshot: it takes room that is scarce.
fn remove_unfinished(path: &Path) {
    let _ = fs::remove_file(&path.with_file_name(format!("{NAME}.tmp")));
}

fn is_disk_full(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded)
}

fn compact_at(length: u64) -> u64 {
    length.saturating_mul(GROWTH_MAX).max(COMPACT_FROM)
}

fn unreadable(path: &Path, error: &io::Error) -> StoreError {
    StoreError::Unavailable(format!("{}: {error}", path.display()))
}

fn unavailable(error: io::Error) -> StoreError {
    StoreError::Unavailable(error.to_string())
}

/// What a journal says, as a journal of one record; `None` if it is damaged.
pub(crate) fn rewritten(content: &Bytes) -> Option<Vec<u8>> {
    replay(Path::new(NAME), content).ok().map(|replayed| snapshot(&replayed.state))
}

fn snapshot(state: &StoreState) -> Vec<u8> {
    let record = JournalRecord::Snapshot(state.revision(), state.entries().cloned().collect());
    [&MAGIC[..], &record.frame()].concat()
}

/// The same with a mark behind it, and the length of what comes before the mark.
fn snapshot_and_end(state: &StoreState) -> (Vec<u8>, u64) {
    let mut content = snapshot(state);
    let length = content.len() as u64;
    content.extend_from_slice(&JournalRecord::End(state.revision()).frame());
    (content, length)
}

/// What a journal says.
struct Replayed {
    state: StoreState,
    /// Where the next record goes: behind the last one, over a mark.
    length: u64,
    /// Bytes at its end that do not count.
    torn_bytes: u64,
}

/// The state that a journal leads to.
fn replay(path: &Path, content: &Bytes) -> Result<Replayed, StoreError> {
    let damaged = |what: String| StoreError::Damaged(format!("{}: {what}", path.display()));
    if !content.starts_with(MAGIC) {
        return Err(damaged("not a metadata journal".to_owned()));
    }
    let mut state: Option<StoreState> = None;
    let mut position = MAGIC.len();
    let mut mark = 0;
    while let Some((record, length)) = take_frame(&content.slice(position..)) {
        let expected = state.as_ref().and_then(|state| state.revision().0.checked_add(1)).map(Revision);
        match (record, &mut state) {
            (JournalRecord::Snapshot(revision, entries), None) => {
                state = Some(StoreState::new(revision, entries))
            }
            (JournalRecord::Commit(revision, changes), Some(state)) if Some(revision) == expected => {
                state.apply(changes);
            }
            (JournalRecord::End(revision), Some(state)) if revision == state.revision() => {
                mark = length;
                break;
            }
            _ => return Err(damaged(format!("a record out of order at byte {position}"))),
        }
        position += length;
    }
    let end = position + mark;
    if let Some(later) = whole_record_after(content, end) {
        return Err(damaged(format!(
            "there is no whole record at byte {end}, but there is one after it, at byte {later}"
        )));
    }
    let state = state.ok_or_else(|| damaged("no snapshot at its beginning".to_owned()))?;
    Ok(Replayed { state, length: position as u64, torn_bytes: (content.len() - end) as u64 })
}

/// Where a whole record begins behind what is none.
fn whole_record_after(content: &Bytes, broken: usize) -> Option<usize> {
    (broken..content.len()).find(|position| take_frame(&content.slice(*position..)).is_some())
}
