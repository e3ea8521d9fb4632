//! The checkpoint files of a log directory: the recovery points and log starts of all its partitions, and the marker
//! file of a clean stop.
//!
//! Each file is first written beside the old one and then renamed over it. So a crash leaves the old file or the new
//! one, never half of one.

use std::io;
use std::path::{Path, PathBuf};

use creel_io::fs;

use crate::directory::TopicPartition;
use crate::format::checkpoint::{OffsetLines, OffsetsByPartition, decode, join};
use crate::offset::Offset;
use crate::segment::checkpoints::read_text;

const RECOVERY_POINTS: &str = "recovery-point-offset-checkpoint";
const LOG_STARTS: &str = "log-start-offset-checkpoint";
const HIGH_WATERMARKS: &str = "replication-offset-checkpoint";
const CLEAN_SHUTDOWN: &str = ".kafka_cleanshutdown";
const CLEAN_SHUTDOWN_CONTENT: &[u8] = br#"{"version":0,"brokerEpoch":-1}"#;

/// How the broker last stopped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LastStop {
    /// It closed every partition, so no log can be torn.
    Clean,
    /// It crashed, or left some work undone.
    Unclean,
}

/// What a log directory holds about its partitions from one start to the next.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Checkpoint {
    /// Everything below these offsets is known to be on the medium.
    pub recovery_points: OffsetsByPartition,
    /// Where each log starts, if that is not the base offset of its first segment.
    pub log_starts: OffsetsByPartition,
}

/// What both files are to hold of some partitions. It is put together one partition at a time, because there can be very
/// many.
#[derive(Debug, Default)]
pub struct CheckpointPart {
    recovery_points: OffsetLines,
    log_starts: OffsetLines,
}

impl CheckpointPart {
    /// Adds a partition: everything below `recovery_point` is on the medium, and its log starts at `log_start`.
    pub fn add(&mut self, name: &TopicPartition, recovery_point: Offset, log_start: Offset) {
        self.recovery_points.add(name, recovery_point);
        if log_start > Offset::ZERO {
            self.log_starts.add(name, log_start);
        }
    }
}

/// The checkpoint files of one log directory.
#[derive(Clone, Debug)]
pub struct CheckpointFiles {
    directory: PathBuf,
}

impl CheckpointFiles {
    /// Of the log directory `directory`.
    pub fn of(directory: &Path) -> Self {
        Self { directory: directory.to_path_buf() }
    }

    /// Reads both files. A missing file counts as empty, and so does a damaged one; a recovery then only takes longer.
    pub fn read(&self) -> io::Result<Checkpoint> {
        Ok(Checkpoint {
            recovery_points: self.read_one(RECOVERY_POINTS)?,
            log_starts: self.read_one(LOG_STARTS)?,
        })
    }

    /// Reads the high watermarks that Apache Kafka has written. They are read once, and Creel never writes them.
    pub fn read_high_watermarks(&self) -> io::Result<OffsetsByPartition> {
        self.read_one(HIGH_WATERMARKS)
    }

    fn read_one(&self, name: &str) -> io::Result<OffsetsByPartition> {
        let path = self.directory.join(name);
        // Kafka creates an empty file when it starts.
        let Some(text) = read_text(&path)?.filter(|text| !text.is_empty()) else {
            return Ok(OffsetsByPartition::new());
        };
        Ok(decode(&text).unwrap_or_else(|| {
            tracing::warn!(path = %path.display(), "a checkpoint is damaged, and ignored: recovery takes longer");
            OffsetsByPartition::new()
        }))
    }

    /// Those of both files that are damaged.
    pub fn damaged(&self) -> io::Result<Vec<PathBuf>> {
        let mut damaged = Vec::new();
        for name in [RECOVERY_POINTS, LOG_STARTS] {
            let path = self.directory.join(name);
            let text = read_text(&path)?.filter(|text| !text.is_empty());
            damaged.extend(text.filter(|text| decode(text).is_none()).map(|_| path));
        }
        Ok(damaged)
    }

    /// Replaces both files, durably, by what these parts hold together.
    pub async fn write(&self, parts: Vec<CheckpointPart>) -> io::Result<()> {
        // Off the core: a hundred thousand partitions are some megabytes.
        let (recovery_points, log_starts) = creel_io::offload(move || {
            let points: Vec<_> = parts.iter().map(|part| &part.recovery_points).collect();
            let starts: Vec<_> = parts.iter().map(|part| &part.log_starts).collect();
            (join(&points), join(&starts))
        })
        .await;
        self.write_one(RECOVERY_POINTS, &recovery_points).await?;
        self.write_one(LOG_STARTS, &log_starts).await
    }

    async fn write_one(&self, name: &str, text: &str) -> io::Result<()> {
        fs::write_atomically(&self.directory.join(name), text.as_bytes()).await
    }

    /// How the broker last stopped, by Kafka's marker file. After a clean stop every log ends where its files end.
    pub fn last_stop(&self) -> LastStop {
        if fs::exists(&self.directory.join(CLEAN_SHUTDOWN)) { LastStop::Clean } else { LastStop::Unclean }
    }

    /// Writes Kafka's marker file of a clean stop. Write it last, when every partition is closed.
    pub async fn mark_clean_shutdown(&self) -> io::Result<()> {
        fs::write_atomically(&self.directory.join(CLEAN_SHUTDOWN), CLEAN_SHUTDOWN_CONTENT).await
    }

    /// Removes the marker file, durably. Do so when every partition is open, before the first append.
    pub async fn clear_clean_shutdown(&self) -> io::Result<()> {
        if self.last_stop() == LastStop::Unclean {
            return Ok(());
        }
        fs::remove_file(&self.directory.join(CLEAN_SHUTDOWN))?;
        fs::sync_dir(&self.directory).await
    }
}
