//! A target: a decoder and its name.

/// A decoder under test.
#[derive(Clone, Copy)]
pub struct Target {
    pub name: &'static str,
    /// Gives it an input. A panic is a finding.
    pub run: fn(&[u8]),
}
