//! What a start finds in the journals of a log directory: those of all cores that ever wrote one there, or in a
//! directory of its own.
//!
//! Pieces stay where they lie. Here are only their places, by partition, so that whoever opens a partition can read its
//! own.

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use bytes::Bytes;
use creel_io::fs::{self, File, OpenOptions};

use crate::directory::TopicId;
use crate::error::naming;
use crate::format::journal_record::PieceHeader;
use crate::journal::names::FileName;
use crate::journal::records::{self, CoreRecords, JournalFault};
use crate::offset::Offset;

/// Batches of one partition, one behind the other, in a file of a journal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct FoundPiece {
    /// The offset of its first batch.
    pub(crate) base: Offset,
    /// Batches from here on are void, if it has any.
    pub(crate) end: Offset,
    file: u32,
    position: u64,
    bytes: u32,
}

impl FoundPiece {
    /// How many offsets it spans.
    pub(crate) fn records(&self) -> u64 {
        u64::try_from(self.end - self.base).unwrap_or_default()
    }
}

/// A partition's part in the journal of its core.
#[derive(Clone, Debug)]
pub struct InJournal {
    /// Its topic's id: a topic that is made again under the same name is another one.
    pub topic: TopicId,
    /// What a start has found. The partition appends what it lacks of it.
    pub found: Arc<FoundJournals>,
}

/// What the journals of a log directory hold, until the journals of a new life begin.
#[derive(Debug, Default)]
pub struct FoundJournals {
    /// All files of all journals. Those that hold records stand in the order in which they were written, core by core.
    files: Vec<(FileName, PathBuf)>,
    /// Whether each of them holds records.
    holding: Vec<bool>,
    /// The largest number of a generation.
    newest: u64,
    faults: Vec<JournalFault>,
    /// Where the journals lie.
    directories: Vec<PathBuf>,
    /// In the order in which they were written.
    pieces: BTreeMap<(TopicId, i32), Vec<FoundPiece>>,
}

impl FoundJournals {
    /// Reads the journals in `directory`. Reads little of a journal that is empty, as a clean stop leaves it.
    pub async fn read(directory: &Path) -> io::Result<Self> {
        Self::read_all(&[directory]).await
    }

    /// The same for journals in several directories.
    pub async fn read_all(directories: &[&Path]) -> io::Result<Self> {
        let mut journals = Vec::new();
        for directory in directories {
            for names in names_in(directory)?.into_values() {
                let paths: Vec<_> = names.iter().map(|name| name.path(directory)).collect();
                let found = records::read(&paths).await?;
                journals.push((names, paths, found));
            }
        }
        // A partition may have belonged to another core in an earlier life. Within a life it belongs to one.
        journals.sort_by_key(|(_, _, found)| found.generation);
        let directories = directories.iter().map(|directory| directory.to_path_buf()).collect();
        let mut all = Self { directories, ..Self::default() };
        for (names, paths, found) in journals {
            all.add(names, paths, found);
        }
        Ok(all)
    }

    fn add(&mut self, names: Vec<FileName>, paths: Vec<PathBuf>, found: CoreRecords) {
        let empty = (0..names.len()).filter(|file| !found.order.contains(file));
        let order: Vec<usize> = found.order.iter().copied().chain(empty).collect();
        let first = self.files.len();
        self.files.extend(order.iter().map(|file| (names[*file], paths[*file].clone())));
        // What could not be read may hold records, too.
        let is_unread =
            |path: &PathBuf| found.faults.iter().any(|fault| fault.is_loss && fault.file == *path);
        let holding =
            order.iter().enumerate().map(|(at, file)| at < found.order.len() || is_unread(&paths[*file]));
        self.holding.extend(holding);
        self.faults.extend(found.faults);
        self.newest = self.newest.max(found.generation.map_or(0, |generation| generation.number));
        let mut places = vec![0; names.len()];
        order.iter().enumerate().for_each(|(at, file)| places[*file] = (first + at) as u32);
        for piece in found.pieces {
            self.note(piece.header, places[piece.file], piece.position);
        }
    }

    fn note(&mut self, header: PieceHeader, file: u32, position: u64) {
        let PieceHeader { topic, partition, base, end, bytes } = header;
        let pieces = self.pieces.entry((topic, partition)).or_default();
        if header.is_cut() {
            pieces.retain(|piece| piece.base < base);
            pieces.iter_mut().for_each(|piece| piece.end = piece.end.min(base));
        } else {
            pieces.push(FoundPiece { base, end, file, position, bytes });
        }
    }

    /// What was wrong with the files. It was told on the log.
    pub fn faults(&self) -> &[JournalFault] {
        &self.faults
    }

    /// The topics and partitions of which the journals hold records, and of how many.
    pub fn records_by_partition(&self) -> impl Iterator<Item = (TopicId, i32, u64)> {
        let of = |pieces: &[FoundPiece]| -> u64 { pieces.iter().map(FoundPiece::records).sum() };
        self.pieces.iter().map(move |((topic, partition), pieces)| (*topic, *partition, of(pieces)))
    }

    /// Whether no journal holds a record.
    pub fn is_empty(&self) -> bool {
        self.pieces.is_empty()
    }

    /// Whether a journal holds batches of this topic.
    pub fn holds(&self, topic: TopicId) -> bool {
        self.pieces.range((topic, 0)..=(topic, i32::MAX)).any(|(_, pieces)| !pieces.is_empty())
    }

    /// What the journals hold of a partition.
    pub(crate) fn pieces(&self, topic: TopicId, partition: i32) -> &[FoundPiece] {
        self.pieces.get(&(topic, partition)).map_or(&[], Vec::as_slice)
    }

    /// The number of the life that begins now: larger than that of any life before.
    pub fn next_generation(&self) -> u64 {
        self.newest.saturating_add(1)
    }

    /// How many records the journals hold of topics that are not there any more.
    pub fn records_of_others(&self, is_there: impl Fn(TopicId) -> bool) -> u64 {
        let others = self.pieces.iter().filter(|((topic, _), _)| !is_there(*topic));
        others.flat_map(|(_, pieces)| pieces).map(FoundPiece::records).sum()
    }

    /// The file that a piece lies in.
    pub(crate) fn file_of(&self, piece: &FoundPiece) -> &Path {
        self.files.get(piece.file as usize).map_or(Path::new(""), |(_, path)| path.as_path())
    }

    /// The directories that were looked into.
    pub(crate) fn directories(&self) -> impl Iterator<Item = &Path> {
        self.directories.iter().map(PathBuf::as_path)
    }

    /// The files that were found, those with records in the order in which they were written, and whether each holds
    /// any.
    pub(crate) fn files(&self) -> impl Iterator<Item = (FileName, &Path, bool)> {
        let files = self.files.iter().zip(&self.holding);
        files.map(|((name, path), holds)| (*name, path.as_path(), *holds))
    }
}

/// The files of journals in a directory, by core.
pub(crate) fn names_in(directory: &Path) -> io::Result<BTreeMap<usize, Vec<FileName>>> {
    let mut by_core: BTreeMap<usize, Vec<FileName>> = BTreeMap::new();
    for name in fs::read_dir(directory).map_err(naming(directory))? {
        if let Some(name) = name.to_str().and_then(FileName::parse) {
            by_core.entry(name.core).or_default().push(name);
        }
    }
    by_core.values_mut().for_each(|names| names.sort_unstable());
    Ok(by_core)
}

/// Reads pieces one after another. One file is open at a time.
pub(crate) struct PieceReader<'a> {
    found: &'a FoundJournals,
    open: Option<(u32, File)>,
}

impl<'a> PieceReader<'a> {
    pub(crate) fn new(found: &'a FoundJournals) -> Self {
        Self { found, open: None }
    }

    /// The bytes of a piece's batches.
    pub(crate) async fn batches(&mut self, piece: &FoundPiece) -> io::Result<Bytes> {
        let file = match self.open.take() {
            Some((number, file)) if number == piece.file => file,
            _ => {
                let file = self.found.files.get(piece.file as usize);
                let (_, path) = file.ok_or(io::ErrorKind::NotFound)?;
                File::open(path, OpenOptions::read())?
            }
        };
        let bytes = file.read_exact_at(piece.position, piece.bytes as usize).await?.freeze();
        self.open = Some((piece.file, file));
        Ok(bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TOPIC: TopicId = TopicId([7; 16]);

    fn piece(partition: i32, base: i64, end: i64) -> PieceHeader {
        let (base, end) = (Offset::ZERO + base, Offset::ZERO + end);
        PieceHeader { topic: TOPIC, partition, base, end, bytes: 100 }
    }

    fn offsets(found: &FoundJournals, partition: i32) -> Vec<(i64, i64)> {
        let pieces = found.pieces(TOPIC, partition).iter();
        pieces.map(|piece| (piece.base - Offset::ZERO, piece.end - Offset::ZERO)).collect()
    }

    #[test]
    fn a_cut_makes_earlier_pieces_void_and_later_ones_not() {
        let mut found = FoundJournals::default();
        for (base, end) in [(0, 10), (10, 20), (20, 30)] {
            found.note(piece(0, base, end), 0, 0);
            found.note(piece(1, base, end), 0, 0);
        }
        found.note(PieceHeader::cut(TOPIC, 0, Offset::ZERO + 15), 0, 0);
        found.note(piece(0, 15, 40), 0, 0);
        assert_eq!(offsets(&found, 0), [(0, 10), (10, 15), (15, 40)]);
        assert_eq!(offsets(&found, 1), [(0, 10), (10, 20), (20, 30)]);
        assert_eq!(offsets(&found, 2), []);
        found.note(PieceHeader::cut(TOPIC, 1, Offset::ZERO), 0, 0);
        assert_eq!(offsets(&found, 1), []);
    }
}
