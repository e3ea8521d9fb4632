//! Names on disk: `topic-partition/` directories and the files in them. They are Kafka's, but for `.log.next.deleted`, which
//! is our own.
//!
//! ```text
//! orders-0/00000000000000001500.log        batches from offset 1500 on
//! orders-0/00000000000000001500.index      offset index     (`offset_index`)
//! orders-0/00000000000000001500.timeindex  time index       (`time_index`)
//! orders-0/00000000000000001500.snapshot   producer state before offset 1500 (`producers`)
//! orders-0/00000000000000001500.log.deleted    a deleted segment: becomes the next one, or is removed (`spare`)
//! orders-0/00000000000000001500.log.next.deleted    preallocated for the segment behind it (`spare`)
//! orders-0/leader-epoch-checkpoint         (`epochs`)
//! orders-0/partition.metadata              topic id
//! orders-0.<32 hex digits>-delete/         a deleted partition that is being removed (a long name is cut)
//! ```

use std::fmt;
use std::path::{Path, PathBuf};

use crate::offset::Offset;

/// How the name of a file with batches ends. The names of the files beside it are in `segment::side_files`.
const LOG: &str = "log";
pub(crate) const DELETED_SUFFIX: &str = "-delete";
/// The longest name, in bytes, on the usual file systems.
const NAME_BYTES_MAX: usize = 255;

/// A partition's name.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TopicPartition {
    /// The topic.
    pub topic: String,
    /// Its index within the topic.
    pub partition: i32,
}

impl TopicPartition {
    /// A partition's name.
    pub fn new(topic: impl Into<String>, partition: i32) -> Self {
        Self { topic: topic.into(), partition }
    }

    /// The name of its directory.
    pub fn directory_name(&self) -> String {
        self.to_string()
    }

    /// A name for its directory that nothing else has. It ends with a suffix that says why the directory was renamed.
    /// Where the whole name is too long, the end of the topic's name is left out, as in Kafka.
    pub fn unique_name(&self, suffix: &str) -> String {
        let unique = u128::from(creel_io::random_u64()) << 64 | u128::from(creel_io::random_u64());
        let ending = format!("-{}.{unique:032x}{suffix}", self.partition);
        let room = NAME_BYTES_MAX.saturating_sub(ending.len());
        let kept = &self.topic[..self.topic.floor_char_boundary(room)];
        format!("{kept}{ending}")
    }

    /// The partition that a directory name belongs to. `None` for any other directory.
    pub fn from_directory_name(name: &str) -> Option<Self> {
        let (topic, partition) = name.rsplit_once('-')?;
        let digits = partition.bytes().all(|byte| byte.is_ascii_digit());
        let partition = digits.then(|| partition.parse().ok())??;
        (!topic.is_empty()).then(|| Self::new(topic, partition))
    }
}

/// The id of a topic. A topic that is deleted and made again under the same name has another one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TopicId(pub [u8; 16]);

impl fmt::Display for TopicPartition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}", self.topic, self.partition)
    }
}

/// The path of a segment's batches.
pub(crate) fn log_path(directory: &Path, base: Offset) -> PathBuf {
    segment_path(directory, base, LOG)
}

/// The base offset of the segment whose batches a file holds. `None` for any other file.
pub(crate) fn log_base(path: &Path) -> Option<Offset> {
    offset_in(path, LOG)
}

/// The path of a file of a segment, by how its name ends.
pub(crate) fn segment_path(directory: &Path, base: Offset, extension: &str) -> PathBuf {
    directory.join(format!("{:020}.{extension}", base.get()))
}

/// The offset in a file's name. `None` if the name does not end with `extension`, or does not begin with an offset.
pub(crate) fn offset_in(path: &Path, extension: &str) -> Option<Offset> {
    if path.extension()? != extension {
        return None;
    }
    let stem = path.file_stem()?.to_str()?;
    let digits = stem.len() == 20 && stem.bytes().all(|byte| byte.is_ascii_digit());
    Offset::new(digits.then(|| stem.parse().ok())??)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn directory_names_come_back() {
        let name = TopicPartition::new("a-b.c", 12);
        assert_eq!(name.directory_name(), "a-b.c-12");
        assert_eq!(TopicPartition::from_directory_name("a-b.c-12"), Some(name));
        for other in ["", "a", "-1", "a-", "a-x", "a-+1", "a-99999999999"] {
            assert_eq!(TopicPartition::from_directory_name(other), None, "{other}");
        }
    }

    #[test]
    fn no_suffix_makes_a_name_too_long_for_the_disk() {
        for (length, partition, kept) in [(6, 0, 6), (213, 0, 213), (214, 0, 213), (249, 99_999, 209)] {
            let topic = "a".repeat(length);
            let name = TopicPartition::new(topic, partition).unique_name(DELETED_SUFFIX);
            assert!(name.len() <= NAME_BYTES_MAX, "{name}");
            let expected = format!("{}-{partition}.", "a".repeat(kept));
            assert!(name.starts_with(&expected) && name.ends_with(DELETED_SUFFIX), "{name}");
        }
        let wide = TopicPartition::new("ö".repeat(124), 0).unique_name("-stray");
        assert!(wide.len() <= NAME_BYTES_MAX && wide.ends_with("-stray"), "{wide}");
    }

    #[test]
    fn segment_names_come_back() {
        let path = log_path(Path::new("/d/a-0"), Offset::of(1500));
        assert_eq!(path, Path::new("/d/a-0/00000000000000001500.log"));
        assert_eq!(log_base(&path), Some(Offset::of(1500)));
        let index = segment_path(Path::new("/d/a-0"), Offset::of(1500), "timeindex");
        assert_eq!((offset_in(&index, "timeindex"), log_base(&index)), (Some(Offset::of(1500)), None));
        for other in ["1500.log", "0000000000000000150x.log", "00000000000000001500.log.deleted"] {
            assert_eq!(log_base(Path::new(other)), None, "{other}");
        }
    }
}
