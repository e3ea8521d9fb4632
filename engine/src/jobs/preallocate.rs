//! Disk that is claimed whole before a segment's first write (`preallocate`): its writes then find their blocks, and a
//! sync has none to allocate.
//!
//! Never while a segment is being written to: the filesystem allocates under the file's lock, and on a busy disk it reads
//! block bitmaps meanwhile (tens of ms), for which a write of that moment would wait. So what the active segment lacks is
//! preallocated before its partition opens, and the next one's file when half of the active one is written. A segment that
//! began sooner grows with its writes.
//!
//! Nothing is preallocated of the last room of a volume; that the disk refuses is no fault. Like a retired segment
//! (`segment_reuse`), a preallocated file that waits outlives no stop, no crash, no idleness, and no full disk.
//!
//! Knows files and lengths, and nothing of the log that they are for.

use std::path::Path;

use creel_io::fs::{self, File, OpenOptions};

use crate::limits::PREALLOCATE_ROOM_FACTOR;
use crate::segment::active::ActiveSegment;

/// Preallocates what `segment`, which nobody writes to yet, lacks of `limit` bytes.
pub(crate) async fn preallocate_rest(directory: &Path, segment: &mut ActiveSegment, limit: u64) {
    let length = segment.length();
    if let Ok(file) = segment.log.get()
        && !allocate(directory, file, length, limit.saturating_sub(length)).await
        // An allocation that ran out of room keeps what it got.
        && let Err(error) = segment.cut_to_length()
    {
        tracing::warn!(log = %segment.log.path().display(), %error, "preallocated disk is not given back");
    }
    segment.log.close();
}

/// Makes a file of `length` bytes at `path`. `None`: the next segment grows with its writes.
pub(crate) async fn new_file(directory: &Path, path: &Path, length: u64) -> Option<File> {
    let options = OpenOptions { truncate: true, ..OpenOptions::create() };
    let file = File::open(path, options).ok()?;
    allocate(directory, file.clone(), 0, length).await.then_some(file)
}

/// Allocates `length` bytes of disk from `position` on, off the core, where the volume has room for a few times as much.
async fn allocate(directory: &Path, file: File, position: u64, length: u64) -> bool {
    let directory = directory.to_path_buf();
    let allocated = creel_io::offload(move || {
        let has_room = fs::space(&directory)?.usable / PREALLOCATE_ROOM_FACTOR >= length;
        if has_room { file.allocate(position, length).map(|()| true) } else { Ok(false) }
    });
    // Without it the writes themselves say whether there is room.
    matches!(allocated.await, Ok(true))
}
