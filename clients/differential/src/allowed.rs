//! The differences that are accepted, each with its reason.
//!
//! In every column `*` stands for anything. An entry that no difference fits any more fails the run, so that the list says
//! what is true today.

/// Differences that are accepted.
#[derive(Debug)]
pub(crate) struct Allowed {
    /// The story, as `metadata/auto-create`.
    pub(crate) story: &'static str,
    /// What was asked, as `Metadata v*`.
    pub(crate) ask: &'static str,
    /// The line of the answer.
    pub(crate) path: &'static str,
    pub(crate) kafka: &'static str,
    pub(crate) creel: &'static str,
    pub(crate) reason: &'static str,
}

/// All of them.
pub(crate) const ALLOWED: &[Allowed] = &[];
