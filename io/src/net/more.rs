//! Whether a reply continues, as a value.

/// Whether more bytes of the same reply follow at once. Then the kernel may wait and send full packets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum More {
    /// More follows.
    Yes,
    /// This ends the reply.
    No,
}
