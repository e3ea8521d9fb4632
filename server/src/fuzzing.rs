//! What the fuzz targets (`fuzz/`) use of this crate's insides. Each function takes bytes and returns what was read
//! of them, or `None` if they are refused.

use bytes::Bytes;
use creel_engine::{BatchBuilder, Records};

use crate::groups::topics_of_subscription;
use crate::metadata::{self, MetaProperties, kafka};

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

/// How many topics a consumer's subscription names.
pub fn subscription(data: &Bytes) -> Option<usize> {
    Some(topics_of_subscription(data)?.len())
}

/// Takes in records of Kafka's metadata log one after the other, up to the first that is refused. Returns how many
/// were taken.
pub fn kafka_metadata(values: &[&[u8]]) -> usize {
    let mut image = kafka::Image::default();
    let mut taken = |value: &[u8]| {
        let batch = BatchBuilder::new(0).record(0, None, Some(value)).build();
        let record = batch.and_then(|batch| Records::of(&batch)?.next()?.ok());
        let record = record.and_then(|record| kafka::MetadataRecord::read(&record).ok());
        record.is_some_and(|record| image.replay(record).is_ok())
    };
    values.iter().take_while(|value| taken(value)).count()
}

/// `meta.properties`: the ids of cluster and node.
pub fn meta_properties(text: &str) -> Option<(String, i32)> {
    let read = MetaProperties::read(text).ok()?;
    Some((read.cluster_id, read.node_id))
}
