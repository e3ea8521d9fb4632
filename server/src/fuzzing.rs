//! What the fuzz targets (`fuzz/`) need of this crate's insides: bytes in, what was read of them out, `None` where they
//! are refused.

use bytes::Bytes;

use crate::groups::topics_of_subscription;
use crate::metadata::{self, MetaProperties};

/// What a metadata journal begins with.
pub const JOURNAL_MAGIC: &[u8] = metadata::JOURNAL_MAGIC;

/// The metadata journal, written again.
pub fn journal(content: &Bytes) -> Option<Vec<u8>> {
    metadata::rewritten_journal(content)
}

/// Gives a frame of the journal the length and checksum of its body, which begins at byte 8.
pub fn seal_journal_frame(frame: &mut [u8]) {
    metadata::seal_journal_frame(frame);
}

/// The topics of a consumer's subscription.
pub fn subscription(data: &Bytes) -> Option<Vec<String>> {
    topics_of_subscription(data.clone())
}

/// `meta.properties`: the ids of cluster and node.
pub fn meta_properties(text: &str) -> Option<(String, i32)> {
    let read = MetaProperties::read(text).ok()?;
    Some((read.cluster_id, read.node_id))
}
