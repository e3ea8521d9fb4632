//! A log as a start finds it: the names of its files, and what is known of them before they are read.

use std::ffi::{OsStr, OsString};
use std::io;
use std::path::{Path, PathBuf};

use creel_io::fs;

use crate::config::{CleanupPolicy, LogConfig};
use crate::directory::log_base;
use crate::error::naming;
use crate::format::bad_ranges::{self, BadRange};
use crate::format::reuse_checkpoint::ReuseCheckpoint;
use crate::offset::Offset;
use crate::recover::checkpoint_files::LastStop;
use crate::recover::found_segment::FoundSegment;
use crate::recover::progress::RecoveryProgress;
use crate::segment::checkpoints::read_bad_ranges;
use crate::segment::remove::remove_if_there;
use crate::segment::side_files::snapshot;

/// The files in a partition's directory that matter here, by offset.
#[derive(Debug, Default)]
pub(crate) struct FoundFiles {
    /// All names, in order. One that is not among them need not be looked for.
    names: Vec<OsString>,
    pub(crate) bases: Vec<Offset>,
    pub(crate) snapshots: Vec<Offset>,
}

impl FoundFiles {
    /// Whether the directory had a file of this name.
    pub(crate) fn has(&self, name: impl AsRef<OsStr>) -> bool {
        self.names.binary_search_by(|known| known.as_os_str().cmp(name.as_ref())).is_ok()
    }
}

/// Lists a partition's directory, and removes what a crash left unfinished. `None`: there is no such directory.
pub(crate) fn find_files(directory: &Path) -> io::Result<Option<FoundFiles>> {
    let Some((found, leftovers)) = list_files(directory)? else { return Ok(None) };
    leftovers.iter().try_for_each(|path| remove_if_there(path))?;
    Ok(Some(found))
}

/// Lists a partition's directory: its files, and what a crash left unfinished. `None`: there is no such directory.
pub(crate) fn list_files(directory: &Path) -> io::Result<Option<(FoundFiles, Vec<PathBuf>)>> {
    let names = match fs::read_dir(directory) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        names => names.map_err(naming(directory))?,
    };
    let (mut found, mut leftovers) = (FoundFiles::default(), Vec::new());
    for name in &names {
        let name = Path::new(name);
        if let Some(base) = log_base(name) {
            found.bases.push(base);
        } else if let Some(offset) = snapshot::KIND.offset_in(name) {
            found.snapshots.push(offset);
        } else if is_leftover(name) {
            leftovers.push(directory.join(name));
        }
    }
    Ok(Some((FoundFiles { names, ..found }, leftovers)))
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
    /// The directory was made just now, with all names durable.
    pub(crate) is_made_now: bool,
    /// Whatever lies on this device was on the medium before anything was read of it.
    pub(crate) synced_device: Option<u64>,
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

    /// Whether the last stop left every file as it should be. A log without a record needs no epochs.
    pub(crate) fn may_be_trusted(&self, found: &[FoundSegment]) -> bool {
        let has_no_record = match found {
            [] => true,
            [only] => only.base() == Offset::ZERO && only.length() == 0,
            _ => false,
        };
        self.last_stop == LastStop::Clean && (self.epochs_file == EpochsFile::Sound || has_no_record)
    }

    /// Whether each batch begins where the one before it ends.
    pub(crate) fn is_gapless(&self) -> bool {
        self.config.cleanup_policy == CleanupPolicy::Delete && !self.config.may_have_gaps
    }

    /// The bad ranges that were found by earlier starts.
    pub(crate) fn bad_ranges(&self) -> io::Result<Vec<BadRange>> {
        if self.files.has(bad_ranges::FILE_NAME) { read_bad_ranges(&self.directory) } else { Ok(Vec::new()) }
    }

    pub(crate) fn open_segments(&self) -> io::Result<Vec<FoundSegment>> {
        let open = |base: &Offset| FoundSegment::open(&self.directory, *base, self.now_ms);
        self.files.bases.iter().map(open).collect()
    }
}
