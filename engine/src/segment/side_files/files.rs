//! Reads, writes and removes the side files of a segment, and builds its indexes again.

use std::io::{self, IoSlice};
use std::path::Path;

use creel_io::fs::{self, File, OpenOptions};

use crate::limits::SIDE_FILE_BYTES_MAX;
use crate::offset::{FilePosition, Offset};
use crate::segment::active::ActiveSegment;
use crate::segment::remove::remove_if_there;
use crate::segment::scan::Scan;
use crate::segment::side_files::index::Index;
use crate::segment::side_files::kind::Kind;
use crate::segment::side_files::offset_index::{ENTRY_BYTES, OffsetIndex};
use crate::segment::side_files::snapshot::{self, SnapshotEntry};
use crate::segment::side_files::table::Indexes;
use crate::segment::{Largest, Placed, Segment};

/// Writes and syncs the index files of a segment to which nothing will be added.
pub(crate) async fn write_indexes(directory: &Path, segment: &Segment) -> io::Result<()> {
    for (kind, content) in segment.finished_indexes() {
        write_synced(&kind.path(directory, segment.base), &content).await?;
    }
    Ok(())
}

/// Makes the index files of a segment that begins now. The caller syncs the directory.
pub(crate) fn create_indexes(directory: &Path, base: Offset) -> io::Result<()> {
    Indexes::KINDS.iter().try_for_each(|kind| write_file(&kind.path(directory, base), &[]).map(drop))
}

/// Whether all index files of a segment are there, and say nothing. They are not opened: of very many partitions most
/// have no record.
pub(crate) fn has_empty_indexes(directory: &Path, base: Offset) -> io::Result<bool> {
    for kind in Indexes::KINDS {
        match fs::facts(&kind.path(directory, base)) {
            Ok(facts) if facts.is_file && facts.length == 0 => {}
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => return Ok(false),
        }
    }
    Ok(true)
}

/// Writes the state of the producers before `offset`. The caller syncs the file.
pub(crate) fn write_snapshot(directory: &Path, offset: Offset, encoded: &[u8]) -> io::Result<File> {
    write_file(&snapshot::KIND.path(directory, offset), encoded)
}

/// Writes the state of the producers before `offset`, durably. A snapshot that is there may be the only copy of what it
/// holds, so it stays until the new one is whole.
pub(crate) async fn replace_snapshot(directory: &Path, offset: Offset, encoded: &[u8]) -> io::Result<()> {
    fs::write_atomically(&snapshot::KIND.path(directory, offset), encoded).await
}

/// Removes a producer snapshot.
pub(crate) fn remove_snapshot(directory: &Path, offset: Offset) -> io::Result<()> {
    remove_if_there(&snapshot::KIND.path(directory, offset))
}

/// Writes and syncs a file. If that fails, the file is removed, because a part of an index would be believed.
async fn write_synced(path: &Path, content: &[u8]) -> io::Result<()> {
    let synced = write_file(path, content)?.sync_data().await;
    if synced.is_err() {
        let _ = remove_if_there(path);
    }
    synced
}

/// Writes a file. If it can't be written as a whole, it is removed.
fn write_file(path: &Path, content: &[u8]) -> io::Result<File> {
    let file = File::open(path, OpenOptions { truncate: true, ..OpenOptions::create() })?;
    let written = file.write_all_at(&mut [IoSlice::new(content)], 0);
    if written.is_err() {
        let _ = remove_if_there(path);
    }
    written.map(|()| file)
}

/// Removes the index files.
pub(crate) fn remove_indexes(directory: &Path, base: Offset) -> io::Result<()> {
    Indexes::KINDS.iter().try_for_each(|kind| remove_if_there(&kind.path(directory, base)))
}

/// Reads a producer snapshot. `None` if it is missing or damaged.
pub(crate) fn read_snapshot(directory: &Path, offset: Offset) -> io::Result<Option<Vec<SnapshotEntry>>> {
    let bytes = read_bounded(&snapshot::KIND.path(directory, offset))?;
    Ok(bytes.and_then(|bytes| snapshot::decode(&bytes)))
}

/// The position of the last batch that a sealed segment's offset index has an entry for. The rest of the index is not
/// read. `None`: the index does not say, and every batch has to be walked over.
pub(crate) async fn last_indexed(directory: &Path, base: Offset) -> Option<FilePosition> {
    let index = File::open(&OffsetIndex::KIND.path(directory, base), OpenOptions::read()).ok()?;
    let at = index.len().ok()?.checked_sub(ENTRY_BYTES as u64)?;
    let entry = index.read_exact_at(at, ENTRY_BYTES).await.ok()?;
    let position = i32::from_be_bytes(*entry.last_chunk()?);
    u64::try_from(position).ok().map(FilePosition::new)
}

/// Loads the indexes of a sealed segment, from their files or else from the batches.
pub(crate) async fn load_indexes(directory: &Path, segment: &Segment, interval: u64) -> io::Result<()> {
    if segment.with_indexes(|_| ()).is_some() {
        return Ok(());
    }
    match read_indexes(directory, segment)? {
        Some(indexes) if segment.has_no_times() || knows_largest(segment, &indexes).await? => {
            if segment.largest() == Largest::Unread {
                segment.set_largest(Largest::of(indexes.times.last()));
            }
            segment.set_indexes(indexes);
            Ok(())
        }
        _ => rebuild_indexes(directory, segment, interval).await,
    }
}

/// Whether the indexes are right about the largest timestamp, which retention uses. The batch that they name must have
/// it; or if they name none, no batch may have a timestamp.
pub(crate) async fn knows_largest(segment: &Segment, indexes: &Indexes) -> io::Result<bool> {
    let Some(largest) = indexes.times.last() else {
        return has_no_times(segment).await;
    };
    let entry = indexes.offsets.entry_before(largest.last_offset);
    let start = entry.map_or(FilePosition::START, |(_, position)| position);
    let mut scan = Scan::new(segment.log.get()?, start, segment.length());
    while let Some(header) = scan.header().await? {
        let indexed = entry.filter(|(_, position)| *position == scan.position());
        let Ok(header) = header else {
            // Nothing can be said about batches behind damage.
            return Ok(indexed.is_none());
        };
        if indexed.is_some_and(|(last, _)| header.last_offset() != last) {
            return Ok(false);
        }
        if header.last_offset() >= largest.last_offset {
            return Ok(
                header.last_offset() == largest.last_offset && header.max_timestamp == largest.timestamp
            );
        }
        scan.skip(header.size_bytes);
    }
    Ok(false)
}

/// Whether no batch of a segment has a timestamp, as far as the headers can be followed.
async fn has_no_times(segment: &Segment) -> io::Result<bool> {
    let mut scan = Scan::new(segment.log.get()?, FilePosition::START, segment.length());
    while let Some(Ok(header)) = scan.header().await? {
        if header.max_timestamp >= 0 {
            return Ok(false);
        }
        scan.skip(header.size_bytes);
    }
    Ok(true)
}

/// The index files as they are. `None` if they are missing or can't be right.
pub(crate) fn read_indexes(directory: &Path, segment: &Segment) -> io::Result<Option<Indexes>> {
    let content = |kind: Kind| read_bounded(&kind.path(directory, segment.base));
    Indexes::read(segment.base, segment.length(), content)
}

/// The bytes of a side file. `None` if it is missing or too large to be one.
pub(crate) fn read_bounded(path: &Path) -> io::Result<Option<bytes::Bytes>> {
    match fs::read_up_to(path, SIDE_FILE_BYTES_MAX) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        read => read,
    }
}

/// Walks over a segment's headers and builds its indexes again.
pub(crate) async fn rebuild_indexes(directory: &Path, segment: &Segment, interval: u64) -> io::Result<()> {
    if segment.is_pending_delete() {
        // The files of this name may be those of the segment that has replaced it.
        return Err(io::ErrorKind::NotFound.into());
    }
    tracing::warn!(log = %segment.log.path().display(), "the indexes are missing or damaged: they are rebuilt");
    let mut copy = ActiveSegment::noting(Segment::new(directory, segment.base, segment.created_ms));
    let mut scan = Scan::new(segment.log.get()?, FilePosition::START, segment.length());
    while let Some(Ok(header)) = scan.header().await? {
        copy.note(&Placed::of(&header, scan.position()), interval);
        scan.skip(header.size_bytes);
    }
    write_indexes(directory, &copy).await?;
    if let Some(indexes) = read_indexes(directory, &copy)? {
        segment.set_indexes(indexes);
    } else {
        segment.set_indexes(Indexes::empty(segment.base));
    }
    let (known, found) = (segment.largest(), copy.largest());
    let timestamp = |largest: Largest| largest.known().map(|largest| largest.timestamp);
    if known == Largest::Unread || timestamp(known) < timestamp(found) {
        segment.set_largest(found);
    }
    Ok(())
}
