//! What determines the form of a value on the wire.

/// What determines a value's form: the message's version, whether that version is flexible, and whether the value may
/// be null.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shape {
    /// The message's version.
    pub version: i16,
    /// Lengths are compact, and tagged fields follow each structure.
    pub flexible: bool,
    /// Whether null is allowed here.
    pub nullable: bool,
}

impl Shape {
    /// The same shape for a value that may be null if `nullable` says so.
    #[inline]
    #[must_use]
    pub const fn null_where(self, nullable: bool) -> Self {
        Self { nullable, ..self }
    }

    /// The same shape for a value that is never null.
    #[inline]
    #[must_use]
    pub const fn never_null(self) -> Self {
        self.null_where(false)
    }
}
