//! Disk that is claimed whole before a segment's first write (`preallocate`): its writes then find their blocks, and a
//! sync has none to allocate.
//!
//! Never while a segment is being written to: the filesystem allocates under the file's lock, and on a busy disk it reads
//! block bitmaps meanwhile (tens of ms), for which a write of that moment would wait. So what the active segment lacks is
//! claimed before its partition opens, and the next one's file when half of the active one is written. A segment that
//! began sooner grows with its writes.
//!
//! A claim is given up rather than made into the last room of a volume; that one is refused is no fault. Like a retired
//! segment (`recycle`), a claimed file that waits outlives no stop, no crash, no idleness, and no full disk.

use std::path::{Path, PathBuf};
use std::rc::Rc;

use creel_io::fs::{self, File, OpenOptions};

use crate::jobs::segment_reuse::Task;
use crate::limits::CLAIM_ROOM_FACTOR;
use crate::log::Health;
use crate::partition::Inner;
use crate::segment::Segment;
use crate::segment::spare::{Spare, path_not_kept, remove_retired};

/// Claims what `segment`, which nobody writes to yet, lacks of `limit` bytes.
pub(crate) async fn claim_rest(directory: &Path, segment: &Segment, limit: u64) {
    let length = segment.length();
    if let Ok(file) = segment.log.get()
        && !claim(directory, file, length, limit.saturating_sub(length)).await
        // A claim that ran out of room keeps what it got.
        && let Err(error) = segment.cut_to_length()
    {
        tracing::warn!(log = %segment.log.path().display(), %error, "disk that was claimed is not given back");
    }
    segment.log.close();
}

/// Claims `length` bytes of disk from `position` on, off the core, where the volume has room for a few times as much.
async fn claim(directory: &Path, file: File, position: u64, length: u64) -> bool {
    let directory = directory.to_path_buf();
    let claimed = creel_io::offload(move || {
        let has_room = fs::space(&directory)?.usable / CLAIM_ROOM_FACTOR >= length;
        if has_room { file.allocate(position, length).map(|()| true) } else { Ok(false) }
    });
    // Without a claim the writes themselves say whether there is room.
    matches!(claimed.await, Ok(true))
}

impl Inner {
    /// Claims a file for the segment behind the active one, once half of that is written. A recycled one would be better.
    pub(crate) fn claim_next_soon(self: &Rc<Self>, active: &Segment) {
        let Some(limit) = self.config.borrow().claim_limit() else { return };
        if active.length() >= limit / 2 && !self.recycles() && self.recycler.wants_claim_behind(active.base) {
            self.claim_next(path_not_kept(&self.directory, active.base, ".next.deleted"), limit);
        }
    }

    fn claim_next(self: &Rc<Self>, path: PathBuf, length: u64) {
        self.recycler.is_preparing.set(true);
        let task = Task::begin(self);
        creel_io::spawn(async move {
            let inner = task.inner();
            match inner.try_claim_next(&path, length).await {
                Some(file) if inner.health.get() == Health::Healthy => {
                    *inner.recycler.spare.borrow_mut() = Some(Spare { path, file, length, is_stale: false });
                }
                // The next segment grows with its writes.
                _ => remove_retired(path, None).await,
            }
            inner.recycler.is_preparing.set(false);
        });
    }

    async fn try_claim_next(&self, path: &Path, length: u64) -> Option<File> {
        let options = OpenOptions { truncate: true, ..OpenOptions::create() };
        let file = File::open(path, options).ok()?;
        claim(&self.directory, file.clone(), 0, length).await.then_some(file)
    }
}
