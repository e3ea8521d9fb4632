//! Which segments of a log may hold stale bytes behind their batches: what recovery must know about recycled files.
//!
//! `recycled-segments-checkpoint` in the partition's directory (in the form of Kafka's checkpoints; Kafka itself ignores
//! the file) says from which base offset on segments may be recycled ones, and the secret that signs their marks. It is
//! on the medium before the first such file gets its name, and goes when every segment is known to end with its
//! batches: after recovery, and at a clean stop.

use std::io;
use std::path::Path;

use creel_io::fs;

use crate::directory::remove_if_there;
use crate::format::checkpoint::{format_lines, parse, read_text};
use crate::format::durability_mark::{Secret, Signer};
use crate::offset::Offset;

const FILE_NAME: &str = "recycled-segments-checkpoint";

/// Segments that may be recycled files, and whose marks are signed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Recycled {
    pub(crate) from: Offset,
    pub(crate) secret: Secret,
}

impl Recycled {
    /// The signer of a segment's marks, whether or not it is among these.
    pub(crate) fn signer(this: Option<Self>, segment: Offset) -> Signer {
        let among = this.filter(|recycled| segment >= recycled.from);
        Signer { segment, secret: among.map_or(Secret::NONE, |recycled| recycled.secret) }
    }
}

/// `None`: there are none. A file that can't be read speaks of all segments, and no mark is believed.
pub(crate) fn read(directory: &Path) -> io::Result<Option<Recycled>> {
    let Some(text) = read_text(&directory.join(FILE_NAME))? else {
        return Ok(None);
    };
    let lines = parse(&text, parse_line).unwrap_or_default();
    let unknown = Recycled { from: Offset::ZERO, secret: new_secret() };
    Ok(Some(lines.first().copied().unwrap_or(unknown)))
}

pub(crate) async fn write(directory: &Path, recycled: Recycled) -> io::Result<()> {
    let lines = [format!("{} {}", recycled.from, recycled.secret.0)];
    fs::write_atomically(&directory.join(FILE_NAME), format_lines(lines.into_iter()).as_bytes()).await
}

/// Sync the directory where it matters that the file stays away.
pub(crate) fn remove(directory: &Path) -> io::Result<()> {
    remove_if_there(&directory.join(FILE_NAME))
}

pub(crate) fn new_secret() -> Secret {
    // Zero would be none.
    Secret(creel_io::random_u64() | 1)
}

fn parse_line(line: &str) -> Option<Recycled> {
    let (from, secret) = line.split_once(' ')?;
    let (from, secret) = (Offset(from.parse().ok()?), Secret(secret.parse().ok()?));
    (secret != Secret::NONE).then_some(Recycled { from, secret })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_comes_back_and_speaks_of_later_segments_only() {
        let recycled = Recycled { from: Offset(100), secret: Secret(7) };
        assert_eq!(parse_line("100 7"), Some(recycled));
        assert_eq!(parse_line("100 0"), None);
        assert_eq!(Recycled::signer(Some(recycled), Offset(99)).secret, Secret::NONE);
        assert_eq!(Recycled::signer(Some(recycled), Offset(100)).secret, Secret(7));
        assert_eq!(Recycled::signer(None, Offset(100)).secret, Secret::NONE);
    }
}
