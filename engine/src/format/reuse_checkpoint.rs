//! Which segments of a log may hold stale bytes behind their batches. Recovery must know this about reused files.
//!
//! `recycled-segments-checkpoint` lies in the partition's directory. It has the form of Kafka's checkpoints; Kafka
//! itself ignores it. One line holds `from secret`. `from` is a base offset: a segment from there on may be the reused
//! file of an older segment. `secret` signs the marks of such segments.
//!
//! The checkpoint is durable before the first reused file gets its name. It is removed once every segment is known to
//! end with its batches: after recovery, and at a clean stop.

use crate::format::checkpoint::{format_lines, parse};
use crate::format::durability_mark::{Secret, Signer};
use crate::offset::Offset;

/// File name in the partition's directory.
pub(crate) const FILE_NAME: &str = "recycled-segments-checkpoint";

/// Segments that may be reused files, and the secret that signs their marks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct ReuseCheckpoint {
    pub(crate) from: Offset,
    pub(crate) secret: Secret,
}

impl ReuseCheckpoint {
    /// What signs the marks of a segment, whether or not it may be a reused file.
    pub(crate) fn signer(this: Option<Self>, segment: Offset) -> Signer {
        let among = this.filter(|reuse| segment >= reuse.from);
        Signer { segment, secret: among.map(|reuse| reuse.secret) }
    }
}

/// The file's text.
pub(crate) fn encode(reuse: ReuseCheckpoint) -> String {
    format_lines([format!("{} {}", reuse.from, reuse.secret.get())].into_iter())
}

/// Reads the file's text; `None` if it is damaged.
pub(crate) fn decode(text: &str) -> Option<ReuseCheckpoint> {
    parse(text, parse_line)?.first().copied()
}

fn parse_line(line: &str) -> Option<ReuseCheckpoint> {
    let (from, secret) = line.split_once(' ')?;
    Some(ReuseCheckpoint {
        from: Offset::new(from.parse().ok()?)?,
        secret: Secret::new(secret.parse().ok()?)?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_comes_back_and_speaks_of_later_segments_only() {
        let secret = Secret::new(7);
        let reuse = ReuseCheckpoint { from: Offset::of(100), secret: secret.unwrap() };
        assert_eq!(encode(reuse), "0\n1\n100 7\n");
        assert_eq!(decode(&encode(reuse)), Some(reuse));
        assert_eq!(decode("0\n1\n100 0\n"), None);
        assert_eq!(ReuseCheckpoint::signer(Some(reuse), Offset::of(99)).secret, None);
        assert_eq!(ReuseCheckpoint::signer(Some(reuse), Offset::of(100)).secret, secret);
        assert_eq!(ReuseCheckpoint::signer(None, Offset::of(100)).secret, None);
    }
}
