//! A kind of side file, known by how its name ends.

use std::path::{Path, PathBuf};

use crate::directory::{offset_in, segment_path};
use crate::offset::Offset;

/// See the module.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Kind {
    extension: &'static str,
}

impl Kind {
    pub(crate) const fn named(extension: &'static str) -> Self {
        Self { extension }
    }

    /// The path of the file of this kind that belongs to `offset`.
    pub(crate) fn path(self, directory: &Path, offset: Offset) -> PathBuf {
        segment_path(directory, offset, self.extension)
    }

    /// The offset that a file of this kind belongs to. `None` for any other file.
    pub(crate) fn offset_in(self, path: &Path) -> Option<Offset> {
        offset_in(path, self.extension)
    }
}
