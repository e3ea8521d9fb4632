//! Segment reuse: the file of a segment that retention drops becomes the file of the next segment, so its blocks need
//! not be allocated again. A sync of blocks that were written before needs no commit of the filesystem's journal.
//!
//! ```text
//! segment in the log -> retired -> wiped, synced, evicted -> spare -> (a roll) -> segment in the log
//!        S.log          S.log.deleted ----------------------------->    R.log
//! ```
//!
//! Reuse is safe for these reasons:
//! - Only segments of the same partition are reused, and only those that retention dropped. All stale offsets lie
//!   before those of the new segment, so a whole stale batch never continues the log. A stale batch also cannot be made
//!   valid by a torn write (`wipe`). (There is one gap: a client may put bytes inside a record that look like a batch
//!   of a later offset, just where a power cut will tear a write. They are not searched for, because such a client may
//!   append to that log anyway.)
//! - Recovery knows which segments may hold stale bytes (`reuse_checkpoint`, `damage`).
//! - A file with a second name (a hard link) is not reused: it may be a backup.
//! - Nobody may still read the bytes that are overwritten. The log can see whether a handle that it gave out is still
//!   held. It cannot see what sendfile has sent: until the receiver has taken the bytes, they are in the very pages of
//!   the file. So the file's pages are evicted from the page cache, which works only if nothing else shares them. A
//!   reused file therefore starts with no page in memory. Every write to it ends with a whole page, so no page has to
//!   be read from the disk.
//!
//! Knows the retired segment and its file. Must not know the log that the segment was part of.

use std::io;
use std::path::Path;

use creel_io::fs::{File, OpenOptions};

use crate::config::{CleanupPolicy, LogConfig};
use crate::limits::REUSE_CACHED_PERCENT;
use crate::log::{Contents, Dropped};
use crate::segment::Segment;
use crate::segment::wipe::wipe;

/// Whether a topic's segments are reused.
pub(crate) fn is_on(config: &LogConfig) -> bool {
    config.segment_reuse && config.cleanup_policy == CleanupPolicy::Delete
}

/// Whether a segment that retention dropped is worth keeping for the next one.
pub(crate) fn is_worth_keeping(dropped: &Dropped, config: &LogConfig) -> bool {
    dropped.contents == Contents::Whole && dropped.segment.length() * 2 >= config.segment_limit()
}

/// Prepares the file of a retired segment, at `path`, to be overwritten. `None`: it must not be, or `goes_on` returned
/// `false`.
pub(crate) async fn prepare(
    segment: &Segment,
    path: &Path,
    goes_on: impl Fn() -> bool,
) -> io::Result<Option<File>> {
    drop(segment.log.retire());
    let file = File::open(path, OpenOptions::read_write())?;
    // A hard link may be a backup.
    if file.names()? != 1 {
        return Ok(None);
    }
    let length = segment.length();
    // The batch headers will be read. What is not in memory would have to be read from the disk for that.
    let cached = file.cached_bytes()?.unwrap_or(0);
    if cached * 100 < length * REUSE_CACHED_PERCENT || !wipe(&file, segment.base, length, &goes_on).await? {
        return Ok(None);
    }
    file.sync_data().await?;
    if segment.log.is_held() {
        return Ok(None);
    }
    let evicted = file.clone();
    let is_evicted = creel_io::offload(move || evicted.evict()).await?;
    Ok((is_evicted && goes_on()).then_some(file))
}
