//! How to open a file, as a value.

/// How to open a file.
#[derive(Clone, Copy, Debug, Default)]
pub struct OpenOptions {
    /// Writing is wanted; reading always is.
    pub write: bool,
    /// Made when it is missing.
    pub create: bool,
    /// Must not exist yet.
    pub create_new: bool,
    /// Cut to nothing first.
    pub truncate: bool,
}

impl OpenOptions {
    /// For reading alone.
    #[must_use]
    pub fn read() -> OpenOptions {
        OpenOptions::default()
    }

    /// For reading and writing; must exist.
    #[must_use]
    pub fn read_write() -> OpenOptions {
        OpenOptions { write: true, ..OpenOptions::default() }
    }

    /// For reading and writing; made when missing.
    #[must_use]
    pub fn create() -> OpenOptions {
        OpenOptions { write: true, create: true, ..OpenOptions::default() }
    }
}
