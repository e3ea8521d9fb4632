//! The names of a journal's files: `creel-2-0.journal` is the first file of core 2.
//!
//! They are plain files of a log directory. Kafka reads only directories there, and these names are not those of
//! partitions.

use std::path::{Path, PathBuf};

/// Which file of which core's journal.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct FileName {
    pub(crate) core: usize,
    pub(crate) number: usize,
}

impl FileName {
    pub(crate) fn path(self, directory: &Path) -> PathBuf {
        directory.join(format!("creel-{}-{}.journal", self.core, self.number))
    }

    /// Where a file is kept whose records could not all be appended: the first such name that nothing has. It is no file
    /// of a journal any more.
    pub(crate) fn kept_path(self, directory: &Path, exists: impl Fn(&Path) -> bool) -> PathBuf {
        let numbered = |number: u64| {
            directory.join(format!("creel-{}-{}.journal.kept-{number}", self.core, self.number))
        };
        (1..).map(numbered).find(|path| !exists(path)).unwrap_or_else(|| numbered(0))
    }

    /// Whether a crash has left this of a file that was being made.
    pub(crate) fn is_unfinished(name: &str) -> bool {
        name.strip_suffix(".tmp").and_then(Self::parse).is_some()
    }

    /// Whether it is the name of a journal's file, of one that is being made, or of one that was kept.
    pub(crate) fn is_of_journals(name: &str) -> bool {
        let of_journal = name.split_once(".journal").map(|(stem, _)| format!("{stem}.journal"));
        of_journal.is_some_and(|name| Self::parse(&name).is_some())
    }

    /// `None`: it is no file of a journal.
    pub(crate) fn parse(name: &str) -> Option<Self> {
        let (core, number) = name.strip_prefix("creel-")?.strip_suffix(".journal")?.split_once('-')?;
        let name_of = |core, number| Self { core, number };
        Some(name_of(parse_number(core)?, parse_number(number)?))
    }
}

fn parse_number(digits: &str) -> Option<usize> {
    let is_number = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
    is_number.then(|| digits.parse().ok())?
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::directory::TopicPartition;

    #[test]
    fn a_name_comes_back_and_is_that_of_no_partition() {
        let file = FileName { core: 12, number: 3 };
        let path = file.path(Path::new("/d"));
        assert_eq!(path, Path::new("/d/creel-12-3.journal"));
        assert_eq!(FileName::parse("creel-12-3.journal"), Some(file));
        assert_eq!(TopicPartition::from_directory_name("creel-12-3.journal"), None);
        assert!(FileName::is_unfinished("creel-12-3.journal.tmp"));
        for of_journals in ["creel-12-3.journal", "creel-12-3.journal.tmp", "creel-12-3.journal.kept-2"] {
            assert!(FileName::is_of_journals(of_journals));
        }
        assert!(!FileName::is_of_journals("creel-metadata.journal") && !FileName::is_of_journals("a"));
        assert!(!FileName::is_unfinished("creel-12-3.journal") && !FileName::is_unfinished("a.journal.tmp"));
        for other in [
            "creel-metadata.journal",
            "creel-1.journal",
            "creel-1-2.journal.kept-1",
            "creel-1-+2.journal",
            "creel--2.journal",
            "a-1-2.journal",
        ] {
            assert_eq!(FileName::parse(other), None, "{other}");
        }
    }
}
