//! How to open a file, as a value.

/// How to open a file.
#[derive(Clone, Copy, Debug, Default)]
pub struct OpenOptions {
    /// The file is opened for writing too; reading is always possible.
    pub write: bool,
    /// The file is created if it is missing.
    pub create: bool,
    /// The file is created, and must not exist yet.
    pub create_new: bool,
    /// The file is cut to no bytes first.
    pub truncate: bool,
}

impl OpenOptions {
    /// For reading only.
    #[must_use]
    pub fn read() -> OpenOptions {
        OpenOptions::default()
    }

    /// For reading and writing. The file must exist.
    #[must_use]
    pub fn read_write() -> OpenOptions {
        OpenOptions { write: true, ..OpenOptions::default() }
    }

    /// For reading and writing. The file is created if it is missing.
    #[must_use]
    pub fn create() -> OpenOptions {
        OpenOptions { write: true, create: true, ..OpenOptions::default() }
    }
}
