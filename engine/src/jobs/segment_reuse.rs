//! A segment that retention drops becomes the file of the next one, so that its blocks need not be allocated again: a
//! sync over blocks that are written already costs no commit of the filesystem's journal.
//!
//! ```text
//! segment in the log -> retired -> wiped, synced, evicted -> spare -> (a roll) -> segment in the log
//!        S.log          S.log.deleted ----------------------------->    R.log
//! ```
//!
//! What makes it safe:
//! - Only segments of the same partition are reused, and only those that retention took: all stale offsets lie before
//!   the new segment's, so that a whole stale batch never continues the log; and no stale one can be revived (`wipe`).
//!   (Bytes that a client made up inside a record, to look like a batch of a later offset just where a power cut will tear
//!   a write, are not searched for: they come from one who may append to that log anyway.)
//! - Recovery knows which segments may hold stale bytes (`reuse_checkpoint`, `damage`).
//! - A file with a second name is left alone: it is somebody's backup.
//! - Nobody may still be reading what is written over. A handle that was given out can be seen. What sendfile has sent
//!   can't: until the receiver takes it, it lies in the very pages of the file. So these are evicted from the page
//!   cache, which they can be only if nothing shares them. A reused file therefore starts with no page in memory,
//!   and every write ends with its page, so that none has to be read from the disk.
//!
//! Knows the retired segment and its file, and nothing of the log that it was part of.

use std::io;
use std::path::Path;

use creel_io::fs::{File, OpenOptions};

use crate::config::{CleanupPolicy, LogConfig};
use crate::limits::REUSE_CACHED_PERCENT;
use crate::segment::Segment;
use crate::segment::wipe::wipe;

/// Whether a topic's segments are reused.
pub(crate) fn is_on(config: &LogConfig) -> bool {
    config.segment_recycle && config.cleanup_policy == CleanupPolicy::Delete
}

/// Whether a segment that retention took is worth keeping for the next one.
pub(crate) fn is_worth_keeping(segment: &Segment, config: &LogConfig) -> bool {
    !segment.is_damaged.get() && segment.length() * 2 >= config.segment_limit()
}

/// Makes the file of a retired segment, at `path`, one that may be written over. `None`: it may not be, or `goes_on` said no.
pub(crate) async fn prepare(
    segment: &Segment,
    path: &Path,
    goes_on: impl Fn() -> bool,
) -> io::Result<Option<File>> {
    drop(segment.log.retire());
    let file = File::open(path, OpenOptions::read_write())?;
    // A hard link may be somebody's backup.
    if file.names()? != 1 {
        return Ok(None);
    }
    let length = segment.length();
    // Its headers are looked at: what is on the disk only would have to be read for that.
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
