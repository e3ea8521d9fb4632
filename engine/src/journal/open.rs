//! A journal that is written to: its files, and where the next record goes.

use std::io;
use std::path::{Path, PathBuf};
use std::rc::Rc;

use creel_io::fs::{self, AlignedBuffer, DurableFile};

use crate::format::journal_record::{Generation, RecordBuilder, RecordId};
use crate::jobs::sync_queue::Space;
use crate::journal::names::FileName;
use crate::journal::pace::{Owed, Pace};
use crate::journal::ring::{PartitionKey, Ring};
use crate::limits::{JOURNAL_BLOCK_BYTES, JOURNAL_RECORD_BYTES_MAX};
use crate::offset::Offset;

/// The files of a core's journal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JournalFiles {
    /// Where they lie: the log directory, or one of their own.
    pub directory: PathBuf,
    /// The core.
    pub core: usize,
    /// How many files it has. They are written one after another, in a ring.
    pub count: usize,
    /// The size of each, in bytes: whole blocks of 4096, at least as large as the largest record.
    pub bytes: u64,
}

/// See the module.
pub(crate) struct OpenJournal {
    files: Vec<Rc<DurableFile>>,
    /// Where the files are, in the order of their numbers.
    paths: Vec<PathBuf>,
    ring: Ring,
    pace: Pace,
    generation: Generation,
    /// What records are put together in. It is away while a write is in flight.
    memory: Option<AlignedBuffer>,
}

/// A record that is ready to be written.
pub(crate) struct Ready {
    pub(crate) file: Rc<DurableFile>,
    pub(crate) memory: AlignedBuffer,
    pub(crate) position: u64,
    /// Whether it begins a file.
    pub(crate) begins_file: bool,
}

impl OpenJournal {
    /// Opens or creates the files. What they hold is void already. A file of another size is made anew, which takes a
    /// while. No file is left if one can't be made.
    pub(crate) async fn open(wanted: &JournalFiles, number: u64) -> io::Result<Self> {
        let names = (0..wanted.count).map(|number| FileName { core: wanted.core, number });
        let paths: Vec<PathBuf> = names.map(|name| name.path(&wanted.directory)).collect();
        let mut files = Vec::new();
        for path in &paths {
            match open_or_create(path, wanted.bytes).await {
                Ok(file) => files.push(Rc::new(file)),
                Err(error) => {
                    // Their room is more use to the logs. One that can't be removed is used next time.
                    drop(files);
                    paths.iter().for_each(|path| drop(fs::remove_file(path)));
                    return Err(error);
                }
            }
        }
        fs::sync_dir(&wanted.directory).await?;
        Ok(Self {
            files,
            paths,
            ring: Ring::empty(wanted.count, wanted.bytes),
            pace: Pace::default(),
            generation: Generation { number, secret: creel_io::random_u64() },
            memory: Some(AlignedBuffer::with_capacity(JOURNAL_RECORD_BYTES_MAX)),
        })
    }

    /// Begins a record. `None`: there is no room for even the smallest. At most one record is begun and not yet given up
    /// or written. `synced`: see [`Ring::place`].
    pub(crate) fn begin(
        &mut self,
        synced: impl Fn(PartitionKey) -> Option<Offset>,
    ) -> Option<RecordBuilder<AlignedBuffer>> {
        self.ring.place(JOURNAL_BLOCK_BYTES as u64, synced)?;
        let mut memory = self.memory.take()?;
        memory.set_filled(memory.capacity());
        Some(RecordBuilder::new(memory))
    }

    /// Gives up a record that was begun.
    pub(crate) fn give_up(&mut self, record: RecordBuilder<AlignedBuffer>) {
        self.memory = Some(record.into_memory());
    }

    /// Ends a record and gives it its place. `None`: the ring is full, and the record is given up.
    pub(crate) fn seal(
        &mut self,
        record: RecordBuilder<AlignedBuffer>,
        synced: impl Fn(PartitionKey) -> Option<Offset>,
    ) -> Option<Ready> {
        let Some(slot) = self.ring.place(record.padded_bytes() as u64, synced) else {
            self.give_up(record);
            return None;
        };
        let id = RecordId { generation: self.generation, sequence: slot.sequence };
        let (mut memory, bytes) = record.seal(id);
        memory.set_filled(bytes);
        let file = self.files[slot.file].clone();
        Some(Ready { file, memory, position: slot.position, begins_file: slot.position == 0 })
    }

    /// Notes that a record is on the medium.
    pub(crate) fn wrote(
        &mut self,
        memory: AlignedBuffer,
        pieces: impl IntoIterator<Item = (PartitionKey, Offset)>,
    ) {
        self.ring.wrote(memory.len() as u64, pieces);
        self.pace.leaves(self.ring.left());
        self.memory = Some(memory);
    }

    /// Notes which partitions must be synced so that the ring does not fill. For use whenever a record has begun a file.
    pub(crate) fn pace(
        &mut self,
        synced: impl Fn(PartitionKey) -> Option<Offset>,
        can_sync: impl Fn(PartitionKey) -> bool,
    ) {
        let owed = self.ring.owed(synced, can_sync);
        self.pace = Pace::begin(owed, self.ring.left(), self.ring.reserve());
    }

    /// Whether some of them are due.
    pub(crate) fn space(&self) -> Space {
        self.pace.space()
    }

    /// The next of them that is due.
    pub(crate) fn take_due(&mut self) -> Option<Owed> {
        self.pace.take()
    }

    /// Notes that everything is synced that the journal has of a partition.
    pub(crate) fn forget(&mut self, partition: PartitionKey) {
        self.ring.forget(partition);
    }

    /// The files, the one that was written first before the others.
    pub(crate) fn paths_from_oldest(&self) -> Vec<PathBuf> {
        let oldest = self.ring.oldest();
        (0..self.paths.len()).map(|at| self.paths[(oldest + at) % self.paths.len()].clone()).collect()
    }
}

async fn open_or_create(path: &Path, bytes: u64) -> io::Result<DurableFile> {
    match DurableFile::open(path).await {
        Ok(file) if file.len() == bytes => Ok(file),
        Ok(_) => create_anew(path, bytes).await,
        Err(error) if error.kind() == io::ErrorKind::NotFound => DurableFile::create(path, bytes).await,
        Err(error) if error.kind() == io::ErrorKind::InvalidData => create_anew(path, bytes).await,
        Err(error) => Err(error),
    }
}

async fn create_anew(path: &Path, bytes: u64) -> io::Result<DurableFile> {
    fs::remove_file(path)?;
    DurableFile::create(path, bytes).await
}
