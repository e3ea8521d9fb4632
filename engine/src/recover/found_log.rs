//! A log as a start finds it: the names of its files, and what is known of them before they are read.

use std::io;
use std::path::{Path, PathBuf};

use creel_io::fs;

use crate::config::{CleanupPolicy, LogConfig};
use crate::directory::log_base;
use crate::error::naming;
use crate::format::reuse_checkpoint::ReuseCheckpoint;
use crate::offset::Offset;
use crate::recover::checkpoint_files::LastStop;
use crate::recover::found_segment::FoundSegment;
use crate::recover::progress::RecoveryProgress;
use crate::segment::remove::remove_if_there;
use crate::segment::side_files::snapshot;

/// The files in a partition's directory that matter here, by offset.
#[derive(Debug, Default)]
pub(crate) struct FoundFiles {
    pub(crate) bases: Vec<Offset>,
    pub(crate) snapshots: Vec<Offset>,
}

/// Lists a partition's directory, and removes what a crash left unfinished.
pub(crate) fn find_files(directory: &Path) -> io::Result<FoundFiles> {
    let (found, leftovers) = list_files(directory)?;
    leftovers.iter().try_for_each(|path| remove_if_there(path))?;
    Ok(found)
}

/// Lists a partition's directory: its files, and what a crash left unfinished.
pub(crate) fn list_files(directory: &Path) -> io::Result<(FoundFiles, Vec<PathBuf>)> {
    let (mut found, mut leftovers) = (FoundFiles::default(), Vec::new());
    for name in fs::read_dir(directory).map_err(naming(directory))? {
        let path = directory.join(name);
        if let Some(base) = log_base(&path) {
            found.bases.push(base);
        } else if let Some(offset) = snapshot::KIND.offset_in(&path) {
            found.snapshots.push(offset);
        } else if is_leftover(&path) {
            leftovers.push(path);
        }
    }
    Ok((found, leftovers))
}

fn is_leftover(path: &Path) -> bool {
    path.extension().is_some_and(|extension| extension == "deleted" || extension == "tmp")
}

/// Whether the file of a log's leader epochs could be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum EpochsFile {
    Sound,
    /// It is missing or damaged, so every batch must be read again.
    Gone,
}

/// What is known of a log before its segments are read.
#[derive(Debug)]
pub(crate) struct FoundLog {
    pub(crate) directory: PathBuf,
    pub(crate) config: LogConfig,
    pub(crate) now_ms: i64,
    pub(crate) last_stop: LastStop,
    pub(crate) epochs_file: EpochsFile,
    /// From the checkpoint: everything below was synced. After a clean stop it is also the log's end.
    pub(crate) checkpoint: Offset,
    /// Segments that may hold stale bytes behind their batches.
    pub(crate) reuse: Option<ReuseCheckpoint>,
    pub(crate) files: FoundFiles,
    /// The progress of all recoveries of this core.
    pub(crate) progress: RecoveryProgress,
}

impl FoundLog {
    /// Batches below this were synced, so they are not verified again.
    pub(crate) fn recovery_point(&self) -> Offset {
        match self.epochs_file {
            EpochsFile::Sound => self.checkpoint,
            EpochsFile::Gone => Offset::ZERO,
        }
    }

    /// Whether the last stop left every file as it should be.
    pub(crate) fn may_be_trusted(&self) -> bool {
        let has_side_files = self.epochs_file == EpochsFile::Sound || self.files.bases.is_empty();
        self.last_stop == LastStop::Clean && has_side_files
    }

    /// Whether each batch begins where the one before it ends.
    pub(crate) fn is_gapless(&self) -> bool {
        self.config.cleanup_policy == CleanupPolicy::Delete && !self.config.may_have_gaps
    }

    pub(crate) fn open_segments(&self) -> io::Result<Vec<FoundSegment>> {
        let open = |base: &Offset| FoundSegment::open(&self.directory, *base, self.now_ms);
        self.files.bases.iter().map(open).collect()
    }
}
