//! Kafka's text checkpoints: per log directory the recovery points and log starts of all partitions, per
//! partition its leader epochs; and the mark that a stop was clean.
//!
//! ```text
//! 0                 version
//! 2                 number of entries
//! orders 0 1500     topic, partition, offset        (recovery-point-, log-start-offset-checkpoint)
//! orders 1 93                                       (leader-epoch-checkpoint has: epoch, start offset)
//! ```
//!
//! They are written to the side and renamed into place, so a crash leaves the old or the new, never half of one.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io;
use std::path::{Path, PathBuf};

use creel_io::fs;

use crate::directory::TopicPartition;
use crate::error::naming;
use crate::offset::Offset;

const RECOVERY_POINTS: &str = "recovery-point-offset-checkpoint";
const LOG_STARTS: &str = "log-start-offset-checkpoint";
const HIGH_WATERMARKS: &str = "replication-offset-checkpoint";
const CLEAN_SHUTDOWN: &str = ".kafka_cleanshutdown";
const CLEAN_SHUTDOWN_CONTENT: &[u8] = br#"{"version":0,"brokerEpoch":-1}"#;

/// Offsets of many partitions, as one checkpoint file holds them.
pub type OffsetsByPartition = BTreeMap<TopicPartition, Offset>;

/// What a log directory remembers about its partitions between two starts.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Checkpoint {
    /// Everything below is known to be on the medium.
    pub recovery_points: OffsetsByPartition,
    /// Where each log starts, if that is not its first segment's base.
    pub log_starts: OffsetsByPartition,
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

    /// Reads both files. Missing ones are empty; so are damaged ones, which costs a longer recovery only.
    pub fn read(&self) -> io::Result<Checkpoint> {
        Ok(Checkpoint {
            recovery_points: self.read_one(RECOVERY_POINTS)?,
            log_starts: self.read_one(LOG_STARTS)?,
        })
    }

    /// Reads the high watermarks that Apache Kafka has left. They are read once, and never written here.
    pub fn read_high_watermarks(&self) -> io::Result<OffsetsByPartition> {
        self.read_one(HIGH_WATERMARKS)
    }

    fn read_one(&self, name: &str) -> io::Result<OffsetsByPartition> {
        let path = self.directory.join(name);
        // Kafka makes an empty one at its start.
        let Some(text) = read_text(&path)?.filter(|text| !text.is_empty()) else {
            return Ok(OffsetsByPartition::new());
        };
        let offsets = parse(&text, parse_partition).map(|entries| entries.into_iter().collect());
        Ok(offsets.unwrap_or_else(|| {
            tracing::warn!(path = %path.display(), "damaged checkpoint ignored: recovery will take longer");
            OffsetsByPartition::new()
        }))
    }

    /// Replaces both files, durably.
    pub async fn write(&self, checkpoint: &Checkpoint) -> io::Result<()> {
        self.write_one(RECOVERY_POINTS, &checkpoint.recovery_points).await?;
        self.write_one(LOG_STARTS, &checkpoint.log_starts).await
    }

    async fn write_one(&self, name: &str, offsets: &OffsetsByPartition) -> io::Result<()> {
        let lines = offsets.iter().map(|(name, offset)| format_partition(name, *offset));
        fs::write_atomically(&self.directory.join(name), format_lines(lines).as_bytes()).await
    }

    /// Whether the last stop was clean: every log then ends where its files end.
    pub fn was_clean_shutdown(&self) -> bool {
        fs::exists(&self.directory.join(CLEAN_SHUTDOWN))
    }

    /// Leaves Kafka's mark of a clean stop. Write it last, when every partition is closed.
    pub async fn mark_clean_shutdown(&self) -> io::Result<()> {
        fs::write_atomically(&self.directory.join(CLEAN_SHUTDOWN), CLEAN_SHUTDOWN_CONTENT).await
    }

    /// Takes the mark away, durably. Do it once every partition is open, before the first append.
    pub async fn clear_clean_shutdown(&self) -> io::Result<()> {
        if !self.was_clean_shutdown() {
            return Ok(());
        }
        fs::remove_file(&self.directory.join(CLEAN_SHUTDOWN))?;
        fs::sync_dir(&self.directory).await
    }
}

pub(crate) fn format_partition(name: &TopicPartition, offset: Offset) -> String {
    format!("{} {} {offset}", name.topic, name.partition)
}

pub(crate) fn parse_partition(line: &str) -> Option<(TopicPartition, Offset)> {
    let mut words = line.split(' ');
    let topic = words.next()?.to_owned();
    let partition = words.next()?.parse().ok()?;
    let offset = Offset(words.next()?.parse().ok()?);
    words.next().is_none().then_some((TopicPartition { topic, partition }, offset))
}

/// A version line, a count line, and one line per entry.
pub(crate) fn format_lines(lines: impl ExactSizeIterator<Item = String>) -> String {
    let mut text = format!("0\n{}\n", lines.len());
    for line in lines {
        let _ = writeln!(text, "{line}");
    }
    text
}

/// The entries of a checkpoint file, or `None` if it is damaged.
pub(crate) fn parse<T>(text: &str, entry: impl Fn(&str) -> Option<T>) -> Option<Vec<T>> {
    let mut lines = text.lines();
    let version: i32 = lines.next()?.parse().ok()?;
    let count: usize = lines.next()?.parse().ok()?;
    let entries: Vec<T> = lines.map(entry).collect::<Option<_>>()?;
    (version == 0 && entries.len() == count).then_some(entries)
}

/// A side file's text; `None` if it does not exist. Bytes that are no text read as damaged content.
pub(crate) fn read_text(path: &Path) -> io::Result<Option<String>> {
    match fs::read(path) {
        Ok(bytes) => Ok(Some(String::from_utf8_lossy(&bytes).into_owned())),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(naming(path)(error)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_come_back() {
        let text = format_lines(["orders 0 15".to_owned(), "a.b_c 7 0".to_owned()].into_iter());
        assert_eq!(text, "0\n2\norders 0 15\na.b_c 7 0\n");
        let entries = parse(&text, parse_partition).unwrap();
        assert_eq!(entries[1].0, TopicPartition { topic: "a.b_c".into(), partition: 7 });
    }

    #[test]
    fn damaged_text_is_refused() {
        for text in ["", "0\n", "1\n0\n", "0\n2\na 0 1\n", "0\n1\na 0\n", "0\n1\na 0 x\n", "0\n1\na 0 1 2\n"]
        {
            assert!(parse(text, parse_partition).is_none(), "{text:?}");
        }
    }
}
