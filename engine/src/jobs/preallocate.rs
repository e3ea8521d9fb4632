//! Preallocation (`preallocate`): all of a segment's disk space is allocated before its first write. Its writes then
//! find their blocks, and its syncs need not allocate any.
//!
//! Nothing is allocated in a segment that is being written to. The filesystem allocates under the file's lock, and on a
//! busy disk it reads block bitmaps meanwhile (tens of ms); a write would wait for that. So space is allocated at two
//! times: for the active segment before its partition opens, and for the next segment's file when half of the active
//! segment is written. A segment that began before that grows with its writes.
//!
//! Nothing is allocated on a volume that is nearly full. It is no error if the disk refuses. Like a retired segment
//! (`segment_reuse`), a preallocated file that waits is removed when the broker stops or crashes, when the partition is
//! idle, and when the disk is full.
//!
//! Knows files and lengths. Must not know the log that they are for.

use std::path::Path;

use creel_io::fs::{self, File, OpenOptions};

use crate::limits::PREALLOCATE_ROOM_FACTOR;
use crate::segment::active::ActiveSegment;

/// Allocates what `segment` still lacks of `limit` bytes. Nobody writes to the segment yet.
pub(crate) async fn preallocate_rest(directory: &Path, segment: &mut ActiveSegment, limit: u64) {
    let length = segment.length();
    if let Ok(file) = segment.log.get()
        && !allocate(directory, file, length, limit.saturating_sub(length)).await
        // An allocation that ran out of room keeps what it got.
        && let Err(error) = segment.cut_to_length()
    {
        tracing::warn!(log = %segment.log.path().display(), %error, "cannot give back preallocated disk space");
    }
    segment.log.close();
}

/// Makes a file of `length` bytes at `path`. `None`: there is none, and the next segment grows with its writes.
pub(crate) async fn new_file(directory: &Path, path: &Path, length: u64) -> Option<File> {
    let options = OpenOptions { truncate: true, ..OpenOptions::create() };
    let file = File::open(path, options).ok()?;
    allocate(directory, file.clone(), 0, length).await.then_some(file)
}

/// Allocates `length` bytes of disk space from `position` on, off the core. Does so only if the volume has a few times
/// that much left.
async fn allocate(directory: &Path, file: File, position: u64, length: u64) -> bool {
    let directory = directory.to_path_buf();
    let allocated = creel_io::offload(move || {
        let has_room = fs::space(&directory)?.usable / PREALLOCATE_ROOM_FACTOR >= length;
        if has_room { file.allocate(position, length).map(|()| true) } else { Ok(false) }
    });
    // If it could not be allocated, the writes themselves say whether there is space.
    matches!(allocated.await, Ok(true))
}
